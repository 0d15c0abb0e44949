"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from lossgrad.compute_call import ComputeCall
from lossgrad.deadline import Deadline
from lossgrad.endpoints import CHECK, COMPUTE, INFO
from lossgrad.errors import InvalidArgument, LossGradError
from lossgrad.known_limits import SAYS_NOTHING, Asked, KnownLimits
from lossgrad.pipelines import (
    DEEPEST,
    DEFAULT_DEPTH,
    Batch,
    failed_future,
    read_depth,
    require_iterable,
)
from lossgrad.pipelines.threads import Pause, pipelined
from lossgrad.retry import Attempts
from lossgrad.settings import ClientSettings
from lossgrad.transports import Transport, open_transport
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.pool import DaemonPool
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.problem import ProblemArguments
from lossgrad.types.result import Result

Reply = TypeVar("Reply")


class Client(ClientSettings):
    """A service that computes losses and their gradients.

    Safe to share between threads; usable after a fork, where it opens a connection of its
    own. A fork waits for what other threads have under way over gRPC, each attempt for at
    most 10 s, and new attempts wait for the fork. Pickles as its target and options, the
    token among them. Nothing is connected before the first call. Close it, or use it in
    a ``with`` statement.

    Parameters
    ----------
    target : str
        Where the service is: ``localhost:50051`` or ``grpc://host:port`` (gRPC),
        ``grpcs://host:port`` (over TLS), ``unix:///path``, ``dns:///name:port``,
        ``http://host:port``, ``https://host:port`` (JSON), or ``local:`` (in this
        process; needs ``pip install "lossgrad[service]"``). Results and exceptions
        are the same from all.
    timeout : float
        Seconds that a call may take, retries included, unless it says otherwise.
    token : str, optional
        The key that the service knows this caller by; by default the variable
        ``LOSSGRAD_TOKEN``, if there is one. It goes with every call, to other machines
        over TLS only; ``local:`` has no use for it.
    tls_ca : path, optional
        File of PEM certificates to trust instead of the system's, for ``grpcs://``
        and ``https://``; read at once.
    tls_cert, tls_key : paths, optional
        Files of the PEM certificate to show a service that asks for one (mutual TLS),
        and of its key, unencrypted; one file may hold both. Read at once.

    Raises
    ------
    InvalidArgument
        Where the target or an option means nothing, a file cannot be used, or others
        could read the token on its way.

    Examples
    --------
    >>> with lossgrad.Client("localhost:50051") as client:
    ...     result = client.compute(scores=scores, labels=labels)
    ...     result.loss, result.dscores
    """

    def _open(self) -> None:
        self._transport = self._open_transport()
        self._pools = PerProcess[DaemonPool](lambda: DaemonPool(DEEPEST))

    def _open_transport(self) -> Transport:
        return open_transport(self.target, self._credentials)

    def compute(
        self,
        *,
        out: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> Result:
        """Compute the loss of one batch and the gradients that are asked for.

        Scores are sent as they are, or computed from a hidden layer
        (``scores = h1·w2 + b2``), which in turn may be computed from inputs
        (``h1 = relu(x·w1 + b1)``); gradients come back for whatever was sent. Arrays
        may have any strides and either byte order, be read-only or memory-mapped, or
        be anything with ``__array__`` or ``__dlpack__``; nested lists will do. Masked
        arrays are refused: fill them, or mark rows by ``ignore_index`` or
        ``sample_weights``. A number may be an array without axes. None is the same as
        leaving an argument out. ``…`` below stands for any leading axes; their
        product is N, the number of rows.

        Parameters
        ----------
        scores : array (…, C), float, optional
            Logits. Floats are float16, bfloat16, float32 or float64.
        labels : array (…), any integer dtype
            Class indices in [0, C). Either labels or targets.
        targets : array (…, C), float
            Probability targets; rows need not sum to 1.
        h1, w2, b2 : arrays (…, D), (D, C), (C), float, optional
            Hidden activations and the output layer; b2 is 0 when left out.
        x, w1, b1 : arrays (…, P), (P, D), (D), float, optional
            Inputs and the first layer, instead of h1; b1 is 0 when left out.
        class_weights : array (C), float, optional
            Weight of each class; 1 when left out.
        sample_weights : array (…), float, optional
            Weight of each row; 1 when left out.
        loss : {"softmax", "hinge"}
            Cross-entropy (the default), or the multiclass SVM's loss.
        reduction : {"mean", "sum", "none"}
            The mean (the default) divides by the sum of the weights of live rows.
            With "none", ``row_losses`` are the answer and gradients are the sum's.
        denominator : float, optional
            What the mean divides by instead; of size ≥ 1e-100, finite. Shards of a batch that
            are sent with the whole batch's denominator add up to the whole.
        ignore_index : int, optional
            Rows with this label count for nothing.
        label_smoothing : float
            In [0, 1]; 0 by default.
        temperature : float
            Scores are divided by it; from 1e-100 to 1e100, 1 by default.
        softcap : float, optional
            Scores are squashed to ``softcap·tanh(scores/softcap)``; from 1e-100 to 1e100.
        z_loss : float
            Coefficient of the squared log-partition; ≥ 0, 0 by default.
        margin : float
            The hinge's margin; ≥ 0, 1 by default.
        reg : float
            Coefficient of the L2 penalty on w2 and w1; ≥ 0, 0 by default.
        reg_convention : {"half", "full"}
            Penalty ``reg·½·Σw²`` (the default) or ``reg·Σw²``.
        nonfinite : {"error", "propagate"}
            NaN and infinity in live rows are refused (the default) or computed with.
            A score of −inf away from the label is a mask and always welcome.
        empty_mean : {"zero", "nan", "error"}
            The mean over no rows; "zero" by default.
        want : sequence or set of str, optional
            What to answer: any of ``loss``, ``row_losses``, ``dscores``, ``dw2``,
            ``db2``, ``dh1``, ``dw1``, ``db1``, ``dx``, ``dtargets``, ``probs``,
            ``log_partition``, ``predictions``, ``accuracy``. By default the loss and
            the gradients of scores, w2, b2, w1 and b1, so far as they were sent.
        gradient_dtype : {"f16", "bf16", "f32", "f64"} or dtype, optional
            Dtype of gradients; by default each has that of its quantity.
        out : dict of str to ndarray, optional
            Arrays to write outputs into, by name, such as ``{"dscores": array}``. They
            must have the output's shape and dtype, and are the result's attributes. Each
            needs memory of its own; it may be an input's. After an error their content
            is undefined.
        timeout : float, optional
            Seconds that this call may take, retries included; the client's own by
            default. Over ``local:`` a computation runs to its end.

        Returns
        -------
        Result
            The scalars of the loss, and one attribute for each array asked for.

        Raises
        ------
        InvalidArgument
            The inputs are wrong; ``violations`` names every field. Also where the
            client is closed.
        TooLarge
            The batch is over a limit of the server; send fewer rows at a time.
        DeadlineExceeded
            The time ran out, retries included.
        Unauthenticated
            The service asks for a key, and the token is missing or unknown there.
        Busy, Unavailable
            The server is busy, or cannot be reached, and retries did not help; or
            its certificate is not trusted, which no retry would help.
        LossGradError
            The base of these and of all others.

        Examples
        --------
        A linear classifier's loss and gradients:

        >>> result = client.compute(h1=features, w2=w, b2=b, labels=labels, reg=1e-3)
        >>> w -= rate * result.dw2
        >>> b -= rate * result.db2
        """
        return self._compute(Batch(arguments, out, timeout), time.sleep)

    def compute_future(
        self,
        *,
        out: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> Future[Result]:
        """Begin a call and return its future; whatever `compute` would raise, the future has.

        At most 64 calls of a process are under way at a time; further ones have not begun,
        and neither has their time. Those can be cancelled; one under way runs to its end.
        The arrays, those of `out` too, are the call's until the future is done. The
        program may exit before: nothing waits for the future but its owner.

        Parameters
        ----------
        out, timeout, **arguments
            As `compute`.

        Examples
        --------
        >>> future = client.compute_future(scores=scores, labels=labels)
        >>> features = next_features()
        >>> future.result().loss
        """
        return self._begin(Batch(arguments, out, timeout), time.sleep)

    def map(
        self,
        batches: Iterable[Mapping[str, Any]],
        *,
        depth: int = DEFAULT_DEPTH,
        timeout: float | None = None,
    ) -> Generator[Result]:
        """Compute one batch after the other, the next ones while the caller uses a result.

        Yields the results in order. `depth` calls are under way while a result is waited for,
        one fewer while the caller uses it. Batch k is read once the caller is through with
        result k − `depth`: weights that it takes from a variable are that old. The arrays of
        a batch are the caller's again with its result. Depth 1 is a plain loop.

        An error of a call, or of `batches` itself, is raised in its place, after the results
        before it. That ends the iterator, as closing or dropping it does: calls behind it
        that have not begun are cancelled, and those under way are waited for, but not
        tried again.

        Parameters
        ----------
        batches : iterable of dict
            The keyword arguments of `compute` for each call, `out` among them; may be
            endless. It is read in the caller's thread as calls are about to begin.
        depth : int, optional
            Calls that are under way at a time, from 1 to 64.
        timeout : float, optional
            Seconds that each call may take, as in `compute`; a batch may have its own.

        Raises
        ------
        LossGradError
            As `compute`, in the place of the batch.
        InvalidArgument
            At once, where `depth` or `batches` means nothing.

        Examples
        --------
        >>> for result in client.map({"scores": s, "labels": y} for s, y in loader):
        ...     print(result.loss)
        """
        require_iterable(batches, Iterable)

        def begin(batch: object, pause: Pause) -> Future[Result]:
            return self._begin(Batch.of(batch, timeout), pause)

        return pipelined(batches, begin, read_depth(depth))

    def check(
        self,
        *,
        gradients: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **arguments: Unpack[ProblemArguments],
    ) -> Check:
        """Hold one's own loss and gradients of a batch against the exact ones.

        Tells how far each quantity is off and where, and what mistake the difference
        looks like: a mean that was not divided, a penalty left out, a matrix
        transposed, and so on. The exact gradients are verified on the way, by fourth-order
        differences of the loss along random directions in float64; without `gradients`
        that is all there is to see.

        A check is one message and never a stream. A batch over the server's limits is
        checked by fewer of its rows, with the whole batch's ``denominator``.

        Parameters
        ----------
        gradients : dict of str to array, optional
            The caller's own numbers: any of ``loss``, ``row_losses``, ``probs``,
            ``dscores``, ``dw2``, ``db2``, ``dh1``, ``dw1``, ``db1``, ``dx``,
            ``dtargets``, also as ``dScores``, ``dW2`` and so on. Each must follow from the
            inputs that were sent. Floats of any shape; a wrong shape, NaN and infinity
            are findings, and no errors.
        timeout : float, optional
            As in `compute`.
        **arguments
            The inputs and options of the batch, as in `compute`, but for ``want`` and
            ``gradient_dtype``: a check computes what it needs.

        Returns
        -------
        Check
            Whether all is well (``ok``), the codes of what was found (``diagnoses``), and
            each comparison; ``str(check)`` is a report.

        Raises
        ------
        InvalidArgument
            The inputs are wrong; ``violations`` names every field, one's own numbers as
            ``gradients.dscores`` and the like.
        TooLarge
            The batch is over a limit of the server; send fewer of its rows.
        LossGradError
            As `compute`.

        Examples
        --------
        >>> check = client.check(scores=s, labels=y, gradients={"dscores": mine})
        >>> check.diagnoses
        ('not_divided_by_n',)
        >>> print(check)
        """
        request = CheckRequest.of(arguments, gradients)
        known, attempts = self._begin_call(timeout)
        return _with_retries(attempts, partial(self._attempt_check, request, known), time.sleep)

    def info(self, *, timeout: float | None = None) -> ServerInfo:
        """Return the server's version, limits and capabilities.

        Parameters
        ----------
        timeout : float, optional
            Seconds that this call may take, retries included.

        Raises
        ------
        LossGradError
            As `compute`.
        """
        _, attempts = self._begin_call(timeout)
        return _with_retries(
            attempts, partial(self._transport.send, INFO, InfoRequest()), time.sleep
        )

    def close(self) -> None:
        """Close the connections of this process; further calls are `InvalidArgument`."""
        self._close_memory()
        self._experience.close()
        self._transport.close()
        pool = self._pools.close()
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, batch: Batch, pause: Pause) -> Future[Result]:
        try:
            return self._pools.get().submit(partial(self._compute, batch, pause))
        except InvalidArgument as error:  # the client is closed
            return failed_future(error)

    def _compute(self, batch: Batch, pause: Pause) -> Result:
        call = ComputeCall.of(batch.arguments, batch.out)
        return call.deliver(self._answer(call, batch.timeout, pause))

    def _answer(self, call: ComputeCall, timeout: float | None, pause: Pause) -> Result:
        return self._ask(call, *self._begin_call(timeout), pause)

    def _ask(
        self, call: ComputeCall, known: KnownLimits, attempts: Attempts, pause: Pause
    ) -> Result:
        return _with_retries(attempts, partial(self._attempt, call, known), pause)

    def _attempt(self, call: ComputeCall, known: KnownLimits, timeout: float) -> Result:
        left = self._admitted(call.problem, known, timeout)
        return self._transport.send(COMPUTE, self._prepared(call, known), left)

    def _attempt_check(self, request: CheckRequest, known: KnownLimits, timeout: float) -> Check:
        left = self._admitted(request, known, timeout)
        return self._transport.send(CHECK, request, left)

    def _admitted(self, asked: Asked, known: KnownLimits, timeout: float) -> float:
        """Return what is left of an attempt's time once a call is within the limits."""
        if known.admit(asked):
            return timeout
        deadline = Deadline(timeout)
        known.learn(self._published_limits(timeout))
        known.check(asked)
        return deadline.remaining()

    def _published_limits(self, timeout: float) -> Limits | None:
        try:
            return self._transport.send(INFO, InfoRequest(), timeout).limits
        except SAYS_NOTHING:
            return None


def _with_retries(attempts: Attempts, attempt: Callable[[float], Reply], pause: Pause) -> Reply:
    """Return what the first attempt that does not fail returns."""
    timeout = attempts.first()
    while True:
        try:
            return attempt(timeout)
        except LossGradError as error:
            step = attempts.after(error)
        pause(step.pause)
        timeout = step.timeout

"""The client of several servers."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, as_completed
from functools import partial
from typing import Any, Final

from lossgrad.client import Client
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import InvalidArgument
from lossgrad.pipelines import DEEPEST
from lossgrad.pipelines.threads import Pause
from lossgrad.sharded.findings import Refusals, is_about_all, is_full, joined
from lossgrad.sharded.fleet import Fleet
from lossgrad.sharded.parts import Part
from lossgrad.sharded.splitting import cut, parts_worth
from lossgrad.sharded.targets import read_targets
from lossgrad.sharded.totals import Totals
from lossgrad.sharded.widening import narrowed, widened
from lossgrad.shared_memory import Arena
from lossgrad.transports import open_transport
from lossgrad.transports.base import Transport
from lossgrad.transports.credentials import read_credentials
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.pool import DaemonPool
from lossgrad.transports.target import parse_target
from lossgrad.transports.tls import PathLike
from lossgrad.types.denominator import Denominator
from lossgrad.types.options import NUMBERS
from lossgrad.types.problem import Problem
from lossgrad.types.result import Result

_MOST_PARTS: Final = 4 * DEEPEST
"""Parts that are under way at a time in one process; further ones wait their turn."""


class ShardedClient(Client):
    """A `Client` of several servers: a large batch is cut by rows, one part for each server.

    The parts travel and are computed at the same time, and are added up in their order. Each
    is divided by the whole batch's denominator, and the penalty is counted once. So the
    answer is a single server's: outputs with rows bit for bit, sums over rows up to the
    last digits of float64, in which the parts' are added before they are rounded to what was
    asked for. Those of the parts arrive in that dtype, but for 16 bits in float32: ask for
    ``gradient_dtype="f64"``, or expect half a unit in the last place of each. Where a batch is
    cut follows from its inputs and the number of targets, so that a call repeated has the same
    bits.

    A batch that is not worth cutting goes to the server that has least to do, as checks do. So do
    batches whose mean is over nothing. Where a server is lost or busy its part goes to another at
    once, within the call's time; one that cannot be reached is passed over for a second, then
    two, up to a minute. An error ends the other parts, but for rows that are wrong: those of
    the whole batch are named, the first 8 of them, as one server would.

    All of `Client` is here, `compute_future` and `map` among it, and `lossgrad.torch` and
    `lossgrad.jax` take either.

    Parameters
    ----------
    targets : iterable of str
        Where the servers are, each as in `Client`; all over gRPC, all over HTTP or all in
        process. They should be of one version. A server that is named twice gets two parts.
    timeout, token, tls_ca, tls_cert, tls_key
        As in `Client`, the same for all servers.

    Raises
    ------
    InvalidArgument
        As `Client`, and where there is no target or targets are of several kinds.

    Examples
    --------
    >>> with lossgrad.ShardedClient(["gpu1:50051", "gpu2:50051"]) as client:
    ...     result = client.compute(scores=scores, labels=labels)
    """

    def __init__(
        self,
        targets: Iterable[str],
        *,
        timeout: float = 60.0,
        token: str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
    ) -> None:
        self.targets = read_targets(targets)
        super().__init__(
            self.targets[0],
            timeout=timeout,
            token=token,
            tls_ca=tls_ca,
            tls_cert=tls_cert,
            tls_key=tls_key,
        )

    def _open(self) -> None:
        super()._open()
        self._transport = Fleet([self._way_to(target) for target in self.targets])
        self._threads = PerProcess[DaemonPool](lambda: DaemonPool(_MOST_PARTS))
        # Memory is shared with one server, and a part may go to any.
        self._arenas = PerProcess[Arena | None](lambda: None)

    def _way_to(self, target: str) -> Transport:
        token = self._credentials.token
        credentials = read_credentials(parse_target(target), token=token, **self._tls)
        return open_transport(target, credentials)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.targets)!r}, timeout={self.timeout!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        token = self._credentials.token
        return partial(type(self), self.targets, timeout=self.timeout, token=token, **self._tls), ()

    def close(self) -> None:
        """Close the connections of this process; further calls are `InvalidArgument`."""
        super().close()
        threads = self._threads.close()
        if threads is not None:
            threads.close()

    def _answer(self, call: ComputeCall, timeout: float | None, pause: Pause) -> Result:
        spans = self._spans(call.problem)
        denominator = Denominator.of(call.problem).reported if len(spans) > 1 else 0.0
        if not NUMBERS["denominator"].holds(denominator):  # no part could be told of it
            return super()._answer(call, timeout, pause)
        asked = widened(call)
        totals = Totals(asked)
        parts = [Part.of(asked.problem, rows, denominator, totals.room_for(rows)) for rows in spans]
        try:
            _add_up(self._begin_parts(parts, timeout, pause), parts, totals)
        finally:
            for part in parts:
                part.withdraw()
        return narrowed(totals.result(), call)

    def _spans(self, problem: Problem) -> list[slice]:
        """Return the rows of each part of a batch."""
        return cut(problem.n_rows, parts_worth(problem, len(self.targets)))

    def _begin_parts(
        self, parts: list[Part], timeout: float | None, pause: Pause
    ) -> dict[Future[Result], int]:
        """Have the parts computed, and return the number of each by its answer to come."""
        threads = self._threads.get()
        return {
            threads.submit(partial(self._answer_part, part, timeout, pause)): number
            for number, part in enumerate(parts)
        }

    def _answer_part(self, part: Part, timeout: float | None, pause: Pause) -> Result:
        with part.withdrawal.covering():
            return super()._answer(part.call, timeout, pause)


def _add_up(numbers: dict[Future[Result], int], parts: list[Part], totals: Totals) -> None:
    """Add up the answers as they come, until no part is left that has something to say."""
    awaited, refusals = set(numbers.values()), Refusals()
    for future in as_completed(numbers):
        number = numbers[future]
        if number not in awaited:
            continue
        awaited.discard(number)
        part = parts[number]
        try:
            totals.take(number, part.rows, part.call.deliver(future.result()))
        except InvalidArgument as error:
            refusals[part.rows.start] = error
            awaited -= _withdraw_needless(parts, number, error)
        if not awaited:  # parts that were withdrawn may still run
            break
    if refusals:
        raise joined(refusals)


def _withdraw_needless(parts: list[Part], number: int, error: InvalidArgument) -> set[int]:
    """Withdraw the parts that say nothing more, now that part `number` is refused; return which."""
    if is_about_all(error):
        needless = set(range(len(parts))) - {number}
    else:
        needless = set(range(number + 1, len(parts))) if is_full(error) else set[int]()
    for each in needless:
        parts[each].withdraw()
    return needless

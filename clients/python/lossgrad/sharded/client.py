"""The blocking client of several servers."""

from __future__ import annotations

from concurrent.futures import Future, as_completed
from functools import partial
from typing import Final

from lossgrad.client import Client
from lossgrad.compute_call import ComputeCall
from lossgrad.known_limits import KnownLimits
from lossgrad.pipelines import DEEPEST
from lossgrad.pipelines.threads import Pause
from lossgrad.retry import Attempts
from lossgrad.sharded.fleet import Fleet
from lossgrad.sharded.gathering import Gathering
from lossgrad.sharded.parts import Part
from lossgrad.sharded.settings import ShardedSettings
from lossgrad.transports import Transport, open_transport
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.pool import DaemonPool
from lossgrad.types.result import Result

_MOST_PARTS: Final = 4 * DEEPEST
"""Parts that are under way at a time in one process; further ones wait, and their time runs."""


class ShardedClient(ShardedSettings, Client):
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

    def _open(self) -> None:
        super()._open()
        self._threads = PerProcess[DaemonPool](lambda: DaemonPool(_MOST_PARTS))

    def _open_transport(self) -> Transport:
        return Fleet([open_transport(*way) for way in self._ways()])

    def close(self) -> None:
        """Close the connections of this process; further calls are `InvalidArgument`."""
        super().close()
        threads = self._threads.close()
        if threads is not None:
            threads.close()

    def _answer(self, call: ComputeCall, timeout: float | None, pause: Pause) -> Result:
        gathering = self._gathering(call)
        if gathering is None:
            return super()._answer(call, timeout, pause)
        try:
            numbers = self._begin_parts(gathering, timeout, pause)
            for future in as_completed(numbers):
                gathering.take(numbers[future], future.result)
                if gathering.is_over:
                    break
        finally:
            gathering.withdraw()
        return gathering.result()

    def _begin_parts(
        self, gathering: Gathering, timeout: float | None, pause: Pause
    ) -> dict[Future[Result], int]:
        """Have the parts computed, and return the number of each by its answer to come."""
        threads = self._threads.get()
        return {
            threads.submit(partial(self._answer_part, part, *self._begin_call(timeout), pause)): n
            for n, part in enumerate(gathering.parts)
        }

    def _answer_part(
        self, part: Part, known: KnownLimits, attempts: Attempts, pause: Pause
    ) -> Result:
        with part.withdrawal.covering():
            return self._ask(part.call, known, attempts, pause)

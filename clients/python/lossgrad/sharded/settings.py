"""What the two clients of several servers are made of, beyond what those of one are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossgrad.compute_call import ComputeCall
from lossgrad.settings import ClientSettings
from lossgrad.sharded.gathering import Gathering
from lossgrad.sharded.splitting import cut, parts_worth
from lossgrad.sharded.targets import read_targets
from lossgrad.shared_memory import Arena
from lossgrad.transports.credentials import Credentials, read_credentials
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import parse_target
from lossgrad.transports.tls import PathLike
from lossgrad.types.denominator import Denominator
from lossgrad.types.options import NUMBERS
from lossgrad.types.problem import Problem


class ShardedSettings(ClientSettings):
    """The part of a client of several servers that is the same whether it blocks or awaits."""

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

    @property
    def _named(self) -> list[str]:
        return list(self.targets)

    def _open(self) -> None:
        super()._open()
        # Memory is shared with one server, and a part may go to any.
        self._arenas = PerProcess[Arena | None](lambda: None)

    def _ways(self) -> Iterator[tuple[str, Credentials]]:
        """Yield each target with what is shown there."""
        token = self._credentials.token
        for target in self.targets:
            yield target, read_credentials(parse_target(target), token=token, **self._tls)

    def _gathering(self, call: ComputeCall) -> Gathering | None:
        """Return a call in parts, None where one server is to have it whole."""
        spans = self._spans(call.problem)
        if len(spans) == 1:
            return None
        denominator = Denominator.of(call.problem).reported
        if not NUMBERS["denominator"].holds(denominator):  # no part could be told of it
            return None
        return Gathering(call, spans, denominator)

    def _spans(self, problem: Problem) -> list[slice]:
        """Return the rows of each part of a batch."""
        return cut(problem.n_rows, parts_worth(problem, len(self.targets)))

"""All memory that callers share with this worker, by handle."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple, Protocol

from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.codecs.sharing import NotShared
from lossgrad.errors import InvalidArgument, Unavailable
from lossgrad.types import Array
from lossgrad_service.admission import Budget
from lossgrad_service.admission.budget import Claim
from lossgrad_service.shared_memory.peer import PEER
from lossgrad_service.shared_memory.region import Region
from lossgrad_service.shared_memory.sealed import sealed_size

HANDLE_BYTES: Final = 16

MOST_FILES: Final = 256
"""That are mapped at a time; of one caller half as many. Each keeps a connection open."""


class _Shared(NamedTuple):
    """A region, and whose it is."""

    region: Region
    caller: str


class Memory(Protocol):
    """What one call can reach of the memory that is shared."""

    def readable(self, piece: SharedPiece) -> Array:
        """Return the bytes of a piece, read-only.

        Raises
        ------
        InvalidArgument
            Where there are no such bytes.
        Unavailable
            Where the handle is not, or no longer, known here.
        """
        ...

    def writable(self, piece: SharedPiece) -> Array:
        """Return the bytes of a piece to write to; see `readable`."""
        ...


class Memories:
    """Hands out handles, and what lies behind them to whom they were handed out.

    Used on one event loop, but for the arrays.

    Parameters
    ----------
    most_bytes
        Bytes that are mapped at most; of one caller half of that.
    """

    def __init__(self, most_bytes: int) -> None:
        self._bytes = Budget(most_bytes)
        self._files = Budget(MOST_FILES)
        self._shared: dict[bytes, _Shared] = {}

    @property
    def n_bytes(self) -> int:
        """Bytes that are mapped now."""
        return self._bytes.taken

    def share(self, descriptor: int, caller: str, when_gone: Callable[[], object]) -> bytes:
        """Map a caller's file and return its handle.

        Parameters
        ----------
        descriptor
            Of the file.
        caller
            Whose calls may name it.
        when_gone
            Called once it is not mapped any more, which is after `withdraw`.

        Raises
        ------
        NotShared
            Where it may not be mapped, or too much is.
        """
        claim = Claim(caller, sealed_size(descriptor))
        self._take(claim)
        gone = partial(on_loop, asyncio.get_running_loop(), partial(self._give, claim, when_gone))
        handle = secrets.token_bytes(HANDLE_BYTES)
        self._shared[handle] = _Shared(Region(descriptor, claim.size, gone), caller)
        return handle

    def withdraw(self, handle: bytes) -> None:
        """Forget a handle; what computes with its memory may go on."""
        self._shared.pop(handle, None)

    def of(self, caller: str, peer: str) -> Memory:
        """Return what a call of a caller reaches, given where it comes from, as gRPC says it."""
        return _OfCaller(self._shared, caller) if peer.startswith(PEER) else NOWHERE

    def _take(self, claim: Claim) -> None:
        one = Claim(claim.caller, 1)
        if not self._files.take(one):
            raise NotShared(_too_much("files", self._files))
        if not self._bytes.take(claim):
            self._files.give(one)
            raise NotShared(_too_much("bytes", self._bytes))

    def _give(self, claim: Claim, when_gone: Callable[[], object]) -> None:
        self._files.give(Claim(claim.caller, 1))
        self._bytes.give(claim)
        when_gone()


class _OfCaller:
    """What is shared by one caller."""

    def __init__(self, shared: Mapping[bytes, _Shared], caller: str) -> None:
        self._shared = shared
        self._caller = caller

    def readable(self, piece: SharedPiece) -> Array:
        """Return the bytes of a piece; see `Memory`."""
        return self._region_of(piece).readable(piece.position, piece.size)

    def writable(self, piece: SharedPiece) -> Array:
        """Return the bytes of a piece to write to; see `Memory`."""
        return self._region_of(piece).writable(piece.position, piece.size)

    def _region_of(self, piece: SharedPiece) -> Region:
        shared = self._shared.get(piece.handle)
        if shared is None or shared.caller != self._caller:
            raise Unavailable("no memory is shared by this handle; hand it over once more")
        # Python's integers do not wrap.
        if piece.position + piece.size > shared.region.size:
            raise InvalidArgument.at(
                piece.name,
                f"lies at bytes {piece.position} to {piece.position + piece.size} of shared "
                f"memory that has {shared.region.size}",
            )
        return shared.region


class _Nowhere:
    """What calls reach that come by a way over which no memory is shared."""

    def readable(self, piece: SharedPiece) -> Array:
        """Refuse; see `Memory`."""
        raise _not_shared(piece)

    def writable(self, piece: SharedPiece) -> Array:
        """Refuse; see `Memory`."""
        raise _not_shared(piece)


NOWHERE: Final[Memory] = _Nowhere()
"""The memory of calls that can share none."""


def _too_much(of_what: str, budget: Budget) -> str:
    most, total = budget.most_of_one, budget.total
    return f"as many {of_what} are shared as may, by one caller ({most}) or by all ({total})"


def _not_shared(piece: SharedPiece) -> InvalidArgument:
    text = "names shared memory, which goes over a Unix socket only; send it in chunks"
    return InvalidArgument.at(piece.name, text)


def on_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], object]) -> None:
    """Have an event loop do something; once it is closed, do it here."""
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        work()

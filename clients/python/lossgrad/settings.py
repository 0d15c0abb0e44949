"""What the two clients are made of: target, timeout, trust, retries and the server's limits."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from lossgrad.compute_call import ComputeCall
from lossgrad.errors import InvalidArgument
from lossgrad.known_limits import KnownLimits
from lossgrad.retry import Attempts, RetryPolicy
from lossgrad.shared_memory import Arena, open_arena
from lossgrad.transports.credentials import read_credentials
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import parse_target
from lossgrad.transports.tls import PathLike

LONGEST_TIMEOUT: Final = 1e8
"""Seconds that stand for any longer timeout; sockets take no more than about that."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What the calls of one process leave to the next ones."""

    retries: RetryPolicy
    limits: KnownLimits


class ClientSettings(ABC):
    """The part of a client that is the same whether it blocks or awaits.

    Pickles as its target and options, the token among them; the copy opens connections
    of its own.
    """

    def __init__(
        self,
        target: str,
        *,
        timeout: float = 60.0,
        token: str | None = None,
        tls_ca: PathLike | None = None,
        tls_cert: PathLike | None = None,
        tls_key: PathLike | None = None,
    ) -> None:
        self.target = target
        self.timeout = read_timeout(timeout)
        self._tls: dict[str, Any] = {"tls_ca": tls_ca, "tls_cert": tls_cert, "tls_key": tls_key}
        parsed = parse_target(target)
        self._credentials = read_credentials(parsed, token=token, **self._tls)
        self._experience = PerProcess[Experience](
            lambda: Experience(RetryPolicy(), KnownLimits(parsed.kind))
        )
        token = self._credentials.token
        self._arenas = PerProcess[Arena | None](lambda: open_arena(parsed.address, token))
        self._open()

    @property
    def shares_memory(self) -> bool:
        """Whether arrays that `empty` makes lie in shared memory."""
        return self._arenas.get() is not None

    def empty(self, shape: int | tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
        """Return an array for inputs or outputs, of any content, like `numpy.empty`.

        Where the target is a ``unix:`` one it lies in memory that is shared with the service:
        a large call reads it, and writes it as `out`, where it lies, without a copy. It is an
        array like any other, to keep, to view and to pickle; its memory is used again once
        the last view of it is gone. A forked process shares it. After a call of `AsyncClient`
        that was cancelled the service may write to its `out` for another moment.

        Parameters
        ----------
        shape : int or tuple of int
            Its shape.
        dtype : dtype, optional
            Of its entries; float32 by default.

        Raises
        ------
        InvalidArgument
            Where the client is closed, or shape or dtype mean nothing.

        Examples
        --------
        >>> scores, gradient = client.empty((1024, 32000)), client.empty((1024, 32000))
        >>> while training:
        ...     model(features, out=scores)
        ...     client.compute(scores=scores, labels=labels, out={"dscores": gradient})
        """
        arena = self._arenas.get()
        extents, kind = read_layout(shape, dtype)
        return np.empty(extents, kind) if arena is None else arena.array(extents, kind)

    @abstractmethod
    def _open(self) -> None:
        """Make what calls go through; nothing is connected before the first one."""

    @property
    def _named(self) -> str | list[str]:
        """Where the service is, as the caller said."""
        return self.target

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._named!r}, timeout={self.timeout!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        token = self._credentials.token
        return partial(type(self), self._named, timeout=self.timeout, token=token, **self._tls), ()

    def _prepared(self, call: ComputeCall, known: KnownLimits) -> ComputeCall:
        """Return a call with what is known of the server, and the memory that it shares."""
        return call.within(known.limits).sharing(self._arenas.get())

    def _close_memory(self) -> None:
        arena = self._arenas.close()
        if arena is not None:
            arena.close()

    def _begin_call(self, timeout: float | None) -> tuple[KnownLimits, Attempts]:
        """Return what is known of the server's limits, and the attempts of one call."""
        seconds = self.timeout if timeout is None else read_timeout(timeout)
        experience = self._experience.get()
        return experience.limits, experience.retries.begin(seconds)


def read_layout(shape: object, dtype: object) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and dtype of an array that can be made.

    Raises
    ------
    InvalidArgument
        Where there is no such array.
    """
    try:
        like = np.broadcast_to(np.empty((), cast(Any, dtype)), cast(Any, shape))
    except (TypeError, ValueError) as error:
        raise InvalidArgument.at("shape", f"there is no array of {shape!r}: {error}") from error
    return like.shape, like.dtype


def read_timeout(value: object) -> float:
    """Return a timeout in seconds.

    Raises
    ------
    InvalidArgument
        Where it is not a finite number > 0.
    """
    if not isinstance(value, bool) and isinstance(value, Real) and 0 < cast(Any, value) < math.inf:
        return float(min(cast(Any, value), LONGEST_TIMEOUT))
    raise InvalidArgument.at("timeout", f"must be a finite number > 0 of seconds, got {value!r}")

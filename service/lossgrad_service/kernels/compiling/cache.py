"""Compiled programs on disk, where the next process finds them.

Numba's own cache is not used: it notices a change of the file that holds a program
and none of the files whose formulas the program is made of; two processes that
compile at once may leave the code of one dtype under the name of the other; and a
directory that cannot be written is not read either. Here every program of every
dtype is one file (see `store`), stamped with all sources of the kernels.

Whoever may write to a directory of these decides what code runs.
"""

from __future__ import annotations

import logging
import pickle
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from lossgrad_service.kernels.compiling.store import Store

KERNELS = "lossgrad_service.kernels"
"""The package whose programs are kept."""

_log = logging.getLogger(KERNELS)

_PACKAGE = Path(__file__).parents[1]

_TOOLS = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
"""What compiles; code of other versions lies beside."""


def stamp_of(package: Path) -> bytes:
    """Return what changes with any source of a package."""
    sources = sorted(package.rglob("*.py"))
    return sha256(b"".join(sha256(each.read_bytes()).digest() for each in sources)).digest()


def own_directories() -> tuple[Path, ...]:
    """Return where code is kept unless told otherwise: in the installed package, or the user's.

    The user's is this installation's own, so that two do not overwrite each other's files.
    """
    users = Path(AppDirs("lossgrad", appauthor=False).user_cache_dir)
    installation = sha256(bytes(_PACKAGE)).hexdigest()[:16]
    in_package = _PACKAGE / "__pycache__" / "programs"
    # Without a home the user's directory is relative: no place to write to.
    return (in_package, users / installation) if users.is_absolute() else (in_package,)


# Stamped at once: sources that change later are not those that this process runs.
store = Store(own_directories(), stamp_of(_PACKAGE))
"""Where the programs of the kernels are kept."""


def keep_in(directory: Path | None) -> None:
    """Look for compiled code in `directory`, and write it there, before anywhere else."""
    chosen = () if directory is None else (directory.absolute(),)
    store.directories = (*chosen, *own_directories())


class ProgramCache(_Cache):
    """What Numba asks for the machine code of one function.

    Parameters
    ----------
    function
        The function as it is in Python.
    store
        Where its code is kept.
    """

    def __init__(self, function: Callable[..., Any], store: Store) -> None:
        self._function = function
        self._store = store

    @property
    def cache_path(self) -> Any:
        """Where the store looks first."""
        return self._store.directories[0]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the `CompileResult` for argument types, or None where it must be made."""
        # All that machine code needs; Numba's own cache makes ready to compile, for half a second.
        rtsys.initialize(target_context)
        code = self._store.read(self._name(sig, target_context.codegen()))
        if code is None:
            _warn_of_compiling()
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(code))  # noqa: S301  # nosec B301

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        """Keep the code for argument types, where any directory takes it."""
        name = self._name(sig, data.codegen)
        if not self._store.write(name, dumps(data._reduce())):
            _warn_of_keeping_nothing(self._store.directories)

    def _name(self, sig: Any, codegen: Any) -> str:
        """Return the file's name, which a function has for each argument types and processor."""
        name = (self._function.__module__, self._function.__qualname__)
        key = (*name, str(sig), codegen.magic_tuple(), _TOOLS)
        return f"{self._function.__name__}-{sha256(repr(key).encode()).hexdigest()[:32]}"

    def enable(self) -> None:
        """Do nothing: the cache is always on."""

    def disable(self) -> None:
        """Do nothing: the cache is always on."""

    def flush(self) -> None:
        """Do nothing: what is kept is right, or does not count."""


@cache
def _warn_of_compiling() -> None:
    """Say once what takes so long."""
    _log.warning(
        "compiling the kernels for this processor, which may take a minute; "
        "`lossgrad warmup` does it ahead"
    )


@cache
def _warn_of_keeping_nothing(directories: tuple[Path, ...]) -> None:
    """Say once that the next process will have to compile again."""
    _log.warning(
        "compiled code cannot be kept, so that every process compiles anew; set "
        "LOSSGRAD_KERNEL_CACHE to a directory that can be written, unlike %s",
        ", ".join(map(str, directories)),
    )

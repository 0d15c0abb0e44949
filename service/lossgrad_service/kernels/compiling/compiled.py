"""How the functions of the kernels become machine code; nobody else calls Numba's compiler.

A `program` is called from Python and compiled when first called with arguments of
new types. The functions that it is made of are compiled into it and differ in what
the compiler may do to their arithmetic: nothing (`formula`), or add in another order,
in lanes (`reassociated`). Division by zero gives ∞ or NaN, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from lossgrad_service.kernels.compiling.cache import KERNELS, ProgramCache, store
from lossgrad_service.kernels.compiling.store import Store

Function = TypeVar("Function", bound=Callable[..., Any])


def formula(function: Function) -> Function:
    """Compile into its callers, every operation as it stands.

    Always written out there: a loop that calls does not run in lanes.
    """
    return _compiled(function, forceinline=True)


def reassociated(function: Function) -> Function:
    """Compile as `formula` does; sums may be made in another order."""
    return _compiled(function, forceinline=True, fastmath={"reassoc"})


def program(function: Function) -> Function:
    """Compile for callers in Python; releases the GIL and is kept on disk.

    A program makes no array and counts no references to those that it is given, which
    would take longer than a row of few classes does; its caller gives it all it needs.

    Only the kernels': no other sources are in the stamp of what is kept.
    """
    is_ours = function.__module__.startswith(f"{KERNELS}.")
    return kept(function, store) if is_ours else formula(function)


def kept(function: Function, where: Store) -> Function:
    """Compile as `formula` does, and keep the machine code in a store."""
    dispatcher = _compiled(function, _nrt=False)
    dispatcher._cache = ProgramCache(function, where)
    return dispatcher


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    return numba.njit(function, error_model="numpy", nogil=True, **options)

"""Operations whose formula depends on the type of their first argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import overload


def by_type(operation: Callable[..., Any], kind: Any, of_kind: Any, of_others: Any) -> None:
    """Let compiled code take `operation` as one of two formulas.

    Parameters
    ----------
    operation
        The function that compiled code names; itself never called.
    kind
        A Numba type.
    of_kind, of_others
        The formulas where the first argument, or the entries of an array, are of that
        type, and where not.
    """

    @overload(operation, strict=False)
    def _choose(*arguments: Any) -> Any:
        first = arguments[0]
        first = first.dtype if isinstance(first, types.Array) else first
        return _delegate(of_kind if first == kind else of_others)


def _delegate(formula: Any) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return formula(*arguments)

    return call

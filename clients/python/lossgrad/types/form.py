"""The form of a problem: all that is known of it before an entry of an array is looked at.

A training loop sends the same form again and again, so that forms are kept: what follows
from names, dtypes, shapes and options is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final, cast

import numpy as np

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import dtypes, rules
from lossgrad.types.arrays import Array
from lossgrad.types.options import Options
from lossgrad.types.quantities import OUTPUTS, ROWS

_KEPT: Final = 1024
"""Most forms that are kept; some kilobytes each."""

_COMPUTED_WITH: Final = ("scores", "h1", "w2", "b2", "x", "w1", "b1")
"""Inputs of which one in float64 makes the computation so."""

_forms: dict[tuple[Any, ...], Form] = {}


# Compared by identity: the form of two like problems is one object, as long as it is kept.
@dataclass(frozen=True, kw_only=True, eq=False)
class Form:
    """The form of a consistent problem, made by `form_of` alone."""

    input_dtypes: Mapping[str, np.dtype[Any]]
    """Of the inputs that were sent, in the contract's order."""
    options: Options
    want: tuple[str, ...]
    """What is asked for: `options.want`, or the default for these inputs."""
    leading: tuple[int, ...]
    """Extents of the leading axes ``…``."""
    sizes: Mapping[str, int]
    """Extents of the axes ``C``, ``D`` and ``P``, those that occur."""
    request_bytes: int
    """Bytes of the inputs' array data."""

    @cached_property
    def n_rows(self) -> int:
        """N, the product of the leading axes."""
        return prod(self.leading)

    @cached_property
    def response_bytes(self) -> int:
        """Bytes of the array data of the answer."""
        return sum(self.bytes_of(name) for name in self.want if name in OUTPUTS)

    @cached_property
    def row_dtype(self) -> np.dtype[Any]:
        """The dtype of the computation: float64 if any of `_COMPUTED_WITH` is, else float32."""
        sent = self.input_dtypes
        is_wide = any(sent[name].itemsize == 8 for name in _COMPUTED_WITH if name in sent)
        return dtypes.to_numpy("f64" if is_wide else "f32")

    def shape_of(self, output: str) -> tuple[int, ...]:
        """Return the shape of an output array in the answer."""
        fixed = self.row_shape_of(output)
        return self.leading + fixed if OUTPUTS[output].has_rows else fixed

    def row_shape_of(self, output: str) -> tuple[int, ...]:
        """Return the shape of an output array without the leading axes."""
        return tuple([self.sizes[axis] for axis in OUTPUTS[output].axes if axis != ROWS])

    def dtype_of(self, output: str) -> str:
        """Return the name of the dtype of an output array in the answer."""
        entry = OUTPUTS[output]
        if entry.dtype is not None:
            return entry.dtype
        if entry.gradient_of is None:
            return self._dtype_of_input("scores")
        return self.options.gradient_dtype or self._dtype_of_input(entry.gradient_of)

    def bytes_of(self, output: str) -> int:
        """Return the bytes of an output array, known before anything is computed."""
        return prod(self.shape_of(output)) * dtypes.to_numpy(self.dtype_of(output)).itemsize

    def _dtype_of_input(self, name: str) -> str:
        """Return an input's dtype, or that of what it is computed from or stands beside."""
        sent = self.input_dtypes
        if name in sent:
            return cast(str, dtypes.to_name(sent[name]))
        made_from = {
            "scores": ("h1", "x", "w1", "b1", "w2", "b2"),
            "h1": ("x", "w1", "b1") if "x" in sent else ("w2",),
            "w2": ("h1", "x"),
            "b2": ("w2",) if "w2" in sent else ("scores",),
            "b1": ("w1",),
        }[name]
        return dtypes.widest([cast(str, dtypes.to_name(sent[p])) for p in made_from if p in sent])


def form_of(arrays: Mapping[str, Array], options: Options) -> Form:
    """Return the form of a problem with these inputs, of whose entries none is looked at.

    Raises
    ------
    InvalidArgument
        With one violation for each field that is wrong.
    """
    key = (options, *[(name, array.dtype, array.shape) for name, array in arrays.items()])
    form = _forms.get(key)
    if form is None:
        form = _checked(arrays, options)
        if len(_forms) >= _KEPT:
            _forms.clear()
        _forms[key] = form
    return form


def raise_if_any(violations: Iterable[Violation]) -> None:
    """Raise what is wrong, if anything is."""
    found = list(violations)
    if found:
        raise InvalidArgument.of(found)


def _checked(arrays: Mapping[str, Array], options: Options) -> Form:
    raise_if_any(rules.presence(arrays))
    raise_if_any(rules.layout(arrays))
    leading, sizes, disagreeing = rules.bind_axes(arrays)
    raise_if_any(disagreeing)
    want = options.want or rules.default_want(arrays)
    raise_if_any(rules.compatibility(arrays, options, want))
    return Form(
        input_dtypes={name: array.dtype for name, array in arrays.items()},
        options=options,
        want=want,
        leading=leading,
        sizes=sizes,
        request_bytes=sum(array.nbytes for array in arrays.values()),
    )

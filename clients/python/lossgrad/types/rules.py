"""The rules that make a problem consistent, one function for each kind.

Every rule returns or yields violations and raises nothing; all arithmetic on sizes
is in Python integers, since NumPy's would wrap.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np

from lossgrad.errors import Violation
from lossgrad.types import dtypes
from lossgrad.types.arrays import MAX_AXES, Array
from lossgrad.types.options import DEFAULTS, Options
from lossgrad.types.quantities import INPUTS, ROWS

MAX_LISTED = 8
"""Offending entries that one message names."""

Arrays = Mapping[str, Array]


def presence(arrays: Arrays) -> Iterator[Violation]:
    """Yield which inputs are missing and which are too many."""
    if "labels" in arrays and "targets" in arrays:
        yield Violation("targets", "must be left out where labels are sent; send one of the two")
    if "labels" not in arrays and "targets" not in arrays:
        yield Violation("labels", "missing; send labels, or targets instead")
    if "h1" in arrays and "x" in arrays:
        yield Violation("x", "must be left out where h1 is sent; h1 is computed from x")
    if "scores" not in arrays:
        if "h1" not in arrays and "x" not in arrays:
            yield Violation("scores", "missing; send scores, or h1 and w2, or x, w1 and w2")
        elif "w2" not in arrays:
            yield Violation("w2", "missing; scores are computed as h1·w2 + b2")
    needs = (("b2", "w2"), ("w1", "x"), ("b1", "w1"), ("x", "w1"))
    for name, needed in needs:
        if name in arrays and needed not in arrays:
            yield Violation(needed, f"missing; {name} is of no use without it")


def layout(arrays: Arrays) -> Iterator[Violation]:
    """Yield which inputs have a dtype or a number of axes that the contract does not know."""
    for name, array in arrays.items():
        entry = INPUTS[name]
        if dtypes.to_name(array.dtype) not in entry.dtypes:
            expected = ", ".join(entry.dtypes)
            yield Violation(name, f"dtype must be one of {expected}, got {array.dtype}")
        fixed = len(entry.axes) - entry.has_rows
        if array.ndim > MAX_AXES:
            yield Violation(name, f"must have at most {MAX_AXES} axes, got {array.ndim}")
        elif array.ndim != fixed and (not entry.has_rows or array.ndim < fixed):
            axes = ", ".join(entry.axes)
            yield Violation(name, f"must have shape ({axes}), got {array.shape}")


def bind_axes(arrays: Arrays) -> tuple[tuple[int, ...], dict[str, int], list[Violation]]:
    """Return the leading extents, the extents of C, D, P, and what disagrees with them.

    The first input that has an axis decides its extent, and every later one is
    held against it. Only the leading axes may be empty: an empty C, D or P would let
    its partner in the same array be any number without a byte to show for it.
    """
    bound: dict[str, Any] = {}
    first: dict[str, str] = {}
    violations: list[Violation] = []
    for name, array in arrays.items():
        for axis, extent in _extents(name, array):
            if axis not in bound:
                bound[axis], first[axis] = extent, name
            elif extent != bound[axis]:
                violations.append(_disagreement(axis, name, extent, first[axis], bound[axis]))
    leading: tuple[int, ...] = bound.pop(ROWS, ())
    violations += [
        Violation(first[axis], f"{axis} must be at least 1, got 0")
        for axis, extent in bound.items()
        if extent == 0
    ]
    return leading, bound, violations


def _extents(name: str, array: Array) -> Iterator[tuple[str, Any]]:
    """Return each axis with its extent; that of ``…`` is those of all leading axes."""
    axes, shape = INPUTS[name].axes, array.shape
    if ROWS in axes:
        shape = (shape,) if len(axes) == 1 else (shape[:-1], shape[-1])
    return zip(axes, shape, strict=True)


def _disagreement(axis: str, name: str, extent: Any, first: str, expected: Any) -> Violation:
    if axis == ROWS:
        return Violation(name, f"leading shape is {extent}, but that of {first} is {expected}")
    return Violation(name, f"{axis} is {extent}, but {expected} in {first}")


def default_want(arrays: Arrays) -> tuple[str, ...]:
    """Return what a call without `want` answers (contract §3)."""
    want = ["loss"]
    if "scores" in arrays:
        want.append("dscores")
    if "w2" in arrays and ("h1" in arrays or "x" in arrays):
        want += ["dw2", "db2"]
    if "x" in arrays and "w2" in arrays:
        want += ["dw1", "db1"]
    return tuple(want)


def compatibility(arrays: Arrays, options: Options, want: tuple[str, ...]) -> Iterator[Violation]:
    """Yield which options and outputs do not go with the inputs or with each other."""
    yield from _options_and_inputs(arrays, options)
    if options.loss == "hinge":
        yield from _hinge_options(arrays, options)
    elif options.margin != DEFAULTS.margin:
        yield Violation("margin", "goes with loss 'hinge' only")
    yield from _computable(arrays, want)


def _options_and_inputs(arrays: Arrays, options: Options) -> Iterator[Violation]:
    if options.denominator is not None and options.reduction != "mean":
        yield Violation(
            "denominator", f"goes with reduction 'mean' only, not {options.reduction!r}"
        )
    if options.ignore_index is not None and "labels" not in arrays:
        yield Violation("ignore_index", "goes with labels only; weigh rows by sample_weights = 0")
    if options.reg > 0 and "w1" not in arrays and "w2" not in arrays:
        yield Violation("reg", "must be 0 where neither w2 nor w1 is sent")


def _hinge_options(arrays: Arrays, options: Options) -> Iterator[Violation]:
    if "targets" in arrays:
        yield Violation("targets", "goes with loss 'softmax' only; send labels")
    for name in ("label_smoothing", "temperature", "softcap", "z_loss"):
        if getattr(options, name) != getattr(DEFAULTS, name):
            yield Violation(name, "goes with loss 'softmax' only")


_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "accuracy": (("labels",),),
    "dw2": (("h1", "x"),),
    "dh1": (("w2",),),
    "dw1": (("x",), ("w2",)),
    "db1": (("x",), ("w2",)),
    "dx": (("x",), ("w2",)),
    "dtargets": (("targets",),),
}
"""For each output the inputs that it cannot do without; one of each group."""


def _computable(arrays: Arrays, want: tuple[str, ...]) -> Iterator[Violation]:
    for name in want:
        for missing in missing_for(name, arrays):
            yield Violation("want", f"{name} needs {missing}, which is missing")


def missing_for(output: str, arrays: Container[str]) -> Iterator[str]:
    """Yield the inputs that an output still needs, such as ``h1 or x``."""
    for group in _NEEDS.get(output, ()):
        if not any(needed in arrays for needed in group):
            yield " or ".join(group)


def values(arrays: Arrays, options: Options) -> Iterator[Violation]:
    """Yield which labels are no classes and which weights are not finite."""
    if "labels" in arrays:
        classes = next(arrays[name] for name in ("scores", "w2") if name in arrays).shape[-1]
        yield from _labels_in_range(arrays["labels"], classes, options.ignore_index)
    for name in ("class_weights", "sample_weights"):
        if name in arrays:
            yield from _all_finite(name, arrays[name])


def _labels_in_range(labels: Array, classes: int, ignore_index: int | None) -> Iterator[Violation]:
    if not labels.size or (labels.min() >= 0 and labels.max() < classes):
        return
    wrong = (labels < 0) | (labels >= classes)
    if ignore_index is not None:
        wrong &= labels != ignore_index
    rows = np.flatnonzero(wrong)
    if rows.size:
        flat = labels.reshape(-1)
        first = ", ".join(f"row {row} has {flat[row]}" for row in rows[:MAX_LISTED].tolist())
        advice = "" if ignore_index is not None else "; mark rows to leave out by ignore_index"
        yield Violation(
            "labels",
            f"must be in [0, {classes}); {_count(rows.size, 'label is', 'labels are')} not: "
            f"{first}{advice}",
        )


def _all_finite(name: str, weights: Array) -> Iterator[Violation]:
    positions = np.flatnonzero(~np.isfinite(weights))
    if positions.size:
        flat = weights.reshape(-1)
        first = ", ".join(f"[{at}] is {flat[at]}" for at in positions[:MAX_LISTED].tolist())
        yield Violation(name, f"must be finite; {_count(positions.size, 'is', 'are')} not: {first}")


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"

"""The options of a call, their defaults and the values that they take."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

import numpy as np

from lossgrad.errors import Violation
from lossgrad.types import dtypes
from lossgrad.types.quantities import WANTABLE

LossName = Literal["softmax", "hinge"]
Reduction = Literal["mean", "sum", "none"]
RegConvention = Literal["half", "full"]
NonfinitePolicy = Literal["error", "propagate"]
EmptyMean = Literal["zero", "nan", "error"]
FloatName = Literal["f16", "bf16", "f32", "f64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of contract §2; an instance made by `read_options` is valid by itself."""

    loss: LossName = "softmax"
    reduction: Reduction = "mean"
    denominator: float | None = None
    ignore_index: int | None = None
    label_smoothing: float = 0.0
    temperature: float = 1.0
    softcap: float | None = None
    z_loss: float = 0.0
    margin: float = 1.0
    reg: float = 0.0
    reg_convention: RegConvention = "half"
    nonfinite: NonfinitePolicy = "error"
    empty_mean: EmptyMean = "zero"
    want: tuple[str, ...] | None = None
    gradient_dtype: FloatName | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The options that differ from their defaults, by name; all that has to travel."""
        fields = type(self).__dataclass_fields__
        values = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in values.items() if value != fields[name].default}


@dataclass(frozen=True, slots=True)
class _Domain:
    """The numbers that an option takes."""

    text: str
    holds: Callable[[float], bool]


CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "loss": get_args(LossName),
        "reduction": get_args(Reduction),
        "reg_convention": get_args(RegConvention),
        "nonfinite": get_args(NonfinitePolicy),
        "empty_mean": get_args(EmptyMean),
    }
)
"""Options that are one of a few words."""

NUMBERS: Final[Mapping[str, _Domain]] = MappingProxyType(
    {
        "denominator": _Domain("a finite number, not 0", lambda v: v != 0),
        "label_smoothing": _Domain("a number in [0, 1]", lambda v: 0 <= v <= 1),
        "temperature": _Domain("a finite number > 0", lambda v: v > 0),
        "softcap": _Domain("a finite number > 0", lambda v: v > 0),
        "z_loss": _Domain("a finite number ≥ 0", lambda v: v >= 0),
        "margin": _Domain("a finite number ≥ 0", lambda v: v >= 0),
        "reg": _Domain("a finite number ≥ 0", lambda v: v >= 0),
    }
)
"""Options that are a number, and the numbers that each takes."""

NAMES: Final = tuple(Options.__dataclass_fields__)
"""Every option's name."""

_INT64: Final = np.iinfo(np.int64)


class _Refused(ValueError):
    """What an option's value should have been."""


def _read_choice(value: object, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _Refused("one of " + ", ".join(repr(choice) for choice in choices))
    return value


def _read_number(value: object, domain: _Domain) -> float:
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        raise _Refused(domain.text)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or not domain.holds(number):
        raise _Refused(domain.text)
    return number


def _read_ignore_index(value: object) -> int:
    try:
        index = operator.index(cast(Any, value))
    except TypeError:
        index = None
    if index is None or isinstance(value, (bool, np.bool_)):
        raise _Refused("an integer")
    if not _INT64.min <= index <= _INT64.max:
        raise _Refused("an integer that fits in 64 bits with its sign")
    return index


def _read_want(value: object) -> tuple[str, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise _Refused("a list of names of outputs")
    names = cast(Sequence[object], value)
    if not names:
        raise _Refused("at least one name of an output; leave it out for the default")
    return tuple(dict.fromkeys(_read_choice(name, WANTABLE) for name in names))


def _read_float_dtype(value: object) -> str:
    if not isinstance(value, str):
        try:
            value = dtypes.to_name(np.dtype(cast(Any, value)))
        except TypeError:
            value = None
    return _read_choice(value, dtypes.FLOATS)


def _read_option(name: str, value: object) -> object:
    if name in CHOICES:
        return _read_choice(value, CHOICES[name])
    if name in NUMBERS:
        return _read_number(value, NUMBERS[name])
    if name == "ignore_index":
        return _read_ignore_index(value)
    return _read_want(value) if name == "want" else _read_float_dtype(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_options(arguments: Mapping[str, object]) -> tuple[Options, list[Violation]]:
    """Return the options among `arguments` and what is wrong with them.

    An option that is None counts as left out; one with a violation keeps its
    default. Python's and NumPy's numbers are taken, bools are not numbers.
    """
    values: dict[str, Any] = {}
    violations: list[Violation] = []
    for name in NAMES:
        value = arguments.get(name)
        if value is None:
            continue
        try:
            values[name] = _read_option(name, value)
        except _Refused as expected:
            violations.append(Violation(name, f"must be {expected}, got {_shown(value)}"))
    return Options(**values), violations

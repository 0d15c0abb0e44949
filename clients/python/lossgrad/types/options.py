"""The options of a call, their defaults and the values that they take."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

import numpy as np

from lossgrad.errors import MAX_VIOLATIONS, Violation
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
        return {
            name: value
            for name, default in _DEFAULTS.items()
            if (value := getattr(self, name)) != default
        }


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

# Further out, products and quotients of two of them would leave float64.
_DIVISOR: Final = _Domain("a finite number of size at least 1e-100", lambda v: abs(v) >= 1e-100)
_SCALE: Final = _Domain("a number from 1e-100 to 1e100", lambda v: 1e-100 <= v <= 1e100)

NUMBERS: Final[Mapping[str, _Domain]] = MappingProxyType(
    {
        "denominator": _DIVISOR,
        "label_smoothing": _Domain("a number in [0, 1]", lambda v: 0 <= v <= 1),
        "temperature": _SCALE,
        "softcap": _SCALE,
        "z_loss": _Domain("a finite number ≥ 0", lambda v: v >= 0),
        "margin": _Domain("a finite number ≥ 0", lambda v: v >= 0),
        "reg": _Domain("a finite number ≥ 0", lambda v: v >= 0),
    }
)
"""Options that are a number, and the numbers that each takes."""

NAMES: Final = tuple(Options.__dataclass_fields__)
"""Every option's name."""

DEFAULTS: Final = Options()
"""Every option at its default."""

MAX_WANT: Final = 4 * len(WANTABLE)
"""Most names that `want` may have, repeated ones counted: more are not looked at."""

_DEFAULTS: Final = {name: getattr(DEFAULTS, name) for name in NAMES}

_INT64: Final = np.iinfo(np.int64)


class _Refused(ValueError):
    """What an option's value, or each of its `entries` by their path, should have been."""

    def __init__(self, expected: str, entries: Sequence[tuple[str, object]] = ()) -> None:
        super().__init__(expected)
        self._entries = entries

    def violations(self, name: str, value: object) -> list[Violation]:
        """Return what is wrong with option `name`, which is `value`."""
        return [
            Violation(name + path, f"must be {self}, got {_shown(entry)}")
            for path, entry in self._entries or (("", value),)
        ]


def _is_choice(value: object, choices: Sequence[str]) -> bool:
    return isinstance(value, str) and value in choices


def _one_of(choices: Sequence[str]) -> str:
    return "one of " + ", ".join(repr(choice) for choice in choices)


def _read_choice(value: object, choices: Sequence[str]) -> str:
    if not _is_choice(value, choices):
        raise _Refused(_one_of(choices))
    return cast(str, value)


def _read_number(value: object, domain: _Domain) -> float:
    if getattr(value, "ndim", None) == 0:  # a scalar of NumPy, or an array without axes
        value = cast(object, cast(Any, value).item())
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
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, Set)):
        raise _Refused("a list of names of outputs")
    names = cast(Collection[object], value)
    if not names:
        raise _Refused("at least one name of an output; leave it out for the default")
    if len(names) > MAX_WANT:
        raise _Refused(f"at most {MAX_WANT} names of outputs", [("", len(names))])
    _check_outputs(names)
    if isinstance(value, Set):
        return tuple(name for name in WANTABLE if name in value)
    return tuple(dict.fromkeys(cast(Collection[str], names)))


def _check_outputs(names: Collection[object]) -> None:
    wrong = [
        ("" if isinstance(names, Set) else f"[{index}]", name)
        for index, name in enumerate(names)
        if not _is_choice(name, WANTABLE)
    ]
    if wrong:
        raise _Refused(_one_of(WANTABLE), wrong[:MAX_VIOLATIONS])


def _read_float_dtype(value: object) -> str:
    # Nothing else is handed to NumPy, which makes dtypes of dicts and lists as well.
    if isinstance(value, type | np.dtype):
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
        except _Refused as refused:
            violations += refused.violations(name, value)
    return Options(**values) if values else DEFAULTS, violations

"""A check: a problem with its caller's own numbers, and what was found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, cast

from lossgrad.errors import Violation
from lossgrad.types import check_report, dtypes, rules
from lossgrad.types.arrays import MAX_AXES, Array, NotAnArray, read_floats
from lossgrad.types.form import raise_if_any
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import OUTPUTS

Band = Literal["good", "suspicious", "wrong"]

CHECKABLE: Final = (
    "loss",
    *("row_losses", "probs"),
    *("dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx", "dtargets"),
)
"""Quantities that a caller may send to be checked."""

SUSPICIOUS_FROM: Final = 1e-4
"""Relative error above which a number is suspicious."""

WRONG_FROM: Final = 1e-2
"""Relative error above which a number is wrong."""

MAX_WORST: Final = 8
"""Entries that a comparison shows, the worst ones first."""

NAME_OF_SPELLING: Final[Mapping[str, str]] = {"loss": "loss"} | {
    spelling: name
    for name in CHECKABLE
    if name in OUTPUTS
    for spelling in (name, OUTPUTS[name].json)
}
"""Each spelling of a quantity, Python's and JSON's, and its name."""


class _Refused(ValueError):
    """Why a quantity of the caller's cannot be checked."""


def band_of(relative_error: float) -> Band:
    """Return the band of a relative error; NaN is wrong.

    The bounds are those of CS231n's notes on gradient checks.
    """
    if relative_error <= SUSPICIOUS_FROM:
        return "good"
    return "suspicious" if relative_error <= WRONG_FROM else "wrong"


# Compared by identity, like the problem.
@dataclass(frozen=True, slots=True, eq=False)
class CheckRequest:
    """A checked problem and the caller's own numbers, whose shapes may be wrong."""

    problem: Problem
    own: Mapping[str, Array]
    """By name, those of `CHECKABLE` that were sent, in its order."""

    @classmethod
    def of(
        cls,
        arguments: Mapping[str, object],
        gradients: object = None,
        found: Sequence[Violation] = (),
    ) -> Self:
        """Return the request that the arguments of `Client.check` state.

        Parameters
        ----------
        arguments : mapping
            Inputs and options by name. `want` and `gradient_dtype` are refused: a
            check computes what it needs.
        gradients : mapping, optional
            The caller's own loss, probabilities and gradients, by either spelling of
            their names. Float arrays of any shape, or nested lists of numbers.
        found : sequence of Violation
            What was wrong with arrays that could not be read, to be told with the rest.

        Raises
        ------
        InvalidArgument
            With one violation for each field that is wrong; those of `gradients` are
            called ``gradients.dw2`` and the like.
        """
        own, unreadable = _read_own(gradients)
        refused = [
            Violation(name, "must be left out of a check, which computes what it needs")
            for name in ("want", "gradient_dtype")
            if arguments.get(name) is not None
        ]
        problem = Problem.of(arguments, [*found, *refused, *unreadable])
        raise_if_any(_not_computed(problem, own))
        return cls(problem, own)

    @property
    def request_bytes(self) -> int:
        """Bytes of the array data, the caller's own numbers included."""
        return self.problem.request_bytes + sum(array.nbytes for array in self.own.values())


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the caller's beside ours."""

    index: tuple[int, ...]
    """Its place in the array; empty for the loss."""
    theirs: float
    ours: float
    relative_error: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of the caller's quantities beside ours."""

    name: str
    """One of `CHECKABLE`."""
    band: Band
    """Of its largest relative error."""
    max_relative_error: float
    """Largest \\|a − b\\| / max(\\|a\\|, \\|b\\|); infinite where shapes differ or with NaN."""
    n_entries: int
    """Entries of theirs."""
    n_wrong: int
    """Entries that are wrong; all of them where shapes differ."""
    shape: tuple[int, ...]
    """Theirs."""
    expected_shape: tuple[int, ...]
    """Ours."""
    worst: tuple[Entry, ...]
    """At most `MAX_WORST` entries that differ, the largest relative errors first."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One of our gradients beside differences of our own loss."""

    name: str
    """The gradient, such as ``dw2``."""
    band: Band
    max_relative_error: float
    n_directions: int
    """Random directions along which the loss was differenced; 0 where it is not finite."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A known mistake that the caller's numbers have the shape of."""

    code: str
    """Such as ``not_divided_by_n``."""
    name: str
    """The quantity in which it was found."""
    text: str
    """What the numbers look like, and what to change."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found: our loss, comparisons, verifications and diagnoses.

    ``str(check)`` is a report.
    """

    loss: float
    """Ours, like all of these; its parts add up to it."""
    data_loss: float
    reg_loss: float
    z_loss: float
    denominator: float
    """What the mean divided by; 1 otherwise."""
    n_rows: int
    n_ignored: int
    """Rows whose label is `ignore_index`."""
    comparisons: tuple[Comparison, ...]
    """One for each quantity that was sent, in the order of `CHECKABLE`."""
    verifications: tuple[Verification, ...]
    """One for each gradient that can be computed from what was sent."""
    findings: tuple[Diagnosis, ...]
    """Known mistakes that numbers have the shape of; two of one quantity if it takes both."""
    timing: Mapping[str, float]
    """Seconds of the service, by stage."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and nothing was diagnosed."""
        judged = (*self.comparisons, *self.verifications)
        return not self.findings and all(each.band != "wrong" for each in judged)

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The codes of the findings, each once."""
        return tuple(dict.fromkeys(finding.code for finding in self.findings))

    def __str__(self) -> str:
        return check_report.report(self)


def _read_own(gradients: object) -> tuple[dict[str, Array], list[Violation]]:
    if gradients is None:
        return {}, []
    if not isinstance(gradients, Mapping):
        kind = type(gradients).__name__
        return {}, [Violation("gradients", f"must be a dict of arrays, got {kind}")]
    sent = cast(Mapping[object, object], gradients)
    own: dict[str, Array] = {}
    violations: list[Violation] = []
    for spelling, value in sent.items():
        if value is None:
            continue
        try:
            name = _name_of(spelling, own)
            own[name] = _read_quantity(name, value)
        except (_Refused, NotAnArray) as error:
            violations.append(Violation(f"gradients.{spelling}", str(error)))
    return {name: own[name] for name in CHECKABLE if name in own}, violations


def _name_of(spelling: object, own: Mapping[str, Array]) -> str:
    name = NAME_OF_SPELLING.get(spelling) if isinstance(spelling, str) else None
    if name is None:
        raise _Refused(f"cannot be checked; send any of {', '.join(CHECKABLE)}")
    if name in own:
        raise _Refused(f"was sent twice, as {name} in its other spelling")
    return name


def _read_quantity(name: str, value: object) -> Array:
    array = read_floats(value)
    if dtypes.to_name(array.dtype) not in dtypes.FLOATS:
        expected = ", ".join(dtypes.FLOATS)
        raise _Refused(f"dtype must be one of {expected}, got {array.dtype}")
    if array.ndim > MAX_AXES:
        raise _Refused(f"must have at most {MAX_AXES} axes, got {array.ndim}")
    return array.reshape(()) if name == "loss" and array.size == 1 else array


def _not_computed(problem: Problem, own: Mapping[str, Any]) -> Iterator[Violation]:
    for name in own:
        for missing in rules.missing_for(name, problem.inputs):
            yield Violation(f"gradients.{name}", f"needs {missing}, which is missing")

"""A check: a problem with its caller's own numbers, and what was found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, cast

import numpy as np

from lossgrad.errors import Violation
from lossgrad.types import check_report, dtypes, rules
from lossgrad.types.arrays import MAX_AXES, Array, NotAnArray, read_array
from lossgrad.types.check_parts import Comparison, Diagnosis, Verification
from lossgrad.types.form import raise_if_any
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import OUTPUTS

CHECKABLE: Final = (
    "loss",
    *("row_losses", "probs"),
    *("dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx", "dtargets"),
)
"""Quantities that a caller may send to be checked."""

_MOST_EXACT: Final = 2**53
"""Up to which float64 has every integer."""

NAME_OF_SPELLING: Final[Mapping[str, str]] = {"loss": "loss"} | {
    spelling: name
    for name in CHECKABLE
    if name in OUTPUTS
    for spelling in (name, OUTPUTS[name].json)
}
"""Each spelling of a quantity, Python's and JSON's, and its name."""


class _Refused(ValueError):
    """Why a quantity of the caller's cannot be checked."""


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
        return not self._faulty

    @property
    def diagnoses(self) -> tuple[str, ...]:
        """The codes of the findings, each once."""
        return tuple(dict.fromkeys(finding.code for finding in self.findings))

    def __str__(self) -> str:
        return "\n".join(
            (
                self._summary,
                *check_report.compared(self.comparisons),
                *check_report.verified(self.verifications),
                *check_report.found(self.findings),
                self._verdict,
            )
        )

    @property
    def _summary(self) -> str:
        ignored = f", {self.n_ignored} ignored" if self.n_ignored else ""
        rows = f"{self.n_rows} rows{ignored}"
        return f"loss {self.loss:.9g}, {rows}, divided by {self.denominator:.9g}"

    @property
    def _verdict(self) -> str:
        return f"not ok: {', '.join(self._faulty)}" if self._faulty else "ok"

    @property
    def _faulty(self) -> tuple[str, ...]:
        """The quantities that are wrong or have a finding, each once."""
        judged = (*self.comparisons, *self.verifications)
        wrong = [each.name for each in judged if each.band == "wrong"]
        return tuple(dict.fromkeys([*wrong, *(finding.name for finding in self.findings)]))


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
        raise _Refused(f"was sent twice, as {name} and as {OUTPUTS[name].json}")
    return name


def _read_quantity(name: str, value: object) -> Array:
    array = _as_floats(read_array(value))
    if dtypes.to_name(array.dtype) not in dtypes.FLOATS:
        expected = ", ".join(dtypes.FLOATS)
        raise _Refused(f"dtype must be one of {expected}, got {array.dtype}")
    if array.ndim > MAX_AXES:
        raise _Refused(f"must have at most {MAX_AXES} axes, got {array.ndim}")
    return array.reshape(()) if name == "loss" and array.size == 1 else array


def _as_floats(array: Array) -> Array:
    """Return integers as float64, and anything else as it is."""
    if array.dtype.kind not in "iu":
        return array
    if ((array < -_MOST_EXACT) | (array > _MOST_EXACT)).any():
        raise _Refused("has integers beyond ±2^53, which float64 does not hold exactly")
    return array.astype(np.float64)


def _not_computed(problem: Problem, own: Mapping[str, Any]) -> Iterator[Violation]:
    for name in own:
        for missing in rules.missing_for(name, problem.inputs):
            yield Violation(f"gradients.{name}", f"needs {missing}, which is missing")

"""A check from its request to its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from lossgrad.types import Array, Result
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.check_parts import Comparison, Diagnosis, Verification
from lossgrad_service import core
from lossgrad_service.checking.arithmetic import Arithmetic, arithmetic_of, half_of
from lossgrad_service.checking.batch import Batch, in_float64
from lossgrad_service.checking.comparing import Quantity
from lossgrad_service.checking.diagnosing import Diagnostician
from lossgrad_service.checking.rounding import Rounding, rounding_of
from lossgrad_service.checking.size import require_small
from lossgrad_service.checking.steps import Steps, steps_of
from lossgrad_service.checking.verifying import verifiable, verify
from lossgrad_service.core.computing import always_wanted, computed


def check(request: CheckRequest, checkpoint: Callable[[], None] = always_wanted) -> Check:
    """Return how a caller's numbers compare with ours, how ours do, and what is wrong.

    `checkpoint` is called first and between steps of some milliseconds; what it raises
    ends the check.

    Raises
    ------
    TooLarge
        Where the problem has more than `MAX_ENTRIES`.
    InvalidArgument
        As `core.compute` does.
    """
    started = perf_counter()
    require_small(request.problem)
    found = computed(checkpoint, _Examination.of, request, checkpoint)
    return computed(checkpoint, found.answer, started)


@dataclass(frozen=True, eq=False)
class _Examination:
    """A request with our own answer to it."""

    request: CheckRequest
    ours: Result
    right: Steps
    gradients: Mapping[str, Array]
    """Ours, those that can be verified."""
    checkpoint: Callable[[], None]
    roundings: dict[Arithmetic, Rounding] = field(default_factory=dict[Arithmetic, Rounding])
    """Most quantities have the same, and each is made of those before it."""

    @classmethod
    def of(cls, request: CheckRequest, checkpoint: Callable[[], None]) -> _Examination:
        """Compute our own answer, in float64."""
        names = verifiable(request.problem)
        wide = in_float64(request.problem, dict.fromkeys(("loss", *request.own, *names)))
        ours = core.compute(wide, checkpoint=checkpoint)
        batch = Batch.of(wide, ours.denominator)
        right = steps_of(batch)(batch)
        gradients = {name: ours.arrays[name] for name in names}
        return cls(request, ours, right, gradients, checkpoint)

    def answer(self, started: float) -> Check:
        """Return the answer to a request that arrived at a time of `perf_counter`."""
        comparisons, findings = self._compared()
        verifications = tuple(self._verified())
        ours = self.ours
        return Check(
            *(ours.loss, ours.data_loss, ours.reg_loss, ours.z_loss),
            *(ours.denominator, ours.n_rows, ours.n_ignored),
            comparisons=tuple(comparisons),
            verifications=verifications,
            findings=tuple(findings),
            timing={"compute": perf_counter() - started},
        )

    def _verified(self) -> Iterator[Verification]:
        """Yield nothing of a loss that is not finite, which has no differences."""
        if np.isfinite(self.ours.loss):
            yield from verify(self.right, self.gradients, self.checkpoint)

    def _compared(self) -> tuple[list[Comparison], list[Diagnosis]]:
        diagnostician = Diagnostician(self.right, self.checkpoint)
        comparisons: list[Comparison] = []
        findings: list[Diagnosis] = []
        for name in self.request.own:
            self.checkpoint()
            quantity = self._quantity(name)
            comparisons.append(quantity.comparison())
            if quantity.is_suspect:
                findings += diagnostician.diagnose(quantity)
        return comparisons, findings

    def _quantity(self, name: str) -> Quantity:
        sent, problem = self.request.own[name], self.request.problem
        rounding, half = self._rounding(arithmetic_of(sent, problem)), half_of(sent, problem)
        answer = np.asarray(getattr(self.ours, name))
        return Quantity.of(name, sent, answer, rounding, half and self._rounding(half))

    def _rounding(self, arithmetic: Arithmetic) -> Rounding:
        return self.roundings.setdefault(arithmetic, rounding_of(self.right, arithmetic))

"""How many users there are, and when: the steps of steady, ramp, spike and soak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from load.workloads import Workload

WINDOWS = 5
"""In which a load that does not change is measured, so that what gets slower is seen."""

LEAST_SECONDS = 1
"""Of a step: locust looks once a second whether the next one has come."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many users for so many seconds."""

    users: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The users of every step, all of which are equally long."""

    users: Callable[[Workload], Sequence[int]]
    seconds: float
    """Of all steps together, unless a run says otherwise."""

    def steps(self, workload: Workload, seconds: float | None) -> list[Step]:
        """Return the steps of a run that lasts so many seconds.

        Raises
        ------
        ValueError
            Where they would be too short to be measured.
        """
        users = self.users(workload)
        each = (seconds or self.seconds) / len(users)
        if each < LEAST_SECONDS:
            least = LEAST_SECONDS * len(users)
            raise ValueError(
                f"seconds: {seconds:g} are too few for {len(users)} steps, at least {least}"
            )
        return [Step(count, each) for count in users]


def step_at(steps: Sequence[Step], elapsed: float) -> int | None:
    """Return the number of the step that a run is in after so many seconds, None at its end."""
    ends = accumulate(step.seconds for step in steps)
    return next((number for number, end in enumerate(ends) if elapsed < end), None)


def _constant(workload: Workload) -> list[int]:
    return [workload.usual_users] * WINDOWS


def _doubling(workload: Workload) -> list[int]:
    return list(_doubled(workload.least_users, workload.most_users))


def _doubled(users: int, most: int) -> Iterator[int]:
    while users <= most:
        yield users
        users *= 2


def _spike(workload: Workload) -> list[int]:
    few = workload.least_users
    return [few, few, workload.most_users, few, few]


SHAPES: Mapping[str, Shape] = {
    "steady": Shape(_constant, 20),
    "ramp": Shape(_doubling, 15),
    "spike": Shape(_spike, 20),
    "soak": Shape(_constant, 600),
}

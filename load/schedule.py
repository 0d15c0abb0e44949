"""The shape that locust follows."""

from __future__ import annotations

import time

from locust import LoadTestShape, User

from load.kept import TIMELINE
from load.shapes import SHAPES, step_at
from load.users import users_of
from load.workloads import WORKLOADS

WARM_UP_SECONDS = 2
"""In which channels are opened and limits learned, and nothing is counted."""

AT_ONCE = 100
"""Users that are added a second."""

Tick = tuple[int, float, list[type[User]]]


class Schedule(LoadTestShape):
    """A warm-up, then the steps of the shape that the options name."""

    def tick(self) -> Tick | None:
        """Return how many users of which kinds there are now, None at the end."""
        options = self.runner.environment.parsed_options
        workload = WORKLOADS[options.workload]
        steps = SHAPES[options.shape].steps(workload, options.seconds)
        elapsed = self.get_run_time() - WARM_UP_SECONDS
        number = step_at(steps, max(0, elapsed))
        users = 0 if number is None else steps[number].users
        TIMELINE.note(number if elapsed >= 0 else None, users, time.time())
        return None if number is None else (users, AT_ONCE, users_of(workload))

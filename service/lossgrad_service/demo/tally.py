"""Where the time of the calls went."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossgrad.types import Result


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call brought, and what it took."""

    result: Result
    wall_seconds: float
    """From the call to its return, as its worker saw it."""


@dataclass(slots=True)
class Tally:
    """Sums over all calls; seconds of calls that ran side by side count once for each."""

    calls: int = 0
    wall_seconds: float = 0.0
    service_seconds: dict[str, float] = field(default_factory=dict[str, float])
    """By stage, as the service measured itself."""

    def add(self, answer: Answer) -> None:
        """Count one call."""
        self.calls += 1
        self.wall_seconds += answer.wall_seconds
        for stage, seconds in answer.result.timing.items():
            self.service_seconds[stage] = self.service_seconds.get(stage, 0.0) + seconds

    @property
    def wire_seconds(self) -> float:
        """What a call took beyond the service's own stages: client, network, queue."""
        return self.wall_seconds - sum(self.service_seconds.values())

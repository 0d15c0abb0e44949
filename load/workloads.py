"""Who asks what: the questions of gRPC users and of HTTP users, and how many users there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Mix = Mapping[str, int]
"""How often each question is asked beside the others."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What is asked; half of the users call over each protocol that has questions."""

    over_grpc: Mix = field(default_factory=dict)
    over_http: Mix = field(default_factory=dict)
    usual_users: int = 4
    most_users: int = 16

    @property
    def least_users(self) -> int:
        """One for each protocol."""
        return bool(self.over_grpc) + bool(self.over_http)

    @property
    def questions(self) -> set[str]:
        """The names of all questions."""
        return {*self.over_grpc, *self.over_http}


WORKLOADS: Mapping[str, Workload] = {
    "tiny": Workload(over_grpc={"tiny": 1}),
    "tiny-http": Workload(over_http={"tiny": 1}),
    "imagenet": Workload(over_grpc={"imagenet": 1}),
    "imagenet-http": Workload(over_http={"imagenet": 1}),
    "language": Workload(over_grpc={"language": 1}, usual_users=2, most_users=4),
    "mixed": Workload(
        over_grpc={"tiny": 16, "imagenet": 3, "language": 1},
        over_http={"tiny": 4, "imagenet": 1},
    ),
}

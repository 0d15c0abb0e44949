"""Those who ask: each user asks again as soon as it is answered."""

from __future__ import annotations

import random
from collections.abc import Mapping

from locust import FastHttpUser, User, task

from load.questions import Question, question
from load.workloads import WORKLOADS, Mix, Workload
from lossgrad import Client

TIMEOUT_SECONDS = 30.0
"""Of one call, with the client's own retries; what takes longer has failed."""

_DICE = random.Random(0)


class WrongAnswer(Exception):
    """The service has answered with a loss that is not the question's."""


def drawn(mix: Mix) -> Question:
    """Draw a question, each as often as the mix has it."""
    return question(_DICE.choices(list(mix), list(mix.values()))[0])


class GrpcUser(User):
    """A training worker: calls through the Python client, on a channel of its own."""

    def on_start(self) -> None:
        """Open the channel."""
        options = self.environment.parsed_options
        self.mix = WORKLOADS[options.workload].over_grpc
        self.lossgrad = Client(options.grpc_target, timeout=TIMEOUT_SECONDS)

    def on_stop(self) -> None:
        """Close it."""
        self.lossgrad.close()

    @task
    def ask(self) -> None:
        """Make one call; `measure` reports it, and an exception as a failure."""
        asked = drawn(self.mix)
        way = "gRPC stream" if asked.is_streamed else "gRPC"
        with self.environment.events.request.measure(way, asked.name):
            complaint = asked.complaint(self.lossgrad.compute(**asked.arguments).loss)
            if complaint is not None:
                raise WrongAnswer(complaint)


class HttpUser(FastHttpUser):
    """A caller without our client: posts JSON on a connection of its own."""

    host = "http://localhost:8080"
    network_timeout = TIMEOUT_SECONDS

    def on_start(self) -> None:
        """Learn what to ask."""
        self.mix = WORKLOADS[self.environment.parsed_options.workload].over_http

    @task
    def ask(self) -> None:
        """Make one call; statuses other than 2xx are failures by themselves."""
        asked = drawn(self.mix)
        with self.client.post(
            "/v1/compute",
            name=asked.name,
            data=asked.body,
            headers={"content-type": "application/json"},
            catch_response=True,
        ) as response:
            if response.status_code == 200:
                complaint = asked.complaint(response.json()["loss"])
                if complaint is not None:
                    response.failure(complaint)


def users_of(workload: Workload) -> list[type[User]]:
    """Return the users that have something to ask."""
    mixes: Mapping[type[User], Mix] = {GrpcUser: workload.over_grpc, HttpUser: workload.over_http}
    return [user for user, mix in mixes.items() if mix]

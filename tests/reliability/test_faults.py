"""Networks that are late, slow, cut, reset, silent or refused: right answers or errors, in time."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import lossgrad
from lossgrad.retry import TokenBucket
from lossgrad.transports import silence
from tests.reliability.fleet import fleet
from tests.reliability.proxy import NOTHING_PASSES, End, Fault, proxying
from tests.running import PATIENCE_SECONDS, Blocking, Streaming, event_loop
from tests.telling import Tell

BATCH = {
    "scores": np.random.default_rng(0).normal(size=(1000, 20)),
    "labels": np.arange(1000) % 20,
    "want": ["loss", "dscores", "probs"],
}
"""160 kB to the server, and 320 kB back; ten messages each way where they travel in pieces."""

PLANS = 15
"""Of each way to the server."""

MOST_FAULTS = 4
"""In a plan: that many connections, one after the other, misbehave."""

TIMEOUT_SECONDS = 4.0
GRACE_SECONDS = 1.0
"""What a call may take beyond its timeout, on a machine that has other things to do."""

WAYS = ("gRPC", "Unix", "stream", "grpc-aio", "HTTP")


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    path = tmp_path_factory.mktemp("unix") / "s"
    with fleet("--unix-socket", str(path)) as workers:
        grpc = workers.addresses["gRPC"]
        yield {**workers.addresses, "Unix": f"unix://{path}", "stream": grpc, "grpc-aio": grpc}


@contextmanager
def opened(way: str, target: str) -> Iterator[Any]:
    """Open a client of one way; it has `compute(**arguments)`."""
    if way == "grpc-aio":
        with event_loop() as loop, closing(Blocking(target, loop)) as client:
            yield client
    else:
        kind = Streaming if way == "stream" else lossgrad.Client
        with kind(target) as client:
            yield client


def draw_plan(chance: random.Random) -> list[Fault]:
    return [draw_fault(chance) for _ in range(chance.randint(1, MOST_FAULTS))]


def draw_fault(chance: random.Random) -> Fault:
    """Return a fault of one connection; it strikes anywhere between greeting and last byte."""
    way, size = chance.choice(["up", "down"]), int(10 ** chance.uniform(0, 5.5))
    late = {"delay": chance.choice([0.0, 0.0, 0.02]), "rate": chance.choice([None, None, 300_000])}
    kinds = [{}, *({way: size, "end": end} for end in End)]
    return chance.choice([NOTHING_PASSES, *(Fault(**kind, **late) for kind in kinds)])


@dataclass
class Outcomes:
    """What became of the calls of one way."""

    quiet: lossgrad.Result
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    longest: float = 0.0
    longest_recovery: float = 0.0

    def call(self, client: Any, timeout: float) -> str:
        """Make a call and count what becomes of it; errors that no caller expects are raised."""
        began = time.monotonic()
        try:
            self.wrong += not self._is_right(client.compute(**BATCH, timeout=timeout))
            kind = "answered"
        except lossgrad.LossGradError as error:
            kind = type(error).__name__
        self.longest = max(self.longest, time.monotonic() - began)
        return kind

    def _is_right(self, result: lossgrad.Result) -> bool:
        return result.loss == self.quiet.loss and all(
            np.array_equal(array, self.quiet.arrays[name]) for name, array in result.arrays.items()
        )

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common())
        return (
            f"{self.kinds.total()} plans of faults: {kinds}; {self.wrong} wrong; longest call "
            f"{self.longest:.2f} of {TIMEOUT_SECONDS:g} s; back after {self.longest_recovery:.2f} s"
        )


@pytest.mark.parametrize("way", WAYS)
def test_right_answers_or_errors_in_time(
    targets: dict[str, str], way: str, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    monkeypatch.setattr(silence, "ASKED_AFTER", 0.5)
    monkeypatch.setattr(silence, "SIGN_WITHIN", 0.5)
    monkeypatch.setattr(silence, "GONE_AFTER", 0.5)
    chance = random.Random(way)
    with opened(way, targets[way]) as client:
        outcomes = Outcomes(client.compute(**BATCH))
    with proxying(targets[way]) as proxy:
        for _ in range(PLANS):
            proxy.plan(*draw_plan(chance))
            with opened(way, proxy.target) as client:
                outcomes.kinds[outcomes.call(client, TIMEOUT_SECONDS)] += 1
                proxy.heal()
                began = time.monotonic()
                assert outcomes.call(client, PATIENCE_SECONDS) == "answered"
                outcomes.longest_recovery = max(outcomes.longest_recovery, time.monotonic() - began)
            proxy.drop()
    tell(str(outcomes))
    assert outcomes.wrong == 0
    assert outcomes.longest <= TIMEOUT_SECONDS + GRACE_SECONDS


REFUSED_SECONDS = 3.0


@pytest.mark.parametrize("way", ["gRPC", "HTTP"])
def test_a_server_that_comes_back_is_found(targets: dict[str, str], way: str, tell: Tell) -> None:
    with proxying(targets[way]) as proxy, opened(way, proxy.target) as client:
        client.compute(**BATCH)
        proxy.refuse()
        proxy.drop()
        back = threading.Timer(REFUSED_SECONDS, proxy.listen)
        back.start()
        began = time.monotonic()
        client.compute(**BATCH)
        tell(f"{time.monotonic() - began - REFUSED_SECONDS:.2f} s after it was back")
        back.join()


CALLS = 300


def test_a_dead_server_sees_few_calls_more(targets: dict[str, str], tell: Tell) -> None:
    with proxying(targets["HTTP"]) as proxy, lossgrad.Client(proxy.target) as client:
        proxy.plan(then=Fault(up=0))
        for _ in range(CALLS):
            with pytest.raises(lossgrad.Unavailable):
                client.compute(**BATCH)
        tell(f"{CALLS} calls, {proxy.accepted} attempts")
    assert CALLS < proxy.accepted <= 1.1 * CALLS + TokenBucket.CAPACITY


FALLING_SILENT = {
    "gRPC": Fault(down=50_000, end=End.SILENT),
    "Unix": Fault(down=50_000, end=End.SILENT),
    "stream": Fault(up=50_000, end=End.SILENT),
    "grpc-aio": NOTHING_PASSES,
    "HTTP": Fault(down=50_000, end=End.SILENT),
}


def test_silence_ends_long_before_the_deadline(targets: dict[str, str], tell: Tell) -> None:
    took: dict[str, float] = {}
    threads = [
        threading.Thread(target=_call_into_silence, args=(way, targets[way], took))
        for way in FALLING_SILENT
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(", ".join(f"{way} {seconds:.1f} s" for way, seconds in took.items()))
    assert took.keys() == FALLING_SILENT.keys()
    assert max(took.values()) < 0.75 * PATIENCE_SECONDS


def _call_into_silence(way: str, target: str, took: dict[str, float]) -> None:
    with proxying(target) as proxy, opened(way, proxy.target) as client:
        proxy.plan(FALLING_SILENT[way])
        began = time.monotonic()
        client.compute(**BATCH)
        took[way] = time.monotonic() - began

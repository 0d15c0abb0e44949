"""Promise 4: a caller who floods the service takes little from one who does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.abuse.served import Served, serving
from tests.access.files import entry
from tests.reliability.attempts import ANSWERED, REFUSED, Caller
from tests.reliability.crowd import Crowd, Told, crowd, together
from tests.telling import Tell

FLOODING, CALM = "flooding", "calm"
"""Names of the two callers, and what each shows."""

CALM_SECONDS = 10.0
"""What a call of the calm one may take; one of the flood takes 2 s at most."""

ROUNDS = 2
"""Quiet and flooded in turn, so that both see the same machine."""

TIMES = 10
"""What is offered, of what can be answered."""

CALLERS = 8
PEAK_SECONDS = 4.0
SECONDS = 4.0
LEAD_SECONDS = 1.0
"""Of the flood, before the calm caller comes."""

RATES = {"light": 100.0, "heavy": 5.0}
"""Calls a second of the calm caller, a tenth of what can be answered."""

PROMISED, ALLOWED = 2.0, 8.0
"""Times the quiet p99: who floods, who is calm and the service share two cores here."""

LEAST_P99 = 50.0
"""Milliseconds that are never too many: a light call has to wait for its turn at a core."""

ANSWERED_DUE = 0.99


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    keys = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys.write_text(entry(FLOODING, FLOODING) + entry(CALM, CALM))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSGRAD_TOKEN", CALM)
        with serving("--keys-file", str(keys)) as served:
            yield served


@pytest.mark.parametrize("batch", RATES)
@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_calm_caller_beside_one_who_floods(
    keyed: Served, protocol: str, batch: str, tell: Tell
) -> None:
    target = keyed.child.addresses[protocol]
    with ExitStack() as stack:
        many = stack.enter_context(crowd(Caller(protocol, target, FLOODING)))
        patient = Caller(protocol, target, CALM, batch, CALM_SECONDS)
        calm = stack.enter_context(crowd(patient))
        peak = many.closed(CALLERS, PEAK_SECONDS).goodput
        rounds = [_round(many, calm, RATES[batch], TIMES * peak) for _ in range(ROUNDS)]
    quiet, flooded, flood = map(together, zip(*rounds, strict=True))
    times = flooded.p(99) / quiet.p(99)
    tell(
        f"beside {flood.rate:.0f} calls/s ({flood.share(REFUSED):.0%} refused): "
        f"{flooded.share(ANSWERED):.1%} answered, p50 {flooded.p(50):.1f}, p99 {flooded.p(99):.1f} "
        f"ms; quiet {quiet.p(50):.1f}, {quiet.p(99):.1f}: {times:.1f} × (of {PROMISED:g})"
    )
    assert flood.words[REFUSED]
    assert flooded.share(ANSWERED) >= ANSWERED_DUE, flooded.words
    assert flooded.p(99) <= max(ALLOWED * quiet.p(99), LEAST_P99)


def _round(many: Crowd, calm: Crowd, rate: float, flood_rate: float) -> tuple[Told, Told, Told]:
    """Return what becomes of the calm caller, by itself and in a flood, and of the flood."""
    quiet = calm.open(rate, SECONDS)
    many.begin(flood_rate, LEAD_SECONDS + SECONDS)
    time.sleep(LEAD_SECONDS)
    return quiet, calm.open(rate, SECONDS), many.told()

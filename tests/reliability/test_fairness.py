"""Promise 4: a caller who floods the service takes little from one who does not.

The service has a core of its own. Both callers share the others, where who floods leaves the
calm one its share.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.abuse.served import Served
from tests.access.files import entry
from tests.reliability.apart import FLOODING_NICENESS, crowd_apart, serving_apart
from tests.reliability.attempts import ANSWERED, REFUSED, Caller
from tests.reliability.crowd import Crowd, Told, together
from tests.telling import Tell

FLOODING, CALM = "flooding", "calm"
"""Names of the two callers, and what each shows."""

CALM_SECONDS = 10.0
"""What a call of the calm one may take; one of the flood takes 2 s at most."""

ROUNDS = 3
"""Quiet and flooded in turn, so that both see the same machine."""

TIMES = 10
"""What is offered, of what can be answered."""

OFFERED_DUE = 0.95
"""Of so many times what can be answered: less were no such flood."""

CALLERS = 8
PEAK_SECONDS = 4.0
SECONDS = 6.0
LEAD_SECONDS = 1.0
"""Of the flood, before the calm caller comes."""

RATES = {"light": 50.0, "heavy": 5.0}
"""Calls a second of the calm caller, a tenth of what can be answered."""

PROMISED, ALLOWED = 2.0, 2.5
"""Times the quiet p99: of a hundred calls a single one that the machine held up; runs differ."""

ANSWERED_DUE = 0.99


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    keys = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys.write_text(entry(FLOODING, FLOODING) + entry(CALM, CALM))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOSSGRAD_TOKEN", CALM)
        with serving_apart("--keys-file", str(keys)) as served:
            yield served


@pytest.mark.parametrize("batch", RATES)
@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_calm_caller_beside_one_who_floods(
    keyed: Served, protocol: str, batch: str, tell: Tell
) -> None:
    target = keyed.child.addresses[protocol]
    with ExitStack() as stack:
        flooding = Caller(protocol, target, FLOODING)
        many = stack.enter_context(crowd_apart(flooding, FLOODING_NICENESS))
        patient = Caller(protocol, target, CALM, batch, CALM_SECONDS)
        calm = stack.enter_context(crowd_apart(patient))
        peak = many.closed(CALLERS, PEAK_SECONDS).goodput
        rounds = [_round(many, calm, RATES[batch], TIMES * peak) for _ in range(ROUNDS)]
    offered = min(flood.rate for *_, flood in rounds)
    quiet, flooded, flood = map(together, zip(*rounds, strict=True))
    times = flooded.p(99) / quiet.p(99)
    tell(
        f"beside {offered:.0f} calls/s, {offered / peak:.1f} × the peak, "
        f"({flood.share(REFUSED):.0%} refused): {flooded.share(ANSWERED):.1%} answered, "
        f"p50 {flooded.p(50):.1f}, p99 {flooded.p(99):.1f} "
        f"ms; quiet {quiet.p(50):.1f}, {quiet.p(99):.1f}: {times:.1f} × (of {PROMISED:g})"
    )
    assert offered >= OFFERED_DUE * TIMES * peak
    assert flood.words[REFUSED]
    assert flooded.share(ANSWERED) >= ANSWERED_DUE, flooded.words
    assert times <= ALLOWED


def _round(many: Crowd, calm: Crowd, rate: float, flood_rate: float) -> tuple[Told, Told, Told]:
    """Return what becomes of the calm caller, by itself and in a flood, and of the flood."""
    quiet = calm.open(rate, SECONDS)
    many.begin(flood_rate, LEAD_SECONDS + SECONDS)
    time.sleep(LEAD_SECONDS)
    return quiet, calm.open(rate, SECONDS), many.told()

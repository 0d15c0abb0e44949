"""Hypothesis over a transport: as many examples as the transport can afford."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy


def for_all(strategy: SearchStrategy[Any], examples: int, check: Callable[[Any], None]) -> None:
    """Hold `check` for `examples` cases drawn from `strategy`, the same in every run."""

    @settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(strategy)
    def holds(case: Any) -> None:
        check(case)

    holds()

"""What the callers import: no more than their container has, and locust only where it must be."""

from __future__ import annotations

from pathlib import Path

from tests.imports import imports_of, modules

ROOT = Path(__file__).parents[2]
SOURCES = dict(modules(ROOT, "load"))

PATCHED = {"load.listeners", "load.locustfile", "load.schedule", "load.users"}
"""Modules that only a process of locust's imports, which has had all its sockets replaced."""


def imported(module: str) -> set[str]:
    return {each.name for each in imports_of(SOURCES[module].read_text(), module)}


def needed_by(module: str) -> set[str]:
    """Return a module of ours and all others that it needs, however indirectly."""
    found, new = set(), {module}
    while new:
        found |= new
        names = {name for each in new for name in imported(each)}
        new = {each for each in SOURCES if any(n.startswith(f"{each}.") for n in names)} - found
    return found


def from_packages(module: str, *packages: str) -> set[str]:
    return {name for name in imported(module) if name.partition(".")[0] in packages}


def test_only_the_process_of_locust_imports_it():
    assert {each for each in SOURCES if from_packages(each, "locust", "gevent")} == PATCHED
    assert not needed_by("load.__main__") & PATCHED


def test_callers_need_the_client_alone():
    """The image of the callers has no service."""
    needed = needed_by("load.locustfile")
    assert needed > PATCHED
    for module in needed:
        assert not from_packages(module, "lossgrad_service", "rich", "matplotlib")

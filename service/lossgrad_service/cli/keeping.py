"""Figures in files."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console


def keep(figures: bytes, path: Path) -> None:
    """Write figures to a file, in a folder that may be new, and say where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(figures)
    tell("figures", path)


def tell(what: str, path: Path) -> None:
    """Say where something is."""
    Console().print(f"{what}: {path}", highlight=False, soft_wrap=True)

"""The part of docs/accuracy.md that a command writes."""

from __future__ import annotations

from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs/accuracy.md"
BEGIN, END = "<!-- begin: make accuracy -->", "<!-- end: make accuracy -->"


def renewed(text: str, tables: str) -> str:
    """Return `text` with `tables` between its two markers."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{DOCUMENT} has lost its markers"
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"

"""Findings as lines on a terminal, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

import orjson
from rich.console import Console
from rich.text import Text

from lossgrad import __version__ as our_version
from lossgrad_service.cli.doctor.findings import Finding, State

_MARKS: Final[Mapping[State, tuple[str, str]]] = {
    "well": ("✓", "green"),
    "doubtful": ("!", "yellow"),
    "wrong": ("✗", "red"),
}

_NAME_WIDTH: Final = 11
_LEAST_WIDTH: Final = 20
"""Of the text, however narrow a terminal is."""


def shown(findings: Iterable[Finding], console: Console) -> Iterator[Finding]:
    """Yield findings, each once it was printed."""
    for finding in findings:
        for line in _lines(finding, console):
            console.print(line, highlight=False, soft_wrap=True)
        yield finding


def to_json(target: str, findings: Iterable[Finding]) -> str:
    """Return all findings with what the command ends with."""
    told = list(findings)
    report = {
        "target": target,
        "client_version": our_version,
        "exit_code": exit_code_after(told),
        "findings": [asdict(finding) for finding in told],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()


def exit_code_after(findings: Iterable[Finding]) -> int:
    """Return the first exit code that is not 0, if there is one."""
    return next((finding.exit_code for finding in findings if finding.exit_code), 0)


def _lines(finding: Finding, console: Console) -> Iterator[Text]:
    """Yield a finding's lines, those after the first below its text, and none padded."""
    mark, colour = _MARKS[finding.state]
    text = Text(finding.text)
    if finding.advice:
        text.append(f"\n→ {finding.advice}", style=colour)
    name = Text(f"{finding.name:<{_NAME_WIDTH}} ", style="dim")
    before = Text.assemble((f"{mark} ", f"bold {colour}"), name)
    width = max(_LEAST_WIDTH, console.width - before.cell_len)
    for line in text.wrap(console, width, overflow="fold"):
        line.rstrip()
        yield before + line
        before = Text(" " * before.cell_len)

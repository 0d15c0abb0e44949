"""docs/derivation.md: its numbers, its codes, and the functions that it names."""

from __future__ import annotations

import ast
import doctest
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "derivation.md").read_text()
TWINS = Path(__file__).parents[1] / "twins.py"

NAMED = re.findall(r"\[(\S+\.py) · `(\w+)`\]\((\S+)\)", TEXT)
LINKS = re.findall(r"\]\((\.\./[^)\s]+)\)", TEXT)
SETUP, *CODES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def functions(source):
    tree = ast.parse(source)
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def bare(function):
    """Return a function's text without its docstring and annotations."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return [arg.arg for arg in function.args.args], [ast.unparse(line) for line in body]


def test_worked_numbers_are_what_the_service_returns(client):
    blocks = re.sub(r"^```.*$", "", TEXT, flags=re.MULTILINE)
    names: dict[str, Any] = {}
    exec(SETUP, names)
    with names["client"]:
        names["client"] = client
    examples = doctest.DocTestParser().get_doctest(blocks, names, "derivation", "derivation.md", 0)
    assert len(examples.examples) > 30
    report = []
    failures = doctest.DocTestRunner(verbose=False).run(examples, out=report.append)
    assert failures.failed == 0, "".join(report)


@pytest.mark.parametrize(("path", "name", "link"), NAMED)
def test_named_function_exists(path, name, link):
    target = (DOCS / link).resolve()
    assert target.as_posix().endswith(path)
    assert name in functions(target.read_text())


def test_every_formula_has_its_code():
    named = {(path, name) for path, name, _ in NAMED}
    assert len(named) >= 15
    assert len(NAMED) == TEXT.count(" · `")


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_links_lead_somewhere(link):
    assert (DOCS / link).exists()


def test_codes_are_the_twins():
    shown = {name: code for block in CODES for name, code in functions(block).items()}
    assert set(shown) == {"two_loops", "one_loop", "vectorised_leaky", "linear_classifier"}
    twins = functions(TWINS.read_text())
    for name, code in shown.items():
        assert bare(code) == bare(twins[name]), name

"""docs/accuracy.md says what is so today."""

from __future__ import annotations

import re

import pytest

from integrations.accuracy.cases import CASES
from integrations.accuracy.document import BEGIN, DOCUMENT, END, renewed
from integrations.accuracy.libraries import lossgrad
from integrations.accuracy.table import tables
from integrations.accuracy.truth import truths


def test_document_has_the_tables_that_the_command_prints():
    text = DOCUMENT.read_text()
    assert renewed(text, tables()) == text, "run 'make accuracy' and commit the result"


def test_only_the_tables_are_renewed():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert renewed(text, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(AssertionError, match="markers"):
        renewed("no markers", "new")


@pytest.mark.parametrize("dtype", CASES)
def test_ours_are_right(dtype):
    for case in CASES[dtype]:
        loss, gradient = truths(case, dtype)
        ours = lossgrad(case.problem(dtype))
        for value, truth in ((ours.loss, loss), (ours.dscores[0, case.entry], gradient)):
            allowed = max(truth.relative * abs(truth.value), truth.absolute)
            assert abs(float(value) - truth.value) <= allowed, case.told


def test_names_of_tests_in_the_document_exist():
    root = DOCUMENT.parents[1]
    named = re.findall(r"`(integrations/[\w/.]+)`", DOCUMENT.read_text())
    assert named
    assert [name for name in named if not (root / name).exists()] == []

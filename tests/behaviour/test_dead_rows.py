"""Rows that do not count poison nothing, whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest

from tests.behaviour import problems
from tests.behaviour.problems import FORMS, ROWS, SUMS, bits

DEAD = {"ignored": {"ignore_index": -1}, "weight 0": {"sample_weights": [1.0, 1, 1, 1, 0, 1]}}
KINDS = [{}, {"label_smoothing": 0.1}, {"z_loss": 0.1}, {"softcap": 2.0, "temperature": 3.0}]


def poison_row_four(client, clean, form, poison):
    """Hold the answer to be the same bits whatever lies in row 4, which does not count."""
    poisoned = clean | {form: clean[form].copy()}
    poisoned[form][4] = poison
    of_rows = [*ROWS[form], "dtargets"] if "targets" in clean else ROWS[form]
    want = ["loss", "row_losses", *of_rows, *SUMS[form]]
    expected, result = (client.compute(**each, want=want) for each in (clean, poisoned))
    assert result.scalars == expected.scalars
    assert np.isfinite(result.loss)
    assert result.row_losses[4] == 0
    for name in of_rows:
        assert not result.arrays[name][4].any(), name
        assert np.isfinite(result.arrays[name]).all(), name
    for name in want[1:]:
        assert bits(result.arrays[name]) == bits(expected.arrays[name]), name


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", DEAD)
@pytest.mark.parametrize("options", KINDS, ids=str)
def test_dead_row_poisons_nothing(client, form, how, poison, options):
    clean = problems.labelled(form, rows=6, seed=30) | DEAD[how] | options
    if how == "ignored":
        clean["labels"][4] = -1
    poison_row_four(client, clean, form, poison)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_dead_row_with_targets_poisons_nothing(client, form, poison):
    targets = {"targets": np.full((6, 4), 0.25)}
    clean = problems.inputs(form, rows=6, seed=30) | DEAD["weight 0"] | targets
    poison_row_four(client, clean, form, poison)


@pytest.mark.parametrize("form", ["h1", "x"])
def test_dead_row_is_zero_whatever_the_weights_hold(client, form):
    """0·∞ is NaN, but a row that does not count has gradients of exactly 0."""
    problem = problems.labelled(form, rows=3, seed=39) | {"sample_weights": [1.0, 0.0, 1.0]}
    problem["w2"][0, 1] = np.inf
    result = client.compute(**problem, nonfinite="propagate", want=["row_losses", *ROWS[form]])
    for name, value in result.arrays.items():
        assert not np.any(value[1]), name
        assert not np.isfinite(value[[0, 2]]).all(), name


@pytest.mark.parametrize("poison", [np.nan, np.inf], ids=str)
def test_dead_row_poisons_nothing_of_hinge(client, poison):
    problem = problems.labelled("h1", rows=3, seed=31) | {"sample_weights": [1.0, 0, 1]}
    expected = client.compute(**problem, loss="hinge")
    problem["h1"] = problem["h1"].copy()
    problem["h1"][1] = poison
    result = client.compute(**problem, loss="hinge")
    assert result.loss == expected.loss
    assert bits(result.dw2) == bits(expected.dw2)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -1.0], ids=str)
def test_targets_of_a_dead_row_poison_nothing(client, poison):
    problem = problems.inputs("scores", rows=3, seed=32)
    targets = np.full((3, 4), 0.25)
    weights = {"sample_weights": [1.0, 0.0, 1.0], "want": ["loss", "dscores", "dtargets"]}
    expected = client.compute(**problem, targets=targets, **weights)
    targets[1, 2] = poison
    result = client.compute(**problem, targets=targets, **weights)
    assert result.loss == expected.loss
    assert bits(result.dscores) == bits(expected.dscores)
    assert bits(result.dtargets) == bits(expected.dtargets)
    assert not result.dtargets[1].any()


def test_dead_row_has_probabilities_all_the_same(client):
    problem = problems.labelled("scores", rows=3, seed=33)
    want = ["probs", "log_partition", "predictions"]
    expected = client.compute(**problem, want=want)
    problem["labels"][1] = -7
    result = client.compute(**problem, ignore_index=-7, want=want)
    for name in want:
        assert bits(result.arrays[name]) == bits(expected.arrays[name]), name

"""Checks over every transport: the same findings, and the same refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument
from lossgrad.types.check import CHECKABLE
from tests.behaviour import problems
from tests.behaviour.refused import HEALTHY

NET = problems.labelled("x") | {"reg": 0.125}
GRADIENTS = ["dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx"]


@pytest.fixture(scope="module")
def right(clients):
    """What the service itself has for the net, as a caller's own."""
    result = clients["local"].compute(**NET, want=["loss", "row_losses", "probs", *GRADIENTS])
    return {"loss": result.loss, **result.arrays}


@pytest.fixture(scope="module")
def checked_locally(clients):
    """Return a function that makes a check in this process."""
    return clients["local"].check


def without_timing(check):
    return repr(replace(check, timing={}))


def test_right_gradients_are_ok(client, right):
    check = client.check(**NET, gradients=right)
    assert check.ok
    assert check.diagnoses == ()
    assert [comparison.name for comparison in check.comparisons] == [
        name for name in CHECKABLE if name in right
    ]
    assert {each.band for each in (*check.comparisons, *check.verifications)} == {"good"}
    assert check.loss == pytest.approx(right["loss"], rel=1e-6)
    assert "compute" in check.timing


def test_a_mistake_is_named_and_found_where_it_is(client, right):
    n_rows = NET["labels"].size
    check = client.check(**NET, gradients={"dScores": right["dscores"] * n_rows})
    assert not check.ok
    assert check.diagnoses == ("not_divided_by_n",)
    [comparison] = check.comparisons
    assert (comparison.name, comparison.band) == ("dscores", "wrong")
    assert comparison.n_entries == comparison.n_wrong == right["dscores"].size
    worst = comparison.worst[0]
    assert worst.theirs == pytest.approx(n_rows * worst.ours, rel=1e-5)
    assert worst.theirs == float(right["dscores"][worst.index] * n_rows)
    assert "dscores" in str(check)


def test_a_shape_that_is_wrong_is_a_finding(client, right):
    check = client.check(**NET, gradients={"dw2": right["dw2"].T})
    assert check.diagnoses == ("transposed",)
    [comparison] = check.comparisons
    assert comparison.shape == comparison.expected_shape[::-1] == right["dw2"].T.shape


def test_without_gradients_ours_are_verified(client):
    check = client.check(**NET)
    assert check.ok
    assert check.comparisons == check.findings == ()
    assert {verification.name for verification in check.verifications} >= {"dw2", "dw1"}
    assert all(verification.n_directions > 0 for verification in check.verifications)


def test_no_number_is_a_finding_and_no_error(client, right):
    spoiled = right["db2"].copy()
    spoiled[1] = np.nan
    check = client.check(**NET, gradients={"db2": spoiled, "loss": np.inf})
    assert not check.ok
    of_loss, of_bias = check.comparisons
    assert of_loss.worst[0].theirs == np.inf
    assert np.isnan(of_bias.worst[0].theirs)
    assert of_bias.max_relative_error == np.inf


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f8"])
def test_every_transport_finds_the_same(client, checked_locally, right, dtype):
    own = {name: (1.25 * right[name]).astype(dtype) for name in GRADIENTS}
    own |= {"loss": right["loss"], "probs": right["probs"][::-1], "row_losses": [1.0]}
    arguments = NET | {"gradients": own}
    assert without_timing(client.check(**arguments)) == without_timing(checked_locally(**arguments))


def test_targets_weights_and_leading_axes(client, checked_locally):
    rng = np.random.default_rng(4)
    arguments = {
        "scores": rng.normal(size=(2, 3, 4)).astype(np.float32),
        "targets": rng.dirichlet(np.ones(4), (2, 3)),
        "sample_weights": rng.random((2, 3)),
        "label_smoothing": 0.125,
        "z_loss": 0.25,
        "gradients": {"dtargets": rng.normal(size=(2, 3, 4)), "dscores": np.ones((2, 3, 4))},
    }
    check = client.check(**arguments)
    assert [comparison.band for comparison in check.comparisons] == ["wrong", "wrong"]
    assert len(check.comparisons[0].worst[0].index) == 3
    assert without_timing(check) == without_timing(checked_locally(**arguments))


REFUSED = {
    "gradients.dw2": {"gradients": {"dw2": np.ones((2, 2))}},
    "gradients.dscore": {"gradients": {"dscore": np.ones((2, 2))}},
    "gradients.dscores": {"gradients": {"dscores": np.full((2, 2), 2**53 + 1)}},
    "gradients.probs": {"gradients": {"probs": "all of them"}},
    "gradients": {"gradients": [1.0]},
    "want": {"want": ["loss"]},
    "gradient_dtype": {"gradient_dtype": "f64"},
    "labels": {"labels": [7]},
    "scores": {"scores": [[0.0, np.nan]]},
    "label_smoothing": {"label_smoothing": 2},
}


@pytest.mark.parametrize("field", REFUSED)
def test_refusals(client, checked_locally, field):
    told = []
    for check in (client.check, checked_locally):
        with pytest.raises(InvalidArgument) as caught:
            check(**(HEALTHY | REFUSED[field]))
        told.append([(v.field, v.detail) for v in caught.value.violations])
    assert told[0] == told[1]
    assert field in dict(told[0])
    assert client.check(**HEALTHY).ok

"""What a check answers beside its diagnoses: shapes, corners, limits, the report."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument, TooLarge
from lossgrad.types import Problem
from lossgrad.types.check import Check, CheckRequest
from lossgrad_service import core
from lossgrad_service.checking import MAX_ENTRIES, check
from tests.behaviour.problems import labelled
from tests.checking.drawing import problem
from tests.checking.student import right

pytestmark = pytest.mark.usefixtures("one_direction")


def checked(arguments: dict, **own: object) -> Check:
    return check(CheckRequest.of(arguments, own or None))


def ours(arguments: dict, *names: str) -> core.compute:
    return core.compute(Problem.of(arguments | {"want": ["loss", *names]}))


def test_without_own_numbers_it_verifies_ours():
    found = checked(labelled("x"))
    assert found.ok
    assert found.comparisons == ()
    names = [each.name for each in found.verifications]
    assert names == ["dscores", "dw2", "db2", "dh1", "dw1", "db1", "dx"]


def test_parts_add_up_to_the_loss():
    arguments = labelled("x", rows=6) | {"reg": 0.2, "z_loss": 0.1, "ignore_index": 7}
    arguments["labels"][0] = 7
    found = checked(arguments)
    assert found.loss == pytest.approx(found.data_loss + found.reg_loss + found.z_loss)
    assert (found.n_rows, found.n_ignored, found.denominator) == (6, 1, 5)
    assert found.timing["compute"] > 0


def test_worst_entries_come_first():
    arguments = labelled("scores", rows=3)
    own = ours(arguments, "dscores").dscores.copy()
    own[1, 2] *= 1.5
    own[2, 0] *= 1.001
    (found,) = checked(arguments, dscores=own).comparisons
    assert (found.band, found.n_wrong, found.n_entries) == ("wrong", 1, 12)
    assert [entry.index for entry in found.worst] == [(1, 2), (2, 0)]
    assert found.worst[0].theirs == own[1, 2]
    assert found.max_relative_error == found.worst[0].relative_error == pytest.approx(1 / 3)


@pytest.mark.parametrize(("error", "band"), [(1e-6, "good"), (1e-3, "suspicious"), (0.1, "wrong")])
def test_bands(error, band):
    arguments = labelled("scores")
    found = checked(arguments, loss=ours(arguments).loss * (1 + error))
    assert found.comparisons[0].band == band
    assert found.ok == (band != "wrong")


def test_unknown_mistake_has_no_diagnosis():
    arguments = labelled("scores")
    found = checked(arguments, dscores=np.random.default_rng(3).normal(size=(5, 4)))
    assert not found.ok
    assert found.diagnoses == ()


@pytest.mark.parametrize("shape", [(), (4,), (5, 4, 1), (20,), (0, 4), (2, 3)])
def test_other_shapes_are_wrong_and_said(shape):
    found = checked(labelled("scores"), dscores=np.ones(shape))
    (comparison,) = found.comparisons
    assert comparison.band == "wrong"
    assert comparison.max_relative_error == np.inf
    assert (comparison.shape, comparison.expected_shape) == (shape, (5, 4))
    assert f"shape {shape}, expected (5, 4)" in str(found)


def test_leading_axes_may_be_one():
    rng = np.random.default_rng(0)
    arguments = {"scores": rng.normal(size=(2, 3, 4)), "labels": rng.integers(0, 4, (2, 3))}
    own = ours(arguments, "dscores").dscores
    assert checked(arguments, dscores=own).ok
    flat = checked(arguments, dScores=own.reshape(6, 4) * [1, 1, 1, 2])
    assert flat.comparisons[0].worst[0].index[1] == 3


def test_a_single_row_without_leading_axes():
    arguments = {"scores": [1.0, 2.0, 0.0], "labels": 1}
    own = ours(arguments, "dscores").dscores
    assert checked(arguments, dscores=own).ok
    assert checked(arguments, dscores=own[None]).ok


def test_nan_of_theirs_is_wrong():
    arguments = labelled("scores")
    own = ours(arguments, "dscores").dscores.copy()
    own[3, 1] = np.nan
    found = checked(arguments, dscores=own)
    assert found.comparisons[0].worst[0].index == (3, 1)
    assert found.comparisons[0].max_relative_error == np.inf
    assert found.diagnoses == ()


def test_nan_of_both_is_good():
    arguments = {"scores": [[np.nan, 0.0]], "labels": [0], "nonfinite": "propagate"}
    assert checked(arguments, loss=np.nan, dscores=[[np.nan, np.nan]]).ok


def test_values_without_a_gradient_are_refused_as_by_compute():
    with pytest.raises(InvalidArgument, match="scores"):
        checked({"scores": [[np.nan, 0.0]], "labels": [0]})


@pytest.mark.parametrize("form", ["scores", "h1", "x"])
@pytest.mark.parametrize("loss", ["softmax", "hinge"])
def test_no_rows(form, loss):
    arguments = labelled(form, rows=0) | {"loss": loss}
    assert checked(arguments, loss=0.0, dscores=np.zeros((0, 4))).ok


def test_all_rows_ignored():
    arguments = labelled("x") | {"ignore_index": 9, "reg": 0.1}
    arguments["labels"][:] = 9
    own = ours(arguments, "dscores", "dw2", "db1")
    found = checked(arguments, loss=own.loss, dscores=own.dscores, dw2=own.dw2, db1=own.db1)
    assert found.ok
    wrong = checked(arguments, dw2=own.dw2 * 2)
    assert wrong.diagnoses == ("reg_doubled",)


def test_masks_and_dead_rows_with_anything_in_them():
    arguments = labelled("h1", rows=4) | {"sample_weights": [1.0, 0, 1, 2]}
    arguments["h1"][1] = np.nan
    arguments["b2"][0] = -np.inf
    arguments["labels"][:] = [1, 2, 3, 1]
    own = ours(arguments, "dscores", "dw2", "probs")
    found = checked(arguments, dscores=own.dscores, dw2=own.dw2)
    assert found.ok
    assert checked(arguments, dscores=own.dscores * 4).diagnoses == ("not_divided_by_n",)


def test_both_spellings_and_unknown_names():
    arguments = labelled("h1")
    dw2 = ours(arguments, "dw2").dw2
    assert checked(arguments, dW2=dw2).comparisons == checked(arguments, dw2=dw2).comparisons
    with pytest.raises(InvalidArgument, match=r"gradients.dW2: was sent twice, as dw2 and as dW2"):
        checked(arguments, dw2=dw2, dW2=dw2)
    with pytest.raises(InvalidArgument, match=r"gradients.grad: cannot be checked; send any of"):
        checked(arguments, grad=dw2)


def test_quantities_that_the_inputs_do_not_have():
    with pytest.raises(InvalidArgument, match=r"gradients.dw2: needs h1 or x, which is missing"):
        checked(labelled("scores"), dw2=np.zeros((3, 4)))


@pytest.mark.parametrize("of", [list, np.array, lambda rows: np.array(rows, np.uint8)])
def test_integers_are_taken_as_numbers(of):
    own = CheckRequest.of(labelled("scores"), {"dscores": of([[1, 2], [3, 4]]), "loss": 3}).own
    assert own["dscores"].dtype == own["loss"].dtype == np.float64
    assert own["dscores"].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("of", [list, np.array])
def test_integers_that_float64_does_not_have(of):
    exact = of([-(2**53), 2**53])
    assert CheckRequest.of(labelled("scores"), {"row_losses": exact}).own
    with pytest.raises(InvalidArgument, match=r"gradients.row_losses: has integers beyond"):
        CheckRequest.of(labelled("scores"), {"row_losses": of([0, 2**53 + 1])})


def test_own_numbers_that_are_no_numbers():
    with pytest.raises(InvalidArgument, match=r"gradients.loss: dtype must be one of"):
        checked(labelled("scores"), loss=np.True_)
    with pytest.raises(InvalidArgument, match=r"gradients.dscores: cannot be read"):
        checked(labelled("scores"), dscores=[[1, 2], [3]])
    with pytest.raises(InvalidArgument, match="must be a dict of arrays, got list"):
        check(CheckRequest.of(labelled("scores"), [1]))


@pytest.mark.parametrize("gradients", [None, {}])
def test_nothing_to_compare_is_said(gradients):
    found = check(CheckRequest.of(labelled("scores"), gradients))
    assert found.ok
    assert str(found).splitlines()[1].startswith("nothing of yours was compared")


def test_another_shape_has_no_numbers_in_the_report():
    arguments = labelled("scores")
    line = str(checked(arguments, dscores=np.ones((4, 4)))).splitlines()[1]
    assert line.split(maxsplit=2)[2] == "shape (4, 4), expected (5, 4)"


def test_no_mistake_is_told_where_ours_is_infinite():
    arguments = labelled("h1") | {"reg": 0.3, "nonfinite": "propagate"}
    without = ours(arguments).data_loss
    arguments["w2"] = arguments["w2"] * 1e160
    assert not np.isfinite(ours(arguments).loss)
    found = checked(arguments, loss=without)
    assert found.comparisons[0].band == "wrong"
    assert found.diagnoses == ()


def test_no_mistake_is_told_of_anything_beside_sure_rows():
    # Ours are nearly 0, their rounding is not: it must not grow with another's numbers.
    arguments = {"scores": 60 * np.eye(5, dtype=np.float32), "labels": np.arange(5)}
    own = ours(arguments, "dscores").dscores.copy()
    np.fill_diagonal(own, 0.7)
    found = checked(arguments, dscores=own)
    assert not found.ok
    assert found.diagnoses == ()


@pytest.mark.parametrize("option", [{"want": ["loss"]}, {"gradient_dtype": "f32"}])
def test_options_of_compute_alone_are_refused(option):
    with pytest.raises(InvalidArgument, match="must be left out of a check"):
        checked(labelled("scores") | option)


def test_large_problems_are_refused():
    rows = MAX_ENTRIES // 4 + 1
    arguments = {"scores": np.zeros((rows, 4)), "labels": np.zeros(rows, int)}
    with pytest.raises(TooLarge, match="check some hundred rows") as refused:
        checked(arguments)
    assert refused.value.limit == "max_check_entries"


def test_it_ends_when_nobody_waits():
    calls = iter(range(1000))

    def checkpoint() -> None:
        if next(calls) == 20:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        check(CheckRequest.of(labelled("x"), {"dw2": np.ones((3, 4))}), checkpoint)


def test_report():
    arguments = labelled("h1")
    own = ours(arguments, "dscores", "db2")
    found = checked(arguments, dscores=own.dscores * 5, db2=own.db2 * 5, loss=own.loss)
    lines = str(found).splitlines()
    assert lines[0] == f"loss {found.loss:.9g}, 5 rows, divided by 5"
    assert lines[1].split()[:2] == ["loss", "good"]
    assert lines[2].split()[:3] == ["dscores", "wrong", "8.00e-01"]
    assert "yours" in lines[2]
    assert "not_divided_by_n (dscores, db2)" in lines
    assert lines[-1] == "not ok: dscores, db2"
    assert max(map(len, lines)) <= 120


def test_report_of_what_is_right():
    arguments = labelled("scores")
    assert str(checked(arguments, loss=ours(arguments).loss)).endswith("\nok")


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_sent_is_answered(seed):
    rng = np.random.default_rng(seed)
    arguments = problem(seed)
    own = {name: _spoilt(np.asarray(value), rng) for name, value in right(arguments).items()}
    found = checked(arguments, **own)
    assert len(found.comparisons) == len(own)
    assert str(found)


def _spoilt(numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return numbers times anything, or others in any shape."""
    if rng.random() < 0.5:
        return numbers.T + rng.choice([0.0, -1.0, 1e300, np.nan, np.inf])
    return rng.normal(size=rng.integers(1, 5, rng.integers(0, 4)))

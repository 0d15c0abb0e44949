"""Several servers answer what one does, whatever is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from lossgrad.errors import InvalidArgument
from tests.behaviour import cases, problems
from tests.behaviour.drawing import for_all
from tests.sharded.comparing import assert_alike, assert_equal

EXAMPLES = 25

MEANS = {
    "every row ignored": {"labels": np.full(6, -100), "ignore_index": -100},
    "no row weighs anything": {"sample_weights": np.zeros(6)},
    "weights that cancel out": {"sample_weights": np.array([1.0, -1, 2, -2, 3, -3])},
    "a mean too small to send": {"sample_weights": np.full(6, 1e-120)},
}


def everything(problem: dict[str, Any]) -> list[str]:
    """Return all outputs that a problem has."""
    form = next(name for name in problems.FORMS if name in problem)
    told = ["probs", "log_partition", "predictions", "row_losses", "loss"]
    given = ["accuracy"] if "labels" in problem else ["dtargets"]
    return [*told, *given, *problems.gradients_of(form)]


def held_alike(sharded, single, problem) -> None:
    both = [client.compute(**problem) for client in (sharded, single)]
    assert_alike(*both, parts=len(sharded.targets))


@pytest.mark.parametrize(
    "drawn", [cases.softmax_cases, cases.hinge_cases], ids=lambda c: c.__name__
)
def test_any_problem(sharded, single, drawn):
    def check(problem):
        held_alike(sharded, single, problem | {"want": everything(problem)})

    for_all(drawn(), EXAMPLES, check)


@st.composite
def typed(draw):
    """Problems of more rows than servers, and dtypes of every kind."""
    form = draw(st.sampled_from(problems.FORMS))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    rows, seed = draw(st.integers(1, 600)), draw(st.integers(0, 1000))
    problem = problems.labelled(form, rows=rows, seed=seed, dtype=dtype)
    asked = draw(st.sampled_from([None, "f32", "f64"]))
    weights = np.random.default_rng(seed).normal(1, 1, rows)
    return problem | {
        "want": everything(problem),
        "gradient_dtype": asked,
        "sample_weights": draw(st.sampled_from([None, weights])),
        "reg": draw(st.sampled_from([0.0, 0.1])) if form != "scores" else 0.0,
    }


def test_any_dtype_and_number_of_rows(sharded, single):
    for_all(typed(), EXAMPLES, lambda problem: held_alike(sharded, single, problem))


@pytest.mark.parametrize("case", MEANS)
@pytest.mark.parametrize("policy", ["zero", "nan"])
def test_means_that_are_special(sharded, single, case, policy):
    problem = problems.labelled("h1", rows=6) | MEANS[case] | {"empty_mean": policy, "reg": 0.5}
    held_alike(sharded, single, problem | {"want": everything(problem)})


@pytest.mark.parametrize("case", ["every row ignored", "weights that cancel out"])
def test_an_empty_mean_is_an_error_where_it_is_asked_for(sharded, single, case):
    problem = problems.labelled("scores", rows=6) | MEANS[case] | {"empty_mean": "error"}
    texts = []
    for client in (sharded, single):
        with pytest.raises(InvalidArgument) as caught:
            client.compute(**problem)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("leading", [(), (7,), (2, 3, 4), (0,), (3, 0)], ids=str)
def test_leading_axes(sharded, single, leading):
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(*leading, 5))
    labels = rng.integers(0, 5, leading)
    held_alike(sharded, single, {"scores": scores, "labels": labels, "want": ["dscores", "probs"]})


def test_arrays_with_gaps(sharded, single):
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(5, 40, 12)).swapaxes(0, 2)[:, ::2, 1:]
    problem = {"scores": scores, "labels": rng.integers(0, 4, scores.shape[:2])}
    held_alike(sharded, single, problem)


def test_the_callers_own_arrays_are_written(sharded, single):
    problem = problems.labelled("h1", rows=9, dtype=np.float32)
    names = ["dscores", "dw2", "dh1"]
    expected = single.compute(**problem, want=names)
    own = {
        "dscores": np.empty((9, 8), np.float32)[:, ::2],
        "dh1": np.empty((9, 3), np.float32),
        "dw2": np.empty((3, 4), np.float32, order="F"),
    }
    result = sharded.compute(**problem, want=names, out=own)
    assert all(result.arrays[name] is own[name] for name in names)
    assert_alike(result, expected, parts=len(sharded.targets))


def test_inputs_may_be_written_to(sharded, single):
    problem = problems.labelled("scores", rows=9)
    expected = single.compute(**problem).dscores
    sharded.compute(**problem, out={"dscores": problem["scores"]})
    assert_equal(problem["scores"], expected, "dscores")


@pytest.mark.parametrize("asked", ["f16", "bf16"])
def test_rows_of_float64_are_rounded_once(sharded, single, asked):
    """Rounded to float32 first, one entry in some thousands would be another."""
    problem = problems.labelled("h1", rows=600, classes=50, dtype=np.float64)
    problem |= {"want": ["dscores", "dw2"], "gradient_dtype": asked, "reduction": "sum"}
    held_alike(sharded, single, problem)


def test_the_same_call_has_the_same_bits(sharded):
    problem = problems.labelled("x", rows=500, dtype=np.float32)
    results = [sharded.compute(**problem) for _ in range(5)]
    assert len({result.dw1.tobytes() + result.dw2.tobytes() for result in results}) == 1
    assert len({result.loss for result in results}) == 1


def test_sums_of_float64_are_those_of_one_server_to_the_last_digits(sharded, single):
    """Parts are cut between the tiles whose products are made of float32."""
    problem = problems.labelled("h1", rows=4 * 256, dtype=np.float32) | {"gradient_dtype": "f64"}
    held_alike(sharded, single, problem)


def test_timing_tells_the_stages(sharded):
    timing = sharded.compute(**problems.labelled("scores", rows=8)).timing
    assert {"decode", "compute", "encode"} <= timing.keys()


def test_the_other_methods(sharded, single):
    problem = problems.labelled("scores", rows=8)
    expected = single.compute(**problem).dscores
    futures = [sharded.compute_future(**problem) for _ in range(9)]
    mapped = list(sharded.map([problem] * 5))
    for result in [*(future.result() for future in futures), *mapped]:
        assert_equal(result.dscores, expected, "dscores")
    assert sharded.check(**problem, gradients={"dscores": expected}).ok
    assert sharded.info().limits == single.info().limits

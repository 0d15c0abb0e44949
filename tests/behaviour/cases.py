"""Cases for the numerical check of the gradients: every option, drawn at random.

Kinks are kept at a distance: a central difference across one is not the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from tests.behaviour import problems

Arguments = dict[str, Any]

KINK_DISTANCE = 0.05
WEIGHTS = (0.0, 0.5, 1.0, 2.0, 0.25)


@st.composite
def softmax_cases(draw: st.DrawFn) -> Arguments:
    """Draw a softmax problem of any form with any options."""
    problem = draw(_inputs())
    rows, classes = _size(problem)
    problem |= draw(st.one_of(_label_part(rows, classes), _target_part(rows, classes)))
    problem |= draw(_mask_part(problem, rows, classes))
    optional = {
        "label_smoothing": st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        "temperature": st.sampled_from([1.0, 0.7, 2.5]),
        "softcap": st.sampled_from([1.5, 5.0, 30.0]),
        "z_loss": st.sampled_from([0.0, 1e-3, 0.3]),
    }
    return problem | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def hinge_cases(draw: st.DrawFn) -> Arguments:
    """Draw a hinge problem away from its kinks."""
    problem = draw(_inputs())
    rows, classes = _size(problem)
    problem |= draw(_label_part(rows, classes)) | {"loss": "hinge"}
    problem["margin"] = draw(st.sampled_from([0.0, 0.5, 1.0, 3.0]))
    problem |= draw(_mask_part(problem, rows, classes))
    assume(_hinge_distance(problem) > KINK_DISTANCE)
    return problem


@st.composite
def _inputs(draw: st.DrawFn) -> Arguments:
    form = draw(st.sampled_from(problems.FORMS))
    problem = problems.inputs(
        form,
        seed=draw(st.integers(0, 10_000)),
        rows=draw(st.integers(1, 4)),
        classes=draw(st.integers(2, 4)),
        hidden=draw(st.integers(1, 3)),
        width=draw(st.integers(1, 3)),
        with_biases=draw(st.booleans()),
    )
    if form == "x":
        before = problem["x"] @ problem["w1"] + problem.get("b1", 0)
        assume(np.abs(before).min() > KINK_DISTANCE)
    return problem | draw(_reduction_part()) | (draw(_penalty_part()) if form != "scores" else {})


def _size(problem: Arguments) -> tuple[int, int]:
    rows = next(problem[name] for name in ("scores", "h1", "x") if name in problem)
    classes = next(problem[name] for name in ("scores", "w2") if name in problem)
    return len(rows), classes.shape[-1]


def _reduction_part() -> st.SearchStrategy[Arguments]:
    return st.one_of(
        st.fixed_dictionaries({"reduction": st.sampled_from(["mean", "sum", "none"])}),
        st.fixed_dictionaries({"denominator": st.sampled_from([0.5, 3.0, 17.0, -2.0])}),
    )


def _penalty_part() -> st.SearchStrategy[Arguments]:
    return st.fixed_dictionaries(
        {"reg": st.sampled_from([0.0, 0.1, 1.0])},
        optional={"reg_convention": st.sampled_from(["half", "full"])},
    )


def _array(size: int, values: tuple[float, ...]) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.sampled_from(values), min_size=size, max_size=size).map(np.array)


@st.composite
def _label_part(draw: st.DrawFn, rows: int, classes: int) -> Arguments:
    part: Arguments = {"labels": draw(_array(rows, tuple(range(classes))))}
    optional = {
        "ignore_index": st.sampled_from([-100, 0, 1]),
        "sample_weights": _array(rows, WEIGHTS),
        "class_weights": _array(classes, WEIGHTS),
    }
    part |= draw(st.fixed_dictionaries({}, optional=optional))
    if part.get("ignore_index") == -100:
        part["labels"][0] = -100
    return part


@st.composite
def _target_part(draw: st.DrawFn, rows: int, classes: int) -> Arguments:
    """Targets away from 0 (a difference must not make one negative), of any sum."""
    values = (0.05, 0.2, 0.5, 1.0)
    targets = np.array([draw(_array(classes, values)) for _ in range(rows)])
    optional = {
        "sample_weights": _array(rows, WEIGHTS),
        "class_weights": _array(classes, WEIGHTS),
    }
    return {"targets": targets} | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def _mask_part(draw: st.DrawFn, problem: Arguments, rows: int, classes: int) -> Arguments:
    """Perhaps mask one class that no row is labelled with."""
    free = sorted(set(range(classes)) - set(np.ravel(problem.get("labels", [])).tolist()))
    if not free or not draw(st.booleans()):
        return {}
    masked = draw(st.sampled_from(free))
    where = draw(st.integers(0, rows - 1)) if "scores" in problem else slice(None)
    if "targets" in problem:
        problem["targets"][where, masked] = 0.0
    if "scores" in problem:
        scores = problem["scores"].copy()
        scores[where, masked] = -np.inf
        return {"scores": scores}
    bias = problem.get("b2", np.zeros(classes)).copy()
    bias[masked] = -np.inf
    return {"b2": bias}


def _scores(problem: Arguments) -> np.ndarray:
    if "scores" in problem:
        return problem["scores"]
    h1 = problem.get("h1")
    if h1 is None:
        h1 = np.maximum(problem["x"] @ problem["w1"] + problem.get("b1", 0), 0)
    return h1 @ problem["w2"] + problem.get("b2", 0)


def _hinge_distance(problem: Arguments) -> float:
    rows = np.flatnonzero(problem["labels"] >= 0)
    scores, labels = _scores(problem)[rows], problem["labels"][rows]
    every = np.arange(len(rows))
    terms = scores - scores[every, labels][:, None] + problem["margin"]
    terms[every, labels] = 1.0
    return float(np.abs(terms).min(initial=1.0))

"""Valid calls of every form, dtype and option, whose scores are exact in every dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from lossgrad.types import dtypes

Call = dict[str, Any]

FIRST = {"scores": ("scores",), "h1": ("h1", "w2", "b2"), "x": ("x", "w1", "b1", "w2", "b2")}
"""What the scores of each form are computed from."""

WANT = {
    "scores": ["dscores", "row_losses"],
    "h1": ["dscores", "row_losses", "dw2", "db2", "dh1"],
    "x": ["dscores", "row_losses", "dw2", "db2", "dh1", "dw1", "db1", "dx"],
}

_LEADING = [(3,), (2, 2), (4,), (1,), (), (0,), (2, 0)]
_FLOATS = st.sampled_from(dtypes.FLOATS).map(dtypes.to_numpy)
_INTEGERS = st.sampled_from(dtypes.INTEGERS).map(dtypes.to_numpy)

_SOFTMAX = st.fixed_dictionaries(
    {},
    optional={
        "label_smoothing": st.sampled_from([0.125, 1.0]),
        "temperature": st.sampled_from([0.25, 3.0]),
        "softcap": st.sampled_from([2.0, 30.0]),
        "z_loss": st.sampled_from([1e-3, 0.5]),
    },
)
_HINGE = st.fixed_dictionaries(
    {"loss": st.just("hinge")}, optional={"margin": st.sampled_from([0.0, 0.5])}
)
_IGNORED = st.fixed_dictionaries({}, optional={"ignore_index": st.integers(-1, 1)})
_REDUCTION = st.one_of(
    st.fixed_dictionaries({}, optional={"reduction": st.sampled_from(["sum", "none", "mean"])}),
    st.fixed_dictionaries({"denominator": st.sampled_from([0.5, -3.0])}),
)
_GRADIENT_DTYPE = st.fixed_dictionaries(
    {}, optional={"gradient_dtype": st.sampled_from(dtypes.FLOATS)}
)
_PENALTY = st.fixed_dictionaries(
    {}, optional={"reg": st.sampled_from([0.25]), "reg_convention": st.sampled_from(["full"])}
)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Draw a call that every endpoint answers."""
    form = draw(st.sampled_from(list(FIRST)))
    leading = draw(st.sampled_from(_LEADING))
    sizes = {name: draw(st.sampled_from([4, 3, 2, 1])) for name in ("C", "D", "P")}
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    call: Call = {
        name: _quarters(rng, _shape(name, leading, sizes), 8).astype(draw(_FLOATS))
        for name in FIRST[form]
    }
    if draw(st.booleans()):
        call["class_weights"] = _quarters(rng, (sizes["C"],), 4, least=0).astype(draw(_FLOATS))
    if draw(st.booleans()):
        call["sample_weights"] = _quarters(rng, leading, 4, least=0).astype(draw(_FLOATS))
    if draw(st.booleans()):
        call |= draw(_labels(rng, leading, sizes["C"]))
    else:
        call["targets"] = _quarters(rng, (*leading, sizes["C"]), 4, least=0).astype(draw(_FLOATS))
        call |= draw(_SOFTMAX)
    call |= draw(_REDUCTION) | draw(_GRADIENT_DTYPE) | (draw(_PENALTY) if form != "scores" else {})
    return call | {"want": WANT[form]}


@st.composite
def _labels(
    draw: st.DrawFn, rng: np.random.Generator, leading: tuple[int, ...], classes: int
) -> Call:
    labels = rng.integers(0, classes, leading).astype(draw(_INTEGERS))
    ignored = draw(st.fixed_dictionaries({}, optional={"ignore_index": st.integers(-1, 1)}))
    return {"labels": labels, **ignored, **draw(_SOFTMAX | _HINGE)}


def _shape(name: str, leading: tuple[int, ...], sizes: dict[str, int]) -> tuple[int, ...]:
    c, d, p = sizes.values()
    shapes = {
        "scores": (*leading, c),
        "h1": (*leading, d),
        "w2": (d, c),
        "b2": (c,),
        "x": (*leading, p),
        "w1": (p, d),
        "b1": (d,),
    }
    return shapes[name]


def _quarters(
    rng: np.random.Generator, shape: tuple[int, ...], most: int, least: int | None = None
) -> np.ndarray:
    """Return multiples of ¼: sums of their products are exact, in float32 too."""
    return np.asarray(rng.integers(-most if least is None else least, most + 1, shape) / 4)

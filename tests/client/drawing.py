"""Hypothesis strategies for arrays and problems of every shape and dtype."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossgrad.types import CheckRequest, Problem, dtypes
from lossgrad.types.check import CHECKABLE
from lossgrad.types.quantities import INPUTS


@st.composite
def arrays(draw, names=dtypes.NAMES):
    """An array of any contract dtype and any bits, strided and byte-swapped at will."""
    dtype = dtypes.to_numpy(draw(st.sampled_from(names)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    size = int(np.prod(shape)) * dtype.itemsize
    bits = draw(st.binary(min_size=size, max_size=size))
    array = np.frombuffer(bits, dtype).reshape(shape)
    if draw(st.booleans()):
        array = array.astype(dtype.newbyteorder(">"))
    if draw(st.booleans()) and array.ndim:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    return array.T if draw(st.booleans()) else array


def bits(array):
    """The elements of an array in C order, as integers of its item size."""
    native = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    return native.reshape(-1).view(f"u{array.dtype.itemsize}").tolist()


def same_bits(one, other):
    return (
        dtypes.to_name(one.dtype) == dtypes.to_name(other.dtype)
        and one.shape == other.shape
        and bits(one) == bits(other)
    )


_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "reduction": st.sampled_from(["mean", "sum", "none"]),
        "ignore_index": st.integers(-(2**63), -1),
        "label_smoothing": st.floats(0, 1),
        "temperature": st.floats(0.1, 10),
        "softcap": st.floats(0.1, 10),
        "z_loss": st.floats(0, 1),
        "nonfinite": st.sampled_from(["error", "propagate"]),
        "empty_mean": st.sampled_from(["zero", "nan", "error"]),
        "want": st.sampled_from([["loss"], ["dscores", "probs"], ["dw2", "dh1", "accuracy"]]),
        "gradient_dtype": st.sampled_from(dtypes.FLOATS),
        "reg": st.floats(0, 1),
        "reg_convention": st.sampled_from(["half", "full"]),
    },
)


@st.composite
def problems(draw):
    """A problem with scores, a hidden layer and options, drawn at random."""
    leading = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    sizes = {"C": draw(st.integers(1, 4)), "D": draw(st.integers(1, 3))}
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))

    def drawn(name):
        entry = INPUTS[name]
        shape = tuple(sizes[axis] for axis in entry.axes if axis in sizes)
        shape = leading + shape if entry.has_rows else shape
        dtype = dtypes.to_numpy(draw(st.sampled_from(dtypes.FLOATS)))
        return seed.standard_normal(shape).astype(dtype)

    arguments = {name: drawn(name) for name in ("scores", "h1", "w2", "b2", "class_weights")}
    dtype = dtypes.to_numpy(draw(st.sampled_from(dtypes.INTEGERS)))
    arguments["labels"] = seed.integers(0, sizes["C"], leading).astype(dtype)
    return Problem.of(arguments | draw(_OPTIONS))


def same_problem(one, other):
    return (
        one.options == other.options
        and one.want == other.want
        and one.inputs.keys() == other.inputs.keys()
        and all(same_bits(one.inputs[name], other.inputs[name]) for name in one.inputs)
    )


@st.composite
def check_requests(draw):
    """A problem with any arrays as its caller's own numbers."""
    problem = draw(problems())
    options = {**problem.options.chosen, "want": None, "gradient_dtype": None}
    names = [name for name in CHECKABLE if name not in ("dw1", "db1", "dx", "dtargets")]
    own = draw(st.dictionaries(st.sampled_from(names), arrays(dtypes.FLOATS), max_size=4))
    return CheckRequest.of(problem.inputs | options, own)


def same_check_request(one, other):
    return (
        same_problem(one.problem, other.problem)
        and list(one.own) == list(other.own)
        and all(same_bits(one.own[name], other.own[name]) for name in one.own)
    )

"""The same numbers in another memory layout are the same call, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.types import Problem
from lossgrad.types.quantities import OUTPUTS, SCALARS
from lossgrad_service.core import compute

RNG = np.random.default_rng(8)
SIZES = {"rows": 300, "P": 23, "D": 37, "C": 190}


def normal(*axes):
    return RNG.normal(size=[SIZES[axis] for axis in axes])


LAYERS = {
    "x": normal("rows", "P"),
    "w1": normal("P", "D"),
    "b1": normal("D"),
    "w2": normal("D", "C"),
    "b2": normal("C"),
    "sample_weights": np.abs(normal("rows")),
    "class_weights": np.abs(normal("C")),
}
FORMS = {
    "labels": LAYERS | {"labels": RNG.integers(0, SIZES["C"], SIZES["rows"])},
    "targets": LAYERS | {"targets": RNG.dirichlet(np.ones(SIZES["C"]), SIZES["rows"])},
    "plain targets": LAYERS | {"targets": RNG.dirichlet(np.ones(SIZES["C"]), SIZES["rows"])},
    "scores and h1": {
        "scores": normal("rows", "C"),
        "h1": np.abs(normal("rows", "D")),
        "w2": LAYERS["w2"],
        "labels": RNG.integers(0, SIZES["C"], SIZES["rows"]),
    },
}
OPTIONS = {
    "labels": {"softcap": 9.0},
    "targets": {"label_smoothing": 0.1, "z_loss": 0.01},
    "plain targets": {},
    "scores and h1": {"loss": "hinge"},
}
FIRST_LAYER = {"dw1", "db1", "dx"}


def fortran(array):
    return np.asfortranarray(array)


def strided(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def backwards(array):
    return np.ascontiguousarray(array[::-1])[::-1]


def big_endian(array):
    return array.astype(array.dtype.newbyteorder(">"))


def unaligned(array):
    copy = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def wanted(form):
    left_out = {
        "labels": {"dtargets"},
        "targets": {"accuracy"},
        "plain targets": {"accuracy"},
        "scores and h1": {"dtargets"} | FIRST_LAYER,
    }[form]
    return [name for name in (*SCALARS, *OUTPUTS) if name not in left_out]


def bits(form, arrays):
    options = OPTIONS[form] | {"reg": 0.1, "want": wanted(form)}
    result = compute(Problem.of(arrays | options))
    return {name: array.tobytes() for name, array in result.arrays.items()} | result.scalars


def in_dtype(arrays, dtype):
    return {
        name: array.astype(dtype) if name != "labels" else array for name, array in arrays.items()
    }


@pytest.mark.parametrize("layout", [fortran, strided, backwards, big_endian, unaligned])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("form", FORMS)
def test_every_output_from_every_input(form, dtype, layout):
    arrays = in_dtype(FORMS[form], dtype)
    expected = bits(form, arrays)
    for name, array in arrays.items():
        assert bits(form, arrays | {name: layout(array)}) == expected, name


@pytest.mark.parametrize("form", FORMS)
def test_rows_with_two_leading_axes_in_any_order(form):
    arrays = {
        name: array.reshape(20, 15, *array.shape[1:]) if len(array) == SIZES["rows"] else array
        for name, array in FORMS[form].items()
    }
    expected = bits(form, arrays)
    for name, array in arrays.items():
        assert bits(form, arrays | {name: np.asfortranarray(array)}) == expected, name

"""What is read as an array, and what is not."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad import InvalidArgument
from lossgrad.types import Problem
from lossgrad.types.quantities import INPUTS

ARGUMENTS = {"scores": np.zeros((2, 3)), "labels": [0, 1]}


@pytest.mark.parametrize("labels", [[], ()])
def test_labels_of_no_rows(labels):
    problem = Problem.of({"scores": np.zeros((0, 3)), "labels": labels})
    assert problem.labels.dtype == np.int64
    assert problem.leading == (0,)


def test_labels_of_no_rows_in_float_are_refused_as_ever():
    with pytest.raises(InvalidArgument, match="labels: dtype must be one of"):
        Problem.of({"scores": np.zeros((0, 3)), "labels": np.zeros(0)})


@pytest.mark.parametrize("mask", [False, [True, False]])
@pytest.mark.parametrize("name", ["labels", "sample_weights"])
def test_a_masked_array_is_refused(name, mask):
    masked = np.ma.MaskedArray([1, 1] if name == "labels" else [1.0, 1.0], mask)
    with pytest.raises(InvalidArgument) as caught:
        Problem.of(ARGUMENTS | {name: masked})
    [violation] = caught.value.violations
    assert violation.field == name
    assert violation.detail == (
        "is a masked array, whose mask would be lost; "
        "fill it, or mark rows by ignore_index or sample_weights"
    )


def test_a_memory_map_is_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "a", np.float32, "w+", shape=(2, 3))
    assert type(Problem.of(ARGUMENTS | {"scores": mapped}).scores) is np.ndarray


def test_inputs_are_what_was_sent_in_the_contracts_order():
    problem = Problem.of({"w2": np.ones((4, 3)), **ARGUMENTS, "h1": np.ones((2, 4)), "b2": None})
    assert list(problem.inputs) == [name for name in INPUTS if name in {"w2", "h1", *ARGUMENTS}]
    assert all(getattr(problem, name) is array for name, array in problem.inputs.items())
    assert problem.inputs is problem.inputs


class Tensor:
    """One of PyTorch that NumPy does not take, for want of a dtype or because it is tracked."""

    def __array__(self, *_):
        raise TypeError("Got unsupported ScalarType BFloat16")

    def detach(self):
        """As PyTorch has it."""

    def float(self):
        """As PyTorch has it."""


def test_a_tensor_that_numpy_does_not_take_comes_with_advice():
    with pytest.raises(InvalidArgument, match=r"scores: .*BFloat16; send tensor.detach\(\)"):
        Problem.of(ARGUMENTS | {"scores": Tensor()})

"""Messages that are like one that was read before mean what they mean alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import proto, templates
from lossgrad.errors import LossGradError
from lossgrad.types import Problem, Result
from lossgrad.types.form import form_of
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.drawing import problems, same_bits


def read(data):
    """Return all that is read of a request: inputs and options, or what is wrong."""
    try:
        problem = proto.decode_problem(data)
    except LossGradError as error:
        return type(error), str(error)
    arrays = {n: (str(a.dtype), a.shape, a.tobytes()) for n, a in problem.inputs.items()}
    return arrays, list(arrays), problem.options, problem.want, problem.leading, problem.sizes


def read_alone(data):
    templates._templates.clear()
    return read(data)


@given(problems(), st.data())
def test_damaged_messages_after_a_sound_one(problem, data):
    sound = proto.encode_problem(problem)
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    expected = read_alone(bytes(damaged))
    expected_sound = read_alone(sound)
    assert read(bytes(damaged)) == expected
    assert read(sound) == expected_sound


def request(seed=0, **options):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(30, 8)).astype(np.float32)
    return {"scores": scores, "labels": rng.integers(8, size=30), **options}


def encoded(arguments):
    return proto.encode_problem(Problem.of(arguments))


def test_arrays_are_those_of_the_message():
    templates._templates.clear()
    for seed in range(3):
        arguments = request(seed)
        problem = proto.decode_problem(encoded(arguments))
        assert same_bits(problem.scores, arguments["scores"])
        assert same_bits(problem.labels, arguments["labels"])
        assert not problem.scores.flags.writeable
        assert problem.scores.flags.aligned
    assert len(templates._templates) == 1


def test_values_are_looked_at_every_time():
    proto.decode_problem(encoded(request()))
    wrong = encoded(request())
    (place,) = [
        p
        for p in templates._templates[templates._key(pb.ComputeRequest, wrong)]
        if p.name == "labels"
    ]
    labels = np.full(30, 9)
    wrong = wrong[: place.content] + labels.tobytes() + wrong[place.end :]
    with pytest.raises(LossGradError, match=r"labels: must be in \[0, 8\)"):
        proto.decode_problem(wrong)


def test_options_may_differ():
    for epsilon in (0.25, 0.5, 0.25):
        found = proto.decode_problem(encoded(request(label_smoothing=epsilon)))
        assert found.options.label_smoothing == epsilon


def test_an_array_behind_the_options_counts():
    """As stock code writes what it reads in two parts."""
    first, weights = encoded(request()), pb.ComputeRequest()
    proto.decode_problem(first)
    weights.sample_weights.dtype = pb.DTYPE_F64
    weights.sample_weights.shape.append(30)
    weights.sample_weights.data = np.full(30, 2.0).tobytes()
    longer = first + weights.SerializeToString()
    for _ in range(2):
        assert proto.decode_problem(longer).sample_weights.tolist() == [2.0] * 30


def test_answers():
    templates._templates.clear()
    for loss in (1.5, 0.0):
        gradient = np.full((4, 4), loss, np.float32)
        data = proto.encode_result(Result({"loss": loss, "n_rows": 4, "dscores": gradient}, {}))
        for _ in range(2):
            found = proto.decode_result(data, {})
            assert (found.loss, found.n_rows, found.n_ignored) == (loss, 4, 0)
            assert same_bits(found.dscores, gradient)


def test_what_is_kept_is_bounded():
    """Padding is up to the caller: megabytes of it are read and forgotten."""
    templates._templates.clear()
    tensor = pb.Tensor(dtype=pb.DTYPE_F32, shape=[1, 2], padding=bytes(16 * 2**16))
    scores = pb.ComputeRequest(scores=tensor).SerializeToString()
    assert templates._templates == {}
    labels = pb.ComputeRequest()
    labels.labels.dtype = pb.DTYPE_I64
    labels.labels.shape.append(1)
    labels.labels.data = bytes(8)
    with pytest.raises(LossGradError):
        proto.decode_problem(scores + labels.SerializeToString())
    assert templates._templates == {}


def test_like_problems_have_one_form():
    forms = {id(proto.decode_problem(encoded(request(seed))).form) for seed in range(3)}
    assert len(forms) == 1
    problem = Problem.of(request(label_smoothing=0.5))
    assert problem.form is form_of(problem.inputs, problem.options)
    assert id(problem.form) not in forms

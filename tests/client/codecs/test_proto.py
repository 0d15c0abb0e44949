"""Problems, results and infos as protobuf messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import enums, proto
from lossgrad.errors import Internal, InvalidArgument, TooLarge
from lossgrad.types import Limits, Problem, Result, ServerInfo, dtypes
from lossgrad.types.options import CHOICES
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS, WANTABLE
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.drawing import arrays, problems, same_bits, same_problem

SCORES = pb.Tensor(dtype="DTYPE_F32", shape=[1, 2], data=bytes(8))
LABELS = pb.Tensor(dtype="DTYPE_I64", shape=[1], data=bytes(8))


def violations(**fields):
    message = pb.ComputeRequest(**({"scores": SCORES, "labels": LABELS} | fields))
    with pytest.raises(InvalidArgument) as caught:
        proto.decode_problem(message.SerializeToString())
    return [(v.field, v.detail) for v in caught.value.violations]


def test_messages_have_the_names_of_the_tables():
    assert set(pb.ComputeRequest.DESCRIPTOR.fields_by_name) == {*INPUTS, *OPTION_NAMES}
    assert set(pb.ComputeResponse.DESCRIPTOR.fields_by_name) == {*SCALARS, *OUTPUTS}


def test_enums_have_the_words_of_the_contract():
    assert set(enums.OUTPUTS.numbers) == set(WANTABLE)
    assert set(enums.DTYPES.numbers) == set(dtypes.NAMES)
    assert {name: set(enums.OPTIONS[name].numbers) for name in CHOICES} == {
        name: set(words) for name, words in CHOICES.items()
    }


@given(problems())
def test_problem_round_trip(problem):
    assert same_problem(proto.decode_problem(proto.encode_problem(problem)), problem)


@given(st.dictionaries(st.sampled_from(list(OUTPUTS)), arrays(), max_size=4), st.data())
def test_result_round_trip(outputs, data):
    scalars = {
        name: data.draw(st.floats() if entry.type is float else st.integers(0, 2**63 - 1))
        for name, entry in SCALARS.items()
    }
    back = proto.decode_result(proto.encode_result(Result(scalars | outputs, {})), {"compute": 1.0})
    assert np.array_equal(list(back.scalars.values()), list(scalars.values()), equal_nan=True)
    assert back.arrays.keys() == outputs.keys()
    assert all(same_bits(back.arrays[name], outputs[name]) for name in outputs)
    assert all(array.flags.writeable and array.flags.owndata for array in back.arrays.values())
    assert back.timing == {"compute": 1.0}


def test_accuracy_only_where_it_was_wanted():
    assert "accuracy" not in proto.decode_result(pb.ComputeResponse().SerializeToString(), {})


def test_stock_code_reads_our_request():
    problem = Problem.of({"scores": np.eye(2), "labels": [1, 0], "softcap": 3.0, "want": ["probs"]})
    message = pb.ComputeRequest.FromString(proto.encode_problem(problem))
    assert message.scores.dtype == pb.DTYPE_F64
    assert list(message.scores.shape) == [2, 2]
    assert message.scores.data == np.eye(2).tobytes()
    assert message.softcap == 3.0
    assert list(message.want) == [pb.OUTPUT_PROBS]
    assert not message.HasField("temperature")


def test_our_code_reads_a_stock_request():
    message = pb.ComputeRequest(
        scores=SCORES,
        labels=LABELS,
        reduction="REDUCTION_SUM",
        gradient_dtype="DTYPE_F64",
        ignore_index=0,
        margin=1.0,
        want=["OUTPUT_LOSS", "OUTPUT_DSCORES"],
    )
    problem = proto.decode_problem(message.SerializeToString())
    assert problem.options.chosen == {
        "reduction": "sum",
        "gradient_dtype": "f64",
        "ignore_index": 0,
        "want": ("loss", "dscores"),
    }


def test_unset_options_are_defaults():
    message = pb.ComputeRequest(scores=SCORES, labels=LABELS)
    assert proto.decode_problem(message.SerializeToString()).options.chosen == {}


def test_a_zero_that_is_sent_is_not_the_default():
    assert violations(temperature=0.0) == [
        ("temperature", "must be a number from 1e-100 to 1e100, got 0.0")
    ]
    assert violations(denominator=0.0)[0][0] == "denominator"


def test_more_than_a_message_holds():
    scores = np.broadcast_to(np.float32(0), (1 << 20, 1 << 10))
    problem = Problem.of({"scores": scores, "labels": np.zeros(1 << 20, np.int8)})
    with pytest.raises(TooLarge, match="send fewer rows at a time") as caught:
        proto.encode_problem(problem)
    assert caught.value.limit == "max_request_bytes"


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05abc", b"{}", b"\x0a\x02\x12\xff"])
def test_malformed_bytes(data):
    with pytest.raises(InvalidArgument, match=r"not a lossgrad\.v1.ComputeRequest"):
        proto.decode_problem(data)


@pytest.mark.parametrize(
    ("tensor", "field", "detail"),
    [
        (
            pb.Tensor(dtype="DTYPE_F32", shape=[1, 2], data=bytes(7)),
            "scores.data",
            "has 7 bytes, but shape (1, 2) of f32 needs 8",
        ),
        (pb.Tensor(dtype="DTYPE_F32", shape=[1, -2]), "scores.shape[1]", "must be ≥ 0, got -2"),
        (
            pb.Tensor(dtype="DTYPE_F32", shape=[1] * 33, data=bytes(4)),
            "scores.shape",
            "must have at most 32 axes, got 33",
        ),
        (
            pb.Tensor(dtype="DTYPE_F32", shape=[2**62, 4]),
            "scores.shape",
            f"is beyond any memory: ({2**62}, 4) of f32",
        ),
    ],
)
def test_malformed_tensor(tensor, field, detail):
    assert violations(scores=tensor) == [(field, detail)]


@pytest.mark.parametrize("number", [0, 99])
def test_unset_or_unknown_dtype(number):
    [(field, detail)] = violations(labels=pb.Tensor(dtype=number, shape=[1], data=bytes(8)))
    assert field == "labels.dtype"
    assert detail.startswith(f"is the number {number}, which is none of f16 (1), bf16 (2)")


def test_numbers_that_are_no_words():
    found = violations(loss=7, want=[1, 0, 42], gradient_dtype=77, empty_mean=-1)
    assert [field for field, _ in found] == [
        "loss",
        "empty_mean",
        "want[1]",
        "want[2]",
        "gradient_dtype",
    ]
    assert found[0][1] == "is the number 7, which is none of softmax (1), hinge (2)"


def test_info_round_trip():
    info = ServerInfo(
        version="1.2",
        limits=Limits(
            **{name: 2**size for size, name in enumerate(Limits.__dataclass_fields__, 40)}
        ),
        losses=("softmax", "hinge"),
        outputs=("loss", "dw2"),
        float_dtypes=("f32", "bf16"),
        label_dtypes=("i64",),
        compute_threads=4,
        uptime_seconds=1.5,
    )
    assert proto.decode_info(proto.encode_info(info), {}) == info


def test_words_of_a_newer_server_are_left_out():
    message = pb.GetServerInfoResponse(losses=[1, 50])
    assert proto.decode_info(message.SerializeToString(), {}).losses == ("softmax",)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        pb.ComputeResponse(dscores=pb.Tensor(dtype="DTYPE_F32", shape=[9])).SerializeToString(),
    ],
)
def test_malformed_answer(data):
    with pytest.raises(Internal, match="the server's answer"):
        proto.decode_result(data, {})

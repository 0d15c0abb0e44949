"""Problems, results and infos as protobuf messages."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st

from lossgrad.codecs import enums, proto, proto_tensors, tensors, wire
from lossgrad.codecs.stock import MAX_BESIDE, TooMuch
from lossgrad.errors import Internal, InvalidArgument, TooLarge
from lossgrad.types import Limits, Problem, Result, ServerInfo, dtypes
from lossgrad.types.info import InfoRequest
from lossgrad.types.options import CHOICES, MAX_WANT
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS, WANTABLE
from lossgrad.v1 import lossgrad_pb2 as pb
from tests.client.codecs.rewriting import GROUP, damaged, rewritten
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
    assert not any(array.flags.writeable for array in back.arrays.values())
    assert back.timing == {"compute": 1.0}


def test_accuracy_only_where_it_was_wanted():
    assert "accuracy" not in proto.decode_result(pb.ComputeResponse().SerializeToString(), {})


def stock_tensor(array):
    name, shape, data = tensors.pack_view(array)
    return pb.Tensor(dtype=enums.DTYPES.numbers[name], shape=shape, data=bytes(data))


@given(problems())
def test_stock_code_reads_our_request(problem):
    message = pb.ComputeRequest.FromString(proto.encode_problem(problem))
    for name, array in problem.inputs.items():
        tensor = getattr(message, name)
        assert len(tensor.padding) < 32
        tensor.ClearField("padding")
        assert tensor == stock_tensor(array)
    assert options_of(message) == problem.options.chosen


def options_of(message):
    """The options of a request as stock code finds them."""
    found = {f.name: value for f, value in message.ListFields() if f.name in OPTION_NAMES}
    for name in found.keys() & enums.OPTIONS.keys():
        found[name] = enums.OPTIONS[name].names[found[name]]
    return found | {
        n: tuple(enums.OUTPUTS.names[o] for o in found[n]) for n in found if n == "want"
    }


@given(problems())
def test_our_code_reads_any_stock_request(problem):
    message = pb.ComputeRequest.FromString(proto.encode_problem(problem))
    for name, array in problem.inputs.items():
        getattr(message, name).CopyFrom(stock_tensor(array))
    assert same_problem(proto.decode_problem(message.SerializeToString()), problem)


@given(st.dictionaries(st.sampled_from(list(OUTPUTS)), arrays(), max_size=4))
def test_stock_code_reads_our_answer_and_we_read_its(outputs):
    ours = proto.encode_result(Result({"loss": 1.5, "n_rows": 3} | outputs, {}))
    message = pb.ComputeResponse.FromString(ours)
    stock = pb.ComputeResponse(
        loss=1.5, n_rows=3, **{name: stock_tensor(array) for name, array in outputs.items()}
    )
    for name in outputs:
        getattr(message, name).ClearField("padding")
    assert message == stock
    back = proto.decode_result(stock.SerializeToString(), {})
    assert (back.loss, back.n_rows) == (1.5, 3)
    assert all(same_bits(back.arrays[name], outputs[name]) for name in outputs)


def place(array, message):
    """Where the data of an array begins in a message that it is a view of."""
    whole = np.frombuffer(message, np.uint8)
    assert np.shares_memory(whole, array)
    return array.__array_interface__["data"][0] - whole.__array_interface__["data"][0]


@given(problems())
def test_arrays_are_views_of_our_request_at_multiples_of_sixteen(problem):
    message = proto.encode_problem(problem)
    for array in proto.decode_problem(message).inputs.values():
        assert not array.flags.writeable
        assert array.flags.aligned
        assert not array.size or place(array, message) % 16 == 0


@given(st.dictionaries(st.sampled_from(list(OUTPUTS)), arrays(), max_size=4))
def test_arrays_are_views_of_our_answer_at_multiples_of_sixteen(outputs):
    message = proto.encode_result(Result(outputs, {}))
    for array in proto.decode_result(message, {}).arrays.values():
        assert not array.size or place(array, message) % 16 == 0


def test_arrays_of_a_stock_request_are_aligned_all_the_same():
    tensor = pb.Tensor(dtype="DTYPE_F64", shape=[3], data=np.arange(3.0).tobytes())
    for other in range(16):
        message = pb.ComputeRequest(
            scores=pb.Tensor(dtype="DTYPE_I8", shape=[other], data=bytes(other)), b2=tensor
        )
        sent, _ = proto_tensors.split(pb.ComputeRequest, message.SerializeToString())
        array = proto_tensors.read(sent["b2"])
        assert array.flags.aligned
        assert array.tolist() == [0, 1, 2]


def memory(work):
    """What `work` returns, and the most bytes that it took meanwhile."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_one_copy_on_send_and_none_on_receive():
    size, slack = 1 << 22, 1 << 16
    scores = np.zeros((1 << 10, 1 << 10), np.float32)
    problem = Problem.of({"scores": scores, "labels": np.zeros(1 << 10, int)})
    result = Result({"loss": 1.0, "dscores": scores}, {})
    request, sending = memory(lambda: proto.encode_problem(problem))
    answer, answering = memory(lambda: proto.encode_result(result))
    assert size <= sending < size + slack
    assert size <= answering < size + slack
    assert memory(lambda: proto.decode_problem(request))[1] < slack
    assert memory(lambda: proto.decode_result(answer, {}))[1] < slack


TENSORS = st.builds(stock_tensor, arrays())
REQUESTS = st.builds(
    pb.ComputeRequest,
    scores=TENSORS,
    labels=st.none() | TENSORS,
    sample_weights=st.none() | TENSORS,
    reduction=st.integers(0, 4),
    ignore_index=st.none() | st.integers(-1, 300),
    temperature=st.none() | st.floats(),
    want=st.lists(st.integers(0, 20), max_size=3),
)
ANSWERS = st.builds(
    pb.ComputeResponse,
    loss=st.floats(),
    n_rows=st.integers(-1, 300),
    accuracy=st.none() | st.floats(),
    row_losses=st.none() | TENSORS,
    probs=st.none() | TENSORS,
)


def ours(kind, data):
    """What our code finds in bytes, as a message that stock code has written."""
    sent, message = proto_tensors.split(kind, data)
    for name in proto_tensors.TAGS[kind]:
        message.ClearField(name)
    for name, tensor in sent.items():
        parts = {"dtype": tensor.dtype, "shape": tensor.shape, "data": bytes(tensor.data)}
        getattr(message, name).CopyFrom(pb.Tensor(**parts))
    return message


def stock(kind, data):
    """What stock code finds in bytes."""
    message = kind.FromString(data)
    for name in proto_tensors.TAGS[kind]:
        if message.HasField(name):
            getattr(message, name).ClearField("padding")
    return message


def known(read, kind, data):
    """What is found of the known fields, as bytes; None where the bytes are refused."""
    try:
        message = read(kind, data)
    except DecodeError:
        return None
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True)


REQUEST_TENSORS = tuple(range(1, 12))
ANSWER_TENSORS = tuple(range(9, 21))


@settings(max_examples=300)
@given(st.data(), st.booleans())
def test_our_code_finds_what_stock_code_finds(data, is_request):
    kind = pb.ComputeRequest if is_request else pb.ComputeResponse
    message = data.draw(REQUESTS if is_request else ANSWERS).SerializeToString()
    nested = REQUEST_TENSORS if is_request else ANSWER_TENSORS
    sent = data.draw(rewritten(message, packed=(29,), nested=nested))
    assert known(ours, kind, sent) == known(stock, kind, sent)


@settings(max_examples=300)
@given(st.data())
def test_our_code_finds_what_stock_code_finds_in_damaged_bytes(data):
    problem = Problem.of({"scores": np.eye(2), "labels": [1, 0], "want": ["probs"], "reg": 0})
    sent = data.draw(damaged(proto.encode_problem(problem)))
    assert known(ours, pb.ComputeRequest, sent) == known(stock, pb.ComputeRequest, sent)
    with suppress(InvalidArgument):
        proto.decode_problem(sent)
    with suppress(Internal):
        proto.decode_result(sent, {})


def has_group(kind, data):
    """Whether stock code passes over a group, in which our code does not look for fields."""
    message = kind.FromString(data)
    parts = [value for _, value in message.ListFields() if isinstance(value, pb.Tensor)]
    return any(f.wire_type == GROUP for part in [message, *parts] for f in UnknownFieldSet(part))


LARGE = pb.Tensor(dtype="DTYPE_I8", shape=[MAX_BESIDE], data=bytes(MAX_BESIDE))


@settings(max_examples=100)
@given(st.data(), REQUESTS)
def test_our_code_finds_what_stock_code_finds_in_large_messages(data, request):
    request.h1.CopyFrom(LARGE)
    written = rewritten(request.SerializeToString(), packed=(29,), nested=REQUEST_TENSORS)
    sent = data.draw(written)
    expected = known(stock, pb.ComputeRequest, sent)
    try:
        found = ours(pb.ComputeRequest, sent)
    except TooMuch:
        assert expected is None or has_group(pb.ComputeRequest, sent)
    except DecodeError:
        assert expected is None
    else:
        found.DiscardUnknownFields()
        assert found.SerializeToString(deterministic=True) == expected


TENSOR = pb.Tensor(dtype="DTYPE_I8", shape=[5], data=bytes(2**18), padding=bytes(2**18))


@pytest.mark.parametrize(
    ("order", "beside"),
    [
        (["dtype", "shape", "padding", "data"], 0),  # as all write it: nothing for stock code
        (["data", "padding", "shape", "dtype"], 4 + 4 + 4 + 3 + 2),
    ],
)
def test_the_bound_is_exact(order, beside):
    """Of data and padding there may be any number; all else counts, tags and lengths too."""
    fields = (pb.Tensor(**{name: getattr(TENSOR, name)}) for name in order)
    tensor = wire.bytes_field(10, b"".join(field.SerializeToString() for field in fields))

    def message(extra):
        return tensor + wire.bytes_field(2002, bytes(extra))

    left = MAX_BESIDE - beside - 5
    assert proto_tensors.split(pb.ComputeRequest, message(left))[0]["scores"].dtype == 5
    with pytest.raises(TooMuch):
        proto_tensors.split(pb.ComputeRequest, message(left + 1))


SIZE = 2**22
_REST = pb.ComputeRequest(scores=LARGE, labels=LARGE).SerializeToString()
HOSTILE = {
    "want": _REST + wire.bytes_field(29 << 3 | wire.LENGTH, b"\x01" * SIZE),
    "want, unpacked": _REST + b"\xe8\x01\x01" * (SIZE // 3),
    "want before the tensors": wire.bytes_field(29 << 3 | wire.LENGTH, b"\x01" * SIZE) + _REST,
    "shape": wire.bytes_field(10, b"\x08\x03" + wire.bytes_field(18, b"\x01" * SIZE)),
    "shape, unpacked": wire.bytes_field(10, b"\x10\x01" * (SIZE // 2)),
    "unknown": wire.bytes_field(500 << 3 | wire.LENGTH, bytes(SIZE)),
    "unknown in a tensor": wire.bytes_field(10, wire.bytes_field(130, bytes(SIZE))),
    "a group": b"\xa3\x1f" + bytes.fromhex("0801") * (SIZE // 2) + b"\xa4\x1f",
    "empty data": wire.bytes_field(10, b"\x1a\x00" * 1000) * 1000,
    "cut off": wire.bytes_field(10, bytes(SIZE))[:-1],
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_much_beside_arrays_is_refused_before_it_is_parsed(message):
    def refusal():
        with pytest.raises(InvalidArgument) as caught:
            proto.decode_problem(message)
        return str(caught.value)

    text, taken = memory(refusal)
    assert text.startswith(f"the {len(message)} bytes are not a lossgrad.v1.ComputeRequest: it has")
    assert f"more than {MAX_BESIDE} bytes beside the data of arrays" in text
    assert taken < 2**18


@pytest.mark.parametrize("read", [proto.decode_result, proto.decode_info])
def test_much_beside_arrays_in_an_answer_is_refused(read):
    answer = wire.bytes_field(500 << 3 | wire.LENGTH, bytes(SIZE))
    with pytest.raises(Internal, match=f"has more than {MAX_BESIDE} bytes"):
        read(answer, {})


def test_a_request_for_info():
    message = proto.encode_info_request(InfoRequest())
    assert proto.decode_info_request(message) == InfoRequest()
    for wrong in (b"\xff", wire.bytes_field(10, bytes(SIZE))):
        with pytest.raises(InvalidArgument, match=r"not a lossgrad\.v1\.GetServerInfoRequest"):
            proto.decode_info_request(wrong)


def test_the_length_of_want():
    longest = pb.ComputeRequest(scores=SCORES, labels=LABELS, want=[1] * MAX_WANT)
    assert proto.decode_problem(longest.SerializeToString()).want == ("loss",)
    for number in (1, 99):
        assert violations(want=[number] * 5000) == [
            ("want", f"must be at most {MAX_WANT} names of outputs, got 5000")
        ]


@pytest.mark.parametrize(
    "tensor",
    [
        b"\x08\x83\x80\x80\x80\x10",  # 2^32 + 3, of which an enum keeps 3
        b"\x08\x03\x12\x0a" + b"\xff" * 9 + b"\x01",
        b"\x08\x03\x12\x01\x80",
        b"\x12\x01\x05\x08\x03",
        b"\x1a\x01a\x1a\x01b",
        b"\x08\x03\x1a\x05a",
        b"\x08",
    ],
)
def test_our_code_finds_what_stock_code_finds_in_an_unusual_tensor(tensor):
    sent = wire.bytes_field(10, tensor)
    assert known(ours, pb.ComputeRequest, sent) == known(stock, pb.ComputeRequest, sent)


def test_a_tensor_in_two_parts_is_their_sum():
    parts = pb.Tensor(dtype="DTYPE_I8", shape=[2], data=b"ab"), pb.Tensor(shape=[1], data=b"cd")
    sent = b"".join(pb.ComputeRequest(labels=part).SerializeToString() for part in parts)
    found, _ = proto_tensors.split(pb.ComputeRequest, sent)
    assert proto_tensors.read(found["labels"]).tolist() == [[ord("c")], [ord("d")]]


@given(st.binary(max_size=40))
def test_our_code_finds_what_stock_code_finds_in_any_bytes(sent):
    assert known(ours, pb.ComputeRequest, sent) == known(stock, pb.ComputeRequest, sent)


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


def test_a_limit_that_an_older_server_does_not_tell_is_none():
    message = pb.GetServerInfoResponse(limits=pb.Limits(max_request_bytes=2**20))
    published = proto.decode_info(message.SerializeToString(), {}).limits
    untold = dict.fromkeys(Limits.__dataclass_fields__, 2**63 - 1)
    assert published == Limits(**untold | {"max_request_bytes": 2**20})


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

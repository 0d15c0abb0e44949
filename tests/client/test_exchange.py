"""What a stream sends and takes in, without any transport."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import chunks
from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.cutting import MESSAGE_BYTES, cut, rows_per_message, rows_within
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Cancelled, Internal
from lossgrad.exchange import Exchange
from lossgrad.types import Limits
from lossgrad.types.limits import ROOM
from lossgrad_service.core.plan import Plan

SCORES = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
LABELS = np.array([[0, 1], [2, 0]])
ARGUMENTS = {"scores": SCORES, "labels": LABELS, "want": ["dscores", "row_losses"]}
SCALARS = {"loss": 1.5, "n_rows": 4}


def exchange(out=None, **changes):
    return Exchange(ComputeCall.of(ARGUMENTS | changes, out))


def pieces(messages):
    """Return what comes after the message that opens a stream: names, offsets, bytes."""
    opened, *others = messages
    assert not isinstance(chunks.decode_stream_request(opened), tuple)
    return [
        [(chunk.name, chunk.offset, bytes(chunk.data)) for chunk in chunks.decode_stream_request(m)]
        for m in others
    ]


def test_parameters_come_first_and_rows_in_order():
    sent = exchange(scores=SCORES.astype(">f8")[::-1], labels=LABELS[::-1])
    sent.rows_per_message = 3
    expected = SCORES[::-1].astype("<f8").tobytes()
    assert pieces(sent.messages()) == [
        [("labels", 0, LABELS[::-1].tobytes())],
        [("scores", 0, expected[:72])],
        [("scores", 72, expected[72:])],
    ]


def test_inputs_are_read_as_they_are_asked_for():
    read = []

    class Watched(np.ndarray):
        def __getitem__(self, key):
            read.append(key)
            return super().__getitem__(key)

    sent = exchange()
    sent._rows = {"scores": SCORES.reshape(4, 3).view(Watched)}
    sent.rows_per_message = 1
    messages = sent.messages()
    for _ in range(3):
        next(messages)
    assert read == [slice(0, 1)]


def answers(*, dscores=12, row_losses=4, scalars=SCALARS):
    gradient = Chunk("dscores", 0, np.arange(dscores, dtype="<f4").tobytes())
    losses = Chunk("row_losses", 0, np.arange(row_losses, dtype="<f8").tobytes())
    return [chunks.encode_output_chunks([gradient, losses]), chunks.encode_closing(scalars)]


def test_answers_are_written_where_they_stay():
    own = np.zeros((2, 2, 3), np.float32)
    received = exchange(out={"dscores": own})
    for message in answers():
        received.take(message)
    result = received.result({"compute": 1.0})
    assert result.dscores is own
    assert own.reshape(-1).tolist() == list(range(12))
    assert result.row_losses.tolist() == [[0, 1], [2, 3]]
    assert (result.loss, result.n_rows, result.timing) == (1.5, 4, {"compute": 1.0})


@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_an_array_of_the_callers_with_gaps_or_swapped_bytes_is_filled_at_the_end(dtype):
    own = np.zeros((2, 2, 6), dtype)[..., ::2]
    call = ComputeCall.of(ARGUMENTS, {"dscores": own})
    received = Exchange(call)
    for message in answers():
        received.take(message)
    result = call.deliver(received.result({}))
    assert result.dscores is own
    assert own.reshape(-1).tolist() == list(range(12))


@pytest.mark.parametrize("place", [0, 4], ids=["in place", "overlapping"])
def test_answers_change_nothing_of_what_is_sent_again(place):
    memory = np.arange(100, 116, dtype=np.float32)
    scores, own = memory[:12].reshape(4, 3), memory[place : place + 12].reshape(4, 3)
    arguments = {"scores": scores, "labels": [0, 1, 2, 0], "want": ["dscores", "row_losses"]}
    call = ComputeCall.of(arguments, {"dscores": own})
    first, again = Exchange(call), Exchange(call)
    sent = pieces(first.messages())
    first.take(answers()[0])
    assert pieces(again.messages()) == sent
    for message in answers():
        again.take(message)
    assert call.deliver(again.result({})).dscores is own
    assert own.reshape(-1).tolist() == list(range(12))


def test_nothing_is_written_once_the_caller_has_its_arrays_back():
    own = np.zeros((2, 2, 3), np.float32)
    call = ComputeCall.of(ARGUMENTS, {"dscores": own})
    received = Exchange(call)
    call.loan.end()
    with pytest.raises(Cancelled, match="nobody waits for the result"):
        received.take(answers()[0])
    assert not own.any()


WRONG = {
    "an output that was not wanted": ([Chunk("probs", 0, bytes(4))], "probs out of place"),
    "a gap": ([Chunk("dscores", 4, bytes(4))], "bytes 4 to 8 of dscores out of place"),
    "too much": ([Chunk("dscores", 0, bytes(52))], "bytes 0 to 52 of dscores out of place"),
}


@pytest.mark.parametrize("case", WRONG)
def test_chunks_out_of_place(case):
    wrong, words = WRONG[case]
    with pytest.raises(Internal, match=words):
        exchange().take(chunks.encode_output_chunks(wrong))


def test_an_answer_that_is_not_complete():
    received = exchange()
    for message in answers(dscores=11):
        received.take(message)
    with pytest.raises(Internal, match="has 44 of 48 bytes of dscores"):
        received.result({})


def test_an_answer_without_its_end():
    received = exchange()
    received.take(answers()[0])
    with pytest.raises(Internal, match="has no end"):
        received.result({})


def test_an_answer_that_goes_on_after_its_end():
    received = exchange()
    for message in answers():
        received.take(message)
    with pytest.raises(Internal, match="goes on after its end"):
        received.take(answers()[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [1, 300, 2**16])
def test_messages_are_within_the_servers_limit(classes, dtype):
    limit = 2**20 + ROOM
    others = ("response", "tensor", "stream", "held")
    ample = {f"max_{name}_bytes": 2**62 for name in others}
    limits = Limits(max_request_bytes=limit, **ample)
    scores = np.broadcast_to(dtype(0), (2**20 // classes, classes))
    weights = np.ones(len(scores))
    arguments = {"scores": scores, "targets": scores, "sample_weights": weights}
    call = ComputeCall.of(arguments, None).within(limits)
    sizes = [len(message) for message in Exchange(call).messages()]
    assert max(sizes) <= limit
    assert len(sizes) <= 3 + 4 * call.problem.request_bytes // limit


@given(st.lists(st.integers(0, 3 * MESSAGE_BYTES // 8), max_size=4), st.integers(2**18, 2**23))
def test_cut_arrays_are_whole_and_in_order(sizes, most):
    arrays = {str(place): np.empty(size) for place, size in enumerate(sizes)}
    found = list(cut(arrays, most))
    largest = min(most, MESSAGE_BYTES)
    assert all(0 < sum(len(c.data) for c in message) <= largest for message in found)
    for name, array in arrays.items():
        parts = [c for message in found for c in message if c.name == name]
        ends = [c.offset + len(c.data) for c in parts]
        assert [c.offset for c in parts] == [0, *ends[:-1]] if parts else array.size == 0
        assert not parts or ends[-1] == array.nbytes


@given(st.integers(1, 300_000), st.sampled_from(["f16", "f32", "f64"]))
def test_a_message_holds_what_the_server_computes_at_a_time(classes, dtype):
    arguments = {"scores": np.zeros((1, classes), {"f16": "f2", "f32": "f4", "f64": "f8"}[dtype])}
    call = ComputeCall.of({**arguments, "labels": [0], "want": ["dscores"]}, None)
    step = rows_per_message(classes, arguments["scores"].nbytes)
    assert step % Plan.of(call.problem).fed_rows == 0


@pytest.mark.parametrize(("size", "rows"), [(0, 1), (9, 1), (20, 2), (79, 4), (80, 8)])
def test_rows_within(size, rows):
    assert rows_within(size, 10) == rows

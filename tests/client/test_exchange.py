"""What a stream sends and takes in, without any transport."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import chunks
from lossgrad.codecs.chunks import Chunk
from lossgrad.codecs.cutting import MESSAGE_BYTES, cut, rows_per_message
from lossgrad.compute_call import ComputeCall
from lossgrad.errors import Internal
from lossgrad.exchange import Exchange
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


@given(st.lists(st.integers(0, 3 * MESSAGE_BYTES // 8), max_size=4))
def test_cut_arrays_are_whole_and_in_order(sizes):
    arrays = {str(place): np.empty(size) for place, size in enumerate(sizes)}
    found = list(cut(arrays))
    assert all(0 < sum(len(c.data) for c in message) <= MESSAGE_BYTES for message in found)
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

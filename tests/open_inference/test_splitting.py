"""Parts of a message mean what stock code finds in the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from lossgrad.errors import InvalidArgument
from lossgrad_service.open_inference.contents import read_contents, read_varints
from lossgrad_service.open_inference.messages import ModelInferRequest
from lossgrad_service.open_inference.splitting import split
from tests.behaviour.drawing import for_all
from tests.open_inference.ports import CONTENTS, NAMES

EXAMPLES = 100

FLOATS = {"FP32": np.float32, "FP64": np.float64}


def numbers_of(datatype):
    name = NAMES[datatype]
    if datatype in FLOATS:
        return st.floats(width=int(name[1:]), allow_nan=False)
    bounds = np.iinfo({"i": "int", "u": "uint"}[name[0]] + name[1:])
    return st.integers(int(bounds.min), int(bounds.max))


@pytest.mark.parametrize("datatype", CONTENTS)
def test_numbers_in_the_field_of_their_type(datatype):
    def check(numbers):
        message = ModelInferRequest()
        sent = message.inputs.add(name="a", datatype=datatype)
        getattr(sent.contents, CONTENTS[datatype]).extend(numbers)
        [part] = split(message.SerializeToString()).inputs
        found = read_contents(datatype, part.contents)
        if datatype in FLOATS:
            found = np.frombuffer(found, FLOATS[datatype])
        assert list(found) == numbers

    for_all(st.lists(numbers_of(datatype)), EXAMPLES, check)


def test_numbers_in_pieces_are_joined():
    def with_labels(*labels):
        message = ModelInferRequest()
        message.inputs.add(name="labels").contents.int64_contents.extend(labels)
        return message.inputs[0].SerializeToString()

    [name, first], second = [with_labels(1, 300)[:8], with_labels(1, 300)[8:]], with_labels(5)[8:]
    content = name + first + second
    whole = ModelInferRequest.FromString(b"\x2a" + bytes([len(content)]) + content)
    [part] = split(whole.SerializeToString()).inputs
    assert list(read_contents("INT64", part.contents)) == [1, 300, 5]
    [part] = split(b"\x2a" + bytes([len(content)]) + content).inputs
    assert list(read_contents("INT64", part.contents)) == [1, 300, 5]


def test_what_is_beside_tensors_and_raw_contents():
    texts = st.text(max_size=20)
    drawn = st.fixed_dictionaries(
        {"model_name": texts, "id": texts, "raw_input_contents": st.lists(st.binary())}
    )

    def check(fields):
        message = ModelInferRequest(**fields)
        message.parameters["temperature"].double_param = 2.0
        message.outputs.add(name="loss")
        parts = split(message.SerializeToString())
        assert [bytes(raw) for raw in parts.raw] == fields["raw_input_contents"]
        message.ClearField("raw_input_contents")
        assert ModelInferRequest.FromString(parts.rest) == message

    for_all(drawn, EXAMPLES, check)


def test_any_bytes_are_split_or_refused():
    def check(message):
        try:
            parts = split(message)
        except InvalidArgument:
            return
        assert sum(map(len, (parts.rest, *parts.raw))) <= len(message)

    for_all(st.binary(max_size=60), 5 * EXAMPLES, check)


def test_numbers_of_ten_bytes_are_the_longest():
    assert list(read_varints(b"\xff" * 9 + b"\x01")) == [2**64 - 1]
    with pytest.raises(ValueError, match="does not end"):
        read_varints(b"\xff" * 10 + b"\x01")

"""The header by which a caller over HTTP says how long it waits."""

from __future__ import annotations

import math

import pytest

from lossgrad.codecs.request_timeout import HEADER, decode_timeout, encode_timeout
from lossgrad.errors import InvalidArgument
from lossgrad.settings import LONGEST_TIMEOUT


@pytest.mark.parametrize("seconds", [0.001, 2.5, 60.0, LONGEST_TIMEOUT])
def test_there_and_back(seconds):
    assert decode_timeout(encode_timeout(seconds)) == seconds


def test_no_header_is_no_end():
    assert decode_timeout(None) == math.inf


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-1", "+1", "1e3", "nan", "inf", " 1", "1 ", "1.", ".5", "1_0", "٣", "9" * 99],
)
def test_what_is_no_number_of_seconds(text):
    with pytest.raises(InvalidArgument, match=f"{HEADER}: must be a number of seconds"):
        decode_timeout(text)

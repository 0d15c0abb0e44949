"""Stage times as a header."""

from __future__ import annotations

import pytest

from lossgrad.codecs.server_timing import decode_timing, encode_timing


def test_milliseconds_on_the_wire():
    assert (
        encode_timing({"decode": 0.00012, "compute": 1.5})
        == "decode;dur=0.120, compute;dur=1500.000"
    )


def test_round_trip():
    timing = {"decode": 0.25, "compute": 1e-6, "encode": 3.0}
    assert decode_timing(encode_timing(timing)) == pytest.approx(timing)


@pytest.mark.parametrize(
    ("text", "timing"),
    [
        (None, {}),
        ("", {}),
        ("cache;desc=hit", {}),
        ("a;dur=x, b;dur=2", {"b": 0.002}),
        ("a;dur=nan, b;dur=-1", {}),
    ],
)
def test_what_cannot_be_read_is_left_out(text, timing):
    assert decode_timing(text) == timing

"""Base64 is the same with and without pybase64."""

from __future__ import annotations

import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.codecs import base64_text


@pytest.fixture(scope="module", params=["pybase64", "base64"])
def codec(request):
    """The codec, with the one library or the other."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "base64":
            patch.setitem(sys.modules, "pybase64", None)
        loaded = importlib.reload(base64_text)
        assert loaded.b64decode.__module__.startswith(request.param)
        yield loaded
    importlib.reload(base64_text)


@given(data=st.binary(max_size=100))
def test_round_trip(codec, data):
    assert codec.decode(codec.encode(memoryview(data))) == data


@pytest.mark.parametrize(
    "text",
    [
        "====",
        "AA==AA==",
        "A",
        "AA=",
        "AAA",
        "AA==\n",
        "AA*A",
        "ÄAAA",
        "AAA=A",
        "AA\0A",
        "AA-_",
        "\ud800AAA",
    ],
)
def test_anything_else_is_refused(codec, text):
    with pytest.raises(ValueError, match=r".+"):
        codec.decode(text)

"""Traces that callers name, as W3C Trace Context has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad_service.calls.traceparent import Trace, trace_in

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "sent",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-ff",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"fe-{TRACE}-{SPAN}-00-",
    ],
)
def test_a_trace_is_found(sent):
    assert trace_in(sent) == Trace(TRACE, SPAN) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"01-{TRACE}-{SPAN}-01.more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-0",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"01-{TRACE}-{SPAN}-01-\n",
        f"01-{TRACE}-{SPAN}-01-" + "x" * 1000,
        f"0٠-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_malformed_is_no_trace(sent):
    assert trace_in(sent) is None


@given(st.one_of(st.text(), st.from_regex(r"[0-9a-g]{2}-[0-9a-g]{32}-[0-9a-g]{16}-.{0,4}")))
def test_what_is_found_forges_no_line(sent):
    found = trace_in(sent)
    assert found is None or "".join(found).isalnum()

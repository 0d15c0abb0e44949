"""Steps are noted once each, and only those that have ended."""

from __future__ import annotations

from load.timeline import Span, Timeline


def test_steps_end_where_the_next_begins():
    timeline = Timeline()
    for number, users, now in (
        (None, 2, 0.0), (0, 1, 2.0), (0, 1, 3.0), (1, 2, 4.1), (None, 0, 6.2), (None, 0, 7.0),
    ):  # fmt: skip
        timeline.note(number, users, now)
    assert timeline.spans == [Span(1, 2.0, 4.1), Span(2, 4.1, 6.2)]


def test_step_that_goes_on_is_no_span():
    timeline = Timeline()
    timeline.note(0, 1, 2.0)
    assert timeline.spans == []


def test_it_can_begin_again():
    timeline = Timeline()
    timeline.note(0, 1, 2.0)
    timeline.note(1, 2, 3.0)
    timeline.forget()
    timeline.note(0, 4, 10.0)
    timeline.note(None, 0, 11.0)
    assert timeline.spans == [Span(4, 10.0, 11.0)]

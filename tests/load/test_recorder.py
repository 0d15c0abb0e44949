"""The recorder keeps every call, whichever process made it."""

from __future__ import annotations

import numpy as np

from load.recorder import Asked, Recorder

TINY = Asked("gRPC", "tiny")
LARGE = Asked("gRPC stream", "language")


def recorder() -> Recorder:
    kept = Recorder()
    kept.add(TINY, 10.0, 0.5)
    kept.add(TINY, 11.0, 0.25)
    kept.add_failure(TINY, 11.5)
    kept.add(LARGE, 12.0, 2.0)
    return kept


def test_calls_belong_to_the_step_in_which_they_ended():
    found = recorder().between(11.0, 12.0)
    np.testing.assert_array_equal(found[TINY], [0.25, np.nan])
    assert not len(found[LARGE])


def test_share_of_failures_counts_every_call():
    assert recorder().failed_share() == 0.25
    assert Recorder().failed_share() == 0.0


def test_what_is_handed_over_is_kept_once():
    worker, master = recorder(), recorder()
    master.take_over(worker.hand_over())
    master.take_over(worker.hand_over())
    assert len(master.between(0, 100)[TINY]) == 6
    assert worker.between(0, 100) == {}

"""How a training went, as JSON."""

from __future__ import annotations

import orjson

from lossgrad_service.demo.tally import Tally
from lossgrad_service.demo.training import History


def to_json(history: History, tally: Tally, *, training: float, in_all: float) -> bytes:
    """Return every loss, the accuracies, and where the time went.

    Parameters
    ----------
    history, tally
        Of the steps, and of their calls.
    training, in_all
        Seconds on the clock; those of the calls are sums over all workers.
    """
    document = {
        "losses": history.losses,
        "accuracies": history.accuracies,
        "accuracy": history.accuracy,
        "calls": tally.calls,
        "seconds": {
            "in_all": in_all,
            "training": training,
            "calls": tally.wall_seconds,
            "service": tally.service_seconds,
            "wire": tally.wire_seconds,
        },
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)

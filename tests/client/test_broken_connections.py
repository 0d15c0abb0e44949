"""Connections that break under a call, and servers that are away for a moment."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.client.calling import call, call_awaiting, call_in_pieces
from tests.reliability.proxy import End, Fault, proxying


@pytest.mark.parametrize(
    ("made", "protocol"),
    [
        (call, "gRPC"),
        (call, "Unix"),
        (call, "HTTP"),
        (call_in_pieces, "gRPC"),
        (call_awaiting, "HTTP"),
    ],
)
@pytest.mark.parametrize(
    "faults",
    [
        (Fault(up=20_000), Fault(down=0)),
        (Fault(down=20_000), Fault(up=0, end=End.CLOSED)),
        (Fault(down=40, end=End.CLOSED), Fault(down=20_000, end=End.CLOSED)),
    ],
    ids=lambda faults: "; ".join(map(str, faults)),
)
def test_a_broken_connection_is_replaced(addresses, made, protocol, faults):
    quiet = call(addresses[protocol])
    with proxying(addresses[protocol]) as proxy:
        proxy.plan(*faults)
        result = made(proxy.target)
    assert result.loss == quiet.loss
    assert np.array_equal(result.dscores, quiet.dscores)
    assert proxy.accepted > len(faults)


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_a_server_that_comes_back_is_found(addresses, protocol):
    with proxying(addresses[protocol]) as proxy:
        proxy.refuse()
        back = threading.Timer(0.2, proxy.listen)
        back.start()
        assert call(proxy.target).n_rows == 100
        back.join()

"""That a server came to harm is seen."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.security.endpoints import Endpoints
from tests.security.good import SENT
from tests.security.rows import GRPC
from tests.security.served import serving

BROKEN = """
from lossgrad_service import core
from lossgrad_service.__main__ import main

def compute(*_, **__):
    raise RuntimeError("planted")

core.compute = compute
main()
"""


def test_harm_is_seen():
    with serving(program=("-c", BROKEN)) as served:
        served.assert_unharmed()
        with closing(Endpoints(served.addresses)) as endpoints:
            assert endpoints.send(GRPC, SENT[GRPC]).code == "INTERNAL"
        with pytest.raises(AssertionError, match="planted"):
            served.assert_unharmed()

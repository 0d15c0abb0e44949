"""The example of tritonclient, over both ports."""

from __future__ import annotations

import pytest

from tests.examples.examples import run


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_both_clients_have_the_same_losses(addresses: dict[str, str], protocol: str):
    said = run("triton_client", "--target", addresses[protocol])
    assert "bit for bit" in said

"""Reads and writes of grpcio, which leave behind what they hold where nobody awaits their end."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from lossgrad_service.grpc_api import batches
from lossgrad_service.grpc_api.batches import to_its_end
from tests.running import PATIENCE_SECONDS


def test_outcome_is_that_of_the_batch():
    async def read():
        return b"message"

    assert asyncio.run(to_its_end(read())) == b"message"


def test_error_is_that_of_the_batch():
    async def fail():
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        asyncio.run(to_its_end(fail()))


@pytest.mark.parametrize("fails", [False, True])
def test_batch_goes_on_to_its_end_where_nobody_waits_for_it(fails, caplog):
    async def use():
        may_end, has_ended = asyncio.Event(), asyncio.Event()

        async def batch():
            await may_end.wait()
            has_ended.set()
            if fails:
                raise ConnectionError("gone")

        waiting = asyncio.create_task(to_its_end(batch()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        may_end.set()
        await asyncio.wait_for(has_ended.wait(), PATIENCE_SECONDS)

    asyncio.run(use())
    assert caplog.text == ""


def test_nobody_else_has_a_context_read_or_write():
    asked = re.compile(r"context\.(read|write)\(")
    room = Path(batches.__file__).parent
    found = {path.name for path in room.glob("*.py") if asked.search(path.read_text())}
    assert found == {"batches.py"}

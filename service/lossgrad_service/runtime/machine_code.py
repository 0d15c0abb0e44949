"""The kernels' machine code: where a process keeps it, and having it before it is needed."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from lossgrad_service import core
from lossgrad_service.runtime.settings import Settings


def keep_where_set(settings: Settings) -> None:
    """Look for compiled code, and keep it, where the settings say."""
    core.keep_compiled_in(settings.kernel_cache)


async def warmed_up(threads: Executor, stop: asyncio.Event) -> bool:
    """Load or compile all that calls need, on one of the threads.

    Returns
    -------
    bool
        Whether that was done before `stop` was set, which need not wait for it.
    """
    warming = asyncio.get_running_loop().run_in_executor(threads, core.warm_up)
    stopping = asyncio.ensure_future(stop.wait())
    done, late = await asyncio.wait({warming, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    if warming in done:
        warming.result()
    return warming in done

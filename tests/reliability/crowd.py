"""A crowd of callers in a process of its own, so that they are not measured by a busy one.

``python -m tests.reliability.crowd CALLER``, a JSON object as well, answers each order, a JSON
object on a line of its standard input, by a JSON list: when each attempt began, on the
clock that all processes share, its seconds, and how it ended. It ends with its
standard input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import NamedTuple

from tests.reliability.attempts import ANSWERED, Attempts, Caller, attempts_of
from tests.running import read_line

RAMP_SECONDS = 1.0
"""Of each measurement that count for no throughput: what is waited for builds up."""

PAUSE_SECONDS = 0.1
"""Of a caller who waits for each answer, and gets none."""


class Attempt(NamedTuple):
    """One of them, as it ended."""

    began: float
    seconds: float
    word: str

    @property
    def ended(self) -> float:
        return self.began + self.seconds


@dataclass(frozen=True)
class Told:
    """What became of attempts that were made within some seconds."""

    attempts: Sequence[Attempt]
    seconds: float

    @property
    def began(self) -> float:
        return min(attempt.began for attempt in self.attempts)

    @property
    def words(self) -> Counter[str]:
        """How often each word was the end."""
        return Counter(attempt.word for attempt in self.attempts)

    @property
    def goodput(self) -> float:
        """Answers in a second."""
        return self.goodput_within(self.began + RAMP_SECONDS, self.began + self.seconds)

    def goodput_within(self, since: float, until: float) -> float:
        """Return the answers in a second between two times."""
        ended = [a.ended for a in self.attempts if a.word == ANSWERED]
        return sum(since <= at < until for at in ended) / (until - since)

    def p(self, percent: int, word: str = ANSWERED) -> float:
        """Return a percentile of the milliseconds of those that ended by a word."""
        took = [1e3 * attempt.seconds for attempt in self.attempts if attempt.word == word]
        return quantiles(took, n=100, method="inclusive")[percent - 1]

    @property
    def slowest(self) -> float:
        """Seconds of the slowest."""
        return max(attempt.seconds for attempt in self.attempts)

    def share(self, word: str) -> float:
        """Return which part of all ended by a word."""
        return self.words[word] / len(self.attempts)

    @property
    def rate(self) -> float:
        """Attempts in a second, those that began in time; of a single run."""
        over = self.began + self.seconds
        return sum(attempt.began < over for attempt in self.attempts) / self.seconds


def together(runs: Sequence[Told]) -> Told:
    """Return what became of the attempts of several runs."""
    attempts = [attempt for run in runs for attempt in run.attempts]
    return Told(attempts, sum(run.seconds for run in runs))


class Crowd:
    """The process as its parent has it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._seconds = 0.0

    def closed(self, callers: int, seconds: float) -> Told:
        """Have so many callers ask, each again as soon as its last attempt has ended."""
        self._order(seconds, callers=callers)
        return self.told()

    def open(self, rate: float, seconds: float) -> Told:
        """Have so many attempts begin in a second, whatever becomes of those before."""
        self.begin(rate, seconds)
        return self.told()

    def begin(self, rate: float, seconds: float) -> None:
        """Order the same; `told` is to follow."""
        self._order(seconds, rate=rate)

    def told(self) -> Told:
        """Return what became of the attempts that were ordered, once all have ended."""
        return Told(
            [Attempt(*each) for each in json.loads(read_line(self._process))], self._seconds
        )

    def _order(self, seconds: float, **how: float) -> None:
        assert self._process.stdin is not None
        self._seconds = seconds
        print(json.dumps({"seconds": seconds, **how}), file=self._process.stdin, flush=True)


@contextmanager
def crowd(caller: Caller, niceness: int = 0) -> Iterator[Crowd]:
    """Run a crowd, all of them the same caller to the service, until the block is left.

    The nicer it is, the more its process leaves of a core to others.
    """
    nicely, told = ["nice", f"--adjustment={niceness}"], json.dumps(asdict(caller))
    command = [*nicely, sys.executable, "-m", "tests.reliability.crowd", told]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield Crowd(process)


async def _follow(caller: Caller) -> None:
    """Follow orders until standard input ends."""
    attempts, loop = attempts_of(caller), asyncio.get_running_loop()
    while order := await loop.run_in_executor(None, sys.stdin.readline):
        how = json.loads(order)
        gc.collect()
        made = await (_closed if "callers" in how else _open)(attempts, **how)
        print(json.dumps(made), flush=True)


async def _closed(attempts: Attempts, callers: int, seconds: float) -> list[Attempt]:
    end = time.monotonic() + seconds

    async def ask_again_and_again() -> list[Attempt]:
        made = []
        while time.monotonic() < end:
            made.append(await _timed(attempts))
            if made[-1].word != ANSWERED:
                await asyncio.sleep(PAUSE_SECONDS)
        return made

    each = await asyncio.gather(*(ask_again_and_again() for _ in range(callers)))
    return [attempt for made in each for attempt in made]


async def _open(attempts: Attempts, rate: float, seconds: float) -> list[Attempt]:
    began, tasks = time.monotonic(), []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(began + number / rate - time.monotonic())
        tasks.append(asyncio.create_task(_timed(attempts)))
    return await asyncio.gather(*tasks)


async def _timed(attempts: Attempts) -> Attempt:
    began = time.monotonic()
    word = await attempts.make()
    return Attempt(began, time.monotonic() - began, word)


if __name__ == "__main__":
    gc.disable()  # its pauses would be taken for the service's
    asyncio.run(_follow(Caller(**json.loads(sys.argv[1]))))

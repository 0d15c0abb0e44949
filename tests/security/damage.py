"""Bytes that were a message, by a random generator with a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

Messages = list[bytes]


def truncations(message: bytes) -> Messages:
    """Return every beginning of a message."""
    return [message[:end] for end in range(len(message))]


def damaged(message: bytes, count: int, seed: int) -> Messages:
    """Return the message, so many times, with one to three places spoiled."""
    rng = random.Random(seed)
    return [_spoiled(message, rng) for _ in range(count)]


def damaged_streams(messages: Messages, count: int, seed: int) -> Iterator[Messages]:
    """Yield the messages of a stream with one of them spoiled, missing, repeated or moved."""
    rng = random.Random(seed)
    for _ in range(count):
        spoiled = list(messages)
        place = rng.randrange(len(spoiled))
        taken = spoiled.pop(place)
        kind = rng.randrange(8)
        if kind == 0:
            spoiled.insert(rng.randrange(len(messages)), taken)
        elif kind == 1:
            spoiled[place:place] = [taken, taken]
        elif kind > 2:
            spoiled.insert(place, _spoiled(taken, rng))
        yield spoiled


def _spoiled(message: bytes, rng: random.Random) -> bytes:
    spoiled = bytearray(message)
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(spoiled))
        kind = rng.randrange(6)
        if kind == 0:
            del spoiled[place]
        elif kind == 1:
            spoiled.insert(place, rng.randrange(256))
        elif kind == 2:
            spoiled[place] = rng.choice((0x00, 0x7F, 0x80, 0xFF))
        else:
            spoiled[place] ^= 1 << rng.randrange(8)
    return bytes(spoiled)

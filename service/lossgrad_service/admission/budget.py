"""How many bytes may be held, by all callers together and by each of them."""

from __future__ import annotations

from typing import NamedTuple


class Claim(NamedTuple):
    """Some bytes that are to be held for a caller."""

    caller: str
    size: int


class Budget:
    """Bytes that are handed out up to a total, and to each caller up to a share of it.

    Parameters
    ----------
    total
        Of all callers.
    most_of_one
        Of one of them; half of the total where it is left out, so that nobody has all of it.
    """

    __slots__ = ("_held", "most_of_one", "taken", "total")

    def __init__(self, total: int, most_of_one: int | None = None) -> None:
        self.total = total
        self.most_of_one = total // 2 if most_of_one is None else most_of_one
        self.taken = 0
        """What is held now; more than the total where more came than was declared."""
        self._held: dict[str, int] = {}

    def take(self, claim: Claim) -> bool:
        """Hold what a claim asks for if that is free; return whether it was."""
        caller, size = claim
        held = self._held.get(caller, 0) + size
        if held > self.most_of_one or self.taken + size > self.total:
            return False
        self.taken += size
        self._held[caller] = held
        return True

    def give(self, claim: Claim) -> None:
        """Hold less; with a negative size more, whether it is free or not."""
        caller, size = claim
        held = self._held.get(caller, 0) - size
        self.taken -= size
        self._held[caller] = held
        if not held:
            del self._held[caller]

    def missing(self, claim: Claim) -> int:
        """Return how many bytes have to be given back before a claim can be met."""
        caller, size = claim
        of_all = self.taken + size - self.total
        return max(of_all, self._held.get(caller, 0) + size - self.most_of_one)

    def holds_up(self, waiting: Claim, other: Claim) -> bool:
        """Return whether another claim may not pass one that waits: nobody passes his own."""
        return waiting.caller == other.caller or self.is_for_all(waiting)

    def is_for_all(self, waiting: Claim) -> bool:
        """Return whether a claim waits for bytes of all, not for those of its own caller."""
        fits_share = self._held.get(waiting.caller, 0) + waiting.size <= self.most_of_one
        return fits_share and self.taken + waiting.size > self.total

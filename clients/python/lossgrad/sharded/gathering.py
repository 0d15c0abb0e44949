"""A call in parts: what each of them asks, and what comes of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lossgrad.compute_call import ComputeCall
from lossgrad.errors import InvalidArgument
from lossgrad.sharded.findings import Refusals, is_about_all, is_full, joined
from lossgrad.sharded.parts import Part
from lossgrad.sharded.totals import Totals
from lossgrad.sharded.widening import narrowed, widened
from lossgrad.types.result import Result


class Gathering:
    """The parts of a call, of which some are still awaited.

    Parameters
    ----------
    call
        Of the whole batch.
    spans
        The rows of each part, in order.
    denominator
        What the mean of the whole divides by.
    """

    def __init__(self, call: ComputeCall, spans: Sequence[slice], denominator: float) -> None:
        asked = widened(call)
        self._call = call
        self._totals = Totals(asked)
        self.parts = [
            Part.of(asked.problem, rows, denominator, self._totals.room_for(rows)) for rows in spans
        ]
        self._awaited = set(range(len(self.parts)))
        self._refusals: Refusals = {}

    @property
    def is_over(self) -> bool:
        """Whether no part is left that has something to say; those withdrawn may still run."""
        return not self._awaited

    def take(self, number: int, answer: Callable[[], Result]) -> None:
        """Take in what became of part `number`, which `answer` returns or raises.

        Raises
        ------
        LossGradError
            What ends the whole call at once.
        """
        if number not in self._awaited:
            return
        self._awaited.discard(number)
        part = self.parts[number]
        try:
            self._totals.take(number, part.rows, part.call.deliver(answer()))
        except InvalidArgument as error:
            self._refusals[part.rows.start] = error
            self._withdraw(self._needless(number, error))

    def withdraw(self) -> None:
        """End all parts that are under way; nothing is written to the caller's arrays any more."""
        self._withdraw(set(range(len(self.parts))))

    def result(self) -> Result:
        """Return the answer to the whole, once it is over.

        Raises
        ------
        InvalidArgument
            Where parts were refused, in the words of the whole.
        """
        if self._refusals:
            raise joined(self._refusals)
        return narrowed(self._totals.result(), self._call)

    def _needless(self, number: int, error: InvalidArgument) -> set[int]:
        """Return the parts that say nothing more, now that part `number` is refused."""
        if is_about_all(error):
            return set(range(len(self.parts))) - {number}
        return set(range(number + 1, len(self.parts))) if is_full(error) else set()

    def _withdraw(self, numbers: set[int]) -> None:
        self._awaited -= numbers
        for each in numbers:
            self.parts[each].withdraw()

"""How the rows of a call travel: named where they lie, or through parts of a slot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self, cast

from lossgrad.codecs.cutting import rows_of_products, rows_of_scores, rows_within
from lossgrad.codecs.shared_pieces import SharedPiece
from lossgrad.shared_memory.arena import Arena
from lossgrad.shared_memory.place import Place, place_of
from lossgrad.shared_memory.segment import ALIGNMENT
from lossgrad.shared_memory.window import Slot
from lossgrad.types.arrays import Array, read_rows
from lossgrad.types.problem import Problem

SLOT_BYTES: Final = 40 * 2**20
"""What a slot holds, unless the server computes more at a time."""

_OF_PRODUCTS: Final = frozenset({"dw2", "db2", "dh1", "dw1", "db1", "dx"})


@dataclass(frozen=True, slots=True)
class Lane:
    """The rows of one input or output."""

    name: str
    array: Array
    row_bytes: int
    place: Place | None
    """Where the array lies in shared memory; None where its rows pass through slots."""
    offset: int = 0
    """Where they begin in a slot."""

    @property
    def slot_row_bytes(self) -> int:
        """What a row takes of a slot."""
        return self.row_bytes if self.place is None else 0

    def piece(self, span: slice, slot: Slot) -> SharedPiece:
        """Return what to tell of some rows, given the slot that they pass through."""
        first, size = span.start * self.row_bytes, (span.stop - span.start) * self.row_bytes
        if self.place is not None:
            return self.place.piece(self.name, first, size, at=first)
        passing = cast(Place, slot.place)  # a slot has one as soon as rows pass through it
        return passing.piece(self.name, first, size, at=self.offset)

    def bytes_in(self, slot: Slot, n_rows: int) -> Array:
        """Return the bytes of so many rows in a slot."""
        return slot.memory[self.offset : self.offset + n_rows * self.row_bytes]

    def fill(self, slot: Slot, span: slice) -> None:
        """Copy some rows of an input into a slot, if that is how they travel."""
        if self.place is None:
            rows = read_rows(self.array, span, vectors=True)
            room = self.bytes_in(slot, len(rows)).view(rows.dtype.newbyteorder("<"))
            room.reshape(rows.shape)[...] = rows


@dataclass(frozen=True, slots=True)
class Lanes:
    """The rows of all inputs and outputs of a call."""

    inputs: tuple[Lane, ...]
    outputs: tuple[Lane, ...]
    message_rows: int
    """Rows that a message names."""
    slot_bytes: int
    """What they take of a slot; nothing where all arrays have places."""

    @classmethod
    def of(
        cls,
        problem: Problem,
        inputs: Mapping[str, Array],
        outputs: Mapping[str, Array],
        arena: Arena,
    ) -> Self:
        """Return the lanes of inputs and outputs of a problem that has rows."""
        arrays = (*inputs.items(), *outputs.items())
        lanes = [_lane(name, array, problem, arena) for name, array in arrays]
        row_bytes = sum(lane.slot_row_bytes for lane in lanes)
        rows = min(problem.n_rows, _slot_rows(problem, row_bytes) if row_bytes else problem.n_rows)
        placed, slot_bytes = _side_by_side(lanes, rows)
        return cls(tuple(placed[: len(inputs)]), tuple(placed[len(inputs) :]), rows, slot_bytes)


def _lane(name: str, array: Array, problem: Problem, arena: Arena) -> Lane:
    return Lane(name, array, array.nbytes // problem.n_rows, place_of(array, arena))


def _side_by_side(lanes: Iterable[Lane], rows: int) -> tuple[list[Lane], int]:
    """Return lanes with their parts of a slot, and its size."""
    placed: list[Lane] = []
    end = 0
    for lane in lanes:
        placed.append(replace(lane, offset=end))
        end += -(-lane.slot_row_bytes * rows // ALIGNMENT) * ALIGNMENT
    return placed, end


def _slot_rows(problem: Problem, row_bytes: int) -> int:
    """Return how many rows a slot holds: what the server computes at a time, or a multiple."""
    width = max(problem.sizes.values())
    has_products = "scores" not in problem.inputs or not _OF_PRODUCTS.isdisjoint(problem.want)
    itemsize = problem.form.row_dtype.itemsize
    least = rows_of_products(width, itemsize) if has_products else rows_of_scores(width)
    return max(least, rows_within(SLOT_BYTES, row_bytes))

"""Layouts in which a quantity may come though another is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lossgrad.types import Array
from lossgrad_service.checking.comparing import Quantity

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A wrong order of axes, or too many, that can be undone."""

    code: str
    advice: str
    """What the numbers look like, and what to change."""
    undo: Callable[[Array, Shape], Array]
    """Takes theirs and the shape of ours; returns theirs in another shape if they fit not."""

    def undone(self, suspect: Quantity) -> Quantity | None:
        """Return a quantity in the layout of ours; None if it cannot be in this one."""
        expected = suspect.expected_shape
        again = self.undo(suspect.sent, expected)
        return suspect.laid_out(again) if again.shape in (expected, suspect.ours.shape) else None


def _without_ones(sent: Array, expected: Shape) -> Array:
    """Return theirs without axes of 1, if they have more axes than ours."""
    is_more = sent.ndim > len(expected)
    is_same = [n for n in sent.shape if n != 1] == [n for n in expected if n != 1]
    return sent.reshape(expected) if is_more and is_same else sent


LAYOUTS: Final = (
    Layout(
        "extra_axis",
        "It has an axis more than ours, of one entry. A bias and the losses of the rows have one "
        "axis: sum(axis=0) without keepdims, not a row and not a column.",
        _without_ones,
    ),
    Layout(
        "transposed",
        "It has rows and columns in each other's place. A gradient has the shape of what it is "
        "the gradient of: dw2 = h1.T @ dscores, not dscores.T @ h1.",
        lambda sent, _: sent.T,
    ),
)
"""Each that is known; the first that explains a quantity is told."""

"""What ``torch.nn.functional`` calls the arrays of a loss, and what the contract calls them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lossgrad.errors import InvalidArgument
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array


def _as_it_is(array: Array) -> Array:
    return array


FLOATS_ARE_NO_INDICES: Final = "floats are probabilities; class indices need an integer dtype"


def has_classes(target: Array) -> bool:
    """Return whether a target has class indices, and not probabilities."""
    return dtypes.to_name(target.dtype) not in dtypes.FLOATS


def _as_numbers(array: Array) -> Array:
    """Return a mask as weights of 1 and 0, and anything else as it is."""
    return array.astype(np.float32) if array.dtype == np.bool_ else array


def _transposed(array: Array) -> Array:
    return array.T


def _classes_last(array: Array) -> Array:
    """Return (N, C, d1, …) as (N, d1, …, C), a view; (C) and (N, C) are that already."""
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


def _classes_second(array: Array) -> Array:
    """Return (N, d1, …, C) as (N, C, d1, …), a view."""
    return np.moveaxis(array, -1, 1) if array.ndim > 2 else array


@dataclass(frozen=True, slots=True)
class Term:
    """An array of a loss, in the contract's words."""

    name: str
    """Of the input that it is sent as."""
    gradient: str = ""
    """Of the output that is its gradient; empty where it has none."""
    sent: Callable[[Array], Array] = _as_it_is
    """Lays it out as the contract does; a view, but of a mask."""
    received: Callable[[Array], Array] = _as_it_is
    """Lays its gradient out as the array itself; a view."""
    axes: tuple[str, ...] = ()
    """What they are, where the contract has them in another order."""

    def required_of(self, name: str, array: Array) -> Term:
        """Return this term for an array that has its axes.

        Raises
        ------
        InvalidArgument
            For another, which the contract would tell of with its axes turned round.
        """
        if self.axes and array.ndim != len(self.axes):
            expected = ", ".join(self.axes)
            raise InvalidArgument.at(name, f"must have shape ({expected}), got {array.shape}")
        return self


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of ``torch.nn.functional``, in the contract's words."""

    arrays: Mapping[str, Term]
    """What it takes and has gradients of, by PyTorch's names."""
    targets: Term
    """Its target, if that has probabilities."""
    has_classes_second: bool
    """Whether C is axis 1 where its input, and a target with probabilities, has more than two."""
    required: tuple[str, ...]
    """What it cannot do without, by PyTorch's names."""

    def class_axis(self, n_axes: int) -> int:
        """Return the axis that a row's entries lie along, in an array of so many axes."""
        return 1 if n_axes > 2 and self.has_classes_second else n_axes - 1

    def term(self, name: str, array: Array) -> Term:
        """Return the term of an array, which for a target is told by its dtype.

        Raises
        ------
        InvalidArgument
            Where the array has another number of axes than it is laid out by.
        """
        if name != "target":
            return self.arrays[name].required_of(name, array)
        return _LABELS if has_classes(array) else self.targets

    def terms(self, arrays: Mapping[str, Array]) -> dict[str, Term]:
        """Return the term of each array, by PyTorch's names.

        Raises
        ------
        InvalidArgument
            As `term`; where a required one is missing, or a target cannot be that of the input.
        """
        require(self.required, arrays)
        _check_probabilities(arrays["input"], arrays["target"])
        self._check_axis(arrays["input"], arrays["target"])
        return {name: self.term(name, array) for name, array in arrays.items()}

    def _check_axis(self, scores: Array, target: Array) -> None:
        """Refuse logits (N, d1, …, C) where classes are the second axis."""
        rows = scores.shape[:1] + scores.shape[2:]
        if self.class_axis(scores.ndim) == 1 and target.shape == scores.shape[:-1] != rows:
            text = f"has classes on axis 1, so that shape {scores.shape} has rows {rows}"
            advice = "if they are last, move them (movedim(-1, 1), in JAX moveaxis)"
            raise InvalidArgument.at("input", f"{text}, but target has {target.shape}; {advice}")


def require(names: Collection[str], arrays: Mapping[str, Array]) -> None:
    """Refuse arrays that lack one of `names`.

    Raises
    ------
    InvalidArgument
        Where one is missing.
    """
    for name in names:
        if name not in arrays:
            raise InvalidArgument.at(name, "must be given, got None")


def laid_out(terms: Mapping[str, Term], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays named and laid out as the contract has them."""
    return {term.name: term.sent(arrays[name]) for name, term in terms.items()}


def _check_probabilities(scores: Array, target: Array) -> None:
    """Refuse floats without an axis of classes: as a rule, indices that became floats."""
    if not has_classes(target) and target.ndim != scores.ndim:
        text = f"must have {scores.ndim} axes as input has, got shape {target.shape}"
        raise InvalidArgument.at("target", f"{text}; {FLOATS_ARE_NO_INDICES}")


_LABELS: Final = Term("labels")

_WEIGHTS: Final[Mapping[str, Term]] = {
    "weight": Term("class_weights"),
    "sample_weights": Term("sample_weights", sent=_as_numbers),
}

CROSS_ENTROPY: Final = Loss(
    {"input": Term("scores", "dscores", _classes_last, _classes_second), **_WEIGHTS},
    Term("targets", "dtargets", _classes_last, _classes_second),
    has_classes_second=True,
    required=("input", "target"),
)
"""Input (C), (N, C) or (N, C, d1, …); target (), (N) or (N, d1, …), or as input."""

LINEAR_CROSS_ENTROPY: Final = Loss(
    {
        "input": Term("h1", "dh1"),
        "linear_weight": Term("w2", "dw2", _transposed, _transposed, ("C", "D")),
        "linear_bias": Term("b2", "db2"),
        "logits": Term("scores", "dscores"),
        **_WEIGHTS,
    },
    Term("targets", "dtargets"),
    has_classes_second=False,
    required=("input", "linear_weight", "target"),
)
"""Input (…, D); linear_weight (C, D); linear_bias (C); target (…), or (…, C)."""

"""The maximum of a row and the sum of its other exponentials, while the row is in cache.

A row is taken in chunks that the first cache holds. Each chunk has its own maximum as
reference, so that its exponentials are made, and added up, right after its maximum
was found; memory is read once. What the references differ by is put right chunk by
chunk, in float64 (Milakov and Gimelshein 2018, "Online normalizer calculation for
softmax", with chunks in place of entries):

    T = Σ_c e^{z_c − m}·S_c,   S_c = Σ_{j in c, j≠k} e^{z_j − z_c}.

The row's maximum itself is left out of the sum, not subtracted from it: 1 + T − 1
would round T at the size of 1. Where the chunks end depends on C alone, and how lanes
share a chunk on its length alone: a row has the same T wherever it stands.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.by_type import by_type
from lossgrad_service.kernels.compiling.compiled import formula
from lossgrad_service.kernels.compiling.machine import fetch, maximum
from lossgrad_service.kernels.numbers.exponential import UNLIFT, lifted_exponential
from lossgrad_service.kernels.numbers.pairs import exact_sum
from lossgrad_service.kernels.numbers.row_sum import sum_of, sum_without
from lossgrad_service.kernels.numbers.wide import split
from lossgrad_service.kernels.rows.scores import Scaling, below, fill_below, is_plain

CHUNK = 4096
"""Classes of a chunk."""
_STEP = 128
"""Classes between two requests for memory that is needed a chunk later."""
_LINE_BYTES = 64
_SPAN = 64
"""Classes that are searched at a time."""


class Scratch(NamedTuple):
    """Room for what belongs to one row; made outside, where memory may be asked for."""

    references: Array
    """s_c, the largest score of each chunk, row dtype."""
    factors: Array
    """S_c at first, then e^{z_c − m}, float64."""
    heads: Array
    """z − z_c of one chunk, float64."""
    rests: Array
    """What rounding took from it, float64."""
    spare: Array
    """Exponentials that nobody wants, (C,), row dtype."""

    @classmethod
    def of(cls, scores: Array) -> Scratch:
        """Return room for rows like these, (n, C)."""
        classes = scores.shape[1]
        chunks, width = chunks_of(classes), min(classes, CHUNK)
        return cls(
            np.empty(chunks, scores.dtype),
            np.empty(chunks),
            np.empty(width),
            np.empty(width),
            np.empty(classes, scores.dtype),
        )


def chunks_of(classes: int) -> int:
    """Return how many chunks a row has."""
    return (classes + CHUNK - 1) // CHUNK


@formula
def partition(row: Array, scaling: Scaling, exps: Array, scratch: Scratch) -> tuple[int, float]:
    """Return k and T of a row; write its exponentials.

    Parameters
    ----------
    row
        s, (C,), float32 or float64.
    scaling
        How z is made of s.
    exps
        (C,), same dtype: the lifted e^{z_j − z_c}, c the chunk of j, on return.
    scratch
        Holds e^{z_c − m} of each chunk on return.

    Returns
    -------
    tuple
        k, the first class with the largest score, NaN counting as the largest; and T =
        Σ_{j≠k} e^{z_j − m}, NaN where no score or not all of them are finite or masks.
    """
    references, factors = scratch.references, scratch.factors
    if factors.size == 1:
        factors[0] = 1.0
        return _partition_of_chunk(row, scaling, exps, scratch)
    for c in range(factors.size):
        start, stop = c * CHUNK, (c + 1) * CHUNK
        references[c] = largest_of(row[start:stop])
        fill_exponentials(row[start:stop], references[c], scaling, exps[start:stop], scratch)
        factors[c] = sum_of(exps[start:stop])
    c = index_of(largest_of(references), references)
    start, stop = c * CHUNK, (c + 1) * CHUNK
    k = index_of(references[c], row[start:stop])
    factors[c] = sum_without(k, exps[start:stop])
    return start + k, _joined(row[start + k], scaling, references, factors)


@formula
def _partition_of_chunk(
    row: Array, scaling: Scaling, exps: Array, scratch: Scratch
) -> tuple[int, float]:
    """Return k and T of a row that is one chunk, whose maximum is the reference."""
    top = largest_of(row)
    fill_exponentials(row, top, scaling, exps, scratch)
    k = index_of(top, row)
    rest = UNLIFT * sum_without(k, exps)
    return k, rest if np.isfinite(top) else np.nan


@formula
def _joined(top: Any, scaling: Scaling, references: Array, factors: Array) -> float:
    """Return T = Σ_c e^{z_c − m}·S_c, and put e^{z_c − m} in the place of S_c."""
    if not np.isfinite(top):
        return np.nan
    rest, lost = 0.0, 0.0
    for c in range(references.size):
        factor = _exponential_below(references[c], top, scaling)
        rest, rounding = exact_sum(rest, factor * (UNLIFT * factors[c]))
        lost += rounding
        factors[c] = factor
    return rest + lost


@formula
def _exponential_below(score: Any, reference: Any, scaling: Scaling) -> float:
    """Return e^{z − z_r}."""
    if score == reference:
        return 1.0
    head, rest = split(below(score, reference, scaling))
    return UNLIFT * lifted_exponential(head, rest)


@formula
def exponential_at(j: int, exps: Array, factors: Array) -> float:
    """Return e^{z_j − m}."""
    return UNLIFT * np.float64(exps[j]) * factors[j // CHUNK]


@formula
def largest_of(values: Array) -> Any:
    """Return the largest value, NaN if any is."""
    largest = values[0]
    for j in range(values.size):
        largest = maximum(largest, values[j])
    return largest


@formula
def index_of(value: Any, values: Array) -> int:
    """Return the first index at which `value` stands, or NaN; looked for in lanes."""
    start = 0
    while start + _SPAN < values.size and not _holds(value, values[start : start + _SPAN]):
        start += _SPAN
    while start + 1 < values.size and not _is_at(value, values[start]):
        start += 1
    return start


@formula
def _holds(value: Any, values: Array) -> bool:
    found = False
    for j in range(values.size):
        found |= _is_at(value, values[j])
    return found


@formula
def _is_at(value: Any, entry: Any) -> bool:
    """Return whether an entry is `value`, or NaN."""
    return entry == value or entry != entry


@formula
def fill_exponentials(
    scores: Array, reference: Any, scaling: Scaling, exps: Array, scratch: Scratch
) -> None:
    """Write the lifted e^{z − z_r} of some scores; 0 where all of them are masked."""
    if reference == -np.inf:
        exps[:] = 0
    elif not is_plain(scaling):
        heads, rests = scratch.heads[: scores.size], scratch.rests[: scores.size]
        fill_below(scores, reference, scaling, heads, rests)
        exponentials_of(heads, rests, exps)
    elif scores.size <= _STEP:
        _fill_plain(scores, reference, exps)
    else:
        _fill_plain_in_steps(scores, reference, exps)


@formula
def _fill_plain_in_steps(scores: Array, reference: Any, exps: Array) -> None:
    """Write the exponentials of a chunk, and ask for the scores that come a chunk later.

    A little at a time: the requests then overlap with the arithmetic between them.
    """
    for start in range(0, scores.size, _STEP):
        stop = min(start + _STEP, scores.size)
        for j in range(start, stop, _LINE_BYTES // scores.itemsize):
            fetch(scores, j + CHUNK)
        _fill_plain(scores[start:stop], reference, exps[start:stop])


@formula
def _fill_plain(scores: Array, reference: Any, exps: Array) -> None:
    """Write the lifted e^{s − s_r}, with what s − s_r was rounded by put back."""
    for j in range(scores.size):
        head, rest = exact_sum(scores[j], -reference)
        exps[j] = lifted_exponential(head, rest)


@formula
def exponentials_of(heads: Array, rests: Array, exps: Array) -> None:
    """Write the lifted e^{head + rest}, in the type of `exps`."""
    for j in range(heads.size):
        head = rounded_like(exps[0], heads[j])
        rest = rounded_like(exps[0], (heads[j] - head) + rests[j])
        exps[j] = lifted_exponential(head, rest)


def rounded_like(model: Any, number: float) -> Any:
    """Return a float64 in the type of `model`."""
    raise NotImplementedError


@formula
def _as_float32(model: Any, number: float) -> Any:
    return np.float32(number)


@formula
def _as_float64(model: Any, number: float) -> float:
    return number


by_type(rounded_like, types.float32, _as_float32, _as_float64)

"""One call that brings a loss and its gradients."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lossgrad.client import Client
from lossgrad.errors import InvalidArgument
from lossgrad.losses.errors import in_terms_of
from lossgrad.losses.options import LossOptions
from lossgrad.losses.rows import live_rows
from lossgrad.losses.terms import Loss, Term, laid_out
from lossgrad.types import dtypes
from lossgrad.types.arrays import Array
from lossgrad.types.result import Result

LARGE: Final = 2**21
"""Bytes of an array whose gradient is asked for where it is to stay."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The loss, and the gradients of it, or of the sum of it."""

    loss: Array
    """float64, (); with reduction "none" that of each row, (), (N) or (N, d1, …)."""
    gradients: dict[str, Array]
    """Those that were wanted, writable, laid out as what they are of; float32 or wider, so that
    whoever multiplies them rounds them to 16 bits once, and after that."""


def ask(
    client: Client,
    loss: Loss,
    arrays: Mapping[str, Array],
    options: LossOptions,
    wanted: Collection[str],
) -> Answer:
    """Make one call and return its loss and gradients.

    Parameters
    ----------
    client
        Where they are computed.
    loss
        Which loss it is, and so how `arrays` are named and laid out.
    arrays
        What goes into it, by PyTorch's names; nothing of it is changed.
    options
        What is asked beside.
    wanted
        Names of `arrays` whose gradients are wanted; ``logits`` of a linear loss, too.

    Raises
    ------
    InvalidArgument
        Where `client` is none, such as an `AsyncClient`.
    LossGradError
        As `lossgrad.Client.compute`; an `InvalidArgument` has PyTorch's names.
    """
    require_client(client)
    terms = loss.terms(arrays)
    sought = {name: terms.get(name) or loss.arrays[name] for name in wanted}
    sent = laid_out(terms, arrays)
    dtype = _gradient_dtype(sent)
    with in_terms_of({**loss.arrays, **terms}):
        result = client.compute(
            **sent,
            **options.arguments(sent),
            want=[*_losses(options), *(term.gradient for term in sought.values())],
            gradient_dtype=dtype,
            out=_rooms(client, sent, sought.values(), dtype),
        )
    found = {name: term.received(result.arrays[term.gradient]) for name, term in sought.items()}
    return Answer(_loss(result, arrays, options), found)


def require_client(client: object) -> None:
    """Refuse what makes no calls, or not in the way of a loss.

    Raises
    ------
    InvalidArgument
        Where it is no `lossgrad.Client`.
    """
    if not isinstance(client, Client):
        text = f"must be a lossgrad.Client, got {type(client).__name__}"
        raise InvalidArgument.at("client", text)


def _losses(options: LossOptions) -> tuple[str, ...]:
    """Return the outputs that the loss is made of."""
    if options.reduction != "none":
        return ("loss",)
    return ("row_losses", "log_partition") if options.z_loss else ("row_losses",)


def _loss(result: Result, arrays: Mapping[str, Array], options: LossOptions) -> Array:
    if options.reduction != "none":
        return np.asarray(result.loss)
    if not options.z_loss:
        return result.row_losses
    return result.row_losses + _z_terms(result.log_partition, arrays, options)


def _z_terms(log_partition: Array, arrays: Mapping[str, Array], options: LossOptions) -> Array:
    """Return α·a·lse² of each live row, which `row_losses` are without (contract §3)."""
    weights = arrays.get("sample_weights", np.ones(())).astype(np.float64)
    is_live = live_rows(arrays, options.ignore_index)
    with np.errstate(all="ignore"):  # of rows that do not count
        return np.where(is_live, options.z_loss * weights * log_partition**2, 0.0)


def _rooms(
    client: Client, sent: Mapping[str, Array], sought: Iterable[Term], dtype: str | None
) -> dict[str, Array]:
    """Return arrays for large gradients in memory that the service writes to itself, if it can."""
    if not client.shares_memory:
        return {}
    found = [(term.gradient, sent[term.name]) for term in sought if term.name in sent]
    return {
        gradient: client.empty(
            array.shape, array.dtype if dtype is None else dtypes.to_numpy(dtype)
        )
        for gradient, array in found
        if array.nbytes >= LARGE
    }


def _gradient_dtype(sent: Mapping[str, Array]) -> str | None:
    """Return float32 where anything has 16 bits, or else None: each gradient as what it is of."""
    names = {dtypes.to_name(array.dtype) for array in sent.values()}
    if names.isdisjoint({"f16", "bf16"}):
        return None
    return "f64" if "f64" in names else "f32"

"""What can be refused while JAX traces, where an error is raised as it is."""

from __future__ import annotations

from typing import Any, cast

import jax
import numpy as np
from jax.core import Tracer

from lossgrad.errors import InvalidArgument
from lossgrad.jax.case import Case
from lossgrad.jax.integers import refuse_wrapped_index
from lossgrad.losses import LossArguments, LossOptions, require_client
from lossgrad.losses.errors import in_terms_of
from lossgrad.losses.terms import laid_out
from lossgrad.settings import read_timeout
from lossgrad.types.arrays import Array
from lossgrad.types.problem import Problem


def static_options(options: LossArguments) -> LossOptions:
    """Return options that do not depend on anything that JAX has yet to compute.

    Raises
    ------
    InvalidArgument
        Where one does.
    """
    known = {name: _known(name, value) for name, value in options.items()}
    return LossOptions.of(cast(LossArguments, known))


def check(case: Case) -> None:
    """Look at all of a case that can be seen without entries of its arrays.

    Raises
    ------
    InvalidArgument
        With one violation for each argument that is wrong.
    """
    require_client(case.client)
    arrays = {name: _without_memory(shape) for name, shape in case.shapes}
    terms = case.loss.terms(arrays)
    sent = laid_out(terms, arrays)
    options = case.options.arguments(sent)
    timeout = options.pop("timeout")
    if timeout is not None:
        read_timeout(timeout)
    with in_terms_of(terms):
        Problem.declared({**sent, **options})
    refuse_wrapped_index(case)


def refuse_gradient(name: str) -> None:
    """Refuse to differentiate with respect to an array that has no gradient.

    Raises
    ------
    InvalidArgument
        Always.
    """
    advice = f"put it outside of what is differentiated, or use jax.lax.stop_gradient({name})"
    raise InvalidArgument.at(name, f"has no gradient; {advice}")


def _known(name: str, value: Any) -> Any:
    """Return an option's value; a number that is an array without axes as a Python number."""
    if isinstance(value, Tracer):
        advice = "; use reduction='sum' and divide the loss" if name == "denominator" else ""
        raise InvalidArgument.at(
            name, f"must be known when JAX traces the function, got a traced value{advice}"
        )
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _without_memory(shape: jax.ShapeDtypeStruct) -> Array:
    return np.broadcast_to(np.zeros((), shape.dtype), shape.shape)

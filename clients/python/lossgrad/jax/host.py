"""Where JAX leaves its graph and calls a client: once for each evaluation."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeAlias, cast

import jax
import numpy as np
from jax.core import Tracer

from lossgrad.errors import DeadlineExceeded, Unimplemented
from lossgrad.jax.case import Arrays, Case
from lossgrad.losses import ask, live_rows
from lossgrad.pipelines import DEFAULT_DEPTH
from lossgrad.types.arrays import Array

Found: TypeAlias = dict[str, Any]
"""As `Case.answers` describes it."""

Index: TypeAlias = tuple[int, ...]

POLL_SECONDS = 0.001


def evaluate(case: Case, arrays: Arrays, wanted: Collection[str]) -> Found:
    """Return the loss of `arrays` and the gradients that are wanted.

    Outside of any transformation the client is called at once, so that its exceptions are
    raised as they are; within one, when JAX comes to it.
    """
    question = Question(case, tuple(wanted))
    if any(isinstance(array, Tracer) for array in arrays.values()):
        return cast(Any, _called_back)(question, arrays)
    return _handed_over(question.answer(_map(np.asarray, arrays)))


@dataclass(frozen=True)
class Question:
    """A call of a client; equal ones need to be compiled but once."""

    case: Case
    wanted: tuple[str, ...]

    def __call__(self, arrays: Arrays) -> Found:
        """Answer JAX: a call, or one for each entry along the axes that ``vmap`` added."""
        host = _map(self._arrived, arrays)
        shapes = {name: shape.shape for name, shape in self.case.shapes}
        added = [array.shape[: array.ndim - len(shapes[name])] for name, array in host.items()]
        batch = np.broadcast_shapes(*added)
        if not batch:
            return self.answer(host)
        return self._each(
            batch, {n: np.broadcast_to(a, batch + shapes[n]) for n, a in host.items()}
        )

    def answer(self, arrays: Mapping[str, Array]) -> Found:
        """Make one call."""
        case = self.case
        answer = ask(case.client, case.loss, arrays, case.options, self.wanted)
        found: Found = {"loss": answer.loss, "gradients": answer.gradients}
        if case.is_by_row and self.wanted:
            live = live_rows(arrays, case.options.ignore_index)
            found["live"] = np.broadcast_to(live, answer.loss.shape)
        return jax.tree.map(_rounded, found, case.answers(self.wanted))

    def _each(self, batch: Index, arrays: Mapping[str, Array]) -> Found:
        """Make the calls of a batch, a few of them under way at a time."""
        found = jax.tree.map(partial(_room, batch), self.case.answers(self.wanted))

        def fill(index: Index) -> None:
            answer = self.answer({name: array[index] for name, array in arrays.items()})
            jax.tree.map(partial(_put, index), found, answer)

        _in_turn(fill, batch)
        return found

    def _arrived(self, array: jax.Array) -> Array:
        """Return an array of a callback, which a thread of JAX's copies for it.

        Raises
        ------
        DeadlineExceeded
            Where no thread does, since callbacks have them all; waiting on would be for ever.
        """
        timeout = self.case.options.timeout
        until = time.monotonic() + (self.case.client.timeout if timeout is None else timeout)
        while not cast(Any, array).is_ready():
            if time.monotonic() > until:
                raise DeadlineExceeded(_STUCK)
            time.sleep(POLL_SECONDS)
        return np.asarray(array)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _called_back(question: Question, arrays: Arrays) -> Found:
    answers = question.case.answers(question.wanted)
    return jax.pure_callback(question, answers, arrays, vmap_method="expand_dims")


@_called_back.defjvp
def _refuse(question: Question, arrays: Arrays, tangents: Arrays) -> NoReturn:  # noqa: ARG001
    """Refuse to differentiate what is a derivative already.

    Raises
    ------
    Unimplemented
        Always.
    """
    text = "second derivatives are not computed; use jax.nn.log_softmax where they are needed"
    raise Unimplemented(text)


_STUCK = (
    "JAX's threads all wait in callbacks, and none is left to bring the arrays of this one; "
    "call jax.config.update('jax_cpu_enable_async_dispatch', False) before anything else of "
    "JAX, or give the process more processors"
)


def _handed_over(found: Found) -> Found:
    """Return arrays of JAX's in the memory of those found, which nobody else has, if it can be."""
    return cast(Any, jax).device_put(found, may_alias=True)


def _rounded(array: Array, shape: jax.ShapeDtypeStruct) -> Array:
    return np.asarray(array, shape.dtype)


def _room(batch: Index, shape: jax.ShapeDtypeStruct) -> Array:
    return np.empty((*batch, *shape.shape), shape.dtype)


def _put(index: Index, room: Array, array: Array) -> None:
    room[index] = array


def _map(function: Callable[[jax.Array], Array], arrays: Arrays) -> dict[str, Array]:
    return {name: function(array) for name, array in arrays.items()}


def _in_turn(fill: Callable[[Index], None], batch: Index) -> None:
    """Call `fill` with each index of a batch; the first error ends it, once none is under way."""
    with ThreadPoolExecutor(DEFAULT_DEPTH, "lossgrad-jax") as pool:
        for _ in pool.map(fill, np.ndindex(*batch)):
            pass

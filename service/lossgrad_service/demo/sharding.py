"""Data parallelism: a mini-batch as one problem for each worker, and the sums of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossgrad.types import Result
from lossgrad_service.demo.data import Rows
from lossgrad_service.demo.model import Model, Parameters

Arguments = dict[str, Any]
"""Keyword arguments of one call of the service."""


def gradient_problems(
    model: Model, parameters: Parameters, batch: Rows, shards: int
) -> list[Arguments]:
    """Return one problem for each shard, whose losses and gradients add up to the whole batch's.

    Every shard divides by the rows of the whole mini-batch (`denominator`), so that
    the mean over the whole is the sum of the parts. The penalty R does not depend on
    the rows, and every shard that carried `reg` would add it once more: the first
    one alone does.
    """
    whole = {
        **parameters,
        "denominator": len(batch),
        "reg_convention": model.reg_convention,
        "want": ["loss", *map(gradient_of, parameters)],
    }
    problems = [_with_rows(whole, model, shard) for shard in batch.shards(shards)]
    problems[0]["reg"] = model.reg
    return problems


def recognition_problems(
    model: Model, parameters: Parameters, rows: Rows, shards: int
) -> list[Arguments]:
    """Return one problem for each shard that asks what its rows are taken for."""
    whole = {**parameters, "want": ["accuracy", "predictions"]}
    return [_with_rows(whole, model, shard) for shard in rows.shards(shards)]


def _with_rows(whole: Arguments, model: Model, rows: Rows) -> Arguments:
    return {**whole, model.rows_as: rows.images, "labels": rows.labels}


def gradient_of(parameter: str) -> str:
    """Return the service's name for the gradient of a parameter."""
    return f"d{parameter}"


def total_loss(answers: Sequence[Result]) -> float:
    """Return the loss of the whole mini-batch, penalty included."""
    return sum(answer.loss for answer in answers)


def total_gradients(parameters: Parameters, answers: Sequence[Result]) -> Parameters:
    """Return the gradients of the whole mini-batch: the shards', added in their order."""
    return {
        name: np.sum([getattr(answer, gradient_of(name)) for answer in answers], axis=0)
        for name in parameters
    }


def total_accuracy(answers: Sequence[Result]) -> float:
    """Return the fraction recognised of all shards' rows."""
    recognised = sum(answer.accuracy * answer.n_rows for answer in answers)
    return recognised / sum(answer.n_rows for answer in answers)


def all_predictions(answers: Sequence[Result]) -> NDArray[np.int64]:
    """Return what all shards' rows are taken for, in the order of the rows."""
    return np.concatenate([answer.predictions for answer in answers])

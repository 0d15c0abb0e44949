"""Nodes of PyTorch's graph: forward makes one call, and backward multiplies what it brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, cast

import torch
from torch import Tensor
from torch.autograd import Function

from lossgrad.errors import Unimplemented
from lossgrad.losses import Answer
from lossgrad.torch.evaluation import Evaluation

Gradients = tuple[Tensor | None, ...]

_BY_ROW = frozenset({"input", "target"})
"""What has a row for each row of the loss; the others are of a layer that all rows share."""


class ReducedLoss(Function):
    """``apply(evaluation, wanted, *tensors)``: a mean or a sum of those that are `wanted`."""

    @staticmethod
    def forward(
        ctx: Any, evaluation: Evaluation, wanted: tuple[str, ...], *tensors: Tensor
    ) -> Tensor:
        """Return the loss, and keep its gradients."""
        answer = evaluation.ask(wanted)
        ctx.save_for_backward(*(evaluation.on_device(answer.gradients[name]) for name in wanted))
        ctx.kinds, ctx.was_given = _kinds(tensors), False
        return evaluation.loss_of(answer)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Gradients:
        """Return the gradients times that of the loss, once as they are where that is 1.

        A product is new memory, at 1024×32000 twice what the call takes in this process. Whoever
        gets a gradient may change it: PyTorch then refuses to use what is kept once more.
        """
        gradients = ctx.saved_tensors
        is_given = not ctx.was_given and _is_one(upstream[0])
        if not is_given:
            with torch.no_grad():
                gradients = [upstream[0] * gradient for gradient in gradients]
        ctx.was_given |= is_given
        return None, None, *_final(gradients, ctx.kinds)


def _is_one(upstream: Tensor) -> bool:
    # To ask another device would be to wait for it.
    return upstream.device.type == "cpu" and bool(upstream == 1)


class LossOfRows(Function):
    """``apply(evaluation, wanted, *tensors)``: the losses of the rows of those `wanted`."""

    @staticmethod
    def forward(
        ctx: Any, evaluation: Evaluation, wanted: tuple[str, ...], *tensors: Tensor
    ) -> Tensor:
        """Return the losses, and keep the gradients of their rows."""
        answer = evaluation.ask(_by_row(wanted))
        saved = _saved(evaluation, answer, wanted)
        ctx.save_for_backward(*saved.values())
        ctx.names, ctx.wanted, ctx.class_axis = tuple(saved), wanted, evaluation.class_axis
        ctx.kinds = _kinds(tensors)
        return evaluation.loss_of(answer)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Gradients:
        """Return the gradient of each row times that of its loss."""
        saved = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        # A matrix product of autocast would have 16 bits.
        with torch.no_grad(), torch.autocast(upstream[0].device.type, enabled=False):
            of_rows = torch.where(saved["live"], upstream[0], 0).unsqueeze(ctx.class_axis)
            gradients = [_gradient_by_row(name, of_rows, saved) for name in ctx.wanted]
        return None, None, *_final(gradients, ctx.kinds)


def _by_row(wanted: tuple[str, ...]) -> list[str]:
    """Return the gradients with a row for each row that those of `wanted` are made of."""
    of_rows = [name for name in wanted if name in _BY_ROW]
    return of_rows if len(of_rows) == len(wanted) else [*of_rows, "logits"]


def _saved(evaluation: Evaluation, answer: Answer, wanted: tuple[str, ...]) -> dict[str, Tensor]:
    """Return what backward needs, by name: no more than what is wanted is made of."""
    saved = {name: evaluation.on_device(each) for name, each in answer.gradients.items()}
    if wanted:
        saved["live"] = evaluation.live_rows()
    if "linear_weight" in wanted:
        saved["rows"] = evaluation.tensors["input"]
    return saved


def _gradient_by_row(name: str, upstream: Tensor, saved: dict[str, Tensor]) -> Tensor:
    if name in _BY_ROW:
        return upstream * saved[name]
    of_logits = _flat(upstream * saved["logits"])
    if name == "linear_bias":
        return of_logits.sum(0)
    # 0·NaN would be NaN, of rows that do not count.
    rows = torch.where(saved["live"].unsqueeze(-1), saved["rows"], 0)
    return of_logits.T @ _flat(rows).to(of_logits.dtype)


def _flat(rows: Tensor) -> Tensor:
    """Return (…, K) as (N, K)."""
    return rows.reshape(-1, rows.shape[-1])


class Final(Function):
    """Gradients that have none themselves: says so where they are asked for."""

    @staticmethod
    def forward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:  # noqa: ARG004
        """Return the gradients."""
        return tuple(gradient.detach() for gradient in gradients)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> NoReturn:  # noqa: ARG004
        """Refuse.

        Raises
        ------
        Unimplemented
            Always: PyTorch would take the gradients for constants, and be wrong.
        """
        text = "second derivatives are not computed; use torch.nn.functional where they are needed"
        raise Unimplemented(text)


Kind = tuple[torch.device, torch.dtype]


def _kinds(tensors: tuple[Tensor, ...]) -> list[Kind]:
    return [(tensor.device, tensor.dtype) for tensor in tensors]


def _final(gradients: Sequence[Tensor], kinds: list[Kind]) -> Gradients:
    """Return gradients as what they are of, rounded once."""
    rounded = [gradient.to(*kind) for gradient, kind in zip(gradients, kinds, strict=True)]
    if not torch.is_grad_enabled():
        return tuple(rounded)
    return cast(Any, Final).apply(*(gradient.detach().requires_grad_() for gradient in rounded))

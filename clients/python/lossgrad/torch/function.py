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
    ) -> tuple[Tensor, Tensor]:
        """Return the loss and a tie to it, and keep its gradients."""
        answer, tie = evaluation.ask(wanted), _tie()
        gradients = (evaluation.on_device(answer.gradients[name]) for name in wanted)
        ctx.save_for_backward(tie, *gradients)
        ctx.kinds = _kinds(tensors)
        return evaluation.loss_of(answer), tie

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Gradients:
        """Return the gradients times that of the loss; as they are if they are not kept then.

        A product is new memory, at 1024×32000 twice what the call takes in this process. But who
        gets a gradient may change it, so that one that is kept on has to be multiplied.
        """
        tie, *gradients = ctx.saved_tensors
        if not _is_for_good(upstream[0]):
            with torch.no_grad():
                gradients = [upstream[0] * gradient for gradient in gradients]
        return None, None, *_final(gradients, ctx.kinds, (tie, upstream[0]))


def _is_for_good(upstream: Tensor) -> bool:
    """Return whether what is kept can be given away: unchanged, and not needed once more."""
    if torch.compiler.is_compiling():  # no question below has an answer yet
        return False
    return not _is_retained() and _is_one(upstream)


def _is_retained() -> bool:
    """Return whether the graph that goes backward may do so again; True where nobody tells."""
    autograd = cast(Any, torch)._C._autograd  # nothing public tells
    told = getattr(autograd, "_get_current_graph_task_keep_graph", None)
    return told is None or told()


def _is_one(upstream: Tensor) -> bool:
    if upstream.device.type != "cpu":  # to ask another device would be to wait for it
        return False
    try:
        return bool(upstream == 1)
    except RuntimeError:  # one of many in a batched backward
        return False


class LossOfRows(Function):
    """``apply(evaluation, wanted, *tensors)``: the losses of the rows of those `wanted`."""

    @staticmethod
    def forward(
        ctx: Any, evaluation: Evaluation, wanted: tuple[str, ...], *tensors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the losses and a tie to them, and keep the gradients of their rows."""
        answer, tie = evaluation.ask(_by_row(wanted)), _tie()
        saved = _saved(evaluation, answer, wanted)
        ctx.save_for_backward(tie, *saved.values())
        ctx.names, ctx.wanted, ctx.class_axis = tuple(saved), wanted, evaluation.class_axis
        ctx.kinds = _kinds(tensors)
        return evaluation.loss_of(answer), tie

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Gradients:
        """Return the gradient of each row times that of its loss."""
        tie, *kept = ctx.saved_tensors
        saved = dict(zip(ctx.names, kept, strict=True))
        # A matrix product of autocast would have 16 bits.
        with torch.no_grad(), torch.autocast(upstream[0].device.type, enabled=False):
            of_rows = torch.where(saved["live"], upstream[0], 0).unsqueeze(ctx.class_axis)
            gradients = [_gradient_by_row(name, of_rows, saved) for name in ctx.wanted]
        return None, None, *_final(gradients, ctx.kinds, (tie, upstream[0]))


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
    """``apply(tie, upstream, *gradients)``: says that those have no gradients themselves."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ARG004
        tie: Tensor,  # noqa: ARG004
        upstream: Tensor,  # noqa: ARG004
        *gradients: Tensor,
    ) -> tuple[Tensor, ...]:
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


def _tie() -> Tensor:
    """Return an output without numbers, for what is made of gradients to depend on.

    It leads to all that the loss depends on; unlike the loss, nobody can change it in place.
    """
    return torch.empty(0)


def _final(
    gradients: Sequence[Tensor], kinds: list[Kind], source: tuple[Tensor, Tensor]
) -> Gradients:
    """Return gradients as what they are of, rounded once; to differentiate they are of `source`."""
    rounded = [gradient.to(*kind) for gradient, kind in zip(gradients, kinds, strict=True)]
    if not torch.is_grad_enabled():
        return tuple(rounded)
    return cast(Any, Final).apply(*source, *rounded)

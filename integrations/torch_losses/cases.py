"""Losses that PyTorch and we compute alike: tensors, options and the gradient of the loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from integrations.drawing import LARGEST_WEIGHT, REDUCTIONS, SPREADS

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
AXES = [(), (1,), (5,), (3, 4), (2, 3, 2)]
"""Shapes of the rows."""

SMALLEST_DENOMINATOR = 0.3
"""Of weights of either sign, whose sum may come close to 0."""

Loss = Callable[..., Tensor]
SIZES = st.integers(1, 6)
seeds = st.integers(0, 2**40)


@dataclass(frozen=True)
class Case:
    """Arguments of a loss; those of `MOVABLE` that are floats have gradients."""

    tensors: dict[str, Tensor]
    options: dict[str, Any]
    seed: int

    MOVABLE = ("input", "linear_weight", "linear_bias", "target")

    @property
    def movable(self) -> list[str]:
        names = [name for name in self.MOVABLE if name in self.tensors]
        return [name for name in names if self.tensors[name].is_floating_point()]

    def widened(self) -> Case:
        """Return the case with the same numbers in float64."""
        wide = {n: t.double() if t.is_floating_point() else t for n, t in self.tensors.items()}
        return Case(wide, self.options, self.seed)

    def outcome(self, loss_of: Loss, **more: Any) -> Outcome:
        """Return the loss and its gradients for a random gradient of the loss."""
        leaves = {n: t.detach().clone() for n, t in self.tensors.items()}
        at = [leaves[name].requires_grad_() for name in self.movable]
        loss = loss_of(**leaves, **self.options, **more)
        generator = torch.Generator().manual_seed(self.seed)
        upstream = torch.randn(loss.shape, generator=generator, dtype=torch.float64).to(loss.dtype)
        gradients = torch.autograd.grad(loss, at, upstream)
        return Outcome(
            loss.detach(), dict(zip(self.movable, gradients, strict=True)), self.denominator
        )

    @property
    def is_one_row_of_probabilities(self) -> bool:
        target = self.tensors["target"]
        return target.is_floating_point() and target.ndim == 1

    @property
    def denominator(self) -> float:
        """What the mean divides by, and 1 for other reductions."""
        if self.options["reduction"] != "mean":
            return 1.0
        target, weight = self.tensors["target"], self.tensors.get("weight")
        if target.is_floating_point():
            return target.numel() / target.shape[1 if target.ndim > 1 else 0]
        kept = target[target != self.options.get("ignore_index", -100)]
        return float(len(kept) if weight is None else weight.double()[kept].sum())


@dataclass(frozen=True)
class Outcome:
    """A loss and its gradients, by name, and what the loss was divided by."""

    loss: Tensor
    gradients: dict[str, Tensor]
    denominator: float


def normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def uniform(seed: int, *shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@st.composite
def cases(draw: st.DrawFn, dtype: torch.dtype) -> Case:
    """Draw a case of ``cross_entropy``."""
    rows, classes = draw(st.sampled_from(AXES)), draw(SIZES)
    spread = draw(st.sampled_from(SPREADS))
    shape = (*rows[:1], classes, *rows[1:])
    scores = (spread * normal(draw(seeds), *shape)).to(dtype)
    return draw(_completed({"input": scores}, shape, classes))


@st.composite
def linear_cases(draw: st.DrawFn, dtype: torch.dtype) -> Case:
    """Draw a case of ``linear_cross_entropy``; PyTorch's input has two axes at most."""
    rows, width, classes = (
        draw(st.sampled_from(AXES[:3])),
        *draw(st.tuples(*[st.integers(1, 6)] * 2)),
    )
    layer = {
        "input": normal(draw(seeds), *rows, width).to(dtype),
        "linear_weight": normal(draw(seeds), classes, width).to(dtype),
    }
    if draw(st.booleans()):
        layer["linear_bias"] = normal(draw(seeds), classes).to(dtype)
    return draw(_completed(layer, (*rows, classes), classes))


@st.composite
def _completed(
    draw: st.DrawFn, tensors: dict[str, Tensor], shape: tuple[int, ...], classes: int
) -> Case:
    """Draw the target and the options beside tensors whose logits have a shape."""
    dtype = tensors["input"].dtype
    options = {
        "reduction": draw(REDUCTIONS),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1, 1.0])),
    }
    with_classes = draw(st.booleans())
    target = _indices(draw(seeds), shape) if with_classes else _shares(draw(seeds), shape)
    tensors = tensors | {"target": target if with_classes else target.to(dtype)}
    if with_classes and draw(st.booleans()):
        options["ignore_index"] = draw(st.sampled_from([-100, 255, 0]))
        ignored = uniform(draw(seeds), *target.shape) < 0.4
        tensors["target"] = target.masked_fill(ignored, options["ignore_index"])
    if draw(st.booleans()):
        weight = (2 * uniform(draw(seeds), classes) - 1) * LARGEST_WEIGHT
        tensors["weight"] = weight.to(dtype)
    case = Case(tensors, options, draw(seeds))
    return case if abs(case.denominator) >= SMALLEST_DENOMINATOR else _of_sum(case)


def _of_sum(case: Case) -> Case:
    """Return a case whose mean would divide by next to nothing with the sum in its place."""
    return Case(case.tensors, case.options | {"reduction": "sum"}, case.seed)


def _indices(seed: int, shape: tuple[int, ...]) -> Tensor:
    return uniform(seed, *shape).argmax(1 if len(shape) > 1 else 0)


def _shares(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Return probabilities, which do not sum to 1."""
    return uniform(seed, *shape)

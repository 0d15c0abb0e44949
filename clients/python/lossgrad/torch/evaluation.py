"""A loss of tensors, and the one call that computes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lossgrad.client import Client
from lossgrad.losses import Answer, Loss, LossOptions, ask, live_rows
from lossgrad.torch.constants import refuse_gradients, refuse_tangents
from lossgrad.torch.tensors import to_arrays, to_tensor
from lossgrad.types.arrays import Array

_WEIGHTS = ("weight", "sample_weights")
_OPTIONS = tuple(LossOptions.__dataclass_fields__)
_TELL_LIFE = ("target", "sample_weights")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A loss to be computed, of tensors by PyTorch's names."""

    client: Client
    loss: Loss
    tensors: Mapping[str, Tensor]
    options: LossOptions

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the tensors that gradients are wanted of.

        Raises
        ------
        InvalidArgument
            Where a weight or an option requires a gradient: nobody computes it.
        Unimplemented
            In forward mode.
        """
        refuse_tangents({**self.tensors, **self._constants})
        if not torch.is_grad_enabled():
            return ()
        refuse_gradients(self._constants)
        return tuple(name for name, tensor in self.tensors.items() if tensor.requires_grad)

    @property
    def _constants(self) -> dict[str, object]:
        """What the loss has no gradient of, by name."""
        weights = {name: self.tensors.get(name) for name in _WEIGHTS}
        return {**weights, **{name: getattr(self.options, name) for name in _OPTIONS}}

    @property
    def class_axis(self) -> int:
        """The axis that rows of input and of target have, and their losses have not."""
        return self.loss.class_axis(self.tensors["input"].ndim)

    def ask(self, wanted: Collection[str]) -> Answer:
        """Make the call, which brings the loss and gradients `wanted`."""
        return ask(self.client, self.loss, to_arrays(self.tensors), self.options, wanted)

    def loss_of(self, answer: Answer) -> Tensor:
        """Return the loss in the dtype that PyTorch would give it."""
        return self.on_device(answer.loss).to(_loss_dtype(self.tensors["input"]))

    def live_rows(self) -> Tensor:
        """Return where a row counts."""
        told_by = {name: self.tensors[name] for name in _TELL_LIFE if name in self.tensors}
        return self.on_device(live_rows(to_arrays(told_by), self.options.ignore_index))

    def on_device(self, array: Array) -> Tensor:
        """Return an array as a tensor where the input is."""
        return to_tensor(array, self.tensors["input"].device)


def _loss_dtype(scores: Tensor) -> torch.dtype:
    """Return the dtype of the input; under autocast a loss has 32 bits at least."""
    is_widened = torch.is_autocast_enabled(scores.device.type) and scores.dtype.itemsize == 2
    return torch.float32 if is_widened else scores.dtype

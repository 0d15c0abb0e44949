"""The losses as modules."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor, nn

from lossgrad.client import Client
from lossgrad.losses import LossSettings
from lossgrad.torch.functional import cross_entropy, linear_cross_entropy


class _RemoteLoss(nn.Module):
    """A loss with its client; a copy, pickled or deep, has a client of its own."""

    weight: Tensor | None

    def __init__(self, client: Client, weight: Tensor | None, settings: LossSettings) -> None:
        super().__init__()
        unknown = settings.keys() - LossSettings.__annotations__.keys()
        if unknown:
            raise TypeError(f"no settings of a loss: {', '.join(sorted(unknown))}")
        self.register_buffer("weight", weight)
        self.client = client
        self.settings = settings

    def extra_repr(self) -> str:
        """Return what is printed of the module beside its children."""
        told = {"client": self.client, **self.settings}
        return ", ".join(f"{name}={value!r}" for name, value in told.items())


class CrossEntropyLoss(_RemoteLoss):
    """``torch.nn.CrossEntropyLoss``, computed by a service; see `cross_entropy`.

    Its ``state_dict`` is that of PyTorch's. A pickle of the whole module has the client's token
    in it, if there is one.

    Parameters
    ----------
    weight : Tensor (C), optional
        Weight of each class, a buffer.
    client : lossgrad.Client
        Where the loss is computed.
    **settings
        ``ignore_index``, ``reduction``, ``label_smoothing``, ``temperature``, ``softcap``,
        ``z_loss``, ``nonfinite``, ``empty_mean`` and ``timeout`` of `cross_entropy`.

    Raises
    ------
    TypeError
        For another setting.

    Examples
    --------
    >>> criterion = CrossEntropyLoss(client=client, label_smoothing=0.1)
    >>> criterion(model(features), labels).backward()
    """

    def __init__(
        self, weight: Tensor | None = None, *, client: Client, **settings: Unpack[LossSettings]
    ) -> None:
        super().__init__(client, weight, settings)

    def forward(
        self,
        input: Tensor,  # noqa: A002
        target: Tensor,
        *,
        sample_weights: Tensor | None = None,
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of a batch; see `cross_entropy`."""
        return cross_entropy(
            input,
            target,
            client=self.client,
            weight=self.weight,
            sample_weights=sample_weights,
            denominator=denominator,
            **self.settings,
        )


class LinearCrossEntropyLoss(_RemoteLoss):
    """``torch.nn.LinearCrossEntropyLoss``, computed by a service; see `linear_cross_entropy`.

    Holds the last layer, ``linear``. Its ``state_dict`` is that of PyTorch's. A pickle of the
    whole module has the client's token in it, if there is one.

    Parameters
    ----------
    in_features, num_classes : int
        D and C.
    client : lossgrad.Client
        Where the loss is computed.
    bias : bool
        Whether the layer has a bias.
    device, dtype : optional
        Of the layer.
    weight : Tensor (C), optional
        Weight of each class, a buffer.
    **settings
        As those of `CrossEntropyLoss`.

    Raises
    ------
    TypeError
        For another setting.

    Examples
    --------
    >>> criterion = LinearCrossEntropyLoss(512, 32_000, client=client)
    >>> criterion(body(tokens), following).backward()
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        client: Client,
        bias: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        weight: Tensor | None = None,
        **settings: Unpack[LossSettings],
    ) -> None:
        super().__init__(client, weight, settings)
        self.linear = nn.Linear(in_features, num_classes, bias=bias, device=device, dtype=dtype)

    def forward(
        self,
        input: Tensor,  # noqa: A002
        target: Tensor,
        *,
        sample_weights: Tensor | None = None,
        denominator: float | None = None,
    ) -> Tensor:
        """Return the loss of a batch; see `linear_cross_entropy`."""
        return linear_cross_entropy(
            input,
            self.linear.weight,
            target,
            self.linear.bias,
            client=self.client,
            weight=self.weight,
            sample_weights=sample_weights,
            denominator=denominator,
            **self.settings,
        )

"""The losses as modules."""

from __future__ import annotations

from typing import Any, Unpack, cast

import torch
from torch import Tensor, nn

from lossgrad.client import Client
from lossgrad.losses import LossOptions, LossSettings, require_client
from lossgrad.torch.functional import cross_entropy, linear_cross_entropy
from lossgrad.types.options import EmptyMean, NonfinitePolicy, Reduction

_SETTINGS = tuple(LossSettings.__annotations__)


class _RemoteLoss(nn.Module):
    """A loss with its client; a copy, pickled or deep, has a client of its own."""

    weight: Tensor | None
    reduction: Reduction
    ignore_index: int
    label_smoothing: float
    temperature: float
    softcap: float | None
    z_loss: float
    nonfinite: NonfinitePolicy
    empty_mean: EmptyMean
    timeout: float | None

    def __init__(self, client: Client, weight: Tensor | None, settings: LossSettings) -> None:
        super().__init__()
        unknown = settings.keys() - set(_SETTINGS)
        if unknown:
            raise TypeError(f"no settings of a loss: {', '.join(sorted(unknown))}")
        require_client(client)
        options = LossOptions.of({**settings})
        options.check()
        self.register_buffer("weight", weight)
        self.client = client
        for name in _SETTINGS:
            setattr(self, name, getattr(options, name))

    @property
    def settings(self) -> LossSettings:
        """The settings as they are now."""
        return cast(LossSettings, {name: getattr(self, name) for name in _SETTINGS})

    def extra_repr(self) -> str:
        """Return what is printed of the module beside its children."""
        chosen = {n: value for n, value in self.settings.items() if value != _default(n)}
        told = {"client": self.client, **chosen}
        return ", ".join(f"{name}={value!r}" for name, value in told.items())


def _default(name: str) -> Any:
    return getattr(LossOptions(), name)


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
        ``z_loss``, ``nonfinite``, ``empty_mean`` and ``timeout`` of `cross_entropy`; attributes
        of the module, as PyTorch's are.

    Raises
    ------
    InvalidArgument
        Where a setting has a wrong value, or `client` is none.
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
    InvalidArgument, TypeError
        As `CrossEntropyLoss`.

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

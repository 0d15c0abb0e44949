"""PyTorch's cross-entropies, computed by a service: one line of a training loop changes.

>>> import lossgrad
>>> from lossgrad.torch import cross_entropy
>>> with lossgrad.Client("localhost:50051") as client:
...     for features, labels in loader:
...         loss = cross_entropy(model(features), labels, client=client)
...         loss.backward()
...         optimiser.step()
...         optimiser.zero_grad()

`linear_cross_entropy` takes the last layer's input and weights in place of its scores, so that
far less travels where there are many classes. `CrossEntropyLoss` and `LinearCrossEntropyLoss`
are the same as modules. `batch_denominator` and `ddp_denominator` say what to divide by where a
batch is computed in parts. Needs ``pip install "lossgrad[torch]"``.
"""

from lossgrad.torch.denominators import batch_denominator, ddp_denominator
from lossgrad.torch.functional import cross_entropy, linear_cross_entropy
from lossgrad.torch.modules import CrossEntropyLoss, LinearCrossEntropyLoss

__all__ = [
    "CrossEntropyLoss",
    "LinearCrossEntropyLoss",
    "batch_denominator",
    "cross_entropy",
    "ddp_denominator",
    "linear_cross_entropy",
]

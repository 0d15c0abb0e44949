"""PyTorch's losses as one call of a client: arrays in, the loss and its gradients out.

`lossgrad.torch` and `lossgrad.jax` hang this into their graphs. Arrays are named and laid out
as in ``torch.nn.functional`` here, and as in the contract on the other side of `ask`.
"""

from lossgrad.losses.call import Answer, ask, require_client
from lossgrad.losses.options import IGNORED, LossArguments, LossOptions, LossSettings
from lossgrad.losses.rows import batch_denominator, live_rows
from lossgrad.losses.terms import CROSS_ENTROPY, LINEAR_CROSS_ENTROPY, Loss

__all__ = [
    "CROSS_ENTROPY",
    "IGNORED",
    "LINEAR_CROSS_ENTROPY",
    "Answer",
    "Loss",
    "LossArguments",
    "LossOptions",
    "LossSettings",
    "ask",
    "batch_denominator",
    "live_rows",
    "require_client",
]

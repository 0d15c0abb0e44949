"""The losses as functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Unpack, cast

import torch
from torch import Tensor

from lossgrad.client import Client
from lossgrad.losses import (
    CROSS_ENTROPY,
    LINEAR_CROSS_ENTROPY,
    Loss,
    LossArguments,
    LossOptions,
)
from lossgrad.torch.evaluation import Evaluation
from lossgrad.torch.function import LossOfRows, ReducedLoss
from lossgrad.torch.tensors import those_given


def cross_entropy(
    input: Tensor,  # noqa: A002
    target: Tensor,
    *,
    client: Client,
    weight: Tensor | None = None,
    sample_weights: Tensor | None = None,
    **options: Unpack[LossArguments],
) -> Tensor:
    r"""Return ``torch.nn.functional.cross_entropy``, computed by a service in one call.

    With logits :math:`z`, softmax :math:`p`, log-partition :math:`\mathrm{lse}`, target
    probabilities :math:`t` (those of an index are 0 and 1), smoothing :math:`ε` over the
    :math:`K` classes that are not masked by −∞, class weights :math:`c` and sample weights
    :math:`a` (0 for an ignored row)

    .. math::
        q_{ij} = a_i c_j ((1 - ε) t_{ij} + ε / K), \qquad
        \mathrm{loss} = \frac{1}{D} \sum_i \Big( \sum_j q_{ij} (\mathrm{lse}_i - z_{ij})
            + α a_i \mathrm{lse}_i^2 \Big), \qquad
        \frac{∂\,\mathrm{loss}}{∂z_{ij}}
            = \frac{1}{D} \Big( \big( \sum_k q_{ik} + 2 α a_i \mathrm{lse}_i \big) p_{ij}
            - q_{ij} \Big)

    where :math:`D` is 1 unless the reduction is "mean", and then :math:`\sum_i a_i c_{y_i}` with
    indices and :math:`\sum_i a_i` with probabilities.

    Forward asks for the loss and for gradients that are needed: of `input`, and of a `target`
    with probabilities, where they require one and grad mode is on. Backward multiplies and calls
    nobody. Tensors on the CPU are read where they are. Second derivatives, ``torch.func`` and
    forward mode are not there; ``torch.compile`` runs the function outside its graphs.

    Parameters
    ----------
    input : Tensor (C), (N, C) or (N, C, d1, …)
        Logits; float16, bfloat16, float32 or float64. A score of −∞ away from the label is a
        mask: smoothing passes it over.
    target : Tensor (), (N) or (N, d1, …) of any integer dtype, or floats as `input`
        Class indices in [0, C), or probabilities ≥ 0, which need not sum to 1. Which of them
        it has is told by its dtype.
    client : lossgrad.Client
        Where the loss is computed.
    weight : Tensor (C), optional
        Weight of each class, finite, of either sign and any float dtype.
    ignore_index : int
        Rows with this index count for nothing, and may hold anything; −100 by default.
    reduction : {"mean", "sum", "none"}
        "mean" by default. With "none" the answer is the loss of each row, as `target` with indices.
    label_smoothing : float
        In [0, 1]; 0 by default.
    sample_weights : Tensor, as `target` with indices, optional
        Weight of each row, finite, or a mask of booleans. Rows of weight 0 count for
        nothing, and may hold anything.
    denominator : float, optional
        What the mean divides by instead, such as `batch_denominator` of a batch that is computed
        in parts; not 0, so pass ``whole or None``.
    temperature : float
        Logits are ``input / temperature``; 1 by default.
    softcap : float, optional
        Logits are squashed to ``softcap · tanh(logits / softcap)``.
    z_loss : float
        :math:`α` above, ≥ 0; 0 by default.
    nonfinite : {"error", "propagate"}
        NaN and infinity in rows that count are refused (the default), or computed with as
        PyTorch does.
    empty_mean : {"zero", "nan", "error"}
        The mean where no row counts; "zero" by default, PyTorch's is NaN.
    timeout : float, optional
        Seconds that the call may take; by default the client's.

    Returns
    -------
    Tensor
        The loss, in the dtype of `input`; float32 for 16 bits under autocast, as PyTorch's.
        Gradients have the dtype of what they are of, and are rounded to 16 bits once, after
        they were multiplied in float32 by that of the loss. Those of (N, C, d1, …) lie in
        memory with classes last, as a view: ``reshape`` them, where PyTorch's can be viewed.

    Raises
    ------
    InvalidArgument
        Where the inputs are wrong; an index out of range is named with its row, counted through
        N, d1, …. Also where a weight or an option requires a gradient.
    Unimplemented
        In forward mode, and in backward where second derivatives are asked for.
    LossGradError
        As `lossgrad.Client.compute`.

    Examples
    --------
    >>> loss = cross_entropy(model(features), labels, client=client, label_smoothing=0.1)
    >>> loss.backward()
    """
    return _evaluate(
        client,
        CROSS_ENTROPY,
        {"input": input, "target": target, "weight": weight, "sample_weights": sample_weights},
        LossOptions.of(options),
    )


def linear_cross_entropy(
    input: Tensor,  # noqa: A002
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None = None,
    *,
    client: Client,
    weight: Tensor | None = None,
    sample_weights: Tensor | None = None,
    **options: Unpack[LossArguments],
) -> Tensor:
    r"""Return ``torch.nn.functional.linear_cross_entropy``, computed by a service in one call.

    The `cross_entropy` of ``input @ linear_weight.T + linear_bias``, whose scores nobody has to
    hold or to send. With :math:`g` the gradient of those, that of `input` is
    :math:`g W`, of `linear_weight` :math:`g^T h` and of `linear_bias` the sum of the rows of
    :math:`g`; they are computed over there, but for reduction "none", where :math:`g` comes
    and backward makes the latter two of it.

    Parameters
    ----------
    input : Tensor (D), (N, D) or (…, D)
        What goes into the last layer.
    linear_weight : Tensor (C, D)
        Weights of the layer, as ``torch.nn.Linear`` has them.
    target : Tensor (), (N) or (…) of any integer dtype, or floats (C), (N, C) or (…, C)
        Class indices or probabilities, as in `cross_entropy`; classes are the last axis here.
    linear_bias : Tensor (C), optional
        Bias of the layer.
    client : lossgrad.Client
        Where the loss is computed.
    weight, sample_weights, **options
        As in `cross_entropy`; a row is one of `input`.

    Returns
    -------
    Tensor
        The loss, and its gradients, as in `cross_entropy`. Dtypes may be mixed; the product is
        computed in the widest.

    Raises
    ------
    LossGradError
        As `cross_entropy`; scores that overflow are told of as ``logits``.

    Examples
    --------
    >>> loss = linear_cross_entropy(body(x), head.weight, labels, head.bias, client=client)
    >>> loss.backward()
    """
    return _evaluate(
        client,
        LINEAR_CROSS_ENTROPY,
        {
            "input": input,
            "linear_weight": linear_weight,
            "linear_bias": linear_bias,
            "target": target,
            "weight": weight,
            "sample_weights": sample_weights,
        },
        LossOptions.of(options),
    )


Function = TypeVar("Function", bound=Callable[..., Any])


def _uncompiled(function: Function) -> Function:
    """Keep a function out of compiled graphs.

    Loads PyTorch's compiler, as every optimiser of PyTorch does.
    """
    return cast(Any, torch.compiler).disable(function)


@_uncompiled
def _evaluate(
    client: Client, loss: Loss, tensors: Mapping[str, Tensor | None], options: LossOptions
) -> Tensor:
    given = those_given(tensors)
    evaluation = Evaluation(client, loss, given, options)
    wanted = evaluation.wanted
    node = LossOfRows if options.reduction == "none" else ReducedLoss
    answer, _ = cast(Any, node).apply(evaluation, wanted, *(given[name] for name in wanted))
    return answer

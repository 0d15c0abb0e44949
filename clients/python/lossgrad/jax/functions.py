"""The losses as functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack, cast

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from lossgrad.client import Client
from lossgrad.jax.case import Case
from lossgrad.jax.checks import check, static_options
from lossgrad.jax.integers import refuse_wrapping
from lossgrad.jax.rules import loss_of
from lossgrad.losses import CROSS_ENTROPY, LINEAR_CROSS_ENTROPY, Loss, LossArguments


def cross_entropy(
    input: ArrayLike,  # noqa: A002
    target: ArrayLike,
    *,
    client: Client,
    weight: ArrayLike | None = None,
    sample_weights: ArrayLike | None = None,
    **options: Unpack[LossArguments],
) -> jax.Array:
    r"""Return PyTorch's ``cross_entropy`` of JAX arrays, computed by a service.

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

    One evaluation is one call: of the loss alone, or under ``jax.grad`` and its like of the loss
    and the gradients of those arrays that are differentiated by. The backward pass multiplies
    and calls nobody; ``jax.checkpoint`` makes the call again. Under ``jax.vmap`` there is one
    call for each entry of the batch, a few of them under way at a time; a function of rows that
    takes all of them at once makes one. JAX may leave out calls of which nothing is used, and
    repeat others: they have no effect but their answer. Forward mode and second derivatives are
    refused.

    Arrays that ``jax.jit`` has sharded over devices are gathered for one call. In a
    ``jax.shard_map``, which needs ``check_vma=False``, each device calls for its own rows: give
    it the whole batch's `denominator`, and sum the losses with ``jax.lax.psum``. On the CPU a
    process with one processor, or with as many devices as processors, sets
    ``jax.config.update("jax_cpu_enable_async_dispatch", False)`` before anything else of JAX,
    whose threads would otherwise wait for themselves; that ends as `DeadlineExceeded`.

    Classes are on axis 1 of arrays with more than two axes, as in PyTorch: logits (B, T, C) of a
    JAX model are to be moved, ``jnp.moveaxis(logits, -1, 1)``, or made rows,
    ``logits.reshape(-1, C)`` with ``labels.reshape(-1)``.

    Without ``jax_enable_x64`` JAX has no integers of 64 bits. Those of NumPy or Python that do not
    fit into 32 are refused here; given to a function under ``jit``, JAX has wrapped them around
    before anybody sees them. ``jax.export`` refuses functions with a loss in them, a callback.

    Parameters
    ----------
    input : array (C), (N, C) or (N, C, d1, …)
        Logits; float16, bfloat16, float32 or float64. A score of −∞ away from the label is a
        mask: smoothing passes it over.
    target : array (), (N) or (N, d1, …) of any integer dtype, or floats as `input`
        Class indices in [0, C), or probabilities ≥ 0, which need not sum to 1 and have gradients
        too. Which of them it has is told by its dtype.
    client : lossgrad.Client
        Where the loss is computed; keep to one. Functions that JAX has compiled hold it: those of
        ``jit`` while they live, but until ``jax.clear_caches()`` a ``jit`` of a module that takes
        it as a static argument, and ``vmap`` and ``scan`` outside of ``jit``.
    weight : array (C), optional
        Weight of each class, finite, of either sign and any float dtype.
    ignore_index : int
        Rows with this index count for nothing, and may hold anything; −100 by default.
    reduction : {"mean", "sum", "none"}
        "mean" by default. With "none" the answer is the loss of each row, as `target` with indices.
    label_smoothing : float
        In [0, 1]; 0 by default.
    sample_weights : array, as `target` with indices, optional
        Weight of each row, finite. Rows of weight 0 count for nothing, and may hold anything.
    denominator : float, optional
        What the mean divides by instead; not 0. One that JAX computes, such as a sum over all
        devices, is no option: use ``reduction="sum"`` and divide.
    temperature : float
        Logits are ``input / temperature``; 1 by default.
    softcap : float, optional
        Logits are squashed to ``softcap · tanh(logits / softcap)``.
    z_loss : float
        :math:`α` above, ≥ 0; 0 by default.
    nonfinite : {"error", "propagate"}
        NaN and infinity in rows that count are refused (the default), or computed with as JAX does.
    empty_mean : {"zero", "nan", "error"}
        The mean where no row counts; "zero" by default, PyTorch's is NaN.
    timeout : float, optional
        Seconds that a call may take; by default the client's.

    Returns
    -------
    jax.Array
        The loss, in the dtype of `input`. Gradients have the dtype of what they are of, and are
        rounded to 16 bits once, after they were multiplied in float32 by that of the loss.

    Raises
    ------
    InvalidArgument
        Where shapes, dtypes or options are wrong, as the function is called or traced; where
        integers need 64 bits that JAX does not have; where an option is a traced value; and where
        `weight` or `sample_weights` are differentiated by, which have no gradient.
    LossGradError
        As `lossgrad.Client.compute`, what is wrong with entries included: outside of
        transformations and under ``jax.grad``.
    jax.errors.JaxRuntimeError, ValueError
        In place of those within ``jit``, ``vmap`` and ``scan``, with their class and text, which
        to match: JAX raises the former until a compiled function has succeeded once, and a plain
        ``ValueError`` from then on. Where it dispatches asynchronously, it does so when the result
        is waited for.

    Examples
    --------
    >>> loss, gradient = jax.value_and_grad(cross_entropy)(logits, labels, client=client)
    """
    return _evaluate(
        client,
        CROSS_ENTROPY,
        {"input": input, "target": target, "weight": weight, "sample_weights": sample_weights},
        options,
    )


def linear_cross_entropy(
    input: ArrayLike,  # noqa: A002
    linear_weight: ArrayLike,
    target: ArrayLike,
    linear_bias: ArrayLike | None = None,
    *,
    client: Client,
    weight: ArrayLike | None = None,
    sample_weights: ArrayLike | None = None,
    **options: Unpack[LossArguments],
) -> jax.Array:
    r"""Return PyTorch's ``linear_cross_entropy`` of JAX arrays, computed by a service.

    The `cross_entropy` of ``input @ linear_weight.T + linear_bias``, whose scores nobody has to
    hold or to send. With :math:`g` the gradient of those, that of `input` is
    :math:`g W`, of `linear_weight` :math:`g^T h` and of `linear_bias` the sum of the rows of
    :math:`g`; they are computed over there, but for reduction "none", where :math:`g` comes
    and the backward pass makes the latter two of it.

    Parameters
    ----------
    input : array (D), (N, D) or (…, D)
        What goes into the last layer.
    linear_weight : array (C, D)
        Weights of the layer as ``torch.nn.Linear`` has them: the transpose of what multiplies
        from the right, such as the kernel (D, C) of a dense layer of Flax.
    target : array (), (N) or (…) of any integer dtype, or floats (C), (N, C) or (…, C)
        Class indices or probabilities, as in `cross_entropy`; classes are the last axis here.
    linear_bias : array (C), optional
        Bias of the layer.
    client : lossgrad.Client
        Where the loss is computed; held as in `cross_entropy`.
    weight, sample_weights, **options
        As in `cross_entropy`; a row is one of `input`.

    Returns
    -------
    jax.Array
        The loss, and its gradients, as in `cross_entropy`. Dtypes may be mixed; the product is
        computed in the widest.

    Raises
    ------
    LossGradError
        As `cross_entropy`; scores that overflow are told of as ``logits``.
    jax.errors.JaxRuntimeError, ValueError
        As `cross_entropy`.

    Examples
    --------
    >>> def loss(weights, features, labels):
    ...     hidden = jax.nn.relu(features @ weights["w1"])
    ...     return linear_cross_entropy(hidden, weights["w2"].T, labels, client=client)
    >>> value, gradients = jax.value_and_grad(loss)(weights, features, labels)
    """
    return _evaluate(
        client,
        LINEAR_CROSS_ENTROPY,
        {
            "input": input,
            "linear_weight": linear_weight,
            "target": target,
            "linear_bias": linear_bias,
            "weight": weight,
            "sample_weights": sample_weights,
        },
        options,
    )


def _evaluate(
    client: Client, loss: Loss, given: Mapping[str, Any], options: LossArguments
) -> jax.Array:
    arrays = {name: _to_jax(name, array) for name, array in given.items() if array is not None}
    case = Case.of(client, loss, static_options(options), arrays)
    check(case)
    return loss_of(case, arrays)


def _to_jax(name: str, given: Any) -> jax.Array:
    refuse_wrapping(name, given)
    return cast(Any, jnp).asarray(given)

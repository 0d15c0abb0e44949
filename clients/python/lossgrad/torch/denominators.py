"""What the mean of a batch divides by, for batches that are computed in parts."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, distributed

from lossgrad import losses
from lossgrad.losses import IGNORED
from lossgrad.torch.tensors import those_given, to_arrays


def batch_denominator(
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = IGNORED,
    sample_weights: Tensor | None = None,
) -> float:
    """Return what the mean over a batch divides by: the weight of all that counts.

    Micro-batches whose `denominator` is that of the whole batch have losses and gradients that
    add up to those of the whole.

    Parameters
    ----------
    target : Tensor
        Of the whole batch, as in `cross_entropy`. For `linear_cross_entropy` of more axes than
        two, flatten probabilities to (N, C).
    weight, ignore_index, sample_weights
        As in `cross_entropy`.

    Returns
    -------
    float
        The sum of ``sample_weights · weight[target]`` over rows that are not ignored; with
        probabilities that of ``sample_weights``. 0 where nothing counts, which is no
        `denominator`: with ``whole or None`` each mean is that of nothing. Weights of either
        sign may add up to 0, too; such a batch has no mean, and ``or None`` does not give it one.

    Raises
    ------
    InvalidArgument
        Where the shapes disagree, `weight` has no such class, or `target` has floats of one axis.

    Examples
    --------
    >>> whole = batch_denominator(labels)
    >>> for x, y in zip(features.split(32), labels.split(32)):
    ...     cross_entropy(model(x), y, client=client, denominator=whole or None).backward()
    """
    given = those_given({"target": target, "weight": weight, "sample_weights": sample_weights})
    return losses.batch_denominator(to_arrays(given), ignore_index)


def ddp_denominator(
    target: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = IGNORED,
    sample_weights: Tensor | None = None,
    group: distributed.ProcessGroup | None = None,
) -> float:
    """Return what the mean of each rank divides by under ``DistributedDataParallel``.

    That averages gradients over the ranks, as if each rank's shard weighed the same. With this
    `denominator` they are those of the mean over the whole batch, however uneven the shards
    are and however many of their rows are ignored. A rank's loss is then its share times the
    number of ranks: their mean is the loss of the whole. Every rank of the group has to call.

    Parameters
    ----------
    target, weight, ignore_index, sample_weights
        This rank's, as in `batch_denominator`.
    group : ProcessGroup, optional
        The ranks that share the batch; by default all.

    Returns
    -------
    float
        The ranks' `batch_denominator` summed up and divided by their number; the same bits on
        each. 0 where nothing counts on any rank, and as there: pass ``whole or None``.

    Raises
    ------
    InvalidArgument
        As `batch_denominator`.
    ValueError
        PyTorch's, where no process group has begun.

    Examples
    --------
    >>> whole = ddp_denominator(labels)
    >>> loss = cross_entropy(model(features), labels, client=client, denominator=whole or None)
    >>> loss.backward()
    """
    own = batch_denominator(
        target, weight=weight, ignore_index=ignore_index, sample_weights=sample_weights
    )
    ranks = [own] * distributed.get_world_size(group)
    cast(Any, distributed).all_gather_object(ranks, own, group)
    return sum(ranks) / len(ranks)

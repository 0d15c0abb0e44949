"""From dScores back to the weights, the hidden layer and the inputs."""

from __future__ import annotations

from typing import cast

from lossgrad.types import Array, Problem
from lossgrad_service.core.block import Block
from lossgrad_service.core.constants import Constants
from lossgrad_service.core.outputs import RowOutputs
from lossgrad_service.core.parts import rounded, zeros
from lossgrad_service.core.plan import Plan
from lossgrad_service.core.silence import silenced
from lossgrad_service.kernels.matrices import linear, products, sums


class Backward:
    """Adds up dW2, db2, dW1, db1 and stores dH1, dX, block by block."""

    def __init__(self, plan: Plan, constants: Constants) -> None:
        self._plan = plan
        self._constants = constants
        self._totals = {name: zeros(shape) for name, shape, _ in plan.sums}

    def add(self, block: Block, gradient: Array, out: RowOutputs) -> None:
        """Take in one block.

        Parameters
        ----------
        block
            Its inputs; rows that do not count poison nothing, whatever they hold.
        gradient
            dScores, (n, C), row dtype, 0 in rows that do not count.
        out
            Where dH1 and dX go.
        """
        counted = block.counted
        self._add_layer("dw2", "db2", block.hidden, gradient, counted)
        if self._plan.needs_hidden_gradient:
            hidden_gradient = self._pull_back(gradient, cast(Array, self._constants.w2), counted)
            out.put("dh1", hidden_gradient)
            if self._plan.needs_first_layer:
                self._add_first_layer(block, hidden_gradient, out)

    def _add_first_layer(self, block: Block, hidden_gradient: Array, out: RowOutputs) -> None:
        gated = linear.relu_gate(hidden_gradient, cast(Array, block.hidden))
        self._add_layer("dw1", "db1", block.x, gated, block.counted)
        if "dx" in out:
            out.put("dx", self._pull_back(gated, cast(Array, self._constants.w1), block.counted))

    def _add_layer(
        self, weights: str, bias: str, inputs: Array | None, gradient: Array, counted: Array
    ) -> None:
        """Add inputsᵀ·gradient and 1ᵀ·gradient to what is wanted of them."""
        if bias in self._totals:
            sums.add_columns(self._totals[bias], gradient, self._plan.threads)
        if weights in self._totals:
            dtype = self._plan.product_dtype
            products.add_product(
                self._totals[weights],
                silenced(cast(Array, inputs), counted).astype(dtype, copy=False),
                gradient.astype(dtype, copy=False),
                self._plan.threads,
            )

    def _pull_back(self, gradient: Array, weights: Array, counted: Array) -> Array:
        """Return gradient·Wᵀ, 0 in rows that do not count."""
        product = products.product(gradient, weights.T, self._plan.threads)
        return silenced(product, counted)

    def finish(self, problem: Problem) -> dict[str, Array]:
        """Return the totals with the gradient of the penalty added once, then rounded once."""
        options = self._plan.options
        factor = options.reg * (1 if options.reg_convention == "half" else 2)
        for name, weights in (("dw2", problem.w2), ("dw1", problem.w1)):
            if factor > 0 and name in self._totals and weights is not None:
                linear.add_scaled(self._totals[name], weights, factor)
        sums = self._plan.sums
        return {name: rounded(self._totals[name], dtype) for name, _, dtype in sums}

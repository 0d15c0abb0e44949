"""PyTorch's cross-entropies as JAX functions, computed by a service with their gradients.

>>> import jax, lossgrad
>>> from lossgrad.jax import cross_entropy
>>> client = lossgrad.Client("localhost:50051")
>>> @jax.jit
... def step(weights, features, labels):
...     def loss(weights):
...         return cross_entropy(features @ weights, labels, client=client)
...     value, gradient = jax.value_and_grad(loss)(weights)
...     return weights - 0.1 * gradient, value

Both work under ``jit``, ``grad``, ``vmap``, ``checkpoint`` and ``lax.scan``. Needs
``pip install "lossgrad[jax]"``.
"""

from lossgrad.jax.functions import cross_entropy, linear_cross_entropy

__all__ = ["cross_entropy", "linear_cross_entropy"]

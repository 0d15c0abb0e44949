"""The layers: products of matrices, biases, sums over rows."""

"""SciPy's L-BFGS on the linear classifier of the second derivation, with both conventions of L2.

    python docs/examples/lbfgs.py --target localhost:50051

The service is the objective: one call answers the loss and all gradients, penalty included.
"full" penalises λ·Σw², "half" half of that, so that the minimum of reg=λ in the one convention
is that of reg=2λ in the other. scikit-learn halves, too, and weighs the rows instead of the
weights: C = 1/(N·2λ). Nobody penalises the bias. Prints where each search ends, and how far
the two other ends lie from the first.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from lossgrad import Client

Vector = NDArray[np.float64]
Convention = Literal["half", "full"]

PENALTY = 1e-3
"""λ"""

PIXELS, LABELS = load_digits(return_X_y=True)
IMAGES = PIXELS / 16
N, D, C = len(IMAGES), 64, 10


def loss_and_gradient(
    parameters: Vector, client: Client, reg: float, convention: Convention
) -> tuple[float, Vector]:
    """Ask the service: this is the function that is minimised."""
    w, b = unpacked(parameters)
    result = client.compute(
        h1=IMAGES, w2=w, b2=b, labels=LABELS, reg=reg, reg_convention=convention
    )
    return result.loss, packed(result.dw2, result.db2)


def packed(w: Vector, b: Vector) -> Vector:
    """Return weights and biases in a row."""
    return np.concatenate([w.ravel(), b])


def unpacked(parameters: Vector) -> tuple[Vector, Vector]:
    """Return the weights, (D, C), and the biases, (C)."""
    return parameters[: D * C].reshape(D, C), parameters[D * C :]


def minimum(client: Client, reg: float, convention: Convention) -> OptimizeResult:
    """Search from zero until the gradient all but vanishes, and tell where that was."""
    found = minimize(
        loss_and_gradient,
        np.zeros(D * C + C),
        args=(client, reg, convention),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-8, "ftol": 0, "maxiter": 1000},
    )
    print(f"{convention}, reg={reg}: loss {found.fun:.12f} after {found.nfev} calls")
    return found


def scikit_learn(reg: float) -> Vector:
    """Return the parameters that scikit-learn finds for a halved penalty of `reg`."""
    model = LogisticRegression(C=1 / (N * reg), tol=1e-8, max_iter=1000).fit(IMAGES, LABELS)
    return packed(model.coef_.T, model.intercept_)


def main() -> None:
    """Search three times and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    with Client(parser.parse_args().target) as client:
        full = minimum(client, PENALTY, "full")
        half = minimum(client, 2 * PENALTY, "half")
    for name, parameters in (("half", half.x), ("scikit-learn", scikit_learn(2 * PENALTY))):
        distance = np.abs(parameters - full.x).max()
        print(f"{name}: no parameter is farther than {distance:.1e} from that of full")
        np.testing.assert_allclose(parameters, full.x, atol=1e-4)


if __name__ == "__main__":
    main()

"""The service by Triton's client, unchanged: the same bits as by lossgrad's own.

    python docs/examples/triton_client.py --target localhost:50051

A target that begins with ``http://`` is called over HTTP, with the arrays as bytes. Options are
parameters, and what is wanted is named as outputs. Prints the losses of a linear classifier that is
trained by the gradients, and that `lossgrad.Client` has the same ones in the same process.
"""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import np_to_triton_dtype

from lossgrad import Client

ROWS, WIDTH, CLASSES, STEPS = 256, 20, 5, 30

Arrays = dict[str, np.ndarray]


def problem() -> Arrays:
    """Return features, labels that can be learnt from them, and weights of zeros."""
    rng = np.random.default_rng(0)
    h1 = rng.standard_normal((ROWS, WIDTH), np.float32)
    labels = (h1 @ rng.standard_normal((WIDTH, CLASSES), np.float32)).argmax(axis=1)
    return {"h1": h1, "labels": labels, "w2": np.zeros((WIDTH, CLASSES), np.float32)}


def infer(client: Any, module: Any, arrays: Arrays) -> tuple[float, np.ndarray]:
    """Return the loss and dW2."""
    inputs = []
    for name, array in arrays.items():
        sent = module.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        inputs.append(sent.set_data_from_numpy(array))
    outputs = [module.InferRequestedOutput(name) for name in ("loss", "dw2")]
    answer = client.infer("linear_softmax_loss", inputs, outputs=outputs, parameters={"reg": 0.001})
    return float(answer.as_numpy("loss")[0]), answer.as_numpy("dw2")


def train(client: Any, module: Any) -> list[float]:
    """Return the loss before each step."""
    arrays, losses = problem(), []
    for _ in range(STEPS):
        loss, dw2 = infer(client, module, arrays)
        arrays["w2"] = arrays["w2"] - dw2
        losses.append(loss)
    return losses


def train_by_lossgrad(target: str) -> list[float]:
    """Return the same by lossgrad's own client."""
    arrays, losses = problem(), []
    with Client(target) as client:
        for _ in range(STEPS):
            result = client.compute(**arrays, reg=0.001)
            arrays["w2"] = arrays["w2"] - result.dw2
            losses.append(result.loss)
    return losses


def main() -> None:
    """Train twice, and compare."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="localhost:50051", help="where the service is")
    target = parser.parse_args().target
    module = tritonclient.http if target.startswith("http://") else tritonclient.grpc
    with module.InferenceServerClient(target.removeprefix("http://")) as client:
        losses = train(client, module)
    print(f"loss from {losses[0]:.4f} to {losses[-1]:.4f}")
    if losses != train_by_lossgrad(target):
        raise SystemExit("the clients have different losses")
    print("both clients have the same losses, bit for bit")


if __name__ == "__main__":
    main()

"""tritonclient or kserve, our client and our server with its own messages, in one process."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

THEIRS = {
    "tritonclient": "from tritonclient.grpc.service_pb2 import ModelInferRequest as theirs",
    "kserve": "from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest as theirs",
}
OURS = dedent(
    """
    import lossgrad
    from lossgrad_service.open_inference.messages import ModelInferRequest as ours
    from tests.running import running_server
    """
)
BOTH_CALL = dedent(
    """
    import struct

    import grpc

    text = ours(model_name="softmax_loss", id="7").SerializeToString()
    assert theirs.FromString(text).id == "7"
    with running_server() as running, lossgrad.Client(running.grpc) as client:
        loss = client.compute(scores=[[1.0, 2.0]], labels=[1]).loss
        request = theirs(model_name="softmax_loss")
        for name, datatype, shape in (("scores", "FP64", [1, 2]), ("labels", "INT64", [1])):
            request.inputs.add(name=name, datatype=datatype, shape=shape)
        request.inputs[0].contents.fp64_contents.extend([1.0, 2.0])
        request.inputs[1].contents.int64_contents.append(1)
        with grpc.insecure_channel(running.grpc) as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            answer = call(request.SerializeToString())
        assert struct.pack("<d", loss) in answer
    print("both answered")
    """
)


def run(*scripts: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "\n".join(scripts)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", THEIRS)
@pytest.mark.parametrize("is_ours_first", [True, False])
def test_both_work(package: str, is_ours_first: bool):
    imports = [OURS, THEIRS[package]] if is_ours_first else [THEIRS[package], OURS]
    done = run(*imports, BOTH_CALL)
    assert done.returncode == 0, done.stderr
    assert "both answered" in done.stdout


def test_theirs_do_not():
    """What the private pool is for: one of theirs cannot be imported beside the other."""
    done = run(*THEIRS.values())
    assert done.returncode != 0
    assert "duplicate" in done.stderr

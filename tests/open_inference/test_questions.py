"""What is asked beside inference: who is there, and with what models."""

from __future__ import annotations

from importlib.metadata import version

import grpc
import numpy as np
import pytest

from lossgrad.types.quantities import INPUTS, WANTABLE
from lossgrad_service.open_inference import messages
from tests.access.files import entry
from tests.open_inference.ports import Grpc, Refused, Rest, request
from tests.running import running_server

MODELS = ("softmax_loss", "linear_softmax_loss")
SCORES = {"scores": np.zeros((2, 3)), "labels": np.zeros(2, int)}


def metadata(over_grpc, name, **more):
    answer = over_grpc.ask("ModelMetadata", name=name, **more)
    return {
        "name": answer.name,
        "versions": list(answer.versions),
        "platform": answer.platform,
        "inputs": [tensor(each) for each in answer.inputs],
        "outputs": [tensor(each) for each in answer.outputs],
    }


def tensor(message):
    return {"name": message.name, "datatype": message.datatype, "shape": list(message.shape)}


def test_it_is_alive_and_ready(over_grpc, rest):
    assert over_grpc.ask("ServerLive").live
    assert over_grpc.ask("ServerReady").ready
    assert rest.get("/v2/health/live") == {"live": True}
    assert rest.get("/v2/health/ready") == {"ready": True}


def test_it_says_what_it_is(over_grpc, rest):
    answer = over_grpc.ask("ServerMetadata")
    told = {"name": answer.name, "version": answer.version, "extensions": [*answer.extensions]}
    assert told == {
        "name": "lossgrad",
        "version": version("lossgrad"),
        "extensions": ["binary_tensor_data", "parameters"],
    }
    assert rest.get("/v2") == told


@pytest.mark.parametrize("name", MODELS)
def test_both_ports_tell_the_same_of_a_model(over_grpc, rest, name):
    told = metadata(over_grpc, name)
    assert told == metadata(over_grpc, name, version="1")
    assert told == rest.get(f"/v2/models/{name}") == rest.get(f"/v2/models/{name}/versions/1")
    assert told["name"] == name
    assert told["versions"] == ["1"]


def test_models_are_what_they_are_called(over_grpc):
    softmax, linear = (metadata(over_grpc, name) for name in MODELS)
    assert [each["name"] for each in linear["inputs"]] == list(INPUTS)
    assert [each["name"] for each in linear["outputs"]] == list(WANTABLE)
    assert [each["name"] for each in softmax["inputs"]] == [
        *("scores", "labels", "targets", "class_weights", "sample_weights")
    ]
    assert not {"dw2", "dh1", "dw1", "db1", "dx"} & {each["name"] for each in softmax["outputs"]}


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_as_they_were_told(over_grpc, name):
    """Each output that a call can have has its datatype, and as many axes."""
    told = {each["name"]: each for each in metadata(over_grpc, name)["outputs"]}
    wanted = [
        each for each in told if each in ("db2", "dscores", "probs") or not each.startswith("d")
    ]
    arguments = {**SCORES, "scores": SCORES["scores"].astype(np.float32)}
    message = request(arguments, model=name, outputs=wanted).SerializeToString()
    reply = messages.ModelInferResponse.FromString(over_grpc.send("ModelInfer", message))
    for output in reply.outputs:
        assert output.datatype == told[output.name]["datatype"], output.name
        assert len(output.shape) == len(told[output.name]["shape"]), output.name


def test_models_are_ready(over_grpc, rest):
    for name in MODELS:
        assert over_grpc.ask("ModelReady", name=name).ready
        assert over_grpc.ask("ModelReady", name=name, version="1").ready
        for path in (f"/v2/models/{name}/ready", f"/v2/models/{name}/versions/1/ready"):
            assert rest.get(path) == {"name": name, "ready": True}


UNKNOWN = {"another name": ("nope", ""), "another version": ("softmax_loss", "2")}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_model_that_there_is_not(over_grpc, rest, case):
    name, number = UNKNOWN[case]
    path = f"/v2/models/{name}" + (f"/versions/{number}" if number else "")
    assert not over_grpc.ask("ModelReady", name=name, version=number).ready
    for call, code in (
        (lambda: over_grpc.ask("ModelMetadata", name=name, version=number), "UNIMPLEMENTED"),
        (lambda: over_grpc.infer(SCORES, model=name, model_version=number), "UNIMPLEMENTED"),
        (lambda: rest.get(path), 404),
        (lambda: rest.get(f"{path}/ready"), 404),
        (lambda: rest.infer(SCORES, model=path.removeprefix("/v2/models/")), 404),
    ):
        with pytest.raises(Refused, match="there is no") as refused:
            call()
        assert refused.value.code == code


@pytest.mark.parametrize(
    "method",
    ["ModelConfig", "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "TraceSetting"],
)
def test_methods_of_triton_alone(over_grpc, method):
    with pytest.raises(Refused) as refused:
        over_grpc.send(method, b"")
    assert refused.value.code == "UNIMPLEMENTED"


def test_streams_of_triton(addresses):
    with grpc.insecure_channel(addresses["gRPC"]) as channel:
        call = channel.stream_stream(f"/{messages.SERVICE_NAME}/ModelStreamInfer")
        with pytest.raises(grpc.RpcError) as caught:
            list(call(iter([b""])))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    "path",
    ["/v2/models", "/v2/models/softmax_loss/config", "/v2/repository/index", "/v2/", "/v2/health"],
)
def test_paths_of_triton_alone(rest, path):
    with pytest.raises(Refused) as refused:
        rest.get(path)
    assert refused.value.code == 404


def test_another_method_of_a_path(rest):
    for method, path in (("GET", "/v2/models/softmax_loss/infer"), ("POST", "/v2")):
        answer = rest.call(method, path, b"", {})
        assert answer.status == 405
        assert answer.json().keys() == {"error"}


def test_a_server_that_drains_is_alive_and_not_ready():
    with running_server() as running:
        running.on_loop(running.server.drain())
        over_grpc, rest = Grpc(running.grpc), Rest(running.http)
        assert over_grpc.ask("ServerLive").live
        assert not over_grpc.ask("ServerReady").ready
        assert not over_grpc.ask("ModelReady", name="softmax_loss").ready
        assert rest.get("/v2/health/live") == {"live": True}
        for path in ("/v2/health/ready", "/v2/models/softmax_loss/ready"):
            with pytest.raises(Refused, match="draining") as refused:
                rest.get(path)
            assert refused.value.code == 503
        assert over_grpc.infer(SCORES).outputs["loss"] == rest.infer(SCORES).outputs["loss"]
        over_grpc.close()


def test_keys_are_asked_for_beyond_probes(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text(entry("a", "lossgrad_good"))
    with running_server(keys_file=keys) as running:
        over_grpc, rest = Grpc(running.grpc), Rest(running.http)
        assert over_grpc.ask("ServerReady").ready
        assert rest.get("/v2/health/ready") == {"ready": True}
        with pytest.raises(Refused) as refused:
            over_grpc.infer(SCORES)
        assert refused.value.code == "UNAUTHENTICATED"
        with pytest.raises(Refused, match="no key") as refused:
            rest.get("/v2")
        assert refused.value.code == 401
        assert rest.get("/v2", authorization="Bearer lossgrad_good")["name"] == "lossgrad"
        over_grpc.close()

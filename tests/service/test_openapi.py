"""The OpenAPI document: complete, and true of the server."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.codecs.base64_arrays import from_object
from lossgrad.types.options import CHOICES, Options
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS
from lossgrad_service.http_api import schemas
from lossgrad_service.http_api.examples import EXAMPLES
from tests.service.web import call, compute


@pytest.fixture(scope="module")
def document(running):
    return call(f"{running.http}/openapi.json").json


def objects(node):
    """Yield every object inside `node`, itself included."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from objects(child)


def numbers(value):
    return from_object(value) if isinstance(value, dict) else np.asarray(value)


def test_every_path_is_described(document):
    assert document["openapi"].startswith("3.1")
    operations = {
        (path, method) for path, methods in document["paths"].items() for method in methods
    }
    assert operations == {
        ("/v1/compute", "post"),
        ("/v1/info", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    }


def test_compute_tells_every_status(document):
    operation = document["paths"]["/v1/compute"]["post"]
    statuses = {"200", "400", "401", "404", "408", "413", "415", "429"}
    statuses |= {"431", "500", "503", "504"}
    assert set(operation["responses"]) == statuses
    for status in statuses - {"200"}:
        content = operation["responses"][status]["content"]
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        assert content == {"application/problem+json": problem}
    body = operation["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/ComputeRequest"}


def test_every_reference_leads_somewhere(document):
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    references = {node["$ref"] for node in objects(document) if "$ref" in node}
    assert references <= known
    assert len(references) >= 8


def test_every_property_is_described(document):
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_are_true(running, example):
    answer = compute(running.http, example.request)
    assert answer.status == 200
    assert answer.json.keys() == example.answer.keys()
    for name, expected in example.answer.items():
        np.testing.assert_allclose(numbers(answer.json[name]), numbers(expected), rtol=1e-6)


def test_examples_are_in_the_document(document):
    operation = document["paths"]["/v1/compute"]["post"]
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    assert {name: example["value"] for name, example in shown.items()} == {
        name: example.request for name, example in EXAMPLES.items()
    }


def test_request_has_every_input_and_option():
    fields = schemas.ComputeRequest.model_fields
    assert list(fields) == [*INPUTS, *OPTION_NAMES, "encoding"]
    defaults = {name: fields[name].default for name in OPTION_NAMES}
    assert defaults == {name: getattr(Options(), name) for name in OPTION_NAMES}


@pytest.mark.parametrize("name", CHOICES)
def test_request_lists_the_words_of_a_choice(document, name):
    described = document["components"]["schemas"]["ComputeRequest"]["properties"][name]
    [words] = [option["enum"] for option in described["anyOf"] if "enum" in option]
    assert tuple(words) == CHOICES[name]


def test_answer_has_every_output(document):
    described = document["components"]["schemas"]["ComputeAnswer"]
    outputs = [output.json for output in OUTPUTS.values()]
    assert list(described["properties"]) == [*SCALARS, *outputs]
    assert described["required"] == [name for name in SCALARS if name != "accuracy"]


def test_answers_are_what_the_models_say(running):
    everything = {
        "x": [[1, 2], [3, 4]],
        "w1": [[1, 0], [0, 1]],
        "w2": [[1, 0, 2], [0, 1, 1]],
        "b1": [0, 0],
        "b2": [0, 0, 0],
        "labels": [0, 2],
        "want": [name for name in (*SCALARS, *OUTPUTS) if name != "dtargets"],
    }
    answer = compute(running.http, everything)
    read = schemas.ComputeAnswer.model_validate(answer.json)
    assert read.model_fields_set == {*SCALARS, *OUTPUTS} - {"dtargets"}
    schemas.Info.model_validate(call(f"{running.http}/v1/info").json)
    schemas.Problem.model_validate(compute(running.http, {}).json)

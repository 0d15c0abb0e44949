"""The OpenAPI document: complete, and true of the server."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.codecs.base64_arrays import from_object
from lossgrad.codecs.json import SPELLINGS
from lossgrad.types.check import CHECKABLE
from lossgrad.types.options import CHOICES, Options
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.quantities import INPUTS, OUTPUTS, SCALARS
from lossgrad_service.http_api import schemas
from lossgrad_service.http_api.check_examples import CHECKS
from lossgrad_service.http_api.examples import EXAMPLES
from tests.service.web import call, check, compute

MODELS = {"/v1/compute": "ComputeRequest", "/v1/check": "CheckRequest"}
"""What is posted, by path."""


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
        ("/v1/check", "post"),
        ("/v1/info", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    }


@pytest.mark.parametrize(("path", "model"), MODELS.items())
def test_what_computes_tells_every_status(document, path, model):
    operation = document["paths"][path]["post"]
    statuses = {"200", "400", "401", "404", "408", "413", "415", "429"}
    statuses |= {"431", "500", "503", "504"}
    assert set(operation["responses"]) == statuses
    for status in statuses - {"200"}:
        content = operation["responses"][status]["content"]
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        assert content == {"application/problem+json": problem}
    body = operation["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": f"#/components/schemas/{model}"}


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


@pytest.mark.parametrize("example", CHECKS.values(), ids=CHECKS)
def test_examples_of_checks_are_true(running, example):
    answer = check(running.http, example.request)
    assert answer.status == 200
    assert in_any_order(answer.json) == close_to(in_any_order(example.answer))


def in_any_order(answer):
    """An answer with its worst entries by their places: they may be equally bad."""
    by_place = [
        {**comparison, "worst": sorted(comparison["worst"], key=lambda entry: entry["index"])}
        for comparison in answer["comparisons"]
    ]
    return answer | {"comparisons": by_place}


def close_to(expected):
    """What equals a document whose numbers differ by rounding."""
    if isinstance(expected, dict):
        return {key: close_to(value) for key, value in expected.items()}
    if isinstance(expected, list):
        return [close_to(value) for value in expected]
    return pytest.approx(expected, rel=1e-6, abs=1e-9) if type(expected) is float else expected


@pytest.mark.parametrize(("path", "examples"), [("compute", EXAMPLES), ("check", CHECKS)])
def test_examples_are_in_the_document(document, path, examples):
    operation = document["paths"][f"/v1/{path}"]["post"]
    shown = operation["requestBody"]["content"]["application/json"]["examples"]
    assert {name: example["value"] for name, example in shown.items()} == {
        name: example.request for name, example in examples.items()
    }


def test_request_has_every_input_and_option():
    fields = schemas.ComputeRequest.model_fields
    assert list(fields) == [*INPUTS, *OPTION_NAMES, "encoding"]
    defaults = {name: fields[name].default for name in OPTION_NAMES}
    assert defaults == {name: getattr(Options(), name) for name in OPTION_NAMES}


def test_a_check_has_every_input_and_option_but_what_it_chooses(document):
    fields = schemas.CheckRequest.model_fields
    chosen = ("want", "gradient_dtype")
    options = [name for name in OPTION_NAMES if name not in chosen]
    assert list(fields) == [*INPUTS, *options, "gradients", "encoding"]
    assert all(fields[name].default == getattr(Options(), name) for name in options)
    described = document["components"]["schemas"]["OwnGradients"]
    assert set(described["properties"]) == {SPELLINGS[name] for name in CHECKABLE}


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
    wrong = {key: value for key, value in everything.items() if key != "want"}
    checked = check(running.http, wrong | {"gradients": {"db2": [1, "NaN", 3], "dW2": [[1]]}})
    assert not schemas.CheckAnswer.model_validate(checked.json).ok
    schemas.Info.model_validate(call(f"{running.http}/v1/info").json)
    schemas.Problem.model_validate(compute(running.http, {}).json)

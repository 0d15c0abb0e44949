"""HTTP as a stranger uses it: the standard library and JSON."""

from __future__ import annotations

import re

import pytest

from lossgrad_service import core
from tests.service.web import call, compute

TWO_ROWS = {"scores": [[1, 2, 3], [0, 0, 0]], "labels": [2, 0]}


def assert_problem(answer, status):
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.headers["x-request-id"]
    return answer.json


def test_compute_answers_lists(running):
    answer = compute(running.http, TWO_ROWS)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["n_rows"] == 2
    assert [sum(row) for row in answer.json["dScores"]] == pytest.approx([0, 0], abs=1e-15)


def test_compute_answers_base64(running):
    answer = compute(running.http, TWO_ROWS | {"encoding": "base64"})
    assert answer.json["dScores"].keys() == {"shape", "dtype", "encoding", "data"}


def test_numbers_that_are_not_finite_are_words_and_never_null(running):
    scores = [["Infinity", 0, 0], ["-Infinity", 0, 0]]
    document = {"scores": scores, "labels": [1, 1], "nonfinite": "propagate", "want": ["probs"]}
    answer = compute(running.http, document)
    assert answer.json["loss"] in ("NaN", "Infinity")
    assert answer.json["probs"][0][0] == "NaN"
    assert answer.json["probs"][1] == [0, 0.5, 0.5]
    assert "null" not in answer.text


def test_headers_tell_timing_and_the_callers_request_id(running):
    answer = compute(running.http, TWO_ROWS, **{"x-request-id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    stages = re.findall(r"(\w+);dur=[\d.]+", answer.headers["server-timing"])
    assert stages == ["decode", "compute", "encode"]


@pytest.mark.parametrize("sent", ["", "with space", "\xe9", "x" * 129])
def test_odd_request_id_is_replaced(running, sent):
    answer = compute(running.http, TWO_ROWS, **{"x-request-id": sent})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_info(running):
    answer = call(f"{running.http}/v1/info")
    assert answer.json["limits"]["max_request_bytes"] == 64 * 2**20
    assert "hinge" in answer.json["losses"]


@pytest.mark.parametrize(("path", "status"), [("healthz", "alive"), ("readyz", "ready")])
def test_probes(running, path, status):
    assert call(f"{running.http}/{path}").json == {"status": status}


@pytest.mark.parametrize("path", ["healthz", "readyz"])
def test_probes_by_head(running, path):
    answer = call(f"{running.http}/{path}", method="HEAD")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize(
    "path",
    [
        *("redoc", "v1", "v1/compute/", "page", "page/js", "docs/", "docs/index.html"),
        *("..%2f..%2fetc/passwd", "page/../../files.py", "page/..%2f..%2ffiles.py"),
    ],
)
def test_unknown_path_is_404(running, path):
    assert_problem(call(f"{running.http}/{path}"), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "v1/compute"), ("PUT", "v1/compute"), ("POST", "v1/info"), ("DELETE", "healthz")],
)
def test_wrong_method_is_405(running, method, path):
    answer = call(f"{running.http}/{path}", method=method)
    assert_problem(answer, 405)
    assert answer.headers["allow"]


def test_wrong_field_is_pointed_at(running):
    problem = assert_problem(compute(running.http, TWO_ROWS | {"labels": [2, 3]}), 400)
    [error] = problem["errors"]
    assert error["pointer"] == "/labels"
    assert "row 1 has 3" in error["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"{} {}", b'{"scores": NaN}', b"\xff"])
def test_body_that_is_no_json_object_is_400(running, body):
    problem = assert_problem(call(f"{running.http}/v1/compute", body), 400)
    assert problem["errors"][0]["pointer"] == ""


def test_bug_is_500_and_tells_nothing(running, monkeypatch, caplog):
    def broken(_problem, **_):
        raise RuntimeError("secret")

    monkeypatch.setattr(core, "compute", broken)
    answer = compute(running.http, TWO_ROWS, **{"x-request-id": "bug-7"})
    assert assert_problem(answer, 500)["request_id"] == "bug-7"
    assert "secret" not in answer.text
    assert "bug-7" in caplog.text


def test_bug_outside_a_method_is_500_too(running, monkeypatch, caplog):
    def broken(_request):
        raise RuntimeError("secret")

    monkeypatch.setattr("lossgrad_service.http_api.app.check_media_type", broken)
    answer = compute(running.http, TWO_ROWS)
    problem = assert_problem(answer, 500)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert problem["request_id"] in caplog.text

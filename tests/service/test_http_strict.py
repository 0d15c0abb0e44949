"""JSON is taken at its word, or refused: nothing is guessed, rounded or dropped in silence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossgrad.errors import InvalidArgument
from lossgrad_service.http_api.repeated_keys import check_keys
from lossgrad_service.http_api.request import read_call, read_check
from tests.service.web import call

GOOD = '"scores": [[1, 2, 3]], "labels": [2]'


def with_score(text):
    return f'{{"scores": [[{text}, 2, 3]], "labels": [2]}}'


def with_labels(text):
    return f'{{"scores": [[1, 2, 3]], "labels": {text}}}'


def with_more(text):
    return f"{{{GOOD}, {text}}}"


def with_object(**changes):
    """Return a request whose scores are in base64, with some members of them changed."""
    array = {"shape": [1, 3], "dtype": "f32", "encoding": "base64", "data": "A" * 16}
    return json.dumps({"scores": array | changes, "labels": [2]})


def nested(depth, innermost="1"):
    return "[" * depth + innermost + "]" * depth


WRONG = {
    # What the body is
    "nothing": ("", "", "not JSON"),
    "spaces": (" \n ", "", "not JSON"),
    "a list": ("[]", "", "must be a JSON object, got a list"),
    "a number": ("1", "", "must be a JSON object, got 1"),
    "a text": ('"a:b"', "", "must be a JSON object, got 'a:b'"),
    "null": ("null", "", "must be a JSON object, got null"),
    "two documents": (f"{{{GOOD}}}{{}}", "", "unexpected content after document"),
    "two lines": (f"{{{GOOD}}}\n{{{GOOD}}}", "", "line 2, column 1"),
    "a zero behind": (f"{{{GOOD}}}\0", "", "not JSON"),
    "a byte order mark": (f"\ufeff{{{GOOD}}}", "", "byte order mark"),
    "UTF-16": (f"{{{GOOD}}}".encode("utf-16"), "", "not valid UTF-8"),
    "UTF-16 without a mark": (f"{{{GOOD}}}".encode("utf-16-le"), "", "not JSON"),
    "UTF-32": (f"{{{GOOD}}}".encode("utf-32"), "", "not valid UTF-8"),
    "Latin-1": ('{"loss": "\xe9"}'.encode("latin-1"), "", "not valid UTF-8"),
    "a surrogate in UTF-8": (b'{"loss": "\xed\xa0\x80"}', "", "not valid UTF-8"),
    "a surrogate in an escape": (with_more(r'"loss": "\ud800"'), "", "surrogate"),
    "a comment": (f"{{{GOOD} /* mine */}}", "", "not JSON"),
    "a comma too many": (f"{{{GOOD},}}", "", "trailing comma"),
    "single quotes": ("{'scores': 1}", "", "not JSON"),
    "depth": ("[" * 250_000, "", "depth limit"),
    "depth of objects": ('{"a":' * 250_000, "", "depth limit"),
    "depth that hides": (f'{{"scores": {nested(1000)}, {GOOD}}}', "", "nested too deeply"),
    # Keys
    "a key twice": (with_more('"labels": [1]'), "", "the key 'labels' twice"),
    "a key twice, alike": (with_more('"labels": [2]'), "", "the key 'labels' twice"),
    "a key twice, null": (with_more('"labels": null'), "", "the key 'labels' twice"),
    "a key twice, escaped": (with_more(r'"l\u0061bels": [1]'), "", "the key 'labels' twice"),
    "an option twice": (with_more('"reg": 0, "reg": 1'), "", "the key 'reg' twice"),
    "an array's key twice": (
        '{"scores": {"shape": [3], "shape": [1, 3]}}',
        "",
        "the key 'shape' twice",
    ),
    "an unknown object's key twice": (with_more('"x": [{"a": 1, "a": 2}]'), "", "the key 'a'"),
    "an unknown key": (with_more('"label": 1'), "/label", "is not an input or option"),
    "a key with a colon": (with_more('"a:b": 1'), "/a:b", "is not an input or option"),
    "a key of 100 kB": (with_more(f'"{"k" * 100_000}": 1'), None, "is not an input or option"),
    "20,000 keys": (
        with_more(",".join(f'"k{i}": 1' for i in range(20_000))),
        "/k0",
        "is not an input or option of this call; it has",
    ),
    # Numbers
    "NaN": (with_score("NaN"), "", 'go in quotes: "NaN", "Infinity"'),
    "-Infinity": (with_score("-Infinity"), "", 'go in quotes: "NaN", "Infinity"'),
    "1e999": (with_score("1e999"), "", "infinity"),
    "a million digits": (with_score("1" * 10**6), "", "infinity"),
    "a leading zero": (with_score("01"), "", "leading zero"),
    "a plus": (with_score("+1"), "", "not JSON"),
    "a text for a number": (with_score('"1"'), "/scores/0/0", "must be a number, got '1'"),
    "a wrong word": (with_score('"inf"'), "/scores/0/0", "must be a number, got 'inf'"),
    "true for a number": (with_score("true"), "/scores/0/0", "must be a number, got true"),
    "null for a number": (with_score("null"), "/scores/0/0", "must be a number, got null"),
    "an object for a number": (with_score("{}"), "/scores/0/0", "got an object"),
    "20,000 texts": (with_score(",".join(['"x"'] * 20_000)), "/scores/0/0", "got 'x'"),
    # Shapes
    "ragged rows": ('{"scores": [[1, 2], [1]]}', "/scores/1", "has length 1"),
    "ragged depth": ('{"scores": [[1, 2], 3]}', "/scores/1", "must be a list"),
    "a list for a number": (with_score("[1]"), "/scores/0/1", "must be a list"),
    "33 axes": (f'{{"scores": {nested(33)}, "labels": [0]}}', "/scores", "at most 32 axes"),
    "1,000 axes": (f'{{"scores": {nested(1000)}, "labels": [0]}}', "/scores", "at most 32 axes"),
    "a bare number": ('{"scores": 1, "labels": 1}', "/scores", "must have shape"),
    "a bare text": ('{"scores": "1", "labels": [1]}', "/scores", "must be a number"),
    # Labels
    "a text for a label": (with_labels('["2"]'), "/labels/0", "must be an integer, got '2'"),
    "true for a label": (with_labels("[true]"), "/labels/0", "must be an integer, got true"),
    "2.0 for a label": (with_labels("[2.0]"), "/labels/0", "must be an integer, got 2.0"),
    "a label beyond int64": (with_labels(f"[{2**63}]"), "/labels/0", "beyond int64"),
    "a label beyond 64 bits": (with_labels(f"[{2**64}]"), "/labels/0", "must be an integer"),
    # Options
    "a text for an option": (with_more('"reg": "1"'), "/reg", "must be a finite number"),
    "true for an option": (with_more('"reg": true'), "/reg", "must be a finite number"),
    "NaN for an option": (with_more('"reg": "NaN"'), "/reg", "must be a finite number"),
    "a list for an option": (with_more('"reg": [1]'), "/reg", "must be a finite number"),
    "a number for a word": (with_more('"loss": 1'), "/loss", "must be one of"),
    "a wrong word for an option": (with_more('"loss": "a:b"'), "/loss", "must be one of"),
    "1.0 for an integer": (with_more('"ignore_index": 1.0'), "/ignore_index", "an integer"),
    "a text for a list": (with_more('"want": "loss"'), "/want", "must be a list of names"),
    "a number for a name": (with_more('"want": [1]'), "/want/0", "must be one of"),
    "20,000 names": (with_more(f'"want": {json.dumps(["x"] * 20_000)}'), "/want", "20000"),
    "an unknown encoding": (with_more('"encoding": "xml"'), "/encoding", "'list' or 'base64'"),
    # Arrays in base64
    "no base64": (with_object(data="A" * 15 + "!"), "/scores/data", "that base64 does not"),
    "base64 for URLs": (with_object(data="A" * 15 + "_"), "/scores/data", "that base64 does not"),
    "base64 in lines": (with_object(data="A" * 15 + "\n"), "/scores/data", "no line breaks"),
    "padding inside": (with_object(data="AA==" * 4), "/scores/data", "that base64 does not"),
    "too little base64": (with_object(data="AAAA"), "/scores/data", "has 4 characters"),
    "too much base64": (with_object(data="A" * 32), "/scores/data", "has 32 characters"),
    "a number for base64": (with_object(data=1), "/scores/data", "must be base64 text"),
    "true for an extent": (with_object(shape=[True, 3]), "/scores/shape/0", "got true"),
    "a text for an extent": (with_object(shape=["1", 3]), "/scores/shape/0", "got '1'"),
    "two negative extents": (with_object(shape=[-1, -3]), "/scores/shape/0", "must be ≥ 0"),
    "an overflowing shape": (with_object(shape=[2**4, 2**60 + 2]), "/scores/shape", "any memory"),
    "100,000 axes": (with_object(shape=[1] * 100_000), "/scores/shape", "at most 32 axes"),
    "Python objects": (with_object(dtype="|O8"), "/scores/dtype", "must be one of f16"),
    "a key too many": (with_object(strides=[12, 4]), "/scores/strides", "is not one of"),
    "a key too few": (with_object(dtype=None), "/scores/dtype", "missing"),
}
"""Body, pointer and words of the first thing that is wrong with it."""


@pytest.mark.parametrize(("body", "pointer", "words"), WRONG.values(), ids=WRONG)
def test_wrong_body_is_400_and_says_why(running, body, pointer, words):
    sent = body if isinstance(body, bytes) else body.encode()
    answer = call(f"{running.http}/v1/compute", sent)
    assert (answer.status, answer.json["title"]) == (400, "Invalid argument")
    assert pointer in (None, answer.json["errors"][0]["pointer"])
    assert words in answer.json["detail"] + answer.json["errors"][0]["detail"]
    assert len(answer.json["detail"].encode()) <= 1024
    assert len(answer.text.encode()) <= 4096
    assert "Traceback" not in answer.text
    assert call(f"{running.http}/v1/compute", f"{{{GOOD}}}".encode()).status == 200


@pytest.mark.parametrize(
    "body",
    [
        f"{{{GOOD}}}",
        f" \r\n\t{{{GOOD}}}\n",
        with_more('"loss": null, "encoding": null'),
        with_score("1e-999"),
        with_score('"-Infinity"'),
        with_score(f"1.{'1' * 10_000}"),
        with_score(str(2**70)),
        with_object(),
    ],
)
def test_right_body_is_taken(body):
    assert read_call(body.encode()).problem.inputs["labels"].tolist() == [2]


def pairs(values):
    """Draw an object as the tuple of its members, where keys may repeat."""
    return st.lists(st.tuples(texts, values), max_size=4).map(tuple)


# Documents with keys and strings of every kind, colons and escapes among them.
texts = st.text(alphabet=st.sampled_from('a:"\\é\n'), max_size=3)
plain = st.none() | st.integers(-9, 9) | texts
documents = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | pairs(inner),
    max_leaves=12,
)


def written(value):
    """Return a drawn value as JSON."""
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{json.dumps(k)} : {written(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def repeats(value):
    """Return whether any object of a drawn value has a key twice."""
    if isinstance(value, tuple):
        keys = [key for key, _ in value]
        return len(set(keys)) < len(keys) or any(repeats(inner) for _, inner in value)
    return isinstance(value, list) and any(map(repeats, value))


@given(documents)
def test_repeated_keys_are_found_and_no_others(value):
    body = written(value).encode()
    if repeats(value):
        with pytest.raises(InvalidArgument, match="twice in one object"):
            check_keys(body, json.loads(body))
    else:
        check_keys(body, json.loads(body))


@pytest.mark.parametrize("digits", [1, 5000])
def test_long_numbers_do_not_hide_a_repeated_key(digits):
    number = "1" + "0" * digits
    body = f'{{"x": 0.{number}, "reg": 1, "reg": 2, "y": {number}}}'.encode()
    with pytest.raises(InvalidArgument, match="'reg' twice"):
        check_keys(body, {"x": 0.1, "reg": 2, "y": 1.0})


def test_usual_bodies_are_parsed_once(monkeypatch):
    monkeypatch.setattr("lossgrad_service.http_api.repeated_keys._parse_again", None)
    for body in (f"{{{GOOD}}}", with_object(), with_more('"want": ["dScores"]')):
        read_call(body.encode())


def test_usual_checks_are_parsed_once(monkeypatch):
    monkeypatch.setattr("lossgrad_service.http_api.repeated_keys._parse_again", None)
    body = json.loads(with_object())
    for own in ({"dScores": body["scores"]}, {"dscores": [[1, 2, 3]], "loss": "NaN"}):
        assert list(read_check(json.dumps(body | {"gradients": own}).encode()).own)


def test_many_names_are_refused_before_each_is_looked_at(monkeypatch):
    monkeypatch.setattr("lossgrad_service.http_api.request.check_request_from_json", None)
    names = ",".join(f'"k{i}": 1' for i in range(100))
    with pytest.raises(InvalidArgument, match=r"it has 1[0-9], not 100") as caught:
        read_check(with_more(f'"gradients": {{{names}}}').encode())
    assert [violation.field for violation in caught.value.violations] == ["gradients.k0"]

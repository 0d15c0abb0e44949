"""Bodies that are no JSON, other JSON, or JSON that others read otherwise."""

from __future__ import annotations

import json

from tests.security.forms import Tensor
from tests.security.good import CALL, SENT
from tests.security.rows import (
    BASE64,
    JSON,
    LISTS,
    NOT_TAKEN,
    Body,
    Row,
    body,
    in_base64,
)

GOOD = SENT[LISTS].content.decode()
DEEP = 250_000


def with_scores(text: str, field: str = "scores") -> Row:
    """A body with scores of this text."""
    return body(f'{{"labels": [2, 0], "scores": {text}}}', field)


def with_option(text: str, field: str) -> Row:
    """A body with a member of this text beside a good call's."""
    return body(f"{GOOD[:-1]}, {text}}}", field)


def data(text: str) -> Row:
    """The 64 characters that the data of scores are expected to have."""
    return in_base64(CALL | {"scores": Tensor("f64", [2, 3], text)}, "scores.data")


def typed(media_type: str) -> Row:
    return Row("", {LISTS: Body(GOOD.encode(), {"content-type": media_type})}, NOT_TAKEN)


def member(key: str, value: object) -> Row:
    """A member of scores in base64."""
    document = json.loads(SENT[BASE64].content)
    document["scores"][key] = value
    return Row(f"scores.{key}", {BASE64: Body(json.dumps(document).encode(), JSON)})


ROWS: dict[str, Row] = {
    "nothing": body(b""),
    "blanks": body(b" \n\t "),
    "a list": body(f"[{GOOD}]"),
    "a text": body('"scores"'),
    "a number": body("1"),
    "null": body("null"),
    "true": body("true"),
    "an empty object": body("{}", "labels"),
    "two documents": body(f"{GOOD} {GOOD}"),
    "two lines": body(f"{GOOD}\n{GOOD}\n"),
    "rubbish behind": body(f"{GOOD}]"),
    "cut off": body(GOOD[:-1]),
    "a text without an end": body(f'{GOOD[:-1]}, "loss'),
    "a comma too many": body(f"{GOOD[:-1]},}}"),
    "a comment": body(f"{GOOD} // so"),
    "Python's quotes": body(GOOD.replace('"', "'")),
    "a control character in a text": body(f'{GOOD[:-1]}, "loss": "soft\nmax"}}'),
    "a NUL": body(GOOD.encode() + b"\0"),
    "a byte order mark": body("\ufeff" + GOOD),
    "UTF-16": body(GOOD.encode("utf-16")),
    "UTF-16 without a mark": body(GOOD.encode("utf-16-le")),
    "UTF-32": body(GOOD.encode("utf-32")),
    "Latin-1": body(f'{GOOD[:-1]}, "é": 1}}'.encode("latin-1")),
    "overlong UTF-8": body(GOOD[:-1].encode() + b', "\xc0\xaf": 1}'),
    "a surrogate in UTF-8": body(GOOD[:-1].encode() + b', "\xed\xa0\x80": 1}'),
    "a lone surrogate as a key": with_option(r'"\ud800": 1', ""),
    "a lone surrogate as a value": with_option(r'"loss": "\udc00"', ""),
    "a lone surrogate as data": body(GOOD.encode()[:-1] + rb', "loss": "\ud83d"}'),
    "lists 250,000 deep": with_scores("[" * DEEP + "]" * DEEP, ""),
    "lists 250,000 deep with no end": body('{"scores":' + "[" * DEEP),
    "objects 250,000 deep": with_scores('{"a":' * DEEP + "1" + "}" * DEEP, ""),
    "lists 1,000 deep": with_scores("[" * 1000 + "1" + "]" * 1000, "scores"),
    "lists 33 deep": with_scores("[" * 33 + "1" + "]" * 33, "scores"),
    "a list among numbers": with_scores("[[1, [2], 3], [1, 2, 3]]", "scores[0][1]"),
    "a number among lists": with_scores("[[1, 2, 3], 4]", "scores[1]"),
    "ragged rows": with_scores("[[1, 2, 3], [1, 2]]", "scores[1]"),
    "an empty row": with_scores("[[1, 2, 3], []]", "scores[1]"),
    "1e999": with_scores("[[1e999, 0, 0], [0, 0, 0]]", ""),
    "−1e999": with_scores("[[-1e999, 0, 0], [0, 0, 0]]", ""),
    "NaN without quotes": with_scores("[[NaN, 0, 0], [0, 0, 0]]", ""),
    "Infinity without quotes": with_scores("[[Infinity, 0, 0], [0, 0, 0]]", ""),
    "−Infinity without quotes": with_scores("[[0, -Infinity, 0], [0, 0, 0]]", ""),
    "a number of a million digits": with_scores(f"[[{'9' * 10**6}, 0, 0], [0, 0, 0]]", ""),
    "a label of a million digits": body(f'{{"scores": [[1, 2]], "labels": [{"1" * 10**6}]}}', ""),
    "a shape of a million digits": Row(
        "",
        {
            BASE64: Body(
                SENT[BASE64].content.replace(b"[2, 3]", b"[2, " + b"3" * 10**6 + b"]"), JSON
            )
        },
    ),
    "a label beyond int64": body('{"scores": [[1, 2]], "labels": [9223372036854775808]}', "labels"),
    "a leading zero": with_scores("[[01, 0, 0], [0, 0, 0]]", ""),
    "a leading plus": with_scores("[[+1, 0, 0], [0, 0, 0]]", ""),
    "hexadecimal": with_scores("[[0x1, 0, 0], [0, 0, 0]]", ""),
    "a text for a number": with_scores('[["1", 0, 0], [0, 0, 0]]', "scores[0][0]"),
    "a word for a number": with_scores('[["nan", 0, 0], [0, 0, 0]]', "scores[0][0]"),
    "true for a number": with_scores("[[true, 0, 0], [0, 0, 0]]", "scores[0][0]"),
    "null for a number": with_scores("[[null, 0, 0], [0, 0, 0]]", "scores[0][0]"),
    "an object for a number": with_scores("[[{}, 0, 0], [0, 0, 0]]", "scores[0][0]"),
    "a text of 1 MB for a number": with_scores(f'[["{"x" * 10**6}", 0, 0]]', "scores[0][0]"),
    "a text for scores": with_scores('"/etc/passwd"'),
    "true for a label": body('{"scores": [[1, 2]], "labels": [true]}', "labels[0]"),
    "1.0 for a label": body('{"scores": [[1, 2]], "labels": [1.0]}', "labels[0]"),
    "a key twice": body(f'{GOOD[:-1]}, "labels": [0, 0]}}'),
    "an option twice": body(f'{GOOD[:-1]}, "loss": "softmax", "loss": "hinge"}}'),
    "a key twice, once escaped": body(rf'{GOOD[:-1]}, "\u006cabels": [0, 0]}}'),
    "a text for an option": with_option('"reg": "0"', "reg"),
    "true for an option": with_option('"temperature": true', "temperature"),
    "an unknown word": with_option('"loss": "Softmax"', "loss"),
    "a word of 1 MB": with_option(f'"loss": "{"x" * 10**6}"', "loss"),
    "a list for a word": with_option('"loss": ["softmax"]', "loss"),
    "an object for gradient_dtype": with_option(
        '"gradient_dtype": {"": [], "v": [[true]]}', "gradient_dtype"
    ),
    "a list for gradient_dtype": with_option('"gradient_dtype": [["a", "f4"]]', "gradient_dtype"),
    "a text for want": with_option('"want": "loss"', "want"),
    "an empty want": with_option('"want": []', "want"),
    "20,000 unknown outputs": with_option('"want": [' + '"nope",' * 19_999 + '"nope"]', "want"),
    "an encoding of another kind": with_option('"encoding": "hex"', "encoding"),
    "ignore_index with a fraction": with_option('"ignore_index": 1.0', "ignore_index"),
    "ignore_index beyond int64": with_option(f'"ignore_index": {2**64}', "ignore_index"),
    "20,000 wrong numbers": with_scores("[" + "[true, 0, 0]," * 19_999 + "[0, 0, 0]]", "scores"),
    "data that is no base64": data("!" * 64),
    "data of another alphabet": data("-_" * 32),
    "data with line breaks": data("A" * 32 + "\n" + "A" * 31),
    "data with blanks": data(" " * 64),
    "data beyond ASCII": data("é" * 64),
    "data with padding within": data("AA==" * 16),
    "data that is all padding": data("=" * 64),
    "data with its length padded away": data("A" * 63 + "="),
    "data as a list": member("data", [1, 2, 3]),
    "data as a number": member("data", 1),
    "no data": member("data", None),
    "no shape": member("shape", None),
    "no dtype": member("dtype", None),
    "no encoding": member("encoding", None),
    "hexadecimal data": member("encoding", "hex"),
    "one more key": member("order", "F"),
    "a file's name": member("file", "/etc/passwd"),
    **{
        f"the media type {kind!r}": typed(kind)
        for kind in (
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/json; charset=utf-16",
            "application/octet-stream",
            "application/grpc",
            "application/json, text/plain",
            "x" * 4000,
        )
    },
}

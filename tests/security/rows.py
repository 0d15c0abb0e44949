"""A row of the table: what is sent to each endpoint, and how each must refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossgrad.codecs.wire import LENGTH, bytes_field, tag
from tests.security import forms
from tests.security.forms import Arguments

GRPC = "gRPC"
STREAM = "gRPC stream"
LISTS = "HTTP lists"
BASE64 = "HTTP base64"
CLIENT = "client"

JSON = {"content-type": "application/json"}

_OPEN = tag(1, LENGTH)
"""Of the field that opens a stream."""


@dataclass(frozen=True)
class Refused:
    """How a call is refused on each transport."""

    grpc: str
    http: int
    client: str
    """Name of the error's class."""

    def over(self, endpoint: str) -> str | int:
        """Return what `endpoint` must answer."""
        codes = {GRPC: self.grpc, STREAM: self.grpc, CLIENT: self.client}
        return codes.get(endpoint, self.http)


INVALID = Refused("INVALID_ARGUMENT", 400, "InvalidArgument")
TOO_LARGE = Refused("OUT_OF_RANGE", 413, "TooLarge")
OVER_GRPCS_LIMIT = Refused("RESOURCE_EXHAUSTED", 413, "TooLarge")
NOT_TAKEN = Refused("UNIMPLEMENTED", 415, "Unimplemented")


@dataclass(frozen=True)
class Body:
    """What is posted over HTTP."""

    content: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Row:
    """One bad input."""

    field: str
    """Path of what is wrong, or the limit that is exceeded; empty for the whole."""
    sent: Mapping[str, Any]
    """What is sent, by endpoint."""
    refused: Refused = INVALID


def everywhere(arguments: Arguments, field: str, refused: Refused = INVALID) -> Row:
    """Return the row of arguments that every endpoint can be given."""
    return Row(
        field,
        {
            GRPC: forms.unary(arguments),
            STREAM: forms.stream(arguments),
            LISTS: Body(forms.lists(arguments), JSON),
            BASE64: Body(forms.in_base64(arguments), JSON),
            CLIENT: arguments,
        },
        refused,
    )


def as_tensors(arguments: Arguments, field: str, refused: Refused = INVALID) -> Row:
    """Return the row of arguments with arrays that only protobuf and base64 can say."""
    return Row(
        field,
        {
            GRPC: forms.unary(arguments),
            STREAM: forms.stream(arguments),
            BASE64: Body(forms.in_base64(arguments), JSON),
        },
        refused,
    )


def without(row: Row, *endpoints: str) -> Row:
    """Return the row for all other endpoints."""
    kept = {name: sent for name, sent in row.sent.items() if name not in endpoints}
    return Row(row.field, kept, row.refused)


def in_base64(arguments: Arguments, field: str) -> Row:
    """Return the row of arguments with arrays that only base64 can say."""
    return Row(field, {BASE64: Body(forms.in_base64(arguments), JSON)})


def protobuf(message: bytes, field: str, refused: Refused = INVALID) -> Row:
    """Return the row of a ComputeRequest, which a stream is opened with as well."""
    return Row(field, {GRPC: message, STREAM: [bytes_field(_OPEN, message)]}, refused)


def messages(sent: Sequence[bytes], field: str, refused: Refused = INVALID) -> Row:
    """Return the row of a stream."""
    return Row(field, {STREAM: list(sent)}, refused)


def body(content: bytes | str, field: str = "", refused: Refused = INVALID, **headers: str) -> Row:
    """Return the row of a body over HTTP; `_` in the name of a header is a dash."""
    content = content.encode() if isinstance(content, str) else content
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Row(field, {LISTS: Body(content, {**JSON, **named})}, refused)


def in_python(arguments: Arguments, field: str) -> Row:
    """Return the row of arguments that only Python can say."""
    return Row(field, {CLIENT: arguments})

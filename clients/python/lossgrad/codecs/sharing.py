"""The messages of the side socket, by which memory is handed over."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError

from lossgrad.v1 import lossgrad_pb2 as pb

MOST_BYTES: Final = 1024
"""Of a message, either way."""

SUFFIX: Final = ".memory"
"""What the path of a Unix socket and that of its side socket differ by."""


class NotShared(Exception):
    """Memory is not shared; the text says why."""


def encode_request(token: str | None) -> bytes:
    """Return what goes with a descriptor."""
    return pb.ShareMemoryRequest(token=token or "").SerializeToString()


def decode_request(message: bytes) -> str | None:
    """Return the token that came with a descriptor, if one did.

    Raises
    ------
    NotShared
        Where the message is malformed.
    """
    try:
        return pb.ShareMemoryRequest.FromString(message).token or None
    except DecodeError:
        raise NotShared("what came is no ShareMemoryRequest") from None


def encode_handle(handle: bytes) -> bytes:
    """Return the answer that memory was taken."""
    return pb.ShareMemoryResponse(handle=handle).SerializeToString()


def encode_refusal(reason: str) -> bytes:
    """Return the answer that it was not."""
    return pb.ShareMemoryResponse(refusal=reason).SerializeToString()


def decode_response(message: bytes) -> bytes:
    """Return the handle of memory that was handed over.

    Raises
    ------
    NotShared
        Where it was refused, or the answer is malformed.
    """
    try:
        answer = pb.ShareMemoryResponse.FromString(message)
    except DecodeError:
        raise NotShared("what the server answered is no ShareMemoryResponse") from None
    if not answer.handle:
        raise NotShared(answer.refusal or "the server ended the connection")
    return answer.handle

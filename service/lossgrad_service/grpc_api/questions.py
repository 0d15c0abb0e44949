"""What is asked beside the service itself: short messages, read by stock code."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from lossgrad.codecs.proto_parts import no_request
from lossgrad.errors import InvalidArgument
from lossgrad_service.grpc_api.contexts import END, no_message

Question = TypeVar("Question", bound=Message)


def decode_question(kind: type[Question], message: bytes, most_bytes: int) -> Question:
    """Return the question that a message is.

    Parameters
    ----------
    kind
        Of the question.
    message
        The bytes that came, or `END` where none did.
    most_bytes
        What it may have.

    Raises
    ------
    InvalidArgument
        Where none came, it has more, or is no question of this kind.
    """
    if message is END:
        raise no_message()
    if len(message) > most_bytes:
        raise InvalidArgument.at(
            "", f"the message has {len(message)} bytes; ask for one name, in {most_bytes} at most"
        )
    try:
        return kind.FromString(message)
    except DecodeError as error:
        raise no_request(kind, message, error) from error

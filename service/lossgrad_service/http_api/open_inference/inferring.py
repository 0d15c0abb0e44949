"""Inference on the bytes of HTTP bodies: decode, compute, encode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lossgrad.types.quantities import OUTPUTS
from lossgrad_service.calls import Deadline, Method, Service, is_quick
from lossgrad_service.http_api.coding import Coding, compressed
from lossgrad_service.http_api.document import Document
from lossgrad_service.http_api.methods import SMALL_ANSWER, TEXT, to_text
from lossgrad_service.http_api.request import read_document
from lossgrad_service.open_inference.answering import Outcome, compute
from lossgrad_service.open_inference.models import Model
from lossgrad_service.open_inference.rest import RestInference, read_inference, write_outcome

_SMALL: Final = 2 * 2**20
"""Bytes of tensors, in and out, that are copied in about a millisecond."""


class InferBody(NamedTuple):
    """A body before it is parsed, and how it is to be answered."""

    model: Model
    document: Document
    tail: memoryview
    """The bytes of tensors."""
    coding: Coding | None
    """Of the answer."""

    def is_small(self) -> bool:
        """Return whether it is read in about a millisecond, whatever it holds."""
        return self.document.is_small() and len(self.tail) <= _SMALL


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call, and how it is to be answered."""

    rest: RestInference
    coding: Coding | None


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a call is answered, and how."""

    outcome: Outcome
    asked: _Asked


class InferAnswer(NamedTuple):
    """A body to answer with."""

    content: bytes
    header_length: int | None
    """Bytes of its JSON before it was compressed; None where there is nothing else."""


def _decode(body: InferBody) -> _Asked:
    document = read_document(body.document.text)
    return _Asked(read_inference(body.model, document, body.tail), body.coding)


def _compute(service: Service, asked: _Asked, deadline: Deadline) -> _Reply:
    return _Reply(compute(service, asked.rest.inference, deadline), asked)


def _encode(reply: _Reply) -> InferAnswer:
    document, arrays = write_outcome(reply.outcome, reply.asked.rest.binary)
    text = to_text(document)
    joined: list[Any] = [text, *arrays]
    content = compressed(b"".join(joined), reply.asked.coding)
    return InferAnswer(content, len(text) if arrays else None)


def _answer_bytes(service: Service, asked: _Asked) -> int:
    """Return what the answer takes, roughly; what is compressed is there twice."""
    inference = asked.rest.inference
    all_bytes = service.answer_bytes(inference.problem)
    size = all_bytes + (TEXT["list"] - 1) * _text_bytes(asked)
    return size if asked.coding is None else 2 * size


def _text_bytes(asked: _Asked) -> int:
    """Return the bytes of arrays that are answered as text."""
    problem, binary = asked.rest.inference.problem, asked.rest.binary
    named = [name for name in asked.rest.inference.outputs if name not in binary]
    return sum(problem.bytes_of(name) for name in named if name in OUTPUTS)


def _is_quick(asked: _Asked) -> bool:
    is_text_short = TEXT["list"] * _text_bytes(asked) <= SMALL_ANSWER
    return asked.coding is None and is_text_short and is_quick(asked.rest.inference.problem)


INFER: Final[Method[InferBody, _Asked, _Reply, InferAnswer]] = Method(
    decode=_decode,
    compute=_compute,
    encode=_encode,
    problem_of=lambda asked: asked.rest.inference.problem,
    answer_bytes=_answer_bytes,
    is_small=InferBody.is_small,
    is_quick=_is_quick,
    small_answer=2 * _SMALL,
)
"""Answers the body of ``POST /v2/models/{model}/infer``."""

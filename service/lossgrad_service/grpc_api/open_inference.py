"""``inference.GRPCInferenceService``: what KServe's and Triton's clients call.

Methods of theirs that are not here are UNIMPLEMENTED, as every unknown one is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import Message

from lossgrad.errors import Unimplemented
from lossgrad.types import InfoRequest
from lossgrad_service.admission import Gate, Visit
from lossgrad_service.calls import Call, Dispatcher, Method, Service, is_quick
from lossgrad_service.grpc_api.contexts import Context, call_of, metadata_of, tell_failure
from lossgrad_service.grpc_api.handlers import Answer, UnaryHandler
from lossgrad_service.grpc_api.questions import decode_question
from lossgrad_service.grpc_api.strangers import Strangers
from lossgrad_service.open_inference import messages
from lossgrad_service.open_inference.answering import Outcome, compute
from lossgrad_service.open_inference.asking import Inference
from lossgrad_service.open_inference.describing import model_metadata, server_metadata
from lossgrad_service.open_inference.models import find_model
from lossgrad_service.open_inference.protobuf import decode_inference, encode_outcome
from lossgrad_service.open_inference.splitting import Parts, split

MOST_BYTES: Final = 2**10
"""Of a question, which is the name of a model at most."""

_SMALL: Final = 2 * 2**20
"""Bytes of a message, and of an answer, that are copied in about a millisecond."""

_SMALL_INTEGERS: Final = 2**16
"""Bytes of integers in fields of their type that are read in that time."""

INTEGER_BYTE: Final = 20
"""What a byte of these is charged beside itself: a charge stands for three times its bytes."""

Told: TypeAlias = Callable[[Service, Any], Message]
"""Gives the answer to a question."""


def _is_small(parts: Parts) -> bool:
    return parts.size <= _SMALL and parts.integer_bytes <= _SMALL_INTEGERS


def _answer_bytes(service: Service, call: Inference) -> int:
    return service.answer_bytes(call.problem)


INFER: Final[Method[Parts, Inference, Outcome, bytes]] = Method(
    decode=decode_inference,
    compute=compute,
    encode=encode_outcome,
    problem_of=lambda call: call.problem,
    answer_bytes=_answer_bytes,
    is_small=_is_small,
    is_quick=lambda call: is_quick(call.problem),
    small_answer=2 * _SMALL,
)
"""Answers a ModelInferRequest by a ModelInferResponse."""


def inference_handler(dispatcher: Dispatcher, gate: Gate) -> grpc.GenericRpcHandler:
    """Return the handler of the methods that there are, on raw bytes.

    Whether the server is alive and ready anybody may ask, as of health.
    """
    unary, told = partial(UnaryHandler, dispatcher, gate), partial(_telling, dispatcher)
    infer = unary("ModelInfer", partial(_infer, dispatcher))
    server = unary("ServerMetadata", told(messages.ServerMetadataRequest, _server))
    model = unary("ModelMetadata", told(messages.ModelMetadataRequest, _model))
    is_ready = partial(_model_ready, dispatcher)
    ready = unary("ModelReady", told(messages.ModelReadyRequest, is_ready))
    handlers = {
        "ModelInfer": infer.of_grpc(),
        "ServerMetadata": server.of_grpc(),
        "ModelMetadata": model.of_grpc(),
        "ModelReady": ready.of_grpc(),
        **_States(dispatcher, gate).handlers(),
    }
    return grpc.method_handlers_generic_handler(messages.SERVICE_NAME, handlers)


async def _infer(dispatcher: Dispatcher, call: Call, visit: Visit, message: bytes) -> bytes:
    """Answer a ModelInferRequest; what integers in fields become has room before they are read."""
    with call.watch.stage("decode"):
        parts = split(message)
    await visit.admit(INTEGER_BYTE * parts.integer_bytes, call.deadline)
    return await dispatcher.answer(INFER, call, visit, parts)


def _telling(dispatcher: Dispatcher, kind: type[Message], told: Told) -> Answer:
    """Return what answers questions of a kind."""

    def answer(message: bytes, call: Call) -> bytes:
        with call.watch.stage("decode"):
            question = decode_question(kind, message, MOST_BYTES)
        with call.watch.stage("encode"):
            return told(dispatcher.service, question).SerializeToString()

    def tell(call: Call, _visit: Visit, message: bytes) -> Awaitable[bytes]:
        return dispatcher.run_at_once(call, partial(answer, message, call))

    return tell


def _server(service: Service, _: object) -> Message:
    version = service.info(InfoRequest()).version
    return messages.ServerMetadataResponse(**server_metadata(version))


def _model(_: Service, question: Any) -> Message:
    model = find_model(question.name, question.version)
    return messages.ModelMetadataResponse(**model_metadata(model))


def _model_ready(dispatcher: Dispatcher, _: Service, question: Any) -> Message:
    """Answer whether a model takes calls; of one that there is not, that it does not."""
    try:
        find_model(question.name, question.version)
    except Unimplemented:
        return messages.ModelReadyResponse(ready=False)
    return messages.ModelReadyResponse(ready=dispatcher.readiness.is_ready)


class _States:
    """Tells everybody whether the server is alive and ready; see `Strangers`."""

    def __init__(self, dispatcher: Dispatcher, gate: Gate) -> None:
        self._strangers = Strangers(gate, dispatcher)
        self._readiness = dispatcher.readiness
        self._most_seconds = dispatcher.idle_seconds

    def handlers(self) -> dict[str, Any]:
        """Return the handlers of its methods."""
        methods = {"ServerLive": self._live, "ServerReady": self._ready}
        return {name: grpc.stream_unary_rpc_method_handler(each) for name, each in methods.items()}

    async def _live(self, _: object, context: Context) -> bytes:
        answer = messages.ServerLiveResponse(live=True)
        return await self._told(messages.ServerLiveRequest, answer, context)

    async def _ready(self, _: object, context: Context) -> bytes:
        answer = messages.ServerReadyResponse(ready=self._readiness.is_ready)
        return await self._told(messages.ServerReadyRequest, answer, context)

    async def _told(self, kind: type[Message], answer: Message, context: Context) -> bytes:
        call = call_of(context, metadata_of(context), self._most_seconds)
        try:
            decode_question(kind, await self._strangers.message(context, call), MOST_BYTES)
        except Exception as error:
            tell_failure(context, error, call)
            return b""
        return answer.SerializeToString()

"""Health, which needs no key, and reflection: nothing that they are asked breaks anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2 as health
from grpc_reflection.v1alpha import reflection_pb2 as reflection

from tests.access.files import entry
from tests.running import channel_to
from tests.security.damage import damaged, truncations
from tests.security.served import MEBIBYTE, serving

SERVICE = "lossgrad.v1.LossGradService"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
ASK = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
METHODS = (CHECK, WATCH, ASK)

TOKEN = "lossgrad_good"
KEY = (("authorization", f"Bearer {TOKEN}"),)

HEALTHY = health.HealthCheckRequest(service=SERVICE).SerializeToString()
EXTENSION = reflection.ExtensionRequest(containing_type=f"{SERVICE}X", extension_number=-1)
QUESTIONS = [
    reflection.ServerReflectionRequest(list_services="*"),
    reflection.ServerReflectionRequest(file_by_filename="lossgrad/v1/lossgrad.proto"),
    reflection.ServerReflectionRequest(file_containing_symbol=SERVICE, host="here"),
    reflection.ServerReflectionRequest(file_containing_extension=EXTENSION),
    reflection.ServerReflectionRequest(all_extension_numbers_of_type="lossgrad.v1.Tensor"),
]
ASKED = [question.SerializeToString() for question in QUESTIONS]
GOOD = {CHECK: HEALTHY, WATCH: HEALTHY, ASK: ASKED[0]}

SPOILED = 100
LONGEST_TEXT = 200
AT_A_TIME = 8


def named(size):
    """Return the question for a name of so many bytes, whichever service it is asked of."""
    return health.HealthCheckRequest(service="s" * size).SerializeToString()


BAD = {
    "no fields": b"\xff\xff\xff",
    "a field cut off": b"\x0a\x05ab",
    "no UTF-8": b"\x0a\x02\xff\xfe",
    "a wrong wire type": b"\x0f",
    "an endless number": b"\x08" + b"\xff" * 11,
    "a long name": named(5_000),
    "a longer name": named(30_000),
    "a mebibyte of a name": named(MEBIBYTE),
    "groups in groups": b"\x0b" * 500,
}


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    """A channel to a server with keys, which must come out of it unharmed."""
    keys = tmp_path_factory.mktemp("keys") / "keys.toml"
    keys.write_text(entry("a", TOKEN))
    with (
        serving("--keys-file", str(keys)) as served,
        channel_to(served.addresses["gRPC"]) as channel,
    ):
        yield channel
        served.assert_unharmed()


def answer(channel, method, messages, metadata=()):
    """Return the status of a call and its text; a Watch is left after its first answer."""
    call = channel.stream_stream(method)(iter(messages), metadata=metadata)
    try:
        for _ in call:
            if method == WATCH:
                break
    except grpc.RpcError as error:
        return error.code().name, error.details()
    finally:
        call.cancel()
    return "OK", ""


def metadata_for(method):
    """Return what a caller has to show."""
    return KEY if method == ASK else ()


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("method", METHODS)
def test_bad_message(channel, method, name):
    shown = metadata_for(method)
    code, text = answer(channel, method, [BAD[name]], shown)
    assert code == "INVALID_ARGUMENT"
    assert 0 < len(text) <= LONGEST_TEXT
    assert answer(channel, method, [GOOD[method]], shown) == ("OK", "")


def test_message_beyond_every_limit(channel):
    for method in METHODS:
        code, text = answer(channel, method, [named(3 * MEBIBYTE)], metadata_for(method))
        assert code == "RESOURCE_EXHAUSTED"
        assert len(text) <= LONGEST_TEXT


def test_no_message(channel):
    assert answer(channel, CHECK, [])[0] == "INVALID_ARGUMENT"
    assert answer(channel, WATCH, [])[0] == "INVALID_ARGUMENT"
    assert answer(channel, ASK, [], KEY) == ("OK", "")


@pytest.mark.parametrize("shown", [(), (("authorization", "Bearer lossgrad_wrong"),)])
def test_without_a_key(channel, shown):
    assert answer(channel, CHECK, [HEALTHY], shown) == ("OK", "")
    assert answer(channel, WATCH, [HEALTHY], shown) == ("OK", "")
    for message in (ASKED[0], BAD["no fields"], BAD["a longer name"]):
        assert answer(channel, ASK, [message], shown)[0] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", ["", "nope", "s" * 1_000, "\N{BRAIN}" * 200, "lossgrad\0"])
def test_name_of_no_service_is_not_told_back(channel, name):
    question = health.HealthCheckRequest(service=name).SerializeToString()
    code, text = answer(channel, CHECK, [question])
    assert code == ("NOT_FOUND" if name else "OK")
    assert len(text) <= LONGEST_TEXT
    assert not name or name not in text
    assert answer(channel, WATCH, [question]) == ("OK", "")


@pytest.mark.parametrize("method", METHODS)
def test_damaged_messages(channel, method):
    originals = ASKED if method == ASK else [HEALTHY]
    sent = [
        spoiled
        for seed, message in enumerate(originals)
        for spoiled in (*truncations(message), *damaged(message, SPOILED, seed))
    ]
    shown = metadata_for(method)
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        codes = set(threads.map(lambda m: answer(channel, method, [m], shown)[0], sent))
    unknown = {"NOT_FOUND"} if method == CHECK else set()
    assert codes == {"OK", "INVALID_ARGUMENT"} | unknown


def test_bad_question_after_good_ones(channel):
    assert answer(channel, ASK, ASKED, KEY) == ("OK", "")
    assert answer(channel, ASK, [*ASKED, BAD["no fields"]], KEY)[0] == "INVALID_ARGUMENT"

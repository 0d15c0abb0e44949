"""``lossgrad key``: a token that is shown once, and the entry that goes into the keys file."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lossgrad_service.access.caller import Quota
from lossgrad_service.access.keys import parse_keys
from lossgrad_service.access.tokens import digest_of
from lossgrad_service.cli import app


def run(*arguments):
    return CliRunner().invoke(app, ["key", *arguments])


def test_token_and_entry():
    done = run("trainer")
    assert done.exit_code == 0
    said, token = done.stderr.strip().rsplit(" ", 1)
    assert said == "token of trainer, shown only now:"
    assert token not in done.stdout
    (key,) = parse_keys(done.stdout)
    assert key.digest == digest_of(token)
    assert key.caller.name == "trainer"
    assert key.caller.quota is None


def test_entries_add_up_to_a_file():
    flags = ("--calls-per-minute", "5", "--bytes-per-minute", "7")
    first, second = (run("trainer", *flags) for _ in range(2))
    one, other = parse_keys(first.stdout + second.stdout)
    assert one.caller == other.caller
    assert one.caller.quota == Quota(5, 7)
    assert one.digest != other.digest


def test_json():
    done = run("trainer", "--calls-per-minute", "5", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    token = told.pop("token")
    assert told == {
        "name": "trainer",
        "sha256": digest_of(token).hex(),
        "calls_per_minute": 5,
    }
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [("a b",), ("",), ("a", "--calls-per-minute", "0"), ()])
def test_what_means_nothing(arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr

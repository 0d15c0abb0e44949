"""SIGHUP: each worker is replaced by another that is ready before, and no call fails."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import trustme

from lossgrad_service.metrics import Place, Slab
from lossgrad_service.metrics.slab import shared_memory
from lossgrad_service.runtime.settings import Settings
from lossgrad_service.workers.post import Post
from lossgrad_service.workers.supervisor import Supervisor
from tests.metrics.reading import value_in
from tests.running import PATIENCE_SECONDS
from tests.service.processes import serving
from tests.service.stand_ins import (
    FAILS,
    HANGS,
    LASTS,
    NEVER_READY,
    SAYS_WHY,
    keeper_of,
    restarts_of,
)
from tests.service.supervised import TWO, both_ready, calling, next_told, watched

pytestmark = pytest.mark.usefixtures("heeded_hangups")


@pytest.fixture
def renewable(tmp_path):
    """An authority, and the flags of a service whose certificate it can renew."""
    authority, certificate, key = trustme.CA(), tmp_path / "cert.pem", tmp_path / "key.pem"
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")

    def renew():
        served = authority.issue_cert("127.0.0.1")
        served.private_key_pem.write_to_path(key)
        served.cert_chain_pems[0].write_to_path(certificate)

    renew()
    flags = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    return renew, certificate, tmp_path / "authority.pem", flags


def certificate_of(target):
    parts = urlsplit(target)
    return ssl.get_server_certificate((parts.hostname, parts.port), timeout=PATIENCE_SECONDS)


def restarts_in(target, authority, cause):
    context = ssl.create_default_context(cafile=authority)
    with urlopen(f"{target}/metrics", timeout=PATIENCE_SECONDS, context=context) as answer:
        text = answer.read().decode()
    name = "lossgrad_worker_restarts_total"
    return [value_in(text, name, worker=worker, cause=cause) for worker in "12"]


def test_workers_are_replaced_and_no_call_fails(tmp_path, renewable):
    renew, certificate, authority, flags = renewable
    with serving(*TWO, *flags, "--unix-socket", str(tmp_path / "s"), lines=3) as (process, served):
        before, shown = both_ready(process), certificate_of(served["HTTP"])
        (tmp_path / "s").chmod(0o660)
        secure = calling((served["gRPC"], served["HTTP"]), tls_ca=authority)
        with secure, calling([served["Unix"]]), watched(before.values()) as ended:
            certificate.write_text("broken")
            process.send_signal(signal.SIGHUP)
            next_told(process, "worker 1 ended before it was ready.*; the one before goes on")
            renew()
            process.send_signal(signal.SIGHUP)
            after = both_ready(process)
            next_told(process, "all workers are replaced")
            ended()
        assert not {*before.values()} & {*after.values()}
        assert certificate_of(served["HTTP"]) != shown
        assert restarts_in(served["HTTP"], authority, "unready") == [1, 0]
        assert restarts_in(served["HTTP"], authority, "reload") == [1, 1]
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert not (tmp_path / "s").exists()


# In what order


TELLS = """
import socket
line = socket.socket(fileno=0)
line.recv(99)
print({name!r}, "is ready", flush=True)
line.send(b"ready\\n")
print({name!r}, "is told", line.recv(99), flush=True)
"""
FIRST, SECOND = TELLS.format(name="first"), TELLS.format(name="second")


@pytest.fixture
def seats():
    """Both places of a worker."""
    descriptor = shared_memory(1)
    slab = Slab.at(descriptor, 1)
    os.close(descriptor)
    return Place(slab, 0, 0), Place(slab, 0, 1)


def post_of(seats, *programs):
    """Return a post whose every keeper runs the next program."""
    left = iter(programs)

    def hire(seat, patience):
        return keeper_of(next(left), place=seats[seat], patience=patience)

    return Post(hire)


async def renewed(post, times):
    """Hold a post, renew it so often, and end; return what the renewals came to."""
    failed = asyncio.Event()
    post.begin(failed.set)
    results = [await post.renew() for _ in range(times)]
    post.stop()
    await post.end()
    assert not failed.is_set()
    return results


def test_successor_is_ready_before_the_worker_is_told(seats, capfd):
    assert asyncio.run(renewed(post_of(seats, FIRST, SECOND, FIRST), 2)) == [True, True]
    assert capfd.readouterr().out.splitlines() == [
        "first is ready",
        "second is ready",
        r"first is told b'replaced\n'",
        "first is ready",
        r"second is told b'replaced\n'",
        "first is told b''",
    ]
    assert restarts_of(seats[0]) == {"reload": 2}


def test_worker_goes_on_where_its_successor_does_not_get_ready(seats, capfd, caplog):
    assert asyncio.run(renewed(post_of(seats, FIRST, SAYS_WHY, SECOND), 2)) == [False, True]
    told = "worker 1 ended before it was ready, with exit code 4: no room; the one before goes on"
    assert told in caplog.text
    assert capfd.readouterr().out.splitlines()[:2] == ["first is ready", "second is ready"]
    assert restarts_of(seats[0]) == {"unready": 1, "reload": 1}


def test_worker_that_does_not_end_is_killed(seats, caplog):
    keepers = iter([keeper_of(HANGS, place=seats[0], stop_seconds=0.0), keeper_of(LASTS)])
    assert asyncio.run(renewed(Post(lambda *_: next(keepers)), 1)) == [True]
    assert "worker 1 did not stop within 0 s and is killed" in caplog.text


# At which signals


async def supervised(posts, signals_after):
    """Supervise, and send a signal after each text that the log has in its turn."""
    supervisor = Supervisor(Settings(workers=2), posts)
    running = asyncio.create_task(supervisor.run())
    for told, signum in signals_after:
        await told()
        os.kill(os.getpid(), signum)
    await asyncio.wait_for(running, PATIENCE_SECONDS)


def until(caplog, text, count=1):
    """Return what waits until the log has a text so often."""

    async def wait():
        async with asyncio.timeout(PATIENCE_SECONDS):
            while caplog.text.count(text) < count:
                await asyncio.sleep(0.01)

    return wait


def test_hangup_during_a_renewal_has_another_one_follow(seats, caplog):
    caplog.set_level("INFO")
    first = post_of(seats, *[LASTS] * 3)
    second = post_of((Place.alone(), Place.alone()), *[LASTS] * 3)
    script = [
        (until(caplog, "is ready", 2), signal.SIGHUP),
        (until(caplog, "is ready", 3), signal.SIGHUP),
        (until(caplog, "all workers are replaced", 2), signal.SIGTERM),
    ]
    asyncio.run(supervised([first, second], script))
    assert caplog.text.count("is ready as process") == 6
    assert restarts_of(seats[0]) == {"reload": 2}


def test_signal_during_a_renewal_ends_all(seats, caplog, capfd):
    caplog.set_level("INFO")
    posts = [post_of(seats, LASTS, NEVER_READY)]

    async def started():
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "starts" not in capfd.readouterr().out:
                await asyncio.sleep(0.01)

    script = [(until(caplog, "is ready"), signal.SIGHUP), (started, signal.SIGTERM)]
    asyncio.run(supervised(posts, script))
    assert restarts_of(seats[0]) == {}


def test_a_renewal_that_fails_stops_at_the_first_worker(seats, caplog):
    caplog.set_level("INFO")
    first = post_of(seats, LASTS, FAILS)
    second = post_of((Place.alone(), Place.alone()), LASTS)
    script = [
        (until(caplog, "is ready", 2), signal.SIGHUP),
        (until(caplog, "the one before goes on"), signal.SIGTERM),
    ]
    asyncio.run(supervised([first, second], script))
    assert restarts_of(seats[0]) == {"unready": 1}

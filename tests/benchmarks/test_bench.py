"""The benchmark compares ways that bring the same, and tells what it has measured."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from lossgrad import TooLarge
from lossgrad_service.benchmarks import (
    memory,
    run,
    stream,
    throughput,
    timing,
)
from lossgrad_service.benchmarks.bars import Bar, bars_of
from lossgrad_service.benchmarks.callers import Task, running_callers
from lossgrad_service.benchmarks.chart import save_chart
from lossgrad_service.benchmarks.figures import told_bytes
from lossgrad_service.benchmarks.kernel import libraries
from lossgrad_service.benchmarks.results import Memory, Results, Times
from lossgrad_service.benchmarks.servers import (
    running_lossgrad,
    running_reference,
    running_references,
)
from lossgrad_service.benchmarks.table import rates_table, times_table
from lossgrad_service.benchmarks.ways import WAYS, names, open_ways, ways_to
from lossgrad_service.benchmarks.workloads import WORKLOADS, Workload
from lossgrad_service.child.piped import ProcessDied
from lossgrad_service.cli import matplotlib_check
from lossgrad_service.cli.app import app
from tests.running import Running, running_server

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

SMALL = Workload.parse("3x4")
LAYERED = Workload.parse("5x2x3")
STREAMED = Workload.parse("300x3x2000")

ECHOES = (names.TCP_ECHO, names.UNARY_ECHO, *names.STREAM_ECHOES)


@pytest.fixture(scope="module")
def references() -> Iterator[dict[str, str]]:
    with running_references() as targets:
        yield targets


@pytest.fixture(scope="module")
def targets(references: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return where every server is that a run calls."""
    with running_lossgrad() as child:
        yield {**references, **child.addresses}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SETTLING_SECONDS", "WARMING_SECONDS", "TURN_SECONDS"):
        monkeypatch.setattr(timing, pause, 0)
    monkeypatch.setattr(throughput, "SECONDS", 0)


@pytest.mark.parametrize("workload", [SMALL, LAYERED, STREAMED], ids=str)
def test_ways_bring_the_same(targets: dict[str, str], workload: Workload) -> None:
    with open_ways(targets, workload) as calls:
        answers = {name: call() for name, call in calls.items()}
    assert answers.keys() == {way.name for way in ways_to(targets)}
    copied = answers.pop(names.MEMCPY)
    assert [part.nbytes for part in copied] == [workload.bytes_in, workload.bytes_out]
    for name in ECHOES:
        assert answers.pop(name) == workload.bytes_out, name
    for name, answer in answers.items():
        for quantity in ("loss", "dscores", *(("dw2", "db2") if workload.shape.width else ())):
            found, expected = (getattr(each, quantity) for each in (answer, answers[names.LOCAL]))
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("workload", [SMALL, LAYERED, STREAMED], ids=str)
def test_bytes_are_those_of_the_arrays(workload: Workload) -> None:
    arguments = workload.arguments()
    assert workload.bytes_in == sum(array.nbytes for array in arguments.values())
    wanted = {"dscores": "scores", "dw2": "w2"}
    answered = sum(arguments[of].nbytes for of in wanted.values() if of in arguments)
    biases = 0 if workload.shape.width is None else 4 * workload.shape.classes
    assert workload.bytes_out == answered + biases


def test_ways_are_left_out_where_they_make_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Workload.parse("D")
    assert not any(
        WAYS[name].suits(large) for name in (names.LISTS, names.FASTAPI, names.FASTAPI_BY_ORJSON)
    )
    assert WAYS[names.STREAM].suits(large)
    monkeypatch.setitem(libraries.DISTRIBUTIONS, "PyTorch", "no-such-distribution")
    assert names.PYTORCH not in {way.name for way in ways_to({})}
    assert "PyTorch is not installed" in str(times_table(SMALL, TIMES).caption)


def test_ways_that_do_not_take_a_workload_are_told_by_a_dash() -> None:
    with running_server(max_request_bytes=3000) as running:
        times = run._times({"HTTP": running.http}, Workload.parse("16x40"), rounds=1)
    assert times[names.LISTS] is times[names.BASE64] is None
    [row] = [line for line in shown(times_table(SMALL, times)) if names.LISTS in line]
    assert row.count("–") == 5


def test_turns_are_taken_in_rounds() -> None:
    called: list[str] = []
    ways = {"a": lambda: called.append("a"), "b": lambda: called.append("b")}
    taken = timing.turns(ways, 3)
    assert called == ["a", "a", "b", "b"] * 3
    assert [len(turns) for turns in taken.values()] == [3, 3]


def test_ways_that_took_long_sit_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_SECONDS", 1e-9)
    assert len(timing.turns({"a": list}, 3)["a"]) == 1


def test_all_calls_of_all_turns_count() -> None:
    assert Times.of([[1.0, 2.0], [9.0]]) == Times(median=2.0, p99=pytest.approx(8.86), calls=3)


def test_callers_call_together_and_survive_it(targets: dict[str, str]) -> None:
    with running_callers(2) as callers:
        for name in (names.UNARY, names.UNARY_ECHO):
            task = Task(name, targets[WAYS[name].server], SMALL, 0)
            assert callers.rate(task, 2) > 0


def test_what_a_caller_is_answered_is_told() -> None:
    with (
        running_server(max_request_bytes=100) as running,
        running_callers(1) as callers,
        pytest.raises(TooLarge),
    ):
        callers.rate(Task(names.BASE64, running.http, LAYERED, 0), 1)


def test_caller_that_dies_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with running_callers(1) as callers, pytest.raises(ProcessDied):
        callers.rate(Task("no such way", "", SMALL, 0), 1)
    assert "no such way" in capfd.readouterr().err


def test_memory_is_that_of_all_processes() -> None:
    alone = memory.resident(os.getpid())
    assert 0 < alone.idle <= alone.peak
    with running_reference("tcp_echo") as child:
        theirs = memory.resident(child.pid)
        assert 2**20 < theirs.idle < memory.resident(os.getpid()).idle


def test_memory_of_large_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGE", STREAMED)
    found = memory.memory_of_large_calls()
    assert found.keys() == {names.STREAM, names.GRPCIO}
    assert all(0 < each.idle <= each.peak for each in found.values())


TIMES = {
    **dict.fromkeys(WAYS, Times(0.002, 0.003, 10)),
    names.MEMCPY: Times(0.001, 0.001, 10),
    names.STREAM: None,
}
"""The way that is left out is one on which bars depend."""

RATES = {name: {1: 100.0, 8: 300.0} for name in throughput.COUNTED}

RESULTS = Results(
    times=dict.fromkeys(WORKLOADS, TIMES),
    rates=dict.fromkeys(WORKLOADS[:2], RATES),
    memory={names.STREAM: Memory(idle=2**27, peak=2**28)},
)


def test_bars_tell_what_was_reached() -> None:
    verdicts = [(bar.text, bar.figure, bar.is_met) for bar in bars_of(RESULTS)]
    assert verdicts == [
        ("A: gRPC, unary ÷ gRPC unary echo", 1.0, True),
        ("B: gRPC, unary ÷ gRPC unary echo", 1.0, True),
        ("C: gRPC, stream ÷ (gRPC stream echo, 1 MiB + NumPy, no server)", None, None),
        ("D: gRPC, stream ÷ gRPC stream echo, 1 MiB", None, None),
        ("C: shared memory ÷ PyTorch, no server", 1.0, True),
        ("D: shared memory ÷ memcpy, in and out", 2.0, True),
        ("D: in place ÷ memcpy, in and out", 2.0, False),
        ("B: tutorial FastAPI, lists ÷ HTTP, lists", 1.0, False),
        ("B: tutorial FastAPI, lists ÷ HTTP, base64", 1.0, False),
        ("A, calls/s by 8: gRPC, unary ÷ gRPC unary echo", 1.0, True),
        ("A, calls/s by 8: gRPC, unary ÷ tutorial grpcio", 1.0, False),
        ("B, calls/s by 8: gRPC, unary ÷ gRPC unary echo", 1.0, True),
        ("B, calls/s by 8: gRPC, unary ÷ tutorial grpcio", 1.0, False),
        ("D: MiB of the server at its peak", 256.0, True),
    ]


def test_bars_compare_with_the_better_stream_echo() -> None:
    quick, slow = names.STREAM_ECHOES
    times = {**TIMES, quick: Times(0.001, 0, 1), slow: Times(0.004, 0, 1)}
    times[names.STREAM] = Times(0.0015, 0, 1)
    results = Results(times={Workload.parse("D"): times})
    assert bars_of(results)[0] == Bar(f"D: gRPC, stream ÷ {quick}", "≤", 1.2, 1.5)


def test_bars_belong_to_workloads_that_were_measured() -> None:
    assert bars_of(Results(times={SMALL: TIMES})) == []


def test_rates_of_ways_that_were_not_counted_are_dashes() -> None:
    rates = {key: RATES[key] for key in (names.UNARY_ECHO, names.UNARY)}
    lines = shown(rates_table({WORKLOADS[0]: RATES, WORKLOADS[1]: rates}))
    [row] = [line for line in lines if names.GRPCIO in line]
    assert row.count("–") == 3


def shown(table: Any) -> list[str]:
    """Return the lines of a terminal of 80 columns."""
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


@pytest.mark.parametrize(("count", "text"), [(61_344, "61.3 kB"), (131_080_192, "131 MB")])
def test_bytes_are_told(count: int, text: str) -> None:
    assert told_bytes(count) == text


def test_chart_is_a_png(tmp_path: Path) -> None:
    save_chart(RESULTS, tmp_path / "out" / "chart.png")
    assert (tmp_path / "out" / "chart.png").read_bytes().startswith(PNG_SIGNATURE)


@pytest.fixture
def _references_run(references: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "running_references", lambda: nullcontext(references))


def bench(*options: str) -> Result:
    return CliRunner().invoke(app, ["bench", "--rounds", "1", *options])


@pytest.mark.usefixtures("_references_run")
def test_command_starts_a_service_and_measures_it() -> None:
    done = bench("--workload", "3x4", "--workload", "5x2x3")
    assert done.exit_code == 0, done.output
    for text in ("3×4, float32, 0.072 kB sent", "5×2×3, float32", *WAYS.keys() - {names.PYTORCH}):
        assert text in done.output


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_server() as running:
        yield running


@pytest.mark.usefixtures("_references_run")
def test_command_measures_running_services(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BUSY", ("3x4",))
    monkeypatch.setattr(run, "MANY", 2)  # who would call for the others are not started
    figures, chart = tmp_path / "new" / "figures.json", tmp_path / "new" / "chart.png"
    files = ("--json", str(figures), "--png", str(chart))
    targets = ("--target", running.grpc, "--target", running.http)
    done = bench("--workload", "3x4", *targets, *files)
    assert done.exit_code == 0, done.output
    assert names.UNIX not in done.output
    assert chart.read_bytes().startswith(PNG_SIGNATURE)
    told = json.loads(figures.read_bytes())
    [workload] = told["workloads"]
    assert (workload["rows"], workload["classes"], workload["bytes_out"]) == (3, 4, 48)
    assert workload["times"][names.UNARY]["median"] > 0
    assert told["calls_per_second"]["3x4"][names.UNARY].keys() == {"1", "8"}


def test_command_streams_what_is_larger_than_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS_PER_GIBIBYTE", 40)
    done = bench("--stream-gib", "2", "--json", str(tmp_path / "figures.json"))
    assert done.exit_code == 0, done.output
    assert "2 GiB of scores" in done.output
    assert "2 GiB: MiB of the server above idle" in done.output
    told = json.loads((tmp_path / "figures.json").read_bytes())
    assert told["streamed"]["memory"]["peak"] > told["streamed"]["memory"]["idle"] > 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--workload", "E"], "--workload"),
        (["--workload", "3x0"], "--workload"),
        (["--target", "local:"], "is timed already"),
        (["--target", "a:1", "--target", "grpc://b:2"], "one of gRPC is enough"),
        (["--target", "nowhere"], "host and a port"),
        (["--stream-gib", "1", "--png", "chart.png"], "nothing to draw"),
    ],
)
def test_wrong_options_are_told(options: list[str], text: str) -> None:
    done = bench(*options)
    assert done.exit_code == 2
    assert text in done.output


def test_missing_matplotlib_is_told_before_anything_is_timed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(matplotlib_check, "find_spec", lambda _: None)
    done = bench("--png", str(tmp_path / "chart.png"))
    assert done.exit_code == 1
    assert "pip install 'lossgrad[demo]'" in done.output

"""``lossgrad compute`` and ``lossgrad info``: files in, tables and files out, exit codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from lossgrad_service.cli import app
from lossgrad_service.cli.app import COMMANDS

SCORES = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
LABELS = np.array([2, 0])


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "in.npz"
    np.savez(path, scores=SCORES, labels=LABELS)
    return path


def request(**more):
    return json.dumps({"scores": SCORES.tolist(), "labels": LABELS.tolist(), **more})


def answer(done):
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_archive_in_json_out(archive):
    found = answer(run("compute", archive, "--json"))
    assert found["n_rows"] == 2
    assert np.shape(found["dScores"]) == (2, 3)


def test_json_file_and_standard_input_say_the_same(archive, tmp_path):
    path = tmp_path / "in.json"
    path.write_text(request())
    expected = answer(run("compute", archive, "--json"))
    assert answer(run("compute", path, "--json")) == expected
    assert answer(run("compute", "-", "--json", stdin=request())) == expected
    assert answer(run("compute", "-", "--json", stdin=archive.read_bytes())) == expected


def test_flags_and_assignments_are_options(archive):
    flags = ("--reduction", "sum", "--want", "probs", "--want", "accuracy")
    found = answer(run("compute", archive, "--json", *flags, "--option", "temperature=2.5"))
    expected = request(reduction="sum", want=["probs", "accuracy"], temperature=2.5)
    assert found == answer(run("compute", "-", "--json", stdin=expected))
    assert found["accuracy"] == 1


def test_outputs_may_be_spelled_as_in_json(archive):
    expected = answer(run("compute", archive, "--json", "--want", "dscores"))
    assert answer(run("compute", archive, "--json", "--want", "dScores")) == expected
    found = answer(run("compute", "-", "--json", "--want", "dScores", stdin=request()))
    assert found == expected


def test_options_in_an_archive(tmp_path):
    path = tmp_path / "in.npz"
    options = {"reduction": "sum", "temperature": 2.5, "ignore_index": 7, "want": ["dScores"]}
    np.savez(path, scores=SCORES, labels=LABELS, **options)
    found = answer(run("compute", path, "--json"))
    assert found == answer(run("compute", "-", "--json", stdin=request(**options)))


def test_flag_wins_over_the_request():
    found = answer(run("compute", "-", "--json", "--reduction", "sum", stdin=request()))
    assert found["denominator"] == 1


def test_output_archive(archive, tmp_path):
    path = tmp_path / "out.npz"
    flags = ("--want", "dscores", "--option", "gradient_dtype=bf16")
    assert run("compute", archive, "-o", path, *flags).exit_code == 0
    with np.load(path) as found:
        assert found["dscores"].dtype == np.float32
        assert found["dscores"].shape == (2, 3)
        assert found["loss"] > 0


def test_table_shows_scalars_and_arrays(archive):
    shown = run("compute", archive).stdout
    assert "data_loss" in shown
    assert "(2, 3)" in shown
    assert "float64" in shown


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_target(running, archive, protocol):
    target = running.server.addresses[protocol]
    expected = answer(run("compute", archive, "--json"))
    assert answer(run("compute", archive, "--json", "--target", target)) == expected


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_info_of_a_server(running, protocol):
    found = answer(run("info", "--target", running.server.addresses[protocol], "--json"))
    assert found["limits"]["max_request_bytes"] == 64 * 2**20


def test_info_table():
    shown = run("info").stdout
    assert "max_response_bytes" in shown
    assert "softmax, hinge" in shown


def lines(done, code):
    assert done.exit_code == code
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_every_violation_is_a_line():
    wrong = request(labels=[0, 1], reg=-1, temperature=0)
    found = lines(run("compute", "-", stdin=wrong), 2)
    assert [line.split(" ")[1] for line in found] == ["temperature:", "reg:"]


@pytest.mark.parametrize("assignment", ["reg", "nope=1", "=", "reg=much"])
def test_wrong_assignment(archive, assignment):
    [line] = lines(run("compute", archive, "--option", assignment), 2)
    assert line.startswith("lossgrad: ")


@pytest.mark.parametrize("data", [b"", b"PKnot a zip", b"{", b"[]"])
def test_unreadable_input(tmp_path, data):
    path = tmp_path / "in"
    path.write_bytes(data)
    assert len(lines(run("compute", path), 2)) == 1


def test_pickled_arrays_are_refused(tmp_path):
    path = tmp_path / "in.npz"
    np.savez(path, scores=np.array([{}]), labels=LABELS)
    [line] = lines(run("compute", path), 2)
    assert line.startswith("lossgrad: scores: has Python objects")


@pytest.mark.parametrize(
    "command", [("bench",), ("bench-kernel",), ("bench-training",), ("demo",), ("check", "in.npz")]
)
def test_charts_have_names_of_charts(command, tmp_path):
    option = "--plot" if command[0] == "check" else "--png"
    done = run(*command, option, tmp_path / "new" / "chart.txt")
    assert done.exit_code == 2
    assert "must be a file whose name ends in .png, .svg or .pdf" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path):
    [line] = lines(run("compute", tmp_path / "nope.npz"), 2)
    assert line.endswith("nope.npz cannot be read: No such file or directory")


def test_output_in_a_folder_that_is_new(archive, tmp_path):
    path = tmp_path / "new" / "folder" / "out.npz"
    assert run("compute", archive, "-o", path).exit_code == 0
    assert path.exists()


def test_unwritable_output(archive):
    [line] = lines(run("compute", archive, "-o", archive / "out.npz"), 1)
    assert str(archive) in line


def test_nobody_listens(archive, tmp_path):
    target = f"unix://{tmp_path}/nobody"
    assert len(lines(run("compute", archive, "--target", target, "--timeout", "0.5"), 3)) == 1
    assert len(lines(run("info", "--target", target, "--timeout", "0.5"), 3)) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = run(command, "--help")
    assert done.exit_code == 0
    assert command in run("--help").stdout


def test_unknown_command():
    assert run("nope").exit_code == 2

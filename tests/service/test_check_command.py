"""``lossgrad check``: a batch and own numbers in, a report, a picture and an exit code out."""

from __future__ import annotations

import io
import json
import zipfile

import ml_dtypes
import numpy as np
import pytest
from typer.testing import CliRunner

import lossgrad
from lossgrad_service.cli import app, heat_maps, matplotlib_check
from lossgrad_service.cli.check import FOUND_WRONG

DRAWN = np.random.default_rng(8)
BATCH = {
    "h1": DRAWN.standard_normal((6, 4)),
    "w2": DRAWN.standard_normal((4, 3)),
    "b2": DRAWN.standard_normal(3),
    "labels": DRAWN.integers(0, 3, 6),
}
with lossgrad.Client("local:") as exact:
    RIGHT = exact.compute(**BATCH)
    PENALISED = exact.compute(**BATCH, reg=0.1)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, ["check", *map(str, arguments)], input=stdin)


def answer(*arguments, code, stdin=None):
    done = run(*arguments, "--json", stdin=stdin)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def request(**more):
    batch = {name: array.tolist() for name, array in BATCH.items()}
    return json.dumps({**batch, **more})


@pytest.fixture
def batch(tmp_path):
    return saved(tmp_path / "batch.npz", **BATCH)


@pytest.fixture
def right(tmp_path):
    return saved(tmp_path / "right.npz", **BATCH, loss=RIGHT.loss, dW2=RIGHT.dw2, db2=RIGHT.db2)


@pytest.fixture
def flipped(tmp_path):
    return saved(tmp_path / "flipped.npz", **BATCH, dw2=-RIGHT.dw2)


def test_right_numbers_in_the_same_archive(right):
    found = answer(right, code=0)
    assert found["ok"]
    assert [each["name"] for each in found["comparisons"]] == ["loss", "dW2", "db2"]
    assert {each["band"] for each in found["comparisons"]} == {"good"}


def test_wrong_numbers(flipped):
    assert answer(flipped, code=FOUND_WRONG)["diagnoses"] == ["sign_flipped"]


def test_numbers_in_an_archive_of_their_own(flipped, tmp_path):
    own = saved(tmp_path / "own.npz", dW2=RIGHT.dw2)
    assert answer(flipped, "--gradients", own, code=0)["ok"]


def test_what_compute_wrote_is_right(batch, tmp_path):
    path = tmp_path / "computed.npz"
    flags = [f"--want={name}" for name in ("loss", "dw2", "probs", "predictions", "log_partition")]
    assert CliRunner().invoke(app, ["compute", str(batch), "-o", str(path), *flags]).exit_code == 0
    found = answer(batch, "--gradients", path, code=0)
    assert [each["name"] for each in found["comparisons"]] == ["loss", "probs", "dW2"]


def test_without_any_numbers_ours_are_verified(batch):
    found = answer(batch, code=0)
    assert found["comparisons"] == []
    assert {each["name"] for each in found["verifications"]} >= {"dW2", "db2"}


def test_json_and_standard_input(flipped, tmp_path):
    text = request(gradients={"dW2": (-RIGHT.dw2).tolist()})
    path = tmp_path / "in.json"
    path.write_text(text)
    expected = answer(flipped, code=FOUND_WRONG)
    for found in (
        answer(path, code=FOUND_WRONG),
        answer("-", code=FOUND_WRONG, stdin=text),
        answer("-", code=FOUND_WRONG, stdin=flipped.read_bytes()),
    ):
        assert found == expected


def test_options_in_flags_and_in_the_archive(tmp_path):
    path = saved(tmp_path / "in.npz", **BATCH, dw2=PENALISED.dw2)
    assert answer(path, "--reg", "0.1", code=0)
    assert answer(path, "--option", "reg=0.1", code=0)
    assert answer(
        "-", "--reg=0.1", stdin=request(gradients={"dW2": PENALISED.dw2.tolist()}), code=0
    )
    assert answer(path, code=FOUND_WRONG)
    told = saved(tmp_path / "told.npz", **BATCH, dw2=PENALISED.dw2, reg=0.1, loss="softmax")
    assert answer(told, code=0)


def test_report(flipped):
    done = run(flipped)
    assert done.exit_code == FOUND_WRONG
    with lossgrad.Client("local:") as client:
        expected = str(client.check(**BATCH, gradients={"dw2": -RIGHT.dw2}))
    assert done.stdout == f"{expected}\n"


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_target(running, flipped, protocol):
    found = answer(flipped, "--target", running.server.addresses[protocol], code=FOUND_WRONG)
    assert found == answer(flipped, code=FOUND_WRONG)


OWN = {
    "flipped": {"dw2": -RIGHT.dw2},
    "transposed": {"dw2": RIGHT.dw2.T},
    "a vector": {"db2": RIGHT.db2 * 2},
    "not finite": {"dw2": np.full_like(RIGHT.dw2, np.nan), "db2": RIGHT.db2},
    "large": {"dw2": RIGHT.dw2 * 1e9},
    "small": {"db2": RIGHT.db2 * 1e-9},
    "right": {"loss": 0.0, "db2": RIGHT.db2},
}


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_picture(tmp_path, own):
    png = tmp_path / "out" / "check.png"
    path = saved(tmp_path / "in.npz", **BATCH, **own)
    assert run(path, "--plot", png).exit_code in (0, FOUND_WRONG)
    assert png.read_bytes().startswith(PNG_SIGNATURE)


def lines(done, code):
    assert done.exit_code == code
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("own", "code"), [({}, 0), ({"loss": RIGHT.loss}, 0), ({"loss": -1.0}, FOUND_WRONG)]
)
def test_nothing_to_draw(tmp_path, own, code):
    png = tmp_path / "check.png"
    done = run(saved(tmp_path / "in.npz", **BATCH, **own), "--plot", png)
    assert lines(done, code) == ["lossgrad: --plot: nothing to draw: send a gradient of your own"]
    assert done.stdout
    assert not png.exists()


class Kept(heat_maps.Figure):
    """A figure that is looked at, in place of its file."""

    def savefig(self, _):
        maps = [axes for axes in self.axes if axes.images and axes.get_title(loc="left")]
        Kept.scales = {axes.get_title(loc="left"): axes.images[0].get_clim() for axes in maps}


@pytest.mark.parametrize("theirs", [np.nan, 0.0, np.inf])
def test_theirs_and_ours_are_drawn_on_the_scale_of_what_is_finite(tmp_path, monkeypatch, theirs):
    monkeypatch.setattr(heat_maps, "Figure", Kept)
    path = saved(tmp_path / "in.npz", **BATCH, dw2=np.full_like(RIGHT.dw2, theirs))
    run(path, "--plot", tmp_path / "check.png")
    most = np.abs(RIGHT.dw2).max()
    assert most < 1
    assert Kept.scales["yours"] == Kept.scales["ours"] == (-most, most)


@pytest.mark.parametrize("name", ["check.txt", "check", ".", ".png", "folder.png"])
def test_where_no_picture_can_be(flipped, tmp_path, name, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    done = run(flipped, "--plot", name)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "'--plot': must be a file whose name ends in .png, .svg or .pdf" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "signature"),
    [("check.PNG", PNG_SIGNATURE), ("check.svg", b"<?xml"), ("check.pdf", b"%PDF")],
)
def test_kinds_of_pictures(flipped, tmp_path, name, signature):
    assert run(flipped, "--plot", tmp_path / name).exit_code == FOUND_WRONG
    assert (tmp_path / name).read_bytes().startswith(signature)


def test_picture_without_matplotlib(flipped, tmp_path, monkeypatch):
    monkeypatch.setattr(matplotlib_check, "find_spec", lambda _: None)
    [line] = lines(run(flipped, "--plot", tmp_path / "check.png"), 1)
    assert line == "lossgrad: the chart needs matplotlib: pip install 'lossgrad[demo]'"


def test_what_cannot_be_checked(batch, tmp_path):
    own = saved(tmp_path / "own.npz", w2=RIGHT.dw2)
    [line] = lines(run(batch, "--gradients", own), 2)
    assert line.startswith("lossgrad: gradients.w2: cannot be checked")


def npy():
    file = io.BytesIO()
    np.save(file, RIGHT.dw2)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def tensor_file():
    """What `torch.save` writes: an archive, of other things than arrays."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("own/data.pkl", b"a pickle")
    return file.getvalue()


OBJECTS = np.array([[1.0], [2.0, 3.0]], dtype=object)
NO_ARRAYS = {
    "text": (b"[]", "the archive cannot be read: it is no .npz file"),
    "nothing": (b"", "the archive cannot be read: it is no .npz file"),
    "an array alone": (npy(), "the archive cannot be read: it is no .npz file"),
    "a part": (npz(dw2=RIGHT.dw2)[:99], "the archive cannot be read: it is no .npz file"),
    "tensors": (tensor_file(), "own/data.pkl is no array; save arrays by np.savez"),
    "objects": (npz(dw2=OBJECTS), "dw2: has Python objects, such as lists of different"),
    "bfloat16": (
        npz(dw2=RIGHT.dw2.astype(ml_dtypes.bfloat16)),
        "dw2: has dtype |V2, which is what .npz files keep of bfloat16; save it as float32",
    ),
    "a broken one": (npz(dw2=RIGHT.dw2).replace(b"NUMPY", b"numpy"), "dw2: is broken"),
}


@pytest.mark.parametrize(("content", "told"), NO_ARRAYS.values(), ids=NO_ARRAYS)
def test_own_numbers_that_are_no_arrays(batch, tmp_path, content, told):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    [line] = lines(run(batch, "--gradients", path), 2)
    assert told in line
    assert "pickle=" not in line


def test_integers_are_numbers_as_well(tmp_path):
    rows = np.zeros((1, 2), np.int64)
    path = saved(tmp_path / "in.npz", scores=[[0.0, -800.0]], labels=[0], dscores=rows)
    assert answer(path, code=0)["ok"]
    text = json.dumps({"scores": [[0, -800]], "labels": [0], "gradients": {"dScores": [[0, 0]]}})
    assert answer("-", stdin=text, code=0) == answer(path, code=0)


@pytest.mark.parametrize("bare", ["NaN", "Infinity", "-Infinity", "nan", "inf"])
def test_bare_numbers_that_json_does_not_have(bare):
    [line] = lines(run("-", stdin=f'{{"scores": [[1, {bare}]]}}'), 2)
    assert "neither an .npz archive nor JSON" in line
    assert line.endswith('go in quotes: "NaN", "Infinity", "-Infinity"')


def test_other_texts_that_are_no_json():
    [line] = lines(run("-", stdin='{"scores": [[1, Nope]]}'), 2)
    assert line.endswith("(line 1, column 17)")


def test_gradients_that_are_no_object():
    [line] = lines(run("-", stdin=request(gradients=[1])), 2)
    assert line == "lossgrad: gradients: must be an object of arrays, got a list"


def test_nobody_listens(batch, tmp_path):
    target = f"unix://{tmp_path}/nobody"
    assert len(lines(run(batch, "--target", target, "--timeout", "0.2"), 3)) == 1

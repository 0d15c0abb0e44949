"""The page and the reference: our own files, served as browsers want them."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from lossgrad_service.page import FILES
from tests.access.files import entry
from tests.running import running_server
from tests.service.web import call, compute

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "service/lossgrad_service/page"
PATHS = {file.path: file for file in FILES}
DOCUMENTS = ("/", "/docs")
TOKEN = "lossgrad_good"
EXAMPLES = sorted((PAGE / "site/examples").glob("*.json"))
OURS = sorted(
    path
    for path in PAGE.rglob("*")
    if path.suffix in {".html", ".js", ".css", ".json", ".svg"} and "vendor" not in path.parts
)
NAMESPACES = {"http://www.w3.org/2000/svg"}
"""Names that look like addresses and are never asked for."""

KINDS = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


def loaded_by(text):
    """Return what an HTML document loads and links to, as written."""
    return re.findall(r'(?:src|href)="([^"#]+)"', text)


def imported_by(path):
    """Return the files that a module of ours imports, as paths on the server."""
    names = re.findall(r'^import .*? from "([^"]+)";', path.read_text(), re.MULTILINE)
    at = Path("/page", path.relative_to(PAGE / "site")).parent
    return [str(Path("/", *resolved(at / name))) for name in names]


def resolved(path):
    """Return the parts of a path without its dots."""
    parts = []
    for part in path.parts[1:]:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return parts


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_served_as_it_is(running, path):
    answer = call(running.http + path)
    assert answer.status == 200
    assert answer.text == PATHS[path].place.read_text()
    assert answer.headers["content-type"] == KINDS[PATHS[path].place.suffix[1:]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", DOCUMENTS)
def test_who_has_a_file_is_told_so(running, path):
    etag = call(running.http + path).headers["etag"]
    for own in (etag, f"W/{etag}", f'"another", {etag}'):
        answer = call(running.http + path, headers={"if-none-match": own})
        assert (answer.status, answer.text) == (304, "")
        assert answer.headers["etag"] == etag
    assert call(running.http + path, headers={"if-none-match": '"another"'}).status == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_head_tells_the_same_without_the_file(running, path):
    whole, head = call(running.http + path), call(running.http + path, method="HEAD")
    assert (head.status, head.text) == (200, "")
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_may_load_our_own_files_only(running, path):
    policy = call(running.http + path).headers["content-security-policy"]
    allowed = dict(entry.strip().split(" ", 1) for entry in policy.split(";"))
    assert allowed.pop("img-src") == "'self' data:"
    for name in ("script-src", "style-src", "connect-src"):
        assert allowed.pop(name) == "'self'"
    assert set(allowed) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    assert set(allowed.values()) == {"'none'"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_of_ours_names_another_site(path):
    found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"')]*", path.read_text())
    assert set(found) <= NAMESPACES


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_load_files_that_are_there_and_hold_no_script_or_style(path):
    text = PATHS[path].place.read_text()
    loaded = {"/" + name.removeprefix("./") for name in loaded_by(text)}
    assert loaded <= set(PATHS)
    assert len(loaded) >= 4
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", text)


def test_modules_import_files_that_are_there_and_every_module_is_imported():
    modules = [path for path in OURS if path.is_relative_to(PAGE / "site/js")]
    imported = {name for path in modules for name in imported_by(path)}
    assert imported <= set(PATHS)
    served = {f"/page/{path.relative_to(PAGE / 'site').as_posix()}" for path in modules}
    assert served - imported == {"/page/js/main.js"}


def test_the_page_looks_for_elements_that_it_has():
    text = (PAGE / "site/index.html").read_text()
    has = re.findall(r'\bid="([^"]+)"', text)
    assert len(has) == len(set(has))
    sought = {
        name
        for path in OURS
        if path.suffix == ".js"
        for name in re.findall(r'byId\("([^"]+)"\)', path.read_text())
    }
    assert sought <= set(has)
    assert set(re.findall(r'(?:for|aria-labelledby|aria-describedby)="([^"]+)"', text)) <= set(has)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_answered(running, path):
    example = json.loads(path.read_text())
    want = ["dScores", "probs", "row_losses", "log_partition", "accuracy"]
    answer = compute(running.http, {**example["request"], "want": want})
    assert answer.status == 200, answer.text
    assert len(example["text"]) > 40
    assert len(answer.json["dScores"]) == len(example["request"]["labels"])


def test_every_example_is_offered():
    listed = (PAGE / "site/js/examples.js").read_text()
    names = re.findall(r'^  \["(\w+)", "', listed, re.MULTILINE)
    assert sorted(names) == [path.stem for path in EXAMPLES]


def test_where_there_are_keys_every_file_needs_one(tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text(entry("a", TOKEN))
    with running_server(keys_file=keys) as guarded:
        for path in PATHS:
            assert call(guarded.http + path).status == 401, path
        for path in DOCUMENTS:
            shown = {"authorization": f"Bearer {TOKEN}"}
            assert call(guarded.http + path, headers=shown).status == 200


def test_nothing_keeps_the_files_out_of_the_wheel():
    """Hatchling packs whole packages, less what git ignores."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packages = [ROOT / package for package in targets["targets"]["wheel"]["packages"]]
    assert any(PAGE.is_relative_to(package) for package in packages)
    files = [file.place for file in FILES] + sorted((PAGE / "vendor").rglob("*LICENSE*"))
    command = ["git", "check-ignore", *map(str, files)]
    told = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (1, "")


@pytest.mark.parametrize("folder", sorted((PAGE / "vendor").glob("*/")), ids=lambda path: path.name)
def test_what_is_of_others_comes_with_its_licence_and_version(folder):
    assert "icen" in (folder / "LICENSE").read_text()
    [row] = [
        line
        for line in (PAGE / "vendor/README.md").read_text().splitlines()
        if line.startswith(f"| `{folder.name}`")
    ]
    assert re.search(r"\| \d+\.\d+\.\d+ \|", row)

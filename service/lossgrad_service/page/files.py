"""Which files there are, and at which path each is served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent

_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
"""Of what is served; a file with another suffix, such as a licence, only comes along."""


@dataclass(frozen=True)
class _Folder:
    """Files that are served below one path; ``index.html`` is what stands at `index`."""

    name: str
    path: str
    index: str = ""

    def path_of(self, file: Path) -> str:
        """Return the path at which a file of this folder is served."""
        inside = file.relative_to(_HERE / self.name).as_posix()
        return self.index if inside == "index.html" else f"{self.path}/{inside}"


_FOLDERS: Final = (
    _Folder("site", "/page", "/"),
    _Folder("vendor/uplot", "/page/vendor"),
    _Folder("docs", "/docs", "/docs"),
    _Folder("vendor/swagger-ui", "/docs/vendor"),
)


@dataclass(frozen=True)
class PageFile:
    """One file and the path at which it is served."""

    path: str
    place: Path

    @property
    def media_type(self) -> str:
        """The media type, with its charset."""
        return _MEDIA_TYPES[self.place.suffix]

    @property
    def is_html(self) -> bool:
        """Whether this is a document, which loads the others."""
        return self.place.suffix == ".html"

    @cached_property
    def content(self) -> bytes:
        """The bytes, which are read once."""
        return self.place.read_bytes()

    @cached_property
    def etag(self) -> str:
        """The entity tag: a digest, the same in every worker and until the bytes change."""
        return f'"{sha256(self.content).hexdigest()[:32]}"'


def _files() -> Iterator[PageFile]:
    for folder in _FOLDERS:
        for place in sorted((_HERE / folder.name).rglob("*")):
            if place.suffix in _MEDIA_TYPES:
                yield PageFile(folder.path_of(place), place)


FILES: Final = tuple(_files())
"""Every file that is served."""

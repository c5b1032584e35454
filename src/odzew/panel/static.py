"""The files that pages refer to: style, scripts, icons. Read once, kept with their compressed form, served as never changing.

Each URL carries the digest of its file, so a new version of the program is a new URL.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs

TYPES: Final = {
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
    "png": "image/png", "ico": "image/x-icon", "webmanifest": "application/manifest+json",
}  # fmt: skip
FOREVER: Final = "public, max-age=31536000, immutable"
SHORTLY: Final = "public, max-age=300"


@dataclass(slots=True, frozen=True)
class _File:
    content: bytes
    compressed: bytes
    content_type: str
    digest: str


class Static:
    """All static files of the panel, by path below `static/`."""

    def __init__(self) -> None:
        self._root = files("odzew.panel").joinpath("static")
        self._names = frozenset(_walk(self._root, ""))
        self._files: dict[str, _File] = {}

    def url(self, name: str) -> str:
        """The URL of a file below `/panel`, with its digest."""
        return f"/static/{name}?v={self._file(name).digest}"

    def answer(self, name: str, version: str, accepted: str) -> Response:
        """The file. NotOurs if there is none."""
        found = self._file(name)
        headers = {
            "cache-control": FOREVER if version == found.digest else SHORTLY, "etag": f'"{found.digest}"', "vary": "accept-encoding",
        }  # fmt: skip
        if "gzip" in accepted:
            return Response(found.compressed, headers=headers | {"content-encoding": "gzip"}, media_type=found.content_type)
        return Response(found.content, headers=headers, media_type=found.content_type)

    def _file(self, name: str) -> _File:
        if name not in self._files:
            if name not in self._names:
                raise NotOurs(f"there is no file {name[:100]!r}")
            content = self._root.joinpath(name).read_bytes()
            kind = TYPES[name.rpartition(".")[2]]
            self._files[name] = _File(content, gzip.compress(content, 9, mtime=0), kind, hashlib.sha256(content).hexdigest()[:12])
        return self._files[name]


def _walk(folder: Traversable, before: str) -> list[str]:
    found: list[str] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{before}{entry.name}/")
        elif entry.name.rpartition(".")[2] in TYPES:
            found.append(before + entry.name)
    return found

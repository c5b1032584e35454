"""A disk that forgets: what a machine that loses its power may leave of a directory.

What was written to a file is safe only when a later fdatasync of that file has ended; that a file was made or removed, when a
fsync of the directory has. Of the rest any part may be there, in any order, and of a write any of its sectors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 512


@dataclass(slots=True, frozen=True)
class Change:
    """A write of `data` at `offset`, or (data None) a change of the length to `offset`. `file`: the name it was made under."""

    at: int
    file: str
    offset: int
    data: bytes | None


@dataclass(slots=True, frozen=True)
class Entry:
    """A name that was given to a file, or (file None) taken away."""

    at: int
    name: str
    file: int | None


Chosen = tuple[Sequence[Entry], Sequence[Change]]
Choose = Callable[[Sequence[Entry], Sequence[Change]], Chosen]
"""Of what is not safe, what a crash leaves."""


@dataclass(slots=True)
class _File:
    safe: bytearray
    waiting: list[Change] = field(default_factory=list)


class Disk:
    """The files of one directory. `at` are instants of any kind that grow. `version` counts the changes of what is safe."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = [_File(bytearray(octets)) for octets in files.values()]
        self._safe = {name: number for number, name in enumerate(files)}
        self._names = dict(self._safe)
        self._entries: list[Entry] = []
        self.version = 0

    def holds(self, name: str) -> bool:
        return name in self._names

    def create(self, at: int, name: str) -> None:
        """Nothing happens where there is one of this name."""
        if name not in self._names:
            self._files.append(_File(bytearray()))
            self._names[name] = len(self._files) - 1
            self._entries.append(Entry(at, name, self._names[name]))

    def remove(self, at: int, name: str) -> None:
        del self._names[name]
        self._entries.append(Entry(at, name, None))

    def change(self, change: Change) -> None:
        self._files[self._names[change.file]].waiting.append(change)

    def sync(self, name: str, begun: int) -> None:
        """What was written to the file before that instant is safe now."""
        file = self._files[self._names[name]]
        done = [change for change in file.waiting if change.at < begun]
        for change in done:
            _apply(file.safe, change)
        file.waiting = file.waiting[len(done) :]
        self.version += bool(done)

    def sync_directory(self, begun: int) -> None:
        """The names that were given and taken before that instant are safe now."""
        done = [entry for entry in self._entries if entry.at < begun]
        _name(self._safe, done)
        self._entries = self._entries[len(done) :]
        self.version += bool(done)

    @property
    def unsafe(self) -> int:
        """How many changes a crash may take back."""
        return len(self._entries) + sum(len(file.waiting) for file in self._files)

    def after_crash(self, choose: Choose) -> dict[str, bytes]:
        """The files by name."""
        waiting = [change for file in self._files for change in file.waiting]
        entries, changes = choose(self._entries, waiting)
        names = dict(self._safe)
        _name(names, entries)
        kept = {id(change) for change in changes if change in waiting} if False else None
        del kept
        return {name: self._contents(number, changes) for name, number in names.items()}

    def _contents(self, number: int, changes: Sequence[Change]) -> bytes:
        return bytes(self._files[number].safe)

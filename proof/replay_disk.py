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
    """A write of `data` at `offset`, or (data None) a change of the length to `offset`."""

    at: int
    offset: int
    data: bytes | None


@dataclass(slots=True, frozen=True)
class Entry:
    """A name that was given to a file, or (file None) taken away."""

    at: int
    name: str
    file: int | None


@dataclass(slots=True, frozen=True)
class Crash:
    """Of what is not safe, what a crash leaves: of the names, and of the changes of a file that was made under a name."""

    names: Callable[[Sequence[Entry]], Sequence[Entry]]
    changes: Callable[[str, Sequence[Change]], Sequence[Change]]


NOTHING: Final = Crash(lambda entries: (), lambda name, changes: ())
EVERYTHING: Final = Crash(lambda entries: entries, lambda name, changes: changes)


def only(ending: str) -> Crash:
    """All changes of files whose name ends so, none of others."""
    return Crash(lambda entries: entries, lambda name, changes: changes if name.endswith(ending) else ())


def at_random(chance: random.Random) -> Crash:
    """Any part, in sectors; of some crashes much, of others little."""
    share = chance.random()

    def changes(name: str, waiting: Sequence[Change]) -> Sequence[Change]:
        return [left for change in waiting if chance.random() < share for left in _sectors(change, chance)]

    return Crash(lambda entries: [entry for entry in entries if chance.random() < 0.5], changes)


def _sectors(change: Change, chance: random.Random) -> Sequence[Change]:
    """One in four is torn: some of its sectors are there."""
    if change.data is None or chance.random() < 0.75:
        return (change,)
    pieces, begin, end = [], change.offset, change.offset + len(change.data)
    while begin < end:
        to = min(end, (begin // SECTOR + 1) * SECTOR)
        if chance.random() < 0.5:
            pieces.append(Change(change.at, begin, change.data[begin - change.offset : to - change.offset]))
        begin = to
    return pieces


@dataclass(slots=True)
class _File:
    name: str
    safe: bytearray
    waiting: list[Change] = field(default_factory=list)


class Disk:
    """The files of one directory. `at` are instants of any kind that grow. `version` counts the changes of what is safe."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = [_File(name, bytearray(octets)) for name, octets in files.items()]
        self._safe = {name: number for number, name in enumerate(files)}
        self._names = dict(self._safe)
        self._entries: list[Entry] = []
        self.version = 0

    def holds(self, name: str) -> bool:
        return name in self._names

    def create(self, at: int, name: str) -> None:
        """Nothing happens where there is one of this name."""
        if name not in self._names:
            self._files.append(_File(name, bytearray()))
            self._names[name] = len(self._files) - 1
            self._entries.append(Entry(at, name, self._names[name]))

    def remove(self, at: int, name: str) -> None:
        del self._names[name]
        self._entries.append(Entry(at, name, None))

    def change(self, name: str, change: Change) -> None:
        self._files[self._names[name]].waiting.append(change)

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

    def after(self, crash: Crash) -> dict[str, bytes]:
        """The files by name, as they are found after a crash now."""
        names = dict(self._safe)
        _name(names, crash.names(self._entries))
        return {name: self._left(self._files[number], crash) for name, number in names.items()}

    def _left(self, file: _File, crash: Crash) -> bytes:
        kept = crash.changes(file.name, file.waiting)
        if not kept:
            return bytes(file.safe)
        octets = bytearray(file.safe)
        for change in kept:
            _apply(octets, change)
        return bytes(octets)


def _apply(octets: bytearray, change: Change) -> None:
    missing = change.offset - len(octets)
    if missing > 0:
        octets.extend(bytes(missing))
    if change.data is None:
        del octets[change.offset :]
    else:
        octets[change.offset : change.offset + len(change.data)] = change.data


def _name(names: dict[str, int], entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.file is None:
            names.pop(entry.name, None)
        else:
            names[entry.name] = entry.file

"""A machine that loses its power at every moment of a run: no message that was acknowledged is lost (SQLite).

A server is recorded under strace: every write, length, sync and name of its database's files, and every answer. Then the directory
is made anew as a crash after each of them could have left it, and opened by our own store. Of what no fdatasync had made safe
there is nothing, everything, what belongs to the log or to the database alone, or any part, torn at sectors. Every message that had been
acknowledged before must be there, its delivery owed or recorded.

One recording is of the server as it is, one of a server that checkpoints every few pages. Controls must fail: `synchronous = OFF`,
and the first recordings without the syncs of one of the two files.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.forward.outcome import is_success
from odzew.store.db import Request, Rows
from proof.order import UNSAFE, marks_of
from proof.replay_disk import EVERYTHING, NOTHING, Crash, Disk, at_random, only
from proof.replay_log import Recording, Step, record
from proof.report import Report
from proof.server import SERVE
from proof.stand import directory, opened

HASTY: Final = ("-m", "proof.replay_hasty")
RECORDINGS: Final = {"as it is": SERVE, "many checkpoints": HASTY}
CONNECTIONS: Final = 6
PUSHES: Final = 12  # on each
CONTROL_EVERY: Final = 20  # cuts of a control, of which one is tried
IN_MEMORY: Final = Path("/dev/shm")  # what is played back needs no disk
WAL: Final = "-wal"
DATABASE: Final = ".db"
FILES: Final = {"log": WAL, "database": DATABASE}


@dataclass
class Verdict:
    """What was found. A cut is a moment between two changes of the disk; several crashes are tried at each.

    `opened`: databases made anew, for what is safe stays the same over many cuts. `lost`: marks of acknowledged messages that were
    missing after some crash.
    """

    cuts: int = 0
    opened: int = 0
    losing: int = 0
    damaged: int = 0
    lost: set[str] = field(default_factory=set)
    first_fault: str = ""
    kinds: Counter[str] = field(default_factory=Counter)


class Replay:
    """Plays one recording back below `place`."""

    def __init__(self, recording: Recording, place: Path, clock: Clock, seed: int = 1, at_each: int = 1) -> None:
        self._recording = recording
        self._place = place
        self._clock = clock
        self._disk = Disk(recording.files)
        self._chance = random.Random(seed)
        self._at_each = at_each
        self._acknowledged: set[str] = set()
        self._safe: tuple[int, frozenset[str] | None] = (-1, None)  # the last state of which nothing unsafe was left
        self.verdict = Verdict()

    async def run(self, every: int = 1) -> Verdict:
        """Tries crashes at every cut, or at one of so many. Before each change to the disk: then all that may have been acknowledged
        over this state of it has been."""
        changes = 0
        for step in self._recording.steps:
            if step.disk is None:
                self._acknowledged.add(step.name)
                continue
            changes += 1
            if changes % every == 0:
                await self._cut(step)
            step.disk(self._disk)
        await self._cut(None)
        return self.verdict

    async def _cut(self, step: Step | None) -> None:
        self.verdict.cuts += 1
        await self._crash("nothing", NOTHING)
        if not self._disk.unsafe:
            return
        await self._crash("everything", EVERYTHING)
        if step is None or step.is_sync:  # the most that is unsafe together
            await self._crash("only the log", only(WAL))
            await self._crash("only the database", only(DATABASE))
        for _ in range(self._at_each):
            await self._crash("at random", at_random(self._chance))

    async def _crash(self, kind: str, crash: Crash) -> None:
        verdict = self.verdict
        verdict.kinds[kind] += 1
        kept = await self._found(crash)
        missing = self._acknowledged - (kept or frozenset())
        verdict.damaged += kept is None
        verdict.losing += bool(missing)
        verdict.lost |= missing
        if kept is None or missing:
            fault = "damaged" if kept is None else f"{len(missing)} of {len(self._acknowledged)} lost"
            verdict.first_fault = verdict.first_fault or f"cut {verdict.cuts}, {kind}: {fault}"

    async def _found(self, crash: Crash) -> frozenset[str] | None:
        """What our store finds: marks of the messages that are there whole; None where it finds a damaged database."""
        version, known = self._safe
        if crash is NOTHING and version == self._disk.version:
            return known
        found = await self._open(self._disk.after(crash))
        if crash is NOTHING:
            self._safe = (self._disk.version, found)
        return found

    async def _open(self, files: dict[str, bytes]) -> frozenset[str] | None:
        shutil.rmtree(self._place)
        self._place.mkdir()
        for name, octets in files.items():
            (self._place / name).write_bytes(octets)
        self.verdict.opened += 1
        try:
            async with opened(f"sqlite:///{self._place / 'odzew.db'}") as db:
                return await db.read(whole)  # type: ignore[no-any-return]  # a unit's value has any type
        except StoreError:
            return None


def whole() -> Generator[Request, Any, frozenset[str] | None]:
    """A unit: marks of the messages that are there with their delivery, owed or recorded; None where the database is damaged."""
    checked = yield Rows("PRAGMA integrity_check")
    if [row[0] for row in checked] != ["ok"]:
        return None
    rows = yield Rows(
        """SELECT m.text, d.state, d.slot, o.delivery_id IS NOT NULL, count(a.number), max(a.number),
                  (SELECT l.outcome FROM attempts l WHERE l.delivery_id = d.id ORDER BY l.number DESC LIMIT 1)
           FROM messages m JOIN deliveries d ON d.message_id = m.id
           LEFT JOIN owed o ON o.delivery_id = d.id LEFT JOIN attempts a ON a.delivery_id = d.id
           GROUP BY m.id, d.id"""
    )
    return frozenset(mark for text, *rest in rows if _is_whole(*rest) for mark in marks_of(text))


def _is_whole(state: str, slot: int, owed: int, attempts: int, newest: int | None, outcome: str | None) -> bool:
    """Every attempt that was made is recorded, and the delivery is owed or was made."""
    if attempts != slot or (newest or 0) != slot:
        return False
    return bool(owed) if state == "pending" else state == "delivered" and not owed and is_success(outcome or "")


@contextmanager
def _beside() -> Iterator[Path]:
    """A directory in memory where there is such a place."""
    path = Path(tempfile.mkdtemp(prefix="odzew-replay-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def played(recording: Recording, clock: Clock, every: int = 1, at_each: int = 1) -> Verdict:
    """Plays a recording back."""
    with _beside() as place:
        return await Replay(recording, place, clock, at_each=at_each).run(every)


async def recorded(clock: Clock, program: tuple[str, ...], connections: int = CONNECTIONS, pushes: int = PUSHES) -> Recording:
    """Records a server in a directory that goes away."""
    with directory() as place:
        return await record(clock, place, connections, pushes, program)


def tell(report: Report, name: str, recording: Recording, found: Verdict) -> None:
    """The rows of one recording."""
    log, database = recording.count(WAL), recording.count(DATABASE)
    report.say(f"{name}: messages acknowledged", recording.acknowledged)
    report.say(f"{name}: changes of the log, syncs of it", f"{log.total() - log['sync']}, {log['sync']}")
    report.say(f"{name}: changes of the database, syncs of it", f"{database.total() - database['sync']}, {database['sync']}")
    report.say(f"{name}: times that the log was begun anew, cut to nothing", f"{log['anew']}, {log['cut']}")
    report.say(f"{name}: cuts", found.cuts)
    report.say(f"{name}: crashes played", found.kinds.total(), kinds=found.kinds)
    report.say(f"{name}: databases opened after them", found.opened)
    report.hold(f"{name}: acknowledged messages lost in any of them", len(found.lost), at_most=0, first=found.first_fault)
    report.hold(f"{name}: databases found damaged", found.damaged, at_most=0)


async def run(clock: Clock, scale: float = 1.0) -> bool:
    """`scale`: share of the cuts that are tried."""
    report, every = Report("replay", clock), max(1, round(1 / scale))
    controls: dict[str, Recording] = {}
    for name, program in RECORDINGS.items():
        recording = await recorded(clock, program)
        report.hold(f"{name}: pushed and answered", recording.acknowledged, at_least=recording.pushed)
        tell(report, name, recording, await played(recording, clock, every))
        controls |= {f"{name}, syncs of the {word} left out": recording.without_syncs(end) for word, end in FILES.items()}
    controls["synchronous = OFF"] = await recorded(clock, UNSAFE)
    for name, recording in controls.items():
        found = await played(recording, clock, every * CONTROL_EVERY)
        report.hold(f"control, {name}: messages that are found lost", len(found.lost), at_least=1)
        report.say(f"control, {name}: crashes that lose, of {found.kinds.total()}", found.losing)
    return report.save()

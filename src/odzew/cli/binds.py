"""The SMPP binds of all sources as the database knows them: which are bound now, by whom, and why the others are not."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from odzew.cli.listing import instant
from odzew.model import Source
from odzew.serve import PROCESS
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.store.leases import alive
from odzew.store.sessions import SessionRow, recent, unbound

PROTOCOL: Final = "smpp"
LOOKED_AT: Final = 10_000  # sessions; of each bind the newest 20 are kept


@dataclass(slots=True, frozen=True)
class Bind:
    """One configured bind, counted from 1, with its present session, or its last one. `why` says why it is not bound; '': it is."""

    source: Source
    number: int
    session: SessionRow | None
    why: str

    @property
    def bound(self) -> bool:
        """Whether a server holds it."""
        return not self.why


async def binds_of(db: Database, directory: Directory) -> list[Bind]:
    """The binds of every SMPP source, by its name."""
    rows: list[SessionRow] = await db.read(recent, LOOKED_AT)
    tried: dict[tuple[int, int], tuple[int, str, str]] = await db.read(unbound)
    leased: list[str] | None = await db.read(alive, PROCESS) if db.shared else None
    newest: dict[tuple[int, int], SessionRow] = {}
    for row in rows:  # open ones first, then the newest
        newest.setdefault((row.source_id, row.slot), row)
    found = []
    for source in sorted(directory.sources.values(), key=lambda source: source.name):
        if source.protocol == PROTOCOL:
            slots = range(_wanted(source))
            more = [slot for key, slot in newest if key == source.id and slot not in slots and newest[key, slot].ended_at is None]
            for slot in (*slots, *sorted(more)):
                session = newest.get((source.id, slot))
                found.append(Bind(source, slot + 1, session, _why_not(source, session, leased, tried.get((source.id, slot)))))
    return found


def _wanted(source: Source) -> int:
    binds = source.options.get("binds", 1)
    return binds if isinstance(binds, int) else 1


def _why_not(
    source: Source, session: SessionRow | None, leased: Collection[str] | None, tried: tuple[int, str, str] | None
) -> str:
    if session is not None and session.ended_at is None:
        runs = session.process in leased if leased is not None else _runs(session.process)
        return "" if runs else f"the process {session.process}, which held it, is gone"
    if not source.active:
        return "the source is switched off"
    if tried is not None:
        return f"tried in vain, last at {instant(tried[0])} with {tried[1]}: {tried[2]}"
    if session is None:
        return "it never was; `odzew check` tries it and tells what happens"
    return f"the last session, with {session.host}, ended at {instant(session.ended_at)}: {session.why}"


def _runs(process: str) -> bool:
    """Whether a server is there, as far as this machine can tell by its name: host, process id, chance."""
    host, _, rest = process.rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not rest.isdigit():
        return True
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # it is there, and somebody else's
    return True

"""How the sources are now: their binds, and what was pushed to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from odzew.model import Source
from odzew.panel.visit import Visit
from odzew.store.sessions import SessionRow, recent
from odzew.store.tallies import Tally, tallies

SMPP: Final = "smpp"
BOUND: Final = "bound"
ELSEWHERE: Final = "elsewhere"
LOOKED_AT: Final = 1_000  # sessions


@dataclass(slots=True, frozen=True)
class BindSeen:
    """One bind of an SMPP source, counted from 1. `phase` as `ingest.smpp.bind.Phase` has it; the instants and counts are its session's."""

    number: int
    phase: str
    host: str = ""
    since: int | None = None
    last_message_at: int | None = None
    messages: int = 0
    receipts: int = 0
    fault: str = ""
    process: str = ""

    @property
    def bound(self) -> bool:
        return self.phase == BOUND


@dataclass(slots=True)
class Pushed:
    """What came over HTTP, to all processes together."""

    messages: int = 0
    reports: int = 0
    refused: int = 0
    last_at: int | None = None
    fault: str = ""


@dataclass(slots=True)
class WayIn:
    """A source with how it is. A source over HTTP waits for what comes, so it is well as long as it is on."""

    source: Source
    binds: list[BindSeen] = field(default_factory=list)
    pushed: Pushed = field(default_factory=Pushed)

    @property
    def state(self) -> str:
        """off · waiting (over HTTP: for whoever pushes) · bound · partly · away."""
        if not self.source.active:
            return "off"
        if self.source.protocol != SMPP:
            return "waiting"
        bound = sum(bind.bound for bind in self.binds)
        return BOUND if bound and bound == len(self.binds) else "partly" if bound else "away"

    @property
    def well(self) -> bool:
        return self.state in ("off", "waiting", BOUND)


async def ways_in(visit: Visit) -> list[WayIn]:
    """All sources, by name."""
    counted: list[Tally] = await visit.db.read(tallies)
    rows: list[SessionRow] = await visit.db.read(recent, LOOKED_AT) if visit.db.shared else []
    alive = await visit.services.operating.processes() if visit.db.shared else []
    live = {(one.source_id, one.slot): one for one in visit.services.sources()}
    newest: dict[tuple[int, int], SessionRow] = {}
    for row in rows:  # open ones first, then the newest
        newest.setdefault((row.source_id, row.slot), row)
    found = []
    for source in sorted(visit.directory.sources.values(), key=lambda source: source.name):
        way = WayIn(source, pushed=_pushed([tally for tally in counted if tally.source_id == source.id]))
        if source.protocol == SMPP and source.active:
            way.binds = [_bind(slot, live.get((source.id, slot)), newest.get((source.id, slot)), alive) for slot in range(_wanted(source))]
        found.append(way)
    return found


def _bind(slot: int, live: Any, row: SessionRow | None, alive: list[str]) -> BindSeen:
    """As this process knows it; of one that another process holds, as the database does."""
    if live is not None and live.phase != ELSEWHERE:
        progress = live.progress
        return BindSeen(
            slot + 1, live.phase, str(live.host), live.bound_at, progress.last_message_at if progress else None,
            progress.messages if progress else 0, progress.receipts if progress else 0, live.fault,
        )  # fmt: skip
    if row is None:
        return BindSeen(slot + 1, "stopped" if live is None else live.phase)
    phase = BOUND if row.ended_at is None and row.process in alive else "stopped"
    fault = row.fault if phase == BOUND else row.why or row.fault
    return BindSeen(slot + 1, phase, row.host, row.opened_at, row.last_message_at, row.messages, row.receipts, fault, row.process)


def _pushed(own: list[Tally]) -> Pushed:
    """`own`: the newest process first."""
    times = [tally.last_message_at for tally in own if tally.last_message_at is not None]
    return Pushed(
        sum(tally.messages for tally in own), sum(tally.reports for tally in own), sum(tally.refused for tally in own),
        max(times, default=None), next((tally.fault for tally in own if tally.fault), ""),
    )  # fmt: skip


def _wanted(source: Source) -> int:
    binds = source.options.get("binds", 1)
    return binds if isinstance(binds, int) else 1

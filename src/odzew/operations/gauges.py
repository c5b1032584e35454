"""How things stand: read when the metrics are asked for, from where it is known anyway. docs/metrics.md tells each.

`look` asks the database; all else is in memory. The look costs two index entries for each target that is owed something and at
most `COUNTED` entries of the index of long messages that wait: never a walk over all that is owed.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.metrics import Labels, Metrics
from odzew.store import deliveries
from odzew.store.db import Now, Request, Rows
from odzew.store.directory import Directory
from odzew.store.measured import Measured
from odzew.store.sessions import Progress
from odzew.store.tallies import Tally

PATIENCE: Final = 3.0  # seconds that the database may take to answer
FRESH: Final = 1.0  # seconds for which one look serves all who ask
COUNTED: Final = 1_000  # long messages that wait for parts are counted so far
HERE: Final = ("connecting", "bound", "ending", "waiting")  # phases of a bind that this process holds

log = structlog.get_logger(__name__)

Values = Iterator[tuple[Labels, float]]


class Bind(Protocol):
    """What is asked of one SMPP bind (`ingest.smpp.bind.BindState`)."""

    @property
    def source(self) -> str: ...

    @property
    def slot(self) -> int: ...

    @property
    def phase(self) -> str: ...

    @property
    def progress(self) -> Progress | None: ...

    @property
    def refused(self) -> Mapping[str, int]:
        """Messages that the network was told to send again, by SMPP status."""


class Forwarding(NamedTuple):
    """What the engine has in memory: calls under way, deliveries held (those under way among them), outcomes not yet committed."""

    runs: bool = False
    in_flight: int = 0
    held: int = 0
    unwritten: int = 0


class Waiting(NamedTuple):
    """What waits in front of the store."""

    arrivals: int = 0
    octets: int = 0


@dataclass(slots=True)
class Known:
    """Where each figure is known. What a process does not have stays as it is here."""

    forwarding: Callable[[], Forwarding] = Forwarding
    inbox: Callable[[], Waiting] = Waiting
    binds: Callable[[], Iterable[Bind]] = tuple
    tallies: Callable[[], Iterable[Tally]] = tuple
    refusals: Callable[[], Mapping[tuple[int, str], int]] = dict  # by source and reason, over HTTP
    leases: Callable[[], Mapping[str, int]] = dict  # how many of each kind are held; those of binds are known by `binds`
    is_served: Callable[[int], bool] = field(default=lambda target: True)  # whether what is owed to a target of the set-up is called


class _Seen(NamedTuple):
    """What the last look found; `up` None: nobody has looked yet."""

    up: bool | None = None
    oldest: float = 0.0
    targets: int = 0
    sets: int = 0
    overdue: float = 0.0


class Gauges:
    """`known` is filled in by the composition root once all is there. `directory` gives the present one."""

    def __init__(self, metrics: Metrics, db: Measured, clock: Clock, directory: Callable[[], Directory], version: str) -> None:
        self.known = Known()
        self._db = db
        self._clock = clock
        self._directory = directory
        self._seen = _Seen()
        self._looked_at: float | None = None
        facts = (version, db.engine, platform.python_version())
        labels = ("version", "engine", "python")
        metrics.read("info", "odzew_build_info", "Always 1: version, database, Python.", labels, lambda: ((facts, 1),))
        self._add_store(metrics)
        self._add_forwarding(metrics)
        self._add_sources(metrics)

    async def look(self) -> None:
        """Asks the database; its silence or refusal is itself told (`odzew_database_up`)."""
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < FRESH:
            return
        self._looked_at = now
        try:
            async with self._clock.deadline(PATIENCE):
                found = await self._db.read(_look, self._is_served)
        except (StoreError, TimeoutError, OSError) as error:
            log.warning("metrics_without_database", error=type(error).__qualname__)
            self._seen = _Seen(up=False)
        else:
            self._seen = found

    def _is_served(self, target_id: int) -> bool:
        target = self._directory().targets.get(target_id)
        return target is not None and target.active and self.known.is_served(target_id)

    # --- store -------------------------------------------------------------------------------------------------------

    def _add_store(self, metrics: Metrics) -> None:
        def add(name: str, help: str, read: Callable[[], float]) -> None:
            metrics.read("gauge", name, help, (), lambda: (((), read()),))

        def add_seen(name: str, help: str, read: Callable[[_Seen], float]) -> None:
            metrics.read("gauge", name, help, (), lambda: (((), read(self._seen)),) if self._seen.up else ())

        metrics.read(
            "gauge", "odzew_database_up", "Whether the database answered just now.", (),
            lambda: () if self._seen.up is None else (((), float(self._seen.up)),),
        )  # fmt: skip
        add("odzew_store_writing", "Units of work that wait for their commit; SQLite has one writer.", lambda: self._db.writing)
        add("odzew_inbox_arrivals", "Arrivals that are not stored yet.", lambda: self.known.inbox().arrivals)
        add("odzew_inbox_bytes", "Octets of the arrivals that are not stored yet.", lambda: self.known.inbox().octets)
        add_seen("odzew_part_sets", f"Long messages that wait for parts, counted up to {COUNTED}.", lambda seen: seen.sets)
        add_seen("odzew_part_sets_overdue_seconds", "How long the one that is overdue longest has been so.", lambda seen: seen.overdue)
        add_seen("odzew_oldest_owed_seconds", "How long the delivery that is due longest has been due.", lambda seen: seen.oldest)
        add_seen("odzew_targets_owed", "Targets that are owed something, due or not.", lambda seen: seen.targets)

    # --- forwarding --------------------------------------------------------------------------------------------------

    def _add_forwarding(self, metrics: Metrics) -> None:
        def add(name: str, help: str, read: Callable[[Forwarding], float]) -> None:
            metrics.read("gauge", name, help, (), lambda: (((), float(read(self.known.forwarding()))),))

        add("odzew_forwarding", "Whether this process forwards.", lambda found: found.runs)
        add("odzew_calls_in_flight", "Calls to clients under way.", lambda found: found.in_flight)
        add("odzew_deliveries_held", "Deliveries in memory: due, under way, or their outcome not yet committed.", lambda found: found.held)
        add("odzew_outcomes_waiting", "Outcomes of calls that are not committed yet.", lambda found: found.unwritten)
        metrics.read("gauge", "odzew_leases_held", "Leases that this process holds.", ("what",), self._leases)

    def _leases(self) -> Values:
        held = {**self.known.leases(), "bind": sum(bind.phase in HERE for bind in self.known.binds())}
        yield from (((what,), count) for what, count in held.items())

    # --- sources -----------------------------------------------------------------------------------------------------

    def _add_sources(self, metrics: Metrics) -> None:
        slots = ("source", "slot")
        metrics.read("gauge", "odzew_source_bound", "SMPP: whether this process is bound.", slots, self._bound)
        metrics.read("gauge", "odzew_source_phase", "SMPP: 1 for what the bind does now.", (*slots, "phase"), self._phases)
        metrics.read("gauge", "odzew_source_quiet_seconds", "Since the last message that was stored.", slots, self._quiet)
        link_quiet = "SMPP: since the last enquire_link or its answer."
        metrics.read("gauge", "odzew_source_link_quiet_seconds", link_quiet, slots, self._link_quiet)
        metrics.read(
            "counter", "odzew_refused_total", "Messages (over HTTP: requests) that were refused, by SMPP or HTTP status.",
            (*slots, "reason"), self._refused,
        )  # fmt: skip

    def _bound(self) -> Values:
        for bind in self.known.binds():
            yield _slot(bind), float(bind.phase == "bound")

    def _phases(self) -> Values:
        for bind in self.known.binds():
            yield (*_slot(bind), bind.phase), 1

    def _quiet(self) -> Values:
        for bind in self.known.binds():
            if bind.progress is not None and bind.progress.last_message_at is not None:
                yield _slot(bind), self._since(bind.progress.last_message_at)
        for tally in self.known.tallies():
            name = self._name(tally.source_id)
            if name is not None and tally.last_message_at is not None:
                yield (name, ""), self._since(tally.last_message_at)

    def _link_quiet(self) -> Values:
        for bind in self.known.binds():
            if bind.progress is not None and bind.progress.last_link_at is not None:
                yield _slot(bind), self._since(bind.progress.last_link_at)

    def _refused(self) -> Values:
        for bind in self.known.binds():
            for reason, count in bind.refused.items():
                yield (*_slot(bind), reason), count
        for (source_id, reason), count in self.known.refusals().items():
            name = self._name(source_id)
            if name is not None:
                yield (name, "", reason), count

    def _name(self, source_id: int) -> str | None:
        source = self._directory().sources_by_id.get(source_id)
        return None if source is None else source.name

    def _since(self, instant: int) -> float:
        return max(0, self._clock.now() - instant) / SECOND


def _slot(bind: Bind) -> tuple[str, str]:
    return bind.source, str(bind.slot)


def _look(is_served: Callable[[int], bool]) -> Generator[Request, Any, _Seen]:
    """Leans on owed_target and part_sets_open."""
    now: int = yield Now()
    waiting = yield from deliveries.waiting_targets()
    due = [row[2] for row in waiting if is_served(row[0])]
    sql = "SELECT count(*), min(due_at) FROM (SELECT due_at FROM part_sets WHERE state = 'open' ORDER BY due_at LIMIT ?) AS first"
    ((sets, overdue),) = yield Rows(sql, (COUNTED,))
    oldest = max(0, now - min(due, default=now)) / SECOND
    return _Seen(True, oldest, len(waiting), sets, max(0, now - (now if overdue is None else overdue)) / SECOND)

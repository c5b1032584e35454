"""Parts of long messages in the receiving transaction: which sets they belong to, and what becomes whole by them.

The set is locked (by its key) before its siblings are read, here and in the sweep for overdue sets, so that of two processes
that bring the last two parts one sees the other's.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import SECOND
from odzew.inbox import join
from odzew.inbox.segments import reading_of, segment_of
from odzew.model import Arrival, Role, Segment, Source
from odzew.store import arrivals as store_arrivals
from odzew.store import parts as store_parts
from odzew.store.db import Request, reserve
from odzew.store.directory import Directory
from odzew.store.parts import Held, PartRow, PartSet
from odzew.wire import segment as wire_segment
from odzew.wire.segment import Reading

TIMEOUT: Final = 3600.0
"""Seconds until missing parts are overdue, where the source does not say otherwise."""
READ_AT_ONCE: Final = 200  # sets whose octets are in memory together: each may have 255 parts


@dataclass(slots=True)
class Incoming:
    """One part on its way in: its place in the batch, its arrival's id and its spelled addresses."""

    index: int
    arrival_id: int
    arrival: Arrival
    sender: str
    recipient: str
    key: str
    digest: str


@dataclass(slots=True)
class Taken:
    """What the parts of one batch did.

    `rows` by index of the part: (its set, its number, its arrival, its role, its digest). `finished`: sets that got their last part,
    `filled`: sets that were made with a gap and have a part more now; each with the index of the part that did it.
    """

    rows: dict[int, tuple[PartSet, int, int, Role, str]] = field(default_factory=dict)
    finished: dict[PartSet, int] = field(default_factory=dict)
    filled: dict[PartSet, int] = field(default_factory=dict)
    new: list[PartSet] = field(default_factory=list)
    moved: set[PartSet] = field(default_factory=set)
    displaced: list[int] = field(default_factory=list)  # arrivals of earlier batches


def take(incoming: Sequence[Incoming], now: int, directory: Directory, apart: bool = False) -> Generator[Request, Any, Taken]:
    """Places parts, whose keys are locked. Nothing is stored yet: `keep` does that once the messages have ids.

    `apart`: they form sets of their own, whatever is there (released copies).
    """
    sets = {} if apart else (yield from store_parts.of_keys(sorted({part.key for part in incoming}), now - join.LATE))
    taken = Taken()
    for part in incoming:
        _take(part, sets.setdefault(part.key, []), now, _timeout(part.arrival.source_id, directory), taken)
    for siblings in sets.values():
        taken.moved.update(join.past(siblings))
    for one, key in zip(taken.new, (yield from reserve("part_sets", len(taken.new))) if taken.new else (), strict=True):
        one.id = key
    return taken


def _take(part: Incoming, siblings: list[PartSet], now: int, timeout_us: int, taken: Taken) -> None:
    assert part.arrival.part is not None
    number, total = part.arrival.part.number, part.arrival.part.total
    where = join.place(number, part.digest, siblings)
    chosen = where.chosen
    if where.how == "repeat" and chosen is not None:
        taken.rows[part.index] = (chosen, number, part.arrival_id, "repeat", part.digest)
        return
    if chosen is None:
        chosen = PartSet(0, part.key, part.arrival.source_id, part.sender, part.recipient, total)
        siblings.append(chosen)
        taken.new.append(chosen)
    else:
        taken.moved.add(chosen)
    if where.displaced is not None:
        _displace(where.displaced, taken)
    join.put(chosen, number, Held(part.arrival_id, part.digest, where.echo), now, timeout_us)
    taken.rows[part.index] = (chosen, number, part.arrival_id, "part", part.digest)
    if chosen.state == "incomplete":
        taken.filled[chosen] = part.index
    elif join.is_whole(chosen):
        taken.finished[chosen] = part.index
    if join.is_whole(chosen):
        chosen.state = "whole"


def _displace(arrival_id: int, taken: Taken) -> None:
    """An echo gives way to a part of other content: it was a repetition."""
    for index, (one, number, arrival, _, digest) in taken.rows.items():
        if arrival == arrival_id:  # it came in this very batch
            taken.rows[index] = (one, number, arrival, "repeat", digest)
            return
    taken.displaced.append(arrival_id)


def keep(taken: Taken, copies: Sequence[PartRow] = ()) -> Generator[Request, Any, None]:
    """Stores sets and parts; their arrivals are stored, and `message_id` stands on the sets that have one."""
    yield from store_parts.save(taken.new, sorted(taken.moved.difference(taken.new), key=lambda one: one.id))
    yield from store_parts.displace(taken.displaced)
    rows = [
        (one.id, number, arrival, "echo" if role == "part" and one.parts[number].echo else role, digest)
        for one, number, arrival, role, digest in taken.rows.values()
    ]
    yield from store_parts.add([*rows, *copies])
    yield from store_parts.name_messages(sorted(one.id for one in (*taken.finished, *taken.filled)))


def texts(sets: Sequence[PartSet], here: Mapping[int, Arrival], directory: Directory) -> Generator[Request, Any, list[Arrival]]:
    """What each set says, as one arrival whose text is joined from its parts; `here` has those that are not stored yet, by arrival id."""
    readings = {source: reading_of(source, directory) for source in {one.source_id for one in sets}}
    made: list[Arrival] = []
    for start in range(0, len(sets), READ_AT_ONCE):
        some = sets[start : start + READ_AT_ONCE]
        wanted = [held.arrival_id for one in some for held in one.parts.values() if held.arrival_id not in here]
        found = {key: (arrival.raw, arrival.network_time) for key, arrival in here.items()}
        found |= (yield from store_arrivals.raw_of(wanted)) if wanted else {}
        made += [_joined(one, found, readings[one.source_id], directory.sources_by_id.get(one.source_id)) for one in some]
    return made


def _joined(one: PartSet, found: Mapping[int, tuple[bytes, int | None]], reading: Reading, source: Source | None) -> Arrival:
    segments: list[Segment | None] = []
    times: list[int] = []
    for number in range(1, one.total + 1):
        held = one.parts.get(number)
        if held is None:
            segments.append(None)
            continue
        raw, time = found[held.arrival_id]
        segments.append(segment_of(raw, reading))
        if time is not None:
            times.append(time)
    decoded = wire_segment.decode(segments, one.total)
    return Arrival(
        one.source_id, one.sender, one.recipient, b"", decoded.text, form=decoded.form, network_time=max(times, default=None),
        trust_time=source is not None and source.trust_time,
    )  # fmt: skip


def _timeout(source_id: int, directory: Directory) -> int:
    source = directory.sources_by_id.get(source_id)
    given = TIMEOUT if source is None else source.options.get("parts_timeout_seconds", TIMEOUT)
    return round((float(given) if isinstance(given, int | float) else TIMEOUT) * SECOND)

"""Decoding again what came before, with the settings that its source has now; and making suspected copies messages of their own."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from odzew.errors import NotOurs, WireError
from odzew.inbox.batch import Received, store
from odzew.inbox.complete import revision_of, reword
from odzew.inbox.meaning import addresses_of, locks_of, owe_for
from odzew.inbox.segments import READABLE, reading_of, segment_of
from odzew.inbox.withhold import withhold
from odzew.model import Arrival, Message, Owed
from odzew.store import arrivals as store_arrivals
from odzew.store import inbox_index, sessions
from odzew.store import messages as store_messages
from odzew.store import parts as store_parts
from odzew.store.arrivals import AsideRow
from odzew.store.changes import bump
from odzew.store.db import Lock, Now, Request
from odzew.store.directory import Directory, check_present
from odzew.wire import deliver
from odzew.wire import segment as wire_segment


@dataclass(slots=True)
class Redecoded:
    """What decoding again changed: (message as it is now, its text before)."""

    changed: list[tuple[Message, str]] = field(default_factory=list)
    same: int = 0
    owed: list[Owed] = field(default_factory=list)


def redecode(ids: Sequence[int], directory: Directory, offer: bool = False, dry_run: bool = False) -> Generator[Request, Any, Redecoded]:
    """Reads the octets of messages again. What it changes is kept as a revision. `offer`: to the API and to the targets, as if new.

    NotOurs for a message that does not exist or did not come over a protocol whose octets can be read again; nothing is changed then.
    """
    yield from check_present(directory)
    found = yield from store_messages.get(ids)
    done = Redecoded()
    if locks := locks_of(list(found.values()), directory):
        yield Lock(sorted(locks))
    if not dry_run:  # the words before the rows, as everywhere
        found = yield from store_messages.get(ids, hold=True)
    now: int = yield Now()
    for key in dict.fromkeys(ids):
        if key not in found:
            raise NotOurs(f"there is no message {key}")
        message = found[key]
        arrival = yield from _read_again(message, directory)
        before, text, form = revision_of(message), message.text, message.form
        unclaimed = message.account_id is None
        yield from reword(message, arrival, directory)
        if (message.text, message.form) == (text, form):
            done.same += 1
            continue
        done.changed.append((message, text))
        if dry_run:
            continue
        claimed = unclaimed and message.account_id is not None
        first = claimed or message.withheld is not None
        if offer or claimed:
            yield from withhold([message], directory)
        yield from store_messages.correct(message, now, "decoded again", before, offer or claimed)
        if offer or claimed:
            done.owed += yield from owe_for([message], now, directory, completion=not first)
    if done.changed and not dry_run:
        yield from inbox_index.changed([message.id for message, _ in done.changed])
        yield from bump("messages", "due")
    return done


def _read_again(message: Message, directory: Directory) -> Generator[Request, Any, Arrival]:
    """What the message's arrivals say now, as one arrival."""
    rows = [row for row in (yield from store_arrivals.of_message(message.id)) if row[7] in ("message", "part")]
    sources = {row[1] for row in rows}
    source_id = min(sources, default=0)
    source = directory.sources_by_id.get(source_id)
    if len(sources) != 1 or source is None or source.protocol not in READABLE:
        raise NotOurs(f"message {message.id} did not come over SMPP, so there are no octets to decode again")
    reading = reading_of(source_id, directory)
    segments = {row[0]: segment_of(bytes(row[6]), reading) for row in rows}
    places = yield from store_parts.of_arrivals(list(segments))
    if not places:
        decoded = wire_segment.decode(list(segments.values()), 1)
    else:
        total = next((one.part.total for one in segments.values() if one.part is not None), len(segments))
        by_number = {number: segments[arrival] for arrival, (_, number, _) in places.items()}
        decoded = wire_segment.decode([by_number.get(number) for number in range(1, total + 1)], total)
    return Arrival(source_id, message.sender, message.recipient, b"", decoded.text, form=decoded.form)


def release(ids: Sequence[int], directory: Directory, country: str) -> Generator[Request, Any, Received]:
    """Makes suspected copies messages of their own, as if they had just come. Copies of parts: all parts of one message together.

    NotOurs if one of them is no suspected copy; nothing is changed then.
    """
    wanted = list(dict.fromkeys(ids))
    arrivals = [_released(row, directory, country) for row in (yield from _copies(wanted, hold=False))]
    yield Lock(sorted({word for arrival in arrivals if arrival.fault is None for word in _words(arrival, country)}))
    yield from _copies(wanted, hold=True)  # the words before the rows, as everywhere
    received: Received = yield from store(arrivals, directory, country, {}, apart=True)
    # What came is kept once: the copy's own row goes, for the new arrival has its octets.
    yield from store_arrivals.forget(wanted)
    yield from bump("messages", "due")
    return received


def _copies(ids: Sequence[int], hold: bool) -> Generator[Request, Any, list[AsideRow]]:
    found = {row.id: row for row in (yield from store_arrivals.get(ids, "copy", hold))}
    for key in ids:
        if key not in found:
            raise NotOurs(f"arrival {key} is no suspected copy")
    return [found[key] for key in ids]


def _released(row: AsideRow, directory: Directory, country: str) -> Arrival:
    """The copy as it would be read now. What cannot be read becomes unreadable, as it would have when it came."""
    source = directory.sources_by_id.get(row.source_id)
    arrival = Arrival(
        row.source_id, row.sender, row.recipient, row.raw, network_time=row.network_time, extra=row.extra | {"released": str(row.id)},
        trust_time=source is not None and source.trust_time, digest=sessions.digest_of(row.raw), fault=row.fault,
    )  # fmt: skip
    if row.fault is None:
        try:
            short = deliver.read(row.raw, reading_of(row.source_id, directory))
            if short.receipt is None:
                addresses_of(arrival, country)
        except WireError as fault:
            arrival.fault = f"{type(fault).__name__}: {fault}"
        else:
            arrival.text, arrival.form, arrival.part = short.text, short.form, short.segment.part
            arrival.role = "message" if short.receipt is None else "receipt"
    return arrival


def _words(arrival: Arrival, country: str) -> list[str]:
    """What storing it may lock."""
    if arrival.role == "receipt":
        return []
    sender, recipient = addresses_of(arrival, country)
    part = arrival.part
    return [sender] if part is None else [sender, store_parts.key_of(arrival.source_id, sender, recipient, part.reference, part.total)]

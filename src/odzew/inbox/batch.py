"""The receiving transaction: arrivals in, and in one commit what they mean, whose it is and who is owed it."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from odzew.errors import OdzewError, WireError
from odzew.inbox import parts as inbox_parts
from odzew.inbox.announce import Ours, announce, everything
from odzew.inbox.complete import complete
from odzew.inbox.meaning import addresses_of, claim, claims_of, locks_of, message_of, owe_for
from odzew.inbox.parts import Incoming, Taken
from odzew.inbox.withhold import withhold
from odzew.model import Arrival, Attachment, Message, Owed, Receipt, Role
from odzew.store import arrivals as store_arrivals
from odzew.store import messages as store_messages
from odzew.store import parts as store_parts
from odzew.store import sessions
from odzew.store.db import Lock, Now, Request, reserve
from odzew.store.directory import Directory, check_present
from odzew.store.parts import PartRow
from odzew.wire import clean


class Undone(OdzewError):
    """Ends a trial: the transaction would have succeeded and is rolled back."""


@dataclass(slots=True)
class Received:
    """What one transaction stored. `messages` has new ones and those that were completed."""

    receipts: list[Receipt]
    messages: list[Message] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)


@dataclass(slots=True)
class _Sorted:
    """The arrivals of a batch by what is done with them, as indexes: new to us, messages of one part, parts, and copies (each with the
    arrival that it repeats)."""

    firsts: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    copies: dict[int, int] = field(default_factory=dict)
    repeats: dict[int, int] = field(default_factory=dict)


def store(
    arrivals: Sequence[Arrival],
    directory: Directory,
    country: str,
    faults: dict[int, str],
    ours: Ours = everything,
    trial: bool = False,
    apart: bool = False,
) -> Generator[Request, Any, Received]:
    """The receiving transaction. `faults` says which arrivals (by index) are to be kept raw as unreadable, and why.

    `ours` says to which targets this process forwards: other processes must hear of what is owed to theirs. `apart`: parts form sets of
    their own (released copies).
    """
    counts = yield from check_present(directory)
    now: int = yield Now()
    receipts: list[Receipt | None] = [None] * len(arrivals)
    faults = {index: arrival.fault for index, arrival in enumerate(arrivals) if arrival.fault is not None} | faults
    lot = yield from _sort(arrivals, receipts, faults, counts.get("suspects", 0) >= now and not apart, now)
    keys = dict(zip(lot.firsts, (yield from reserve("arrivals", len(lot.firsts))), strict=True))
    read = {index: message_of(arrivals[index], now, country) for index in lot.whole}
    incoming = [_incoming(index, keys[index], arrivals[index], country) for index in lot.parts]
    # All that this unit locks is named at once, so that no two units wait for each other in a circle.
    copied = _keys_of([arrivals[index] for index in lot.copies], country)
    if incoming or copied:  # else `claims_of` names them
        locks = locks_of(incoming, directory) | locks_of(read.values(), directory)
        yield Lock(sorted(locks.union(copied, (part.key for part in incoming))))
    taken = (yield from inbox_parts.take(incoming, now, directory, apart)) if incoming else Taken()
    here = {part.arrival_id: part.arrival for part in incoming}
    if taken.finished:
        joined = yield from inbox_parts.texts(list(taken.finished), here, directory)
        read |= {index: message_of(arrival, now, country) for index, arrival in zip(taken.finished.values(), joined, strict=True)}
        read = dict(sorted(read.items()))
    messages, owed = yield from keep(list(read.values()), now, directory)
    for one, index in taken.finished.items():
        one.message_id = read[index].id
    if taken.filled:
        again = yield from inbox_parts.texts(list(taken.filled), here, directory)
        completed, completions = yield from complete(list(zip(taken.filled, again, strict=True)), now, directory)
        messages, owed = messages + completed, owed + completions
    yield from _keep_arrivals(arrivals, lot, keys, read, taken, faults, receipts, now)
    attached = [(read[i].id, _kept(arrivals[i].attachments)) for i in lot.whole if arrivals[i].attachments]
    if attached:
        yield from store_messages.add_attachments(attached)
    yield from announce(owed, ours)
    if trial:
        raise Undone("only a trial")
    return Received([receipt for receipt in receipts if receipt is not None], messages, owed)


def _keep_arrivals(
    arrivals: Sequence[Arrival],
    lot: _Sorted,
    keys: dict[int, int],
    read: dict[int, Message],
    taken: Taken,
    faults: dict[int, str],
    receipts: list[Receipt | None],
    now: int,
) -> Generator[Request, Any, None]:
    """Stores the arrivals under their ids (`keys`, by index) and writes a receipt for each of the batch."""
    firsts_of = yield from _firsts_of(lot.copies)
    rows = []
    for index, key in keys.items():
        arrival = arrivals[index]
        role: Role = "unreadable" if index in faults else arrival.role
        if index in lot.copies:
            role, receipt = "copy", Receipt(firsts_of[index], "copy", True, key)
        elif index in read:
            receipt = Receipt(read[index].id, read[index].kind, False, key)
            role = taken.rows[index][3] if index in taken.rows else role
        elif index in taken.rows:
            role = taken.rows[index][3]
            receipt = Receipt(taken.rows[index][0].message_id, role, role == "repeat", key)
        else:
            receipt = Receipt(None, role, False, key)
        receipts[index] = receipt
        rows.append(store_arrivals.row_of(key, arrival, receipt.message_id, now, role, faults.get(index)))
    yield from store_arrivals.add(rows)
    if taken.rows or lot.copies:
        yield from inbox_parts.keep(taken, (yield from _copied_parts(lot.copies, keys)))
    for index, first in lot.repeats.items():
        earlier = receipts[first]
        assert earlier is not None
        receipts[index] = Receipt(earlier.message_id, earlier.kind, duplicate=True)


def keep(messages: list[Message], now: int, directory: Directory) -> Generator[Request, Any, tuple[list[Message], list[Owed]]]:
    """Gives messages their owners and ids, stores them and owes them."""
    if not messages:
        return [], []
    for message, claimed in zip(messages, (yield from claims_of(messages, directory)), strict=True):
        claim(message, claimed)
    yield from withhold(messages, directory)
    for key, message in zip((yield from reserve("messages", len(messages))), messages, strict=True):
        message.id = key
    yield from store_messages.add(messages)
    return messages, (yield from owe_for(messages, now, directory))


def _sort(
    arrivals: Sequence[Arrival], receipts: list[Receipt | None], faults: dict[int, str], suspecting: bool, now: int
) -> Generator[Request, Any, _Sorted]:
    """Tells firsts from repetitions by the source's own id, and copies after a lost session by their digest.

    Repetitions of what is stored already get their receipts here. The same text without an id is no repetition.
    """
    lot = _Sorted()
    refs = [ref for ref in map(_ref, arrivals) if ref is not None]
    stored = (yield from store_arrivals.known(refs)) if refs else {}
    here: dict[store_arrivals.Ref, int] = {}
    for index, arrival in enumerate(arrivals):
        ref = _ref(arrival)
        if ref is None:
            lot.firsts.append(index)
        elif ref in stored:
            receipts[index] = Receipt(*stored[ref], duplicate=True)
        elif ref in here:
            lot.repeats[index] = here[ref]
        else:
            here[ref] = index
            lot.firsts.append(index)
    if suspecting:
        wanted = [(index, arrivals[index].source_id, digest) for index in lot.firsts if (digest := arrivals[index].digest) is not None]
        lot.copies = (yield from sessions.use_up(wanted, now)) if wanted else {}
    for index in lot.firsts:
        arrival = arrivals[index]
        if arrival.role != "message" or index in faults or index in lot.copies:
            continue
        (lot.whole if arrival.part is None or arrival.part.total < 2 else lot.parts).append(index)
    return lot


def _ref(arrival: Arrival) -> store_arrivals.Ref | None:
    return None if arrival.ref is None else (arrival.source_id, arrival.ref)


def _incoming(index: int, key: int, arrival: Arrival, country: str) -> Incoming:
    assert arrival.part is not None
    sender, recipient = addresses_of(arrival, country)
    digest = arrival.digest or hashlib.sha256(arrival.raw).digest()
    word = store_parts.key_of(arrival.source_id, sender, recipient, arrival.part.reference, arrival.part.total)
    return Incoming(index, key, arrival, sender, recipient, word, digest.hex())


def _keys_of(copies: Sequence[Arrival], country: str) -> set[str]:
    """The keys of the sets that copies of parts belong to: one that becomes whole meanwhile must see them."""
    keys = set()
    for arrival in copies:
        if arrival.part is not None:
            with suppress(WireError):  # then its first was unreadable, and in no set
                sender, recipient = addresses_of(arrival, country)
                keys.add(store_parts.key_of(arrival.source_id, sender, recipient, arrival.part.reference, arrival.part.total))
    return keys


def _firsts_of(copies: dict[int, int]) -> Generator[Request, Any, dict[int, int | None]]:
    """{copy: the message of the arrival that it repeats}"""
    if not copies:
        return {}
    known = yield from store_arrivals.messages_of(list(copies.values()))
    return {index: known.get(first) for index, first in copies.items()}


def _copied_parts(copies: dict[int, int], keys: dict[int, int]) -> Generator[Request, Any, list[PartRow]]:
    """Copies of parts are noted in the set of the part, so that they get the message's name with it."""
    if not copies:
        return []
    found = yield from store_parts.of_arrivals(list(copies.values()))
    return [(*found[first][:2], keys[index], "copy", found[first][2]) for index, first in copies.items() if first in found]


def _kept(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [Attachment(clean.text(part.name), clean.text(part.content_type), part.data) for part in attachments]

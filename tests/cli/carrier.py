"""A network beside the aggregator: its set-up, and what its sessions bring, as the session's own code would."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Any, Final

from odzew.model import Arrival
from odzew.store.db import Request
from odzew.store.sessions import HEADER, Progress, end_session, open_session
from odzew.wire import deliver
from odzew.wire.coding import Reading
from tests.cli.house import SHARED, House
from tests.wire.smpp import a_deliver_sm

HOSTS: Final = 'hosts = ["127.0.0.1:2775"]\n'
CARRIER: Final = """\
[[source]]
name = "carrier-a"
protocol = "smpp"
system_id = "acme"
"""
SOURCE: Final = 2
TO: Final = (1, SHARED.removeprefix("+").encode())


def a_pdu(text: bytes, **fields: Any) -> bytes:
    """A deliver_sm to the shared number."""
    return a_deliver_sm(text, **{"destination": TO} | fields)


def a_part(number: int, total: int, text: bytes, reference: int = 7, **fields: Any) -> bytes:
    """A part of a long message, with a header of 8-bit reference."""
    return a_pdu(bytes((5, 0, 3, reference, total, number)) + text, esm_class=0x40, **fields)


def by_carrier(pdu: bytes, session: int | None = None, source: int = SOURCE, **options: object) -> Arrival:
    """What a session makes of a PDU."""
    short = deliver.read(pdu, Reading.of(options))
    return Arrival(
        source,
        short.sender,
        short.recipient,
        pdu,
        text=short.text,
        form=short.form,
        extra=short.extra,
        role="message" if short.receipt is None else "receipt",
        part=short.segment.part,
        session_id=session,
        digest=digest_of(pdu),
    )


def digest_of(pdu: bytes) -> bytes:
    """Of what a repetition has in common with it."""
    return hashlib.sha256(pdu[HEADER:]).digest()


def with_carrier(house: House, more: str = "") -> House:
    """Adds the network to the set-up; `more` are further keys of its source."""
    return house.apply(CARRIER + ("" if "hosts" in more else HOSTS) + more)


def copied(house: House, *pdus: bytes) -> list[int]:
    """Brings PDUs, loses the session before their answers were written, and brings them again: the ids of the copies' arrivals."""
    first = house.write(open_session, SOURCE, 0, "process", "127.0.0.1:2775")
    receipts = house.receive(*(by_carrier(pdu, first) for pdu in pdus))
    candidates = [(receipt.arrival_id or 0, digest_of(pdu)) for receipt, pdu in zip(receipts, pdus, strict=True)]
    house.write(_lost, first, candidates)
    second = house.write(open_session, SOURCE, 0, "process", "127.0.0.1:2775")
    again = house.receive(*(by_carrier(pdu, second) for pdu in pdus))
    assert [receipt.kind for receipt in again] == ["copy"] * len(pdus)
    return [receipt.arrival_id or 0 for receipt in again]


def _lost(session: int, candidates: list[tuple[int, bytes]]) -> Generator[Request, Any, None]:
    yield from end_session(session, candidates, "the connection broke", Progress())

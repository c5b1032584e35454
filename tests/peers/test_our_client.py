"""Our SMPP client and our SMSC simulator, with a real database behind: every shape is read, and whatever a network does, all is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_faults import FAULTS, PIECES
from odzew.simulate.smsc_messages import ShortText
from odzew.simulate.smsc_samples import SAMPLES, Sample
from odzew.simulate.smsc_shapes import read_shape
from odzew.store.db import Database
from odzew.wire.pdu import Command, header
from odzew.wire.status import Status
from tests.databases import migrated_file
from tests.ingest.smpp.office import Office, moving, put_source, rows

PHONE, OURS = "+48600700800", "+48799448855"
SETTINGS: dict[str, dict[str, Any]] = {
    "packed": {"default_alphabet": "gsm7-packed"},
    "ucs2-le": {"ucs2_order": "little"},
    "receipt-text": {"text_receipts": True},
}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the engines do differently is tested beside them."""
    return f"sqlite:///{migrated_file(tmp_path / 'odzew.db')}"


@asynccontextmanager
async def joined(db: Database, clock: FixedClock, *faults: str, more: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[Smsc]:
    """The simulator, and a process of ours that is set up to bind to it."""
    smsc = await Smsc(clock, system_id="odzew", password="secret", faults=faults, **options).start()
    source: dict[str, Any] = {"hosts": [f"127.0.0.1:{smsc.port}"], "system_id": "odzew", "password": "secret", **(more or {})}
    await db.write(lambda: put_source("net", **source))
    office = await Office(db, clock).open()
    try:
        yield smsc
    finally:
        await office.close()
        await smsc.stop()


async def texts(db: Database) -> list[str]:
    return [text for (text,) in await rows(db, "SELECT text FROM messages ORDER BY id")]


async def roles(db: Database) -> Counter[str]:
    return Counter(role for (role,) in await rows(db, "SELECT role FROM arrivals"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.shape} {sample.text[:12]!r}")
async def test_every_shape(sample: Sample, db: Database, clock: FixedClock) -> None:
    words = sample.shape.split("+")
    more = SETTINGS[words[0]] if sample.special else {}
    async with joined(db, clock, more=more) as smsc:
        entries = smsc.post(ShortText(PHONE, OURS, sample.text, sample.shape, sample.order))
        await moving(clock, smsc.settled())
        assert [entry.status for entry in entries] == [Status.ROK] * len(entries)
    found = await rows(db, "SELECT text, form, sender, recipient FROM messages")
    if read_shape(sample.shape).role in ("message", "user-ack"):
        text, form = (sample.text.encode().hex().upper(), "binary") if sample.shape == "binary" else (sample.text, "text")
        assert found == [(text, form, PHONE, OURS)]
    else:
        assert (found, await roles(db)) == ([], {"receipt": 1})


SENT = [ShortText(PHONE, OURS, f"text {number}") for number in range(1, 9)]
LONG = ShortText(PHONE, OURS, "Zażółć gęślą jaźń 👍 " * 8, "ucs2+udh8", (3, 1, 2))


@pytest.mark.parametrize("fault", sorted({*FAULTS, *PIECES}))
async def test_whatever_the_network_does_everything_is_stored_once(fault: str, db: Database, clock: FixedClock) -> None:
    at = fault if fault in PIECES or FAULTS[fault].turn != "at" else f"{fault}=4"
    async with joined(db, clock, at, window=3, links=20.0) as smsc:
        entries = smsc.post(*SENT[:4], LONG, *SENT[4:])
        await moving(clock, smsc.settled())
        assert all(entry.taken for entry in entries)
        assert smsc.faults.seen == ([] if fault in PIECES or FAULTS[fault].turn == "all" else [fault])
    stored, wanted = sorted(await texts(db)), sorted(message.text for message in (*SENT, LONG))
    if fault == "black-hole":
        # This network resets the connection after 20 s in which it read nothing: for us an idle session that breaks, whose last
        # answers had time to arrive. So what comes again is no candidate for a copy.
        assert set(stored) == set(wanted)
    else:
        assert stored == wanted


@pytest.mark.parametrize(
    ("fault", "command", "statuses"),
    [
        ("unknown-command", Command.GENERIC_NACK, {Status.RINVCMDID}),
        ("wrong-side", Command.GENERIC_NACK, {Status.RINVCMDID}),
        ("bind-back", Command.GENERIC_NACK, {Status.RINVCMDID}),
        ("malformed-address", Command.DELIVER_SM_RESP, {Status.RINVCMDLEN, Status.RINVMSGLEN}),
        ("malformed-length", Command.DELIVER_SM_RESP, {Status.RINVMSGLEN}),
        ("malformed-tlv", Command.DELIVER_SM_RESP, {Status.RINVPARLEN}),
        ("empty-body", Command.DELIVER_SM_RESP, {Status.RINVCMDLEN, Status.RINVMSGLEN}),
    ],
)
async def test_what_makes_no_sense_costs_an_error_answer_and_never_the_session(
    fault: str, command: Command, statuses: set[Status], db: Database, clock: FixedClock
) -> None:
    async with joined(db, clock, fault) as smsc:
        smsc.post(*SENT)
        await moving(clock, smsc.settled())
        await moving(clock, smsc.until(lambda: bool(smsc.notes)))
        (note,) = smsc.notes
        assert (note.what, header(note.pdu).command) == (fault, command)
        assert header(note.pdu).status in statuses
        assert [session.number for session in smsc.sessions] == [1]
    assert (await roles(db))["unreadable"] == (command == Command.DELIVER_SM_RESP)


async def test_over_a_lost_session_the_same_octets_are_copies_and_honest_repeats_are_not(db: Database, clock: FixedClock) -> None:
    async with joined(db, clock, "close=2") as smsc:
        smsc.post(*(ShortText(PHONE, OURS, "TAK") for _ in range(2)))
        await moving(clock, smsc.settled())
        copies = smsc.ledger.totals().again
        assert copies >= 1
    assert await texts(db) == ["TAK"] * 2
    assert await roles(db) == {"message": 2, "copy": copies}

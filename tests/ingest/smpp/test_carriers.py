"""All binds of a process on a real database with the real inbox: following the directory, settling, stopping, and what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from odzew.clock import FixedClock
from odzew.ingest.smpp.carriers import SETTLED
from odzew.store.db import Database
from odzew.wire.pdu import Command, Status
from tests.ingest.smpp.office import Office, drop_source, idle, moving, put_source, rows
from tests.ingest.smpp.peer import Smsc, deliver, nuls, receipt, until

OK = int(Status.ROK)


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    smsc = await Smsc().start()
    yield smsc
    await smsc.stop()


@pytest.fixture
async def office(db: Database, clock: FixedClock) -> AsyncIterator[Office]:
    office = Office(db, clock)
    yield office
    await office.close()


async def bound(office: Office, smsc: Smsc, count: int) -> None:
    await moving(office.clock, until(lambda: office.bound() == count and smsc.bound == count))


async def test_what_comes_is_stored_and_answered(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    malformed = nuls(deliver(sequence=5))
    smsc.talk.say(
        deliver("zażółć 👋".encode("utf-16-be"), 1, data_coding=8),
        receipt(2),
        deliver(b"\x05\x00\x03\x11\x02\x02two", 3, esm_class=0x40),
        deliver(b"\x05\x00\x03\x11\x02\x01one ", 4, esm_class=0x40),
        malformed,
        deliver(b"data", 6, Command.DATA_SM),
    )
    await until(lambda: len(smsc.talk.answers()) == 5 and smsc.talk.answers(Command.DATA_SM) == {6: OK})
    assert {key for key, status in smsc.talk.answers().items() if status == OK} == {1, 2, 3, 4}
    found = await rows(db, "SELECT role, session_id FROM arrivals ORDER BY id")
    assert [row[0] for row in found] == ["message", "receipt", "part", "part", "unreadable", "message"]
    assert {row[1] for row in found} == {1}
    texts = await rows(db, "SELECT text FROM messages ORDER BY id")
    assert sorted(text for (text,) in texts) == ["data", "one two", "zażółć 👋"]
    ((kept,),) = await rows(db, "SELECT raw FROM arrivals WHERE role = 'unreadable'")
    assert bytes(kept) == malformed
    (state,) = office.carriers.states()
    assert state.progress is not None
    assert (state.progress.messages, state.progress.receipts, state.progress.malformed) == (4, 1, 1)


async def test_a_lost_session_and_what_comes_twice_after_it(office: Office, smsc: Smsc, db: Database) -> None:
    """Each answer in doubt covers one repetition; an equal message beyond that is a new one."""
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(b"twice", 1), deliver(b"twice", 2), deliver(b"once", 3))
    await until(lambda: len(smsc.talk.answers()) == 3)
    smsc.talk.reset()
    await idle()
    await bound(office, smsc, 1)
    smsc.talk.say(*(deliver(b"twice", n) for n in (1, 2, 3)), deliver(b"new", 4))
    await until(lambda: len(smsc.talk.answers()) == 4)
    assert await rows(db, "SELECT role, session_id FROM arrivals ORDER BY id") == [
        ("message", 1), ("message", 1), ("message", 1), ("copy", 2), ("copy", 2), ("message", 2), ("message", 2),
    ]  # fmt: skip


async def test_after_an_unbind_nothing_is_suspected(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(b"twice", 1), b"\0\0\0\x10\0\0\0\x06\0\0\0\0\0\0\0\2")
    await until(lambda: smsc.talk.gone)
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(b"twice", 1))
    await smsc.talk.answered(1)
    assert await rows(db, "SELECT role FROM arrivals") == [("message",), ("message",)]


async def test_a_full_inbox_is_told_and_passes(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    await office.inbox.close()
    smsc.talk.say(deliver(sequence=1))
    await until(lambda: smsc.talk.answers() == {1: Status.RX_T_APPN})
    (state,) = office.carriers.states()
    assert state.fault == "refused: the gateway is stopping"


# --- following the directory -------------------------------------------------------------------------------------------


async def test_sources_come_and_go(office: Office, smsc: Smsc, db: Database) -> None:
    await office.open()
    assert office.carriers.states() == []
    await office.change(put_source, "b", hosts=[smsc.host], system_id="odzew", binds=2)
    await bound(office, smsc, 2)
    await office.change(put_source, "a", hosts=[smsc.host], system_id="odzew")
    await bound(office, smsc, 3)
    assert office.phases() == [("a", 0, "bound"), ("b", 0, "bound"), ("b", 1, "bound")]
    await office.change(put_source, "a", active=False, hosts=[smsc.host], system_id="odzew")
    await bound(office, smsc, 2)
    await office.change(drop_source, "b")
    await moving(office.clock, until(lambda: office.phases() == []))
    await until(lambda: smsc.open == 0)
    assert all(len(talk.of(Command.UNBIND)) == 1 for talk in smsc.talks)
    await office.change(put_source, "a", active=True, hosts=[smsc.host], system_id="odzew")
    await bound(office, smsc, 1)


async def test_what_changes_is_bound_anew_and_the_others_are_left_alone(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("kept", hosts=[smsc.host], system_id="odzew"))
    await db.write(lambda: put_source("changed", hosts=[smsc.host], system_id="old"))
    await office.open()
    await bound(office, smsc, 2)
    await office.change(put_source, "changed", hosts=[smsc.host], system_id="new", binds=2)
    await moving(office.clock, until(lambda: len(smsc.talks) == 4))
    await bound(office, smsc, 3)
    unbound = [b"new" in talk.heard[0] or len(talk.of(Command.UNBIND)) for talk in smsc.talks]
    assert sorted(unbound) == [0, 1, True, True]
    assert sum(b"new" in talk.heard[0] for talk in smsc.talks) == 2


async def test_a_directory_without_changes_changes_nothing(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await db.write(lambda: put_source("other", protocol="http"))
    await office.open()
    await bound(office, smsc, 1)
    await office.change(put_source, "third", protocol="mm7")
    await idle()
    assert (smsc.open, len(smsc.talks)) == (1, 1)
    assert office.phases() == [("net", 0, "bound")]


async def test_a_source_that_cannot_work_does_not_keep_others_from_it(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("broken", hosts=["nowhere"], system_id="odzew"))
    await db.write(lambda: put_source("sound", hosts=[smsc.host], system_id="odzew"))
    with capture_logs() as lines:
        await office.open()
    await bound(office, smsc, 1)
    assert office.phases() == [("broken", 0, "stopped"), ("sound", 0, "bound")]
    assert "'nowhere' is not" in office.carriers.states()[0].fault
    assert [(line["event"], line["source"]) for line in lines if line["log_level"] == "error"] == [("smpp_not_started", "broken")]
    await office.change(put_source, "broken", hosts=[smsc.host], system_id="odzew")
    await bound(office, smsc, 2)


# --- settling and stopping ---------------------------------------------------------------------------------------------


async def test_how_far_a_session_is_is_noted_every_five_seconds(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(sequence=1), deliver(b"other", 2))
    await until(lambda: len(smsc.talk.answers()) == 2)
    sql = "SELECT messages, settled FROM sessions"
    assert await rows(db, sql) == [(0, 0)]
    office.clock.advance(SETTLED)
    await noted(db, sql, [(2, 2)])
    smsc.talk.say(deliver(b"third", 3))
    await smsc.talk.answered(3)
    office.clock.advance(SETTLED - 1)
    await idle()
    assert await rows(db, sql) == [(2, 2)]
    office.clock.advance(1)
    await noted(db, sql, [(3, 3)])


async def noted(db: Database, sql: str, expected: list[tuple[int, int]]) -> None:
    await idle()
    assert await rows(db, sql) == expected


async def test_a_process_that_died_leaves_its_last_five_seconds_in_doubt(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    await office.open()
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(b"old", 1))
    await smsc.talk.answered(1)
    office.clock.advance(SETTLED)
    await noted(db, "SELECT messages, settled FROM sessions", [(1, 1)])
    smsc.talk.say(deliver(b"young", 2))
    await smsc.talk.answered(2)
    # As after a kill: the same database, and the session still open in it.
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="again"))
    for carrier in office.carriers._carriers.values():
        for task in carrier._tasks:
            task.cancel()
    await until(lambda: smsc.talk.gone)
    await office.follow()
    await bound(office, smsc, 1)
    smsc.talk.say(deliver(b"old", 1), deliver(b"young", 2))
    await until(lambda: len(smsc.talk.answers()) == 2)
    assert [row[0] for row in await rows(db, "SELECT role FROM arrivals ORDER BY id")] == ["message", "message", "message", "copy"]
    assert await rows(db, "SELECT why FROM sessions WHERE ended_at IS NOT NULL") == [("its process was gone",)]


async def test_a_stop_stores_and_answers_what_is_in_hand(office: Office, smsc: Smsc, db: Database) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew", binds=2))
    await office.open()
    await bound(office, smsc, 2)
    for talk in smsc.talks:
        talk.say(*(deliver(b"%d" % n, n) for n in range(1, 301)))
    await until(lambda: any(office.carriers.states()[slot].progress is not None for slot in (0, 1)))
    await office.carriers.stop(5.0)  # no time passes
    await until(lambda: smsc.open == 0)
    ok = sum(status == OK for talk in smsc.talks for status in talk.answers().values())
    assert await rows(db, "SELECT count(*) FROM arrivals") == [(ok,)]
    assert all(len(talk.of(Command.UNBIND)) == 1 for talk in smsc.talks)
    assert await rows(db, "SELECT why FROM sessions") == [("unbound",), ("unbound",)]
    assert await rows(db, "SELECT 1 FROM suspects") == []
    assert office.carriers.states() == []

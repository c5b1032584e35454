"""`odzew source list`: every way in, and of an SMPP source each of its binds."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest

from odzew.cli.binds import binds_of
from odzew.cli.listing import instant
from odzew.clock import SECOND, Clock, FixedClock
from odzew.serve import PROCESS
from odzew.simulate.smsc import Smsc
from odzew.store.db import Database, Now, Request, Rows
from odzew.store.directory import load
from odzew.store.leases import take
from odzew.store.sessions import Progress, end_session, not_bound, open_session, settle
from odzew.store.tallies import Tally, note
from tests.cli.carrier import SOURCE, a_part, by_carrier, with_carrier
from tests.cli.house import House
from tests.docs.house import serving

HERE = f"{socket.gethostname()}-{os.getpid()}-0a1b2c3d"
AT = 1_413_883_083 * SECOND
HOST = "127.0.0.1:2775"
FIGURES = Progress(
    settled=0,
    last_message_at=AT,
    last_link_at=AT + SECOND,
    messages=12,
    receipts=3,
    refused=2,
    malformed=1,
    fault="refused: the disk is full",
)


@pytest.fixture
def carrier(house: House) -> House:
    """Two binds wanted; the first was bound by a process that is there."""
    with_carrier(house, "binds = 2\n")
    house.write(settle, house.write(open_session, SOURCE, 0, HERE, HOST), FIGURES)
    return house


def binds(house: House) -> list[dict[str, Any]]:
    (found,) = (one["binds"] for one in house.json("source", "list") if one["name"] == "carrier-a")
    return list(found)


def test_every_source_is_listed(carrier: House) -> None:
    told = [(one["name"], one["protocol"], one["active"], len(one["binds"])) for one in carrier.json("source", "list")]
    assert told == [("aggregator", "http", True, 0), ("carrier-a", "smpp", True, 2)]


def test_a_bind_that_is_bound(carrier: House) -> None:
    bound = binds(carrier)[0]
    assert bound.pop("since").endswith("Z")
    assert bound == {
        "bind": 1, "bound": True, "why_not": None, "until": None, "host": HOST, "process": HERE,
        "last_message": "2014-10-21T09:18:03Z", "last_enquire_link": "2014-10-21T09:18:04Z",
        "messages": 12, "receipts": 3, "refused": 2, "malformed": 1, "last_fault": "refused: the disk is full",
    }  # fmt: skip


def test_a_bind_that_never_was(carrier: House) -> None:
    assert binds(carrier)[1] == {"bind": 2, "bound": False, "why_not": "it never was; `odzew check` tries it and tells what happens"}


def test_for_people(carrier: House) -> None:
    carrier.receive(by_carrier(a_part(1, 3, b"a")), by_carrier(a_part(3, 3, b"c")))
    since = binds(carrier)[0]["since"]
    assert carrier.says("source", "list").splitlines() == [
        "aggregator  http  on",
        "carrier-a  smpp  on  parts waiting: 2",
        f"  bind 1: bound since {since} to {HOST} by {HERE}",
        "    last message: 2014-10-21T09:18:03Z",
        "    last enquire_link: 2014-10-21T09:18:04Z",
        "    messages 12, receipts 3, refused 2, malformed 1",
        "    last fault: refused: the disk is full",
        "  bind 2: not bound: it never was; `odzew check` tries it and tells what happens",
    ]


def test_why_a_session_ended_is_told_until_there_is_another(carrier: House) -> None:
    first = carrier.write(open_session, SOURCE, 1, HERE, HOST)
    carrier.write(end_session, first, [], "the network\x1b[2J closed the connection", Progress(messages=1))
    told = binds(carrier)[1]
    assert told["why_not"] == f"the last session, with {HOST}, ended at {told['until']}: the network\x1b[2J closed the connection"
    assert (told["bound"], told["messages"]) == (False, 1)
    assert "closed the connection" in carrier.says("source", "list")
    assert "\x1b" not in carrier.says("source", "list")
    carrier.write(open_session, SOURCE, 1, HERE, HOST)
    assert binds(carrier)[1]["bound"] is True


def test_a_process_that_is_gone_holds_nothing(carrier: House) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        process = f"{socket.gethostname()}-{ended.pid}-0a1b2c3d"
    carrier.write(open_session, SOURCE, 1, process, HOST)
    assert binds(carrier)[1]["why_not"] == f"the process {process}, which held it, is gone"


@pytest.mark.parametrize("process", ["elsewhere-1-0a1b2c3d", "a name", "", f"{socket.gethostname()}-1-0a1b2c3d"])
def test_of_a_process_that_cannot_be_looked_at_its_word_is_taken(process: str, carrier: House) -> None:
    carrier.write(open_session, SOURCE, 1, process, HOST)
    assert binds(carrier)[1]["bound"] is True


def test_a_source_that_is_off(house: House) -> None:
    with_carrier(house, "active = false\n")
    assert [one["why_not"] for one in binds(house)] == ["the source is switched off"]
    assert "carrier-a  smpp  off" in house.says("source", "list")


def test_a_bind_that_is_wanted_no_more_is_told_while_it_is_held(carrier: House) -> None:
    carrier.write(open_session, SOURCE, 1, HERE, HOST)
    with_carrier(carrier, "binds = 1\n")
    assert [(one["bind"], one["bound"]) for one in binds(carrier)] == [(1, True), (2, True)]


def test_what_was_pushed_over_http_is_told_of_all_processes_together(house: House) -> None:
    now = house.with_db(lambda db: db.read(the_time))
    house.write(note, [Tally(1, "old", now - 60 * SECOND, now - 30 * SECOND, 5, 1, 2, "wrong token"), Tally(1, "new", now, None, 1)])
    (source,) = house.json("source", "list")
    assert source["pushed"] == {
        "since": instant(now - 60 * SECOND), "last_message": instant(now - 30 * SECOND),
        "messages": 6, "reports": 1, "refused": 2, "last_fault": "wrong token",
    }  # fmt: skip
    assert house.says("source", "list").splitlines() == [
        "aggregator  http  on",
        f"  since {instant(now - 60 * SECOND)}: messages 6, reports 1, refused 2; last message: {instant(now - 30 * SECOND)}",
        "  last fault: wrong token",
    ]


def test_where_nothing_was_pushed_nothing_is_told(carrier: House) -> None:
    assert [one["pushed"] for one in carrier.json("source", "list")] == [None, None]


def the_time() -> Generator[Request, Any, int]:
    now: int = yield Now()
    return now


def test_there_is_none(empty_house: House) -> None:
    empty_house.apply('[[account]]\nname = "acme"\n')
    assert empty_house.run("source", "list").stderr == "There is no source.\n"
    assert empty_house.json("source", "list") == []


async def test_a_running_server_is_seen_to_be_bound_and_to_stop(house: House) -> None:
    smsc = await Smsc(Clock()).start()
    try:
        await asyncio.to_thread(with_carrier, house, f'hosts = ["127.0.0.1:{smsc.port}"]\n')
        async with serving(house.directory / "odzew.db", {}):
            await smsc.bound()
            told: dict[str, Any] = {}
            for _ in range(1_000):  # bound there; the session may be on its way into the database here
                (told,) = await asyncio.to_thread(binds, house)
                if told["bound"]:
                    break
            assert (told["bound"], told["host"]) == (True, f"127.0.0.1:{smsc.port}")
        (told,) = await asyncio.to_thread(binds, house)
        assert told["why_not"] == f"the last session, with 127.0.0.1:{smsc.port}, ended at {told['until']}: unbound"
    finally:
        await smsc.stop()


def a_source() -> Generator[Request, Any, None]:
    yield Rows("INSERT INTO sources (name, protocol, options) VALUES ('carrier-a', 'smpp', '{\"binds\": 2}')")


async def test_where_processes_hold_leases_those_tell_who_is_there(db: Database, clock: FixedClock) -> None:
    await db.write(a_source)
    directory = await db.read(load)
    source = directory.sources["carrier-a"].id
    await db.write(take, PROCESS + HERE, HERE, 15 * SECOND)
    for slot, process in enumerate((HERE, "elsewhere-1-0a1b2c3d")):
        await db.write(open_session, source, slot, process, HOST)
    # On SQLite there is one machine, and a process of another one is believed.
    assert [one.bound for one in await binds_of(db, directory)] == [True, not db.shared]
    clock.advance(16)
    assert [one.bound for one in await binds_of(db, directory)] == [not db.shared, not db.shared]


def test_a_bind_that_is_tried_in_vain_says_why_until_it_is_bound(carrier: House) -> None:
    carrier.write(not_bound, SOURCE, 1, HOST, "the bind was refused: Invalid Password (0x0000000E)")
    carrier.write(not_bound, SOURCE, 1, HOST, "no connection: Connection refused")
    why = binds(carrier)[1]["why_not"]
    assert why.startswith("tried in vain, last at 20")
    assert why.endswith(f"with {HOST}: no connection: Connection refused")
    carrier.write(open_session, SOURCE, 1, HERE, HOST)
    assert binds(carrier)[1]["bound"]

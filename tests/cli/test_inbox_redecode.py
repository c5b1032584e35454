"""`odzew inbox redecode` and `odzew inbox release`."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from odzew.cli.redecode import EVER, with_directory
from odzew.inbox.receive import Inbox
from odzew.inbox.redecode import redecode
from odzew.store.changes import bump
from odzew.store.db import Database, Request, Rows, statement
from odzew.store.directory import Directory, Present, load
from odzew.store.lookup import over_source
from odzew.store.messages import get
from tests.cli.carrier import a_part, a_pdu, by_carrier, copied, with_carrier
from tests.cli.house import House, an_arrival

UTF8 = 'alphabets = { "9" = "utf8" }\n'
TURTLE = "AUTO żółw".encode()
IN_HEX = TURTLE.hex().upper()


@pytest.fixture
def full(house: House) -> House:
    """1 and 2 undecoded, of a network that means UTF-8 by data_coding 9; 3 as usual; 4 by the aggregator."""
    with_carrier(house)
    house.receive(
        by_carrier(a_pdu(TURTLE, data_coding=9)),
        by_carrier(a_pdu(b"AUTO dwa", data_coding=9)),
        by_carrier(a_pdu(b"AUTO trzy")),
        an_arrival("AUTO 4"),
    )
    return house


def texts(house: House) -> dict[int, tuple[str, list[str]]]:
    return {row["id"]: (row["text"], row["flags"]) for row in house.json("inbox", "list")}


def deliveries(house: House, key: int) -> list[Any]:
    return [one["state"] for one in house.json("inbox", "show", key)["deliveries"]]


def test_nothing_changes_while_the_setting_is_the_same(full: House) -> None:
    assert full.says("inbox", "redecode", 1, 2) == "Changed: 0. The same as before: 2. Deliveries owed: 0.\n"


def test_a_dry_run_shows_before_and_after_and_writes_nothing(full: House) -> None:
    with_carrier(full, UTF8)
    told = full.says("inbox", "redecode", 1, "--dry-run").splitlines()
    assert told == [
        "Message 1",
        f"  before: {IN_HEX}",
        "  after:  AUTO żółw",
        "Would change: 1. Would stay the same: 0. Nothing was written.",
    ]
    assert texts(full)[1] == (IN_HEX, ["undecoded"])


def test_another_alphabet_gives_another_text_and_the_octets_stay(full: House) -> None:
    with_carrier(full, UTF8)
    raw = full.json("inbox", "show", 1)["arrivals"][0]["raw"]
    told = full.says("inbox", "redecode", 1)
    assert told.endswith("Changed: 1. The same as before: 0. Deliveries owed: 1.\n")  # it was nobody's and is acme's
    assert texts(full)[1] == ("AUTO żółw", [])
    assert texts(full)[2][1] == ["undecoded"]
    story = full.json("inbox", "show", 1)
    assert story["arrivals"][0]["raw"] == raw
    (revision,) = story["revisions"]
    assert (revision["before"]["text"], revision["before"]["form"], revision["why"]) == (IN_HEX, "undecoded", "decoded again")


def test_whose_a_text_is_may_be_seen_only_now(full: House) -> None:
    with_carrier(full, UTF8)
    assert full.json("inbox", "show", 1)["account"] is None
    full.says("inbox", "redecode", 1)
    assert full.json("inbox", "show", 1)["account"] == "acme"
    assert deliveries(full, 1) == ["pending"]


def test_what_was_read_is_offered_again_only_where_that_is_asked_for(full: House) -> None:
    full.says("inbox", "assign", 1, 2, "--account", "acme")
    full.write(statement, "UPDATE messages SET pulled_at = 1")
    with_carrier(full, UTF8)
    assert "Deliveries owed: 0." in full.says("inbox", "redecode", 1)
    assert "Deliveries owed: 1." in full.says("inbox", "redecode", 2, "--offer")
    assert full.json("inbox", "show", 1)["pulled"] is not None
    assert full.json("inbox", "show", 2)["pulled"] is None
    assert [deliveries(full, key) for key in (1, 2)] == [["pending"], ["pending", "pending"]]


def test_all_of_a_source(full: House) -> None:
    with_carrier(full, UTF8)
    assert full.says("inbox", "redecode", "--source", "carrier-a").endswith("Changed: 2. The same as before: 1. Deliveries owed: 2.\n")
    assert [row["id"] for row in full.json("inbox", "list", "--flagged")] == []


def test_pages_of_a_source_meet_each_message_once(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("odzew.cli.redecode.PAGE", 1)
    with_carrier(full, UTF8)
    told = full.says("inbox", "redecode", "--source", "carrier-a", "--dry-run")
    assert [line for line in told.splitlines() if line.startswith("Message")] == ["Message 1", "Message 2"]
    assert "Would change: 2. Would stay the same: 1." in told


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--from", "2014-10-21"], 3),
        (["--from", "2014-10-22"], 2),
        (["--to", "2014-10-22"], 1),
        (["--from", "2014-10-22T12:00:00Z"], 1),
        (["--from", "2014-10-22T13:59:59+02:00"], 2),
        (["--from", "2014-10-21", "--to", "2014-10-22T12:00:00Z"], 2),
        (["--from", "2030-01-01"], 0),
    ],
)
def test_a_time_bounds_what_is_looked_at(words: list[str], found: int, full: House) -> None:
    for key, at in ((1, 1_413_883_083), (2, 1_413_979_199), (3, 1_413_979_201)):  # 21 Oct, 22 Oct 11:59:59 and 12:00:01
        full.write(statement, f"UPDATE messages SET received_at = {at}000000 WHERE id = {key}")
    assert f"The same as before: {found}." in full.says("inbox", "redecode", "--source", "carrier-a", *words)


def test_a_long_message_is_joined_again(house: House) -> None:
    with_carrier(house)
    house.receive(by_carrier(a_part(1, 2, TURTLE[:6], data_coding=9)), by_carrier(a_part(2, 2, TURTLE[6:], data_coding=9)))
    with_carrier(house, UTF8)
    house.says("inbox", "redecode", 1)
    assert texts(house) == {1: ("AUTO żółw", [])}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "give either the ids"),
        (["1", "--source", "carrier-a"], 2, "give either the ids"),
        (["1", "--from", "2026-11-23"], 2, "go with --source"),
        (["--source", "carrier-a", "--from", "yesterday"], 2, "--from is a day"),
        (["--source", "carrier-a", "--to", "2026-11-23T14:00:00"], 2, "--to is a day"),
        (["--source", "carrier-b"], 1, "there is no source 'carrier-b'"),
        (["--source", "aggregator"], 1, "is of protocol http"),
        (["77"], 1, "there is no message 77"),
        (["1", "4"], 1, "message 4 did not come over SMPP"),
        (list(map(str, range(1, 1_002))), 2, "at most 1000"),
    ],
)
def test_refusals_change_nothing(words: list[str], code: int, says: str, full: House) -> None:
    with_carrier(full, UTF8)
    assert says in full.refuses("inbox", "redecode", *words, code=code)
    assert [row["id"] for row in full.json("inbox", "list", "--flagged")] == [2, 1]


def test_a_set_up_that_changes_meanwhile_is_read_again(full: House) -> None:
    with_carrier(full, UTF8)
    tried: list[int] = []

    async def work(db: Database) -> Any:
        async def once(directory: Directory) -> Any:
            tried.append(directory.counter[0])
            if len(tried) == 1:
                await db.write(bump, "directory")
            return await db.write(redecode, [1], directory)

        return await with_directory(db, once)

    assert [message.text for message, _ in full.with_db(work).changed] == ["AUTO żółw"]
    assert len(tried) == 2


def test_a_copy_that_is_released_is_a_message_of_its_own(full: House) -> None:
    (copy,) = copied(full, a_pdu(b"AUTO tak"))
    assert full.says("inbox", "release", copy) == f"Arrival {copy} is now message 6, acme.\nDeliveries owed: 1.\n"
    assert full.json("inbox", "list", "--copies") == []
    assert (texts(full)[5], texts(full)[6]) == (("AUTO tak", []), ("AUTO tak", []))
    assert deliveries(full, 6) == ["pending"]


def test_a_release_is_heard_of_by_a_running_server(full: House) -> None:
    (copy,) = copied(full, a_pdu(b"AUTO tak"))
    before = dict(full.read(statement, "SELECT name, counter FROM changes"))
    full.says("inbox", "release", copy)
    after = dict(full.read(statement, "SELECT name, counter FROM changes"))
    assert after["messages"] > before["messages"]
    assert after["due"] > before["due"]


def test_the_parts_of_a_long_copy_are_released_together(full: House) -> None:
    first, second = copied(full, a_part(1, 2, b"AUTO "), a_part(2, 2, b"dwa"))
    told = full.says("inbox", "release", first, second).splitlines()
    assert told[0] in (f"Arrival {first} is now a part that waits for others.", f"Arrival {first} is now message 6, acme.")
    assert told[1] == f"Arrival {second} is now message 6, acme."
    assert texts(full)[6] == ("AUTO dwa", [])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["77"], 1, "arrival 77 is no suspected copy"),
        (["1"], 1, "arrival 1 is no suspected copy"),
        (["COPY", "1"], 1, "arrival 1 is no suspected copy"),
        ([], 2, "Missing argument"),
        (list(map(str, range(1, 1_002))), 2, "at most 1000"),
    ],
)
def test_what_is_no_copy_is_not_released(words: list[str], code: int, says: str, full: House) -> None:
    (copy,) = copied(full, a_pdu(b"AUTO tak"))
    assert says in full.refuses("inbox", "release", *(str(copy) if word == "COPY" else word for word in words), code=code)
    assert [row["arrival"] for row in full.json("inbox", "list", "--copies")] == [copy]


async def test_both_engines_walk_a_source_and_try_without_writing(db: Database) -> None:
    await db.write(statement, "INSERT INTO sources (name, protocol) VALUES ('aggregator', 'http'), ('carrier-a', 'smpp')")
    present = Present(db)
    await present.refresh()
    sources = {source.name: source.id for source in present.directory.sources.values()}
    inbox = Inbox(db, present, lambda received: None)
    by = [by_carrier(a_pdu(TURTLE, data_coding=9), source=sources["carrier-a"]) for _ in range(3)]
    other = an_arrival("AUTO 4")
    other.source_id = sources["aggregator"]
    await inbox.receive([by[0], other, by[1], by[2]])
    await inbox.close()
    assert await db.read(over_source, sources["carrier-a"], 0, EVER, 0, 3) == ([1, 3], 3)
    assert await db.read(over_source, sources["carrier-a"], 0, EVER, 3, 3) == ([4], None)
    assert await db.read(over_source, sources["carrier-a"], 0, 1, 0, 3) == ([], 3)
    await db.write(set_alphabets, sources["carrier-a"])
    directory = await db.read(load)
    tried = await db.read(redecode, [1, 3], directory, False, True)
    assert [message.text for message, _ in tried.changed] == ["AUTO żółw"] * 2
    assert {message.text for message in (await db.read(get, [1, 3])).values()} == {IN_HEX}
    done = await db.write(redecode, [1, 3], directory)
    assert {message.text for message in (await db.read(get, [1, 3])).values()} == {"AUTO żółw"}
    assert (len(done.changed), done.same) == (2, 0)


def set_alphabets(source: int) -> Generator[Request, Any, None]:
    options = json.dumps({"alphabets": {"9": "utf8"}})
    yield Rows("UPDATE sources SET options = ? WHERE id = ?", (options, source))
    yield from bump("directory")

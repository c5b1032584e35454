"""`odzew inbox list` and `show` for what networks bring: flags, parts, copies, receipts, reports."""

from __future__ import annotations

import pytest

from odzew.clock import HOUR
from odzew.inbox.overdue import sweep
from odzew.store.db import statement
from odzew.store.directory import load
from tests.cli.carrier import a_part, a_pdu, by_carrier, copied, with_carrier
from tests.cli.house import SENDER, SHARED, House, an_arrival

RECEIPT = b"id:7 sub:001 dlvrd:001 submit date:2611231400 done date:2611231401 stat:DELIVRD err:000 text:hello"


@pytest.fixture
def full(house: House) -> House:
    """1 as usual, 2 binary, 3 not decoded, 4 whole of two parts, 5 with a gap; a receipt, a report, a part that waits."""
    with_carrier(house)
    house.receive(
        by_carrier(a_pdu(b"AUTO 1")),
        by_carrier(a_pdu(b"\x01\xff", data_coding=4)),
        by_carrier(a_pdu(b"AUTO \x81", data_coding=9)),
        by_carrier(a_part(2, 2, b"wa")),
        by_carrier(a_part(1, 2, b"AUTO d")),
        by_carrier(a_part(3, 3, b"trzy", reference=8)),
        by_carrier(a_pdu(RECEIPT, esm_class=0x04)),
        an_arrival("", role="report", extra={"status": "Retrieved"}),
    )
    house.write(statement, f"UPDATE part_sets SET due_at = due_at - {2 * HOUR} WHERE state = 'open'")
    house.write(sweep, house.read(load), "PL")
    house.receive(by_carrier(a_part(1, 2, b"alone", reference=9)))
    return house


def test_what_is_unusual_about_a_message_stands_in_its_flags(full: House) -> None:
    rows = {row["id"]: (row["flags"], row["text"]) for row in full.json("inbox", "list")}
    assert rows == {
        1: ([], "AUTO 1"),
        2: (["binary"], "01FF"),
        3: (["undecoded"], "4155544F2081"),
        4: ([], "AUTO dwa"),
        5: (["incomplete"], "[…1-2/3…]trzy"),
    }


def test_flagged_ones_alone(full: House) -> None:
    assert [row["id"] for row in full.json("inbox", "list", "--flagged")] == [5, 3]
    assert [row["id"] for row in full.json("inbox", "list", "--flagged", "--after", 5)] == [3]
    assert [row["id"] for row in full.json("inbox", "list", "--flagged", "--limit", 1)] == [5]
    assert "5   " in full.says("inbox", "list", "--flagged")
    assert "incomplete" in full.says("inbox", "list", "--flagged")


def test_receipts_say_what_the_network_said(full: House) -> None:
    (row,) = full.json("inbox", "list", "--receipts")
    assert (row["source"], row["from"], row["to"]) == ("carrier-a", SENDER, SHARED)
    assert {name: row["says"][name] for name in ("id", "stat", "err")} == {"id": "7", "stat": "DELIVRD", "err": "000"}
    assert RECEIPT.hex() in row["raw"]
    assert "stat DELIVRD" in full.says("inbox", "list", "--receipts")
    assert full.json("inbox", "list", "--receipts", "--after", row["arrival"]) == []


def test_reports_are_no_receipts(full: House) -> None:
    assert [row["says"] for row in full.json("inbox", "list", "--reports")] == [{"status": "Retrieved"}]


def test_copies_name_the_message_that_they_repeat(full: House) -> None:
    copies = copied(full, a_pdu(b"AUTO kopia"))
    (row,) = full.json("inbox", "list", "--copies")
    assert (row["arrival"], row["repeats"], row["from"]) == (copies[0], 6, SENDER)
    assert [row["id"] for row in full.json("inbox", "list", "--limit", 1)] == [6]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--copies", "There is no suspected copy.\n"),
        ("--receipts", "There is no delivery receipt.\n"),
        ("--reports", "There is no report.\n"),
        ("--flagged", "There are no such messages.\n"),
    ],
)
def test_nothing_of_the_kind(option: str, says: str, house: House) -> None:
    assert house.run("inbox", "list", option).stderr == says
    assert house.json("inbox", "list", option) == []


@pytest.mark.parametrize("other", ["--unclaimed", "--unreadable", "--receipts", "--reports", "--flagged"])
def test_one_kind_at_a_time(other: str, house: House) -> None:
    assert "choose one of" in house.refuses("inbox", "list", "--copies", other, code=2)


def test_show_tells_of_each_arrival_which_part_it_is(full: House) -> None:
    story = full.json("inbox", "show", 4)
    told = [tuple(one[name] for name in ("role", "part", "data_coding", "alphabet", "text_octets")) for one in story["arrivals"]]
    assert told == [("part", "2 of 2", 0, "gsm7", 2), ("part", "1 of 2", 0, "gsm7", 6)]
    assert story["arrivals"][0]["raw"] == a_part(2, 2, b"wa").hex()
    assert "part 1 of 2" in full.says("inbox", "show", 4)
    assert "data_coding 0" in full.says("inbox", "show", 4)


def test_show_tells_of_form_and_gap_where_they_are_unusual(full: House) -> None:
    story = full.json("inbox", "show", 5)
    assert (story["form"], story["incomplete"]) == ("text", True)
    assert "incomplete  yes" in full.says("inbox", "show", 5)
    assert full.json("inbox", "show", 3)["form"] == "undecoded"
    assert full.json("inbox", "show", 3)["arrivals"][0]["alphabet"] == "unknown"
    usual = full.says("inbox", "show", 1)
    assert "incomplete" not in usual
    assert "form" not in usual.split("arrivals")[0]


def test_show_tells_of_copies_too(full: House) -> None:
    copied(full, a_pdu(b"AUTO kopia"))
    assert [one["role"] for one in full.json("inbox", "show", 6)["arrivals"]] == ["message", "copy"]


def test_a_late_part_leaves_a_revision_with_the_gap(full: House) -> None:
    full.receive(by_carrier(a_part(1, 3, b"AUTO ", reference=8)), by_carrier(a_part(2, 3, b"dwa ", reference=8)))
    story = full.json("inbox", "show", 5)
    assert (story["text"], story["incomplete"], len(story["arrivals"])) == ("AUTO dwa trzy", False, 3)
    before = story["revisions"][0]["before"]
    assert (before["incomplete"], before["form"], before["text"]) == (True, "text", "[…1-2/3…]trzy")


def test_octets_that_cannot_be_read_any_more_are_shown_with_the_reason(full: House) -> None:
    full.write(statement, "UPDATE arrivals SET raw = x'00000010' WHERE message_id = 1")
    (arrival,) = full.json("inbox", "show", 1)["arrivals"]
    assert arrival["fault"] == "a PDU of less than 16 octets"
    assert arrival["raw"] == "00000010"

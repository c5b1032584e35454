"""`odzew inbox`: what came in, whose it is and why; and giving an owner to what has none."""

from __future__ import annotations

import json

import pytest

from odzew.model import Attachment
from odzew.store.db import statement
from tests.cli.house import OWN, POOL, SENDER, SHARED, House, an_arrival

NOBODYS = "nobody has this word"


def ids(rows: list[dict[str, object]]) -> list[object]:
    return [row["id"] for row in rows]


@pytest.fixture
def full(house: House) -> House:
    """1 of acme, 2 of nobody, 3 of other, 4 of nobody at an address of nobody, 5 of acme; and one thing that is unreadable."""
    house.receive(
        an_arrival("AUTO 1"),
        an_arrival(NOBODYS),
        an_arrival("hello", OWN),
        an_arrival("hello", "+48111222333"),
        an_arrival("auto \x1b[2J dwa\n"),
    )
    house.receive(an_arrival("?", "", raw=b"\xff\x00 as it came"))
    return house


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], [5, 4, 3, 2, 1]),
        (["--limit", "2"], [5, 4]),
        (["--limit", "2", "--after", "4"], [3, 2]),
        (["--account", "acme"], [5, 1]),
        (["--account", "acme", "--after", "5"], [1]),
        (["--account", "other"], [3]),
        (["--unclaimed"], [2, 4]),
        (["--unclaimed", "--limit", "1"], [2]),
        (["--unclaimed", "--after", "2"], [4]),
        (["--after", "1"], []),
    ],
)
def test_lists(words: list[str], found: list[int], full: House) -> None:
    assert ids(full.json("inbox", "list", *words)) == found


def test_a_row(full: House) -> None:
    row = full.json("inbox", "list", "--account", "other")[0]
    del row["received"]
    assert row == {"id": 3, "kind": "ndi", "account": "other", "from": SENDER, "to": OWN, "flags": [], "text": "hello"}


def test_for_people_a_text_cannot_move_the_cursor(full: House) -> None:
    told = full.says("inbox", "list", "--account", "acme").splitlines()
    assert told[0].split() == ["id", "received", "kind", "account", "from", "to", "flags", "text"]
    assert told[1].endswith("auto \\u001b[2J dwa\\n")
    assert len(told) == 3


def test_what_is_unreadable_is_listed_with_its_octets(full: House) -> None:
    (row,) = full.json("inbox", "list", "--unreadable")
    assert (row["source"], bytes.fromhex(row["raw"])) == ("aggregator", b"\xff\x00 as it came")
    assert row["fault"]
    assert full.json("inbox", "list", "--unreadable", "--after", row["arrival"]) == []


def test_nothing_at_all(house: House) -> None:
    assert house.run("inbox", "list").stderr == "There are no such messages.\n"
    assert house.run("inbox", "list", "--unreadable").stderr == "There is nothing unreadable.\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["list", "--account", "nobody"], 1, "there is no account 'nobody'"),
        (["list", "--account", "\x1b"], 1, "there is no account"),
        (["list", "--unclaimed", "--unreadable"], 2, "choose one of"),
        (["list", "--unclaimed", "--account", "acme"], 2, "choose one of"),
        (["show", "77"], 1, "there is no message 77"),
        (["assign", "77", "--account", "acme"], 1, "there is no message 77"),
        (["assign", "2", "--account", "nobody"], 1, "there is no account 'nobody'"),
        (["assign", "2", "--account", "acme", "--kind", "sms"], 2, "is no kind"),
        (["assign", "2", "--account", "acme", "--kind", "unclaimed"], 2, "is no kind"),
        (["assign", "1", "--account", "other"], 1, "it belongs to acme"),
        (["assign", "4", "--account", "acme"], 1, "say its kind"),
        (["assign", "2", "1", "--account", "acme"], 1, "it belongs to acme"),
        (["assign", *map(str, range(1, 1_002)), "--account", "acme"], 2, "at most 1000"),
    ],
)
def test_refusals_change_nothing(words: list[str], code: int, says: str, full: House) -> None:
    assert says in full.refuses("inbox", *words, code=code)
    assert ids(full.json("inbox", "list", "--unclaimed")) == [2, 4]


def test_show_tells_the_whole_story(full: House) -> None:
    story = full.json("inbox", "show", 1)
    assert {name: story[name] for name in ("id", "kind", "account", "keyword", "from", "to", "text", "pulled")} == {
        "id": 1, "kind": "nd", "account": "acme", "keyword": "AUTO", "from": SENDER, "to": SHARED, "text": "AUTO 1", "pulled": None,
    }  # fmt: skip
    assert "AUTO" in story["rule"]
    (arrival,) = story["arrivals"]
    assert (arrival["source"], arrival["raw"], arrival["octets"]) == ("aggregator", "AUTO 1", 6)
    (delivery,) = story["deliveries"]
    assert (delivery["target"], delivery["state"], delivery["calls"]) == ("sms", "pending", [])
    assert (story["attachments"], story["revisions"]) == ([], [])


def test_show_for_people_has_a_heading_for_each_list(full: House) -> None:
    told = full.says("inbox", "show", 5)
    assert "text      auto \\u001b[2J dwa\\n" in told
    for heading in ("attachments: none", "arrivals: 1", "revisions: none", "deliveries: 1"):
        assert f"\n{heading}\n" in told


def test_show_names_attachments_and_when_it_was_pulled(house: House) -> None:
    house.apply('[[number]]\naddress = "+48664078059"\nmms = true\nservice = "ndi"\n')
    house.receive(an_arrival("", OWN, title="Hi", mms=True, attachments=(Attachment("a.txt", "text/plain", b"abc"),)))
    house.write(statement, "UPDATE messages SET pulled_at = 1413883083000000")
    story = house.json("inbox", "show", 1)
    assert story["attachments"] == [{"name": "a.txt", "content_type": "text/plain", "octets": 3}]
    assert (story["title"], story["pulled"]) == ("Hi", "2014-10-21T09:18:03Z")


def test_an_unclaimed_message_is_given_to_an_account_and_owed(full: House) -> None:
    assert full.says("inbox", "assign", 2, "--account", "acme") == "Message 2 is now acme's, of kind nd.\nDeliveries owed: 1.\n"
    assert ids(full.json("inbox", "list", "--unclaimed")) == [4]
    story = full.json("inbox", "show", 2)
    assert (story["account"], story["kind"], story["rule"]) == ("acme", "nd", "assigned by hand")
    assert [delivery["state"] for delivery in story["deliveries"]] == ["pending"]
    assert [revision["before"]["kind"] for revision in story["revisions"]] == ["unclaimed"]


def test_what_came_to_a_strangers_address_needs_a_kind(full: House) -> None:
    assert "of kind pre" in full.says("inbox", "assign", 4, "--account", "other", "--kind", "pre")


def test_several_at_once_and_one_named_twice(full: House) -> None:
    told = full.says("inbox", "assign", 2, 4, 2, "--account", "acme", "--kind", "nd")
    assert [line.split()[1] for line in told.splitlines()[:2]] == ["2", "4"]
    assert full.json("inbox", "list", "--unclaimed") == []


def test_a_reply_shows_what_it_answers(house: House) -> None:
    line = {"account": "acme", "message_id": "eba39e4fe1", "phone": SENDER, "from_number": POOL, "text": "?"}
    house.receive(an_arrival("yes", POOL))
    house.says("sent", "import", "-", input=json.dumps(line | {"sent_at": house.json("inbox", "show", 1)["received"]}))
    assert house.json("inbox", "show", 1)["answers"] == "eba39e4fe1"


def test_what_is_withheld_is_listed_and_says_so(full: House) -> None:
    full.write(statement, "UPDATE messages SET withheld = 'blacklist', pulled_at = 5 WHERE id = 3")
    (row,) = full.json("inbox", "list", "--account", "other")
    assert (row["id"], row["flags"]) == (3, ["withheld"])
    story = full.json("inbox", "show", 3)
    assert (story["withheld"], story["pulled"], full.json("inbox", "show", 1)["withheld"]) == ("blacklist", None, None)
    assert "\nwithheld  blacklist\n" in full.says("inbox", "show", 3)
    assert "withheld: its sender was on the blacklist" in full.says("deliveries", "why", 3)

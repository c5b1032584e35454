"""`odzew sent import`: JSON lines from a file, beside a running server (each line's reading is tested in tests/operations)."""

from __future__ import annotations

import json
from typing import Any

from odzew.cli.sent import AT_ONCE, record_all
from odzew.model import SentMessage
from odzew.store.db import statement
from odzew.store.directory import Directory, load
from tests.cli.house import POOL, SENDER, House, an_arrival


def a_line(number: int = 1, **fields: Any) -> str:
    """One line of a file."""
    values = {"account": "acme", "message_id": f"{number:010x}", "phone": SENDER, "from_number": POOL, "sent_at": "2014-10-21T09:18:03Z"}
    return json.dumps(values | fields)


def stored(house: House) -> int:
    return int(house.read(statement, "SELECT count(*) FROM sent")[0][0])


def test_a_file(house: House) -> None:
    file = house.directory / "sent.jsonl"
    file.write_text("\n".join([a_line(1), "", a_line(2)]))
    assert house.says("sent", "import", file) == "Stored 2 sent messages; 0 waiting replies found their owner.\n"
    assert stored(house) == 2


def test_a_line_brought_again_is_harmless(house: House) -> None:
    for _ in range(2):
        assert "Stored 1 " in house.says("sent", "import", "-", input=a_line())
    assert stored(house) == 1


def test_more_lines_than_one_transaction_takes(house: House) -> None:
    lines = "\n".join(a_line(number) for number in range(2 * AT_ONCE + 1))
    assert f"Stored {2 * AT_ONCE + 1} " in house.says("sent", "import", "-", input=lines)
    assert stored(house) == 2 * AT_ONCE + 1


def test_bad_lines_are_named_and_hinder_no_other(house: House) -> None:
    wrong = [a_line(2, account="nobody"), a_line(3, phone="x"), a_line(4, sent_at="2014-02-30")]
    lines = [a_line(1), "no json", *wrong, a_line(5), "[]", "\x00"]
    told = house.refuses("sent", "import", "-", input="\n".join(lines))
    assert [line.partition(":")[0] for line in told.splitlines()[:-1]] == [f"line {number}" for number in (2, 3, 4, 5, 7, 8)]
    assert told.endswith("6 lines were not taken.\n")
    assert stored(house) == 2


def test_of_thousands_of_bad_lines_only_some_are_told(house: House) -> None:
    told = house.refuses("sent", "import", "-", input="bad\n" * 3_000).splitlines()
    assert len(told) == 21
    assert told[-1] == "3000 lines were not taken."


def test_octets_that_are_no_text(house: House) -> None:
    octets = a_line(1).encode() + b"\n\xff\xfe\x00\n" + a_line(2, text="half \ud83d").encode()
    assert "line 2" in house.refuses("sent", "import", "-", input=octets)
    assert stored(house) == 2


def test_a_waiting_reply_finds_its_owner(house: House) -> None:
    house.receive(an_arrival("yes", POOL))
    sent_at = house.json("inbox", "show", 1)["received"]
    assert "; 1 waiting replies found" in house.says("sent", "import", "-", input=a_line(7, sent_at=sent_at))
    story = house.json("inbox", "show", 1)
    assert (story["account"], story["kind"], story["answers"]) == ("acme", "eco", "0000000007")


def test_a_set_up_that_changes_meanwhile_is_taken_into_account(house: House) -> None:
    before: Directory = house.read(load)
    house.apply('[[account]]\nname = "third"\n')
    record = SentMessage(before.account_named("acme").id, "eba39e4fe1", SENDER, POOL, 0)
    assert house.with_db(lambda db: record_all(db, [record], before)).stored == 1
    assert stored(house) == 1


def test_a_file_that_cannot_be_read(house: House) -> None:
    assert "none.jsonl cannot be read" in house.refuses("sent", "import", house.directory / "none.jsonl", code=2)
    assert "cannot be read" in house.refuses("sent", "import", house.directory, code=2)

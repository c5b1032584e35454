"""`odzew alarm list`: what was alarmed about, and whether the letter was taken."""

from __future__ import annotations

import pytest

from odzew.store.alarms import AlarmRow, Letter, Whose, keep
from tests.cli.house import House

AT = 1_413_883_083_000_000
LETTERS: dict[Whose, Letter] = {
    "account": Letter("account", ("it@acme.example",), "refused", AT + 60_000_000, 2, "smtp_5xx: 550 \x1b[31munknown"),
    "operator": Letter("operator", ("noc@odzew.example",), "taken", AT + 60_000_000),
}
FAILING = AlarmRow(0, AT, 1, 1, "failing", "target 1 ('sms' of acme)", "fails", 3, AT + 60_000_000, LETTERS)
STRANGE = AlarmRow(0, AT + 1_000_000, None, None, "failing", "source x\r\ny", "it fails")


@pytest.fixture
def alarmed(house: House) -> House:
    house.write(keep, [FAILING, STRANGE])
    return house


def test_nothing_yet(house: House) -> None:
    assert house.run("alarm", "list").stderr == "There are no alarms.\n"
    assert house.json("alarm", "list") == []


def test_an_alarm_with_its_letters(alarmed: House) -> None:
    strange, failing = alarmed.json("alarm", "list")
    assert failing == {
        "id": 1, "at": "2014-10-21T09:18:03Z", "account": "acme", "kind": "failing", "about": "target 1 ('sms' of acme)", "words": "fails",
        "times": 3, "letters": [
            {"whose": "account", "to": ["it@acme.example"], "state": "refused", "at": "2014-10-21T09:19:03Z", "tries": 2,
             "said": "smtp_5xx: 550 \x1b[31munknown"},
            {"whose": "operator", "to": ["noc@odzew.example"], "state": "taken", "at": "2014-10-21T09:19:03Z", "tries": 1, "said": None},
        ],
    }  # fmt: skip
    assert (strange["account"], strange["letters"]) == (None, [])


def test_people_read_a_table_without_control_characters(alarmed: House) -> None:
    heading, *lines = alarmed.says("alarm", "list").splitlines()
    assert heading.split() == ["id", "at", "account", "kind", "about", "words", "times", "letters"]
    assert "source x\\r\\ny" in lines[0]
    assert "refused (account): smtp_5xx: 550 \\u001b[31" in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("words", "ids"),
    [((), [2, 1]), (("--account", "acme"), [1]), (("--account", "other"), []), (("--limit", 1), [2]), (("--after", 2), [1])],
)
def test_what_is_listed(alarmed: House, words: tuple[object, ...], ids: list[int]) -> None:
    assert [row["id"] for row in alarmed.json("alarm", "list", *words)] == ids


def test_an_unknown_account_is_refused(alarmed: House) -> None:
    assert "nobody" in alarmed.refuses("alarm", "list", "--account", "nobody")

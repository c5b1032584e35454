"""`odzew target states` and `odzew target resume`, and how the state of a target is shown with its deliveries."""

from __future__ import annotations

import pytest

from odzew.clock import Clock
from odzew.store.db import statement
from odzew.store.target_states import TargetState, save
from tests.cli.house import House, an_arrival

AT = 1_413_883_083_000_000
PAUSED = TargetState(1, AT, 50, 6, AT - 1_000_000, AT + 1_000_000, "http_5xx", AT + 2_000_000, "failing")
FAILING = TargetState(1, AT, 5, 1, None, AT + 3_600_000_000, "dns")


@pytest.fixture
def owing(house: House) -> House:
    """Two messages are owed to the target sms of acme."""
    house.receive(an_arrival("AUTO 1"), an_arrival("AUTO 2"))
    return house


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (PAUSED, "paused since 2014-10-21T09:18:05Z"),
        (FAILING, "failing since 2014-10-21T09:18:03Z"),
        (TargetState(1, AT, 4, 1, None, AT, "dns"), "well"),
        (None, "well"),
    ],
)
def test_deliveries_show_how_their_target_does(state: TargetState | None, told: str, owing: House) -> None:
    if state is not None:
        owing.write(save, [state])
    assert {row["target_state"] for row in owing.json("deliveries", "list")} == {told}
    assert owing.json("deliveries", "show", 1)["target_state"] == told
    assert owing.json("inbox", "show", 1)["deliveries"][0]["target_state"] == told


def test_the_list_of_those_that_are_not_well(owing: House) -> None:
    assert owing.run("target", "states").stderr == "All targets are well.\n"
    owing.write(save, [PAUSED, TargetState(99, AT, 50, 6, None, AT + 9_000_000_000, "dns")])
    assert owing.json("target", "states") == [
        {
            "id": 1, "target": "sms", "account": "acme", "state": "paused", "failing_since": "2014-10-21T09:18:03Z", "failures": 50,
            "last_success": "2014-10-21T09:18:02Z", "last_failure": "2014-10-21T09:18:04Z", "paused_since": "2014-10-21T09:18:05Z",
            "last_outcome": "The URL's server failed (5xx).",
        }
    ]  # fmt: skip


@pytest.mark.parametrize("words", [("acme", "sms"), ("sms",), ("1",), ("sms", "--account", "acme")])
def test_resumed_and_what_was_missed_is_sent(words: tuple[str, ...], owing: House) -> None:
    owing.write(save, [PAUSED])
    assert owing.says("target", "resume", *words, "--send-missed").endswith(" is called again. To be sent: 2.\n")
    assert {row["state"] for row in owing.json("deliveries", "list")} == {"pending"}
    assert owing.json("target", "states") == []


def test_resumed_and_what_was_missed_is_dropped(owing: House) -> None:
    owing.write(save, [PAUSED])
    assert owing.says("target", "resume", "acme", "sms", "--drop-missed") == "Target acme sms is called again. Cancelled: 2.\n"
    rows = owing.json("deliveries", "list")
    assert [(row["state"], row["outcome"], row["target_state"]) for row in rows] == [("cancelled", "dropped", "well")] * 2
    assert owing.json("deliveries", "resend", "--state", "cancelled")["sent_again"] == 2


def test_what_was_missed_is_spread_from_now_on_however_long_the_pause_was(owing: House) -> None:
    owing.write(save, [PAUSED])
    many = "WITH RECURSIVE more (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM more WHERE id < 2600)"
    owing.write(statement, f"{many} INSERT INTO deliveries (id, message_id, target_id, account_id) SELECT id, 1, 1, 1 FROM more")
    owing.write(statement, f"{many} INSERT INTO owed (delivery_id, target_id, due_at) SELECT id, 1, id FROM more")
    later = 9_000_000_000_000_000
    owing.write(statement, "UPDATE owed SET due_at = ? WHERE delivery_id = 2600", later)
    begun = Clock().now()
    assert owing.says("target", "resume", "sms", "--send-missed", "--rate", 1000).endswith("To be sent: 2502.\n")
    due = [row[0] for row in owing.read(statement, "SELECT due_at FROM owed ORDER BY due_at, delivery_id")]
    assert begun <= due[0]
    assert due[-1] == later, "what is not due yet stays as it is"
    assert due[-2] >= begun + 2_501_000
    assert len(due) == 2503


def test_many_are_dropped(owing: House) -> None:
    owing.write(save, [PAUSED])
    many = "WITH RECURSIVE more (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM more WHERE id < 2600)"
    owing.write(statement, f"{many} INSERT INTO deliveries (id, message_id, target_id, account_id) SELECT id, 1, 1, 1 FROM more")
    owing.write(statement, f"{many} INSERT INTO owed (delivery_id, target_id, due_at) SELECT id, 1, id FROM more")
    assert owing.says("target", "resume", "sms", "--drop-missed").endswith("Cancelled: 2503.\n")
    assert owing.read(statement, "SELECT count(*) FROM owed")[0][0] == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["sms"], 2, "say what becomes of what was missed"),
        (["sms", "--send-missed", "--drop-missed"], 2, "say what becomes of what was missed"),
        (["sms", "--send-missed"], 1, "target sms is not paused"),
        (["nowhere", "--send-missed"], 1, "there is no target 'nowhere'"),
        (["sms", "--account", "other", "--send-missed"], 1, "there is no target 'sms'"),
    ],
)
def test_refusals(words: list[str], code: int, says: str, owing: House) -> None:
    assert says in owing.refuses("target", "resume", *words, code=code)


def test_one_that_fails_but_is_called_is_not_resumed(owing: House) -> None:
    owing.write(save, [FAILING])
    assert "is not paused" in owing.refuses("target", "resume", "sms", "--drop-missed")
    assert {row["state"] for row in owing.json("deliveries", "list")} == {"pending"}

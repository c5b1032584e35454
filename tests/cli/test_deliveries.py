"""`odzew deliveries`: what is owed, and how each call ended."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from odzew.model import Attempt
from odzew.store.db import Request, Rows, statement
from odzew.store.deliveries import Ending, Result, end, record
from tests.cli.house import House, an_arrival

STARTED = 1_413_883_083_000_000


def outcomes() -> Generator[Request, Any, None]:
    """1 delivered at the second call, 2 exhausted, 3 cancelled, 4 still pending."""
    (target,) = (yield Rows("SELECT id FROM targets"))[0]
    failed = Attempt(1, 1, STARTED, 12_000, "http_5xx", "http://192.0.2.1/sms?nr=1", "192.0.2.1", 500, b"\x1b[2Jbroken\xff", delayed=True)
    again = Attempt(1, 2, STARTED + 300_000_000, 9_000, "ok", "http://192.0.2.1/sms?nr=1", "192.0.2.1", 200, b"OK")
    yield from record([Result(failed, target, "pending", STARTED, 0, STARTED + 300_000_000)])
    yield from record([Result(again, target, "delivered", STARTED, 0, None)])
    last = Attempt(2, 1, STARTED, 3_000_000, "timeout_connect", detail="no connection in 3 s")
    yield from record([Result(last, target, "exhausted", STARTED, 0, None)])
    yield from end([Ending(3, target, "cancelled", "the target is switched off", STARTED)])


@pytest.fixture
def full(house: House) -> House:
    house.receive(*(an_arrival(f"AUTO {number}") for number in range(1, 5)))
    house.write(outcomes)
    return house


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], [(4, "pending"), (3, "cancelled"), (2, "exhausted"), (1, "delivered")]),
        (["--limit", "2"], [(4, "pending"), (3, "cancelled")]),
        (["--limit", "2", "--after", "3"], [(2, "exhausted"), (1, "delivered")]),
        (["--state", "pending"], [(4, "pending")]),
        (["--state", "pending", "--after", "4"], []),
        (["--state", "pending", "--account", "acme"], [(4, "pending")]),
        (["--state", "pending", "--target", "sms", "--from", "2014-01-01"], [(4, "pending")]),
        (["--account", "acme", "--limit", "3"], [(4, "pending"), (3, "cancelled"), (2, "exhausted")]),
        (["--account", "other"], []),
        (["--target", "acme sms", "--state", "exhausted"], [(2, "exhausted")]),
        (["--state", "exhausted", "--from", "2014-10-21T09:18:00Z", "--to", "2014-10-21T09:19:00Z"], [(2, "exhausted")]),
        (["--state", "exhausted", "--from", "2014-10-22"], []),
        (["--state", "delivered", "--to", "2014-10-21"], []),
        (["--state", "delivered"], [(1, "delivered")]),
        (["--state", "exhausted"], [(2, "exhausted")]),
        (["--state", "exhausted", "--after", "2"], []),
        (["--state", "cancelled"], [(3, "cancelled")]),
    ],
)
def test_lists(words: list[str], found: list[tuple[int, str]], full: House) -> None:
    assert [(row["id"], row["state"]) for row in full.json("deliveries", "list", *words)] == found


def test_a_row(full: House) -> None:
    assert full.json("deliveries", "list", "--state", "delivered") == [
        {
            "id": 1, "message": 1, "target": "sms", "target_state": "well", "state": "delivered", "attempts": 2, "outcome": "ok",
            "due": None, "ended": "2014-10-21T09:23:03Z", "url": "http://192.0.2.1/sms?nr=#NUMER#&id=#ID#",
        }
    ]  # fmt: skip
    (pending,) = full.json("deliveries", "list", "--state", "pending")
    assert pending["due"]


def test_show_has_every_call(full: House) -> None:
    first, second = full.json("deliveries", "show", 1)["calls"]
    assert first == {
        "number": 1, "started": "2014-10-21T09:18:03Z", "took_ms": 12, "outcome": "http_5xx", "status": 500,
        "means": "The URL's server failed (5xx).", "address": "192.0.2.1", "url": "http://192.0.2.1/sms?nr=1",
        "answer": "\x1b[2Jbroken\\xff", "delayed": True,
    }  # fmt: skip
    assert (second["number"], second["outcome"], second["answer"]) == (2, "ok", "OK")


def test_show_for_people_cannot_move_the_cursor(full: House) -> None:
    told = full.says("deliveries", "show", 1)
    assert "calls: 2" in told
    assert "answer \\u001b[2Jbroken\\xff  delayed yes" in told


def test_the_details_of_a_failure_come_before_its_general_meaning(full: House) -> None:
    assert full.json("deliveries", "show", 2)["calls"][0]["means"] == "no connection in 3 s"


def test_an_outcome_of_a_newer_program_is_shown_as_it_is(full: House) -> None:
    full.write(statement, "UPDATE attempts SET outcome = 'eaten_by_a_dog', detail = ''")
    assert full.json("deliveries", "show", 2)["calls"][0]["means"] == "eaten_by_a_dog"


def test_a_removed_target_is_still_named(full: House) -> None:
    full.write(statement, "UPDATE targets SET removed_at = 1")
    assert full.json("deliveries", "show", 1)["target"] == "sms"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "77"], 1, "there is no delivery 77"),
        (["list", "--state", "lost"], 2, "is no state"),
        (["list", "--account", "nobody"], 1, "there is no account"),
        (["list", "--target", "nowhere"], 1, "there is no target"),
        (["list", "--from", "yesterday"], 2, "from is a day"),
        (["list", "--state", "exhausted", "--after", "4"], 1, "begin the list anew"),
        (["why"], 2, "give either the id of a message or --arrival ID"),
        (["why", "1", "--arrival", "1"], 2, "give either"),
        (["why", "99"], 1, "there is no message 99"),
        (["why", "--arrival", "99"], 1, "there is no arrival 99"),
        (["resend"], 2, "say what to send again"),
        (["resend", "2", "--account", "acme"], 2, "say what to send again"),
        (["resend", "--state", "delivered"], 2, "say again"),
        (["resend", "--message", "99"], 1, "message 99 has no deliveries"),
        (["resend", "2", "--rate", "0"], 2, "0"),
    ],
)
def test_refusals(words: list[str], code: int, says: str, full: House) -> None:
    assert says in full.refuses("deliveries", *words, code=code)


def test_nothing_at_all(house: House) -> None:
    assert house.run("deliveries", "list").stderr == "There are no such deliveries.\n"
    assert house.json("deliveries", "list") == []


# --- why -------------------------------------------------------------------------------------------------------------


def test_why_for_people(full: House) -> None:
    told = full.says("deliveries", "why", 1)
    assert "rule" in told
    assert "level    account acme\n" in told
    assert "answer   owed: 1 delivered\n" in told
    assert "target sms (1), delivery 1: delivered at 2014-10-21T09:23:03Z, at attempt 2\n" in told
    assert "  1  2014-10-21T09:18:03Z  http_5xx  status 500  12 ms  192.0.2.1  The URL's server failed (5xx).\n" in told


def test_why_for_programs(full: House) -> None:
    told = full.json("deliveries", "why", 2)
    assert (told["message"], told["verdict"], told["account"], told["kind"]) == (2, "owed", "acme", "nd")
    (fate,) = told["targets"]
    assert (fate["delivery"], fate["state"], fate["tries"][0]["means"]) == (2, "exhausted", "no connection in 3 s")


def test_why_of_an_arrival(full: House) -> None:
    told = full.json("deliveries", "why", "--arrival", 3)
    assert (told["arrival"], told["message"], told["targets"][0]["state"]) == (3, 3, "cancelled")


def test_why_nobody_claimed_it(full: House) -> None:
    full.receive(an_arrival("NOTHING", "+48799448855"))
    assert full.json("deliveries", "why", 5)["verdict"] == "unclaimed"


# --- sent again ------------------------------------------------------------------------------------------------------


def states(house: House) -> dict[int, str]:
    return {row["id"]: row["state"] for row in house.json("deliveries", "list")}


def test_sent_again_by_name(full: House) -> None:
    told = full.says("deliveries", "resend", 1, 2, 3, 4, 99)
    assert told == (
        "Sent again: 2, 100 a second.\n"
        "1 were left: they are still owed.\n"
        "1 were left: they were delivered; --again sends them all the same.\n"
        "1 do not exist.\n"
    )
    assert states(full) == {1: "delivered", 2: "pending", 3: "pending", 4: "pending"}
    shown = full.json("deliveries", "show", 2)
    assert (shown["state"], shown["attempts"], shown["outcome"], len(shown["calls"])) == ("pending", 1, "", 1)


def test_sent_again_by_filter(full: House) -> None:
    told = full.json("deliveries", "resend", "--account", "acme", "--target", "sms", "--rate", 5)
    assert (told["sent_again"], told["dry_run"]) == (1, False)
    assert states(full)[2] == "pending"


def test_sent_again_of_a_message_and_once_more_what_was_delivered(full: House) -> None:
    assert full.json("deliveries", "resend", "--message", 1)["delivered"] == 1
    assert full.json("deliveries", "resend", "--message", 1, "--again")["sent_again"] == 1
    assert states(full)[1] == "pending"


def test_a_trial_says_what_would_be(full: House) -> None:
    assert full.says("deliveries", "resend", "--state", "cancelled", "--dry-run") == "Would be sent again: 1, 100 a second.\n"
    assert states(full)[3] == "cancelled"


def test_of_many_it_says_how_far_it_is(full: House) -> None:
    many = """WITH RECURSIVE more (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM more WHERE id < 10200)
              INSERT INTO deliveries (id, message_id, target_id, account_id, state, ended_at)
              SELECT id, 1, 1, 1, 'exhausted', id FROM more"""
    full.write(statement, many)
    result = full.run("deliveries", "resend", "--state", "exhausted")
    assert (result.stdout, result.stderr) == ("Sent again: 10102, 100 a second.\n", "10000 ...\n")

"""`odzew deliveries`: what is owed, and how each call ended."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from odzew.model import Attempt
from odzew.store.db import Request, Rows, statement
from odzew.store.deliveries import Ending, Result, end, record
from odzew.store.lookup import deliveries
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
            "id": 1, "message": 1, "target": "sms", "state": "delivered", "attempts": 2, "outcome": "ok", "due": None,
            "ended": "2014-10-21T09:23:03Z", "url": "http://192.0.2.1/sms?nr=#NUMER#&id=#ID#",
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
    ("words", "code", "says"), [(["show", "77"], 1, "there is no delivery 77"), (["list", "--state", "lost"], 2, "is no state")]
)
def test_refusals(words: list[str], code: int, says: str, full: House) -> None:
    assert says in full.refuses("deliveries", *words, code=code)


def test_nothing_at_all(house: House) -> None:
    assert house.run("deliveries", "list").stderr == "There are no such deliveries.\n"
    assert house.json("deliveries", "list") == []


def test_what_is_pending_is_found_without_reading_what_is_not(full: House) -> None:
    asked = next(deliveries("pending", 9, 50))
    assert isinstance(asked, Rows)
    plan = " ".join(row[3] for row in full.read(statement, f"EXPLAIN QUERY PLAN {asked.sql}", *asked.parameters))
    assert "SEARCH o" in plan
    assert "SCAN d" not in plan

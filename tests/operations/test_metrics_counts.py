"""What is counted: after real commits of the real inbox, by what was committed and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from odzew.clock import HOUR, SECOND, FixedClock
from odzew.errors import StoreError, StoreFull, StoreUnavailable
from odzew.forward.ledger import Waiting, write
from odzew.inbox.correct import record_sent
from odzew.inbox.receive import Inbox
from odzew.inbox.tidy import Tidy
from odzew.model import Arrival, Attempt, Owed
from odzew.store.db import Database, Request, Rows
from odzew.store.deliveries import Ending, Result
from odzew.store.directory import Present
from odzew.store.leases import Fence, Fenced
from tests.inbox.directory import POOL, a_sent, a_target, an_arrival, set_up
from tests.inbox.pdus import arrivals, pdus
from tests.operations.metrics_house import House, without_database

T0 = 1_413_883_083 * SECOND


class Office(House):
    """With an inbox before the database. Source 7 is `net`."""

    def __init__(self, db: Database, clock: FixedClock, present: Present) -> None:
        super().__init__(db, clock, lambda: present.directory)
        self.present = present
        self.inbox = Inbox(self.db, present, lambda received: None, clock=clock)

    async def receive(self, *brought: Arrival) -> None:
        await self.inbox.receive(list(brought))


@pytest.fixture
async def office(db: Database, clock: FixedClock) -> AsyncIterator[Office]:
    await db.write(_a_source)
    opened = Office(db, clock, await set_up(db, a_target()))
    yield opened
    await opened.inbox.close()


def _a_source() -> Generator[Request, Any, None]:
    yield Rows("INSERT INTO sources (id, name, protocol) VALUES (7, 'net', 'http')")


async def test_arrivals_by_source_and_role_and_messages_by_kind(office: Office) -> None:
    await office.receive(
        an_arrival("one", source_id=7, ref="1"),
        an_arrival("two", source_id=7, ref="2"),
        an_arrival("lost", "+48111222333", source_id=7),
        an_arrival("again", source_id=7, ref="1"),
        an_arrival("sent by the API", source_id=0),
        an_arrival("gone", source_id=99),
        an_arrival("", source_id=7, role="receipt"),
        an_arrival("", source_id=7, fault="cannot be read"),
    )
    await office.receive(an_arrival("once more", source_id=7, ref="2"))
    assert office.values("odzew_arrivals_total") == {
        ("message", "api"): 1, ("message", "net"): 3, ("message", "removed"): 1,
        ("receipt", "net"): 1, ("repeat", "net"): 2, ("unreadable", "net"): 1,
    }  # fmt: skip
    kinds = office.values("odzew_messages_total")
    assert {kind: count for (kind,), count in kinds.items() if count} == {"ndi": 4, "unclaimed": 1}
    assert set(kinds) == {(kind,) for kind in ("eco", "mms", "nd", "ndi", "pre", "unclaimed")}, "a kind that never came is 0"
    assert office.value("odzew_deliveries_owed_total") == 4
    assert office.values("odzew_commit_size_sum")[("receive",)] == 9
    assert office.values("odzew_commit_size_count")[("receive",)] == office.values("odzew_commit_seconds_count")[("receive",)] == 2


async def test_a_long_message_is_one_message_whatever_it_came_in(office: Office) -> None:
    await office.receive(*arrivals(pdus("abcdefghijkl")))
    assert {role: count for (role, _), count in office.values("odzew_arrivals_total").items()} == {"part": 3}
    assert office.values("odzew_messages_total")[("ndi",)] == 1


async def test_what_is_made_with_a_gap_counts_too(office: Office, clock: FixedClock) -> None:
    await office.receive(*arrivals(pdus("abcdefghijkl"))[:2])
    assert office.values("odzew_messages_total")[("ndi",)] == 0
    clock.advance(3600.0)
    assert await Tidy(office.db, clock, office.present, lambda received: None).look() == 1
    assert (office.values("odzew_messages_total")[("ndi",)], office.value("odzew_deliveries_owed_total")) == (1, 1)
    await office.receive(*arrivals(pdus("abcdefghijkl"))[2:])
    assert office.values("odzew_messages_total")[("ndi",)] == 1, "a completion is no new message"
    assert {role: count for (role, _), count in office.values("odzew_arrivals_total").items()} == {"part": 3}
    assert office.value("odzew_deliveries_owed_total") == 2, "but it is owed anew"


async def test_a_reply_that_its_record_claims_is_owed(office: Office, clock: FixedClock) -> None:
    await office.receive(an_arrival("yes", POOL, source_id=7))
    assert (office.values("odzew_messages_total")[("unclaimed",)], office.value("odzew_deliveries_owed_total")) == (1, 0)
    await office.db.write(record_sent, [a_sent(at=clock.now())], office.present.directory)
    assert office.value("odzew_deliveries_owed_total") == 1
    assert sum(office.values("odzew_messages_total").values()) == 1, "it is the same message"


async def test_what_is_not_stored_is_not_counted(office: Office) -> None:
    await office.db.close()
    with pytest.raises(StoreUnavailable):
        await office.receive(an_arrival("one", source_id=7))
    assert office.values("odzew_arrivals_total") == {}
    assert office.values("odzew_commit_size_count")[("receive",)] == 0
    assert office.values("odzew_store_errors_total")[("unavailable",)] == 1


# --- what is owed ----------------------------------------------------------------------------------------------------


def a_result(delivery: int, outcome: str = "ok", state: Any = "delivered", started_at: int = T0, took_us: int = 4_000) -> Result:
    attempt = Attempt(delivery, 1, started_at, took_us, outcome)
    return Result(attempt, 1, state, started_at, 0, started_at + HOUR if state == "pending" else None)


def ended(house: House) -> dict[str, float]:
    return {state: count for (state,), count in house.values("odzew_deliveries_ended_total").items()}


async def test_outcomes_by_how_deliveries_ended(office: Office) -> None:
    group = [
        Waiting(a_result(1), None),
        Waiting(a_result(2), None),
        Waiting(a_result(3, "http_5xx", "pending"), None),
        Waiting(a_result(4, "http_5xx", "exhausted"), None),
        Waiting(Ending(5, 1, "cancelled", "switched_off", T0), None),
        Waiting(Ending(6, 1, "exhausted", "cut_short", T0), None),
    ]
    await office.db.write(write, group)
    assert ended(office) == {"delivered": 2, "exhausted": 2, "cancelled": 1}
    assert (office.values("odzew_commit_size_sum")[("outcomes",)], office.values("odzew_commit_size_count")[("outcomes",)]) == (6, 1)


async def test_outcomes_of_an_old_owner_are_dropped_and_counted_so(office: Office) -> None:
    await office.db.write(write, [Waiting(a_result(1), Fence("shard:1", "another", 3)), Waiting(a_result(2), None)])
    assert (ended(office)["delivered"], office.value("odzew_outcomes_fenced_total")) == (1, 1)


# slot, first attempt at, began after due, took -> which call it was, and its latency, in milliseconds
LATENCIES = (
    (0, None, 0, 4, "first", 0.004),
    (0, None, 250, 4, "first", 0.254),
    (1, 1_000, 300_000, 4, "repeat", 299.004),
    (2, 0, 900_000, 30, "repeat", 900.03),
    (0, None, -5_000, 4, "first", 0.0),  # the clock was set back
)


@pytest.mark.parametrize(("slot", "first_at", "began", "took", "call", "seconds"), LATENCIES)
async def test_latency(clock: FixedClock, slot: int, first_at: int | None, began: int, took: int, call: str, seconds: float) -> None:
    house = without_database(clock)
    owed = Owed(1, 1, 1, 1, T0, slot, None if first_at is None else T0 + first_at * 1_000)
    result = a_result(1, started_at=T0 + began * 1_000, took_us=took * 1_000)
    house.counts.attempted(owed, result.attempt, result)
    assert house.values("odzew_delivery_seconds_sum")[(call,)] == pytest.approx(seconds)
    assert sum(house.values("odzew_delivery_seconds_count").values()) == 1
    assert house.value("odzew_attempt_seconds_sum") == took / 1_000


async def test_attempts_by_outcome(clock: FixedClock) -> None:
    house = without_database(clock)
    for outcome, state in (("ok", "delivered"), ("refused", "pending"), ("refused", "exhausted")):
        result = a_result(1, outcome, state)
        house.counts.attempted(Owed(1, 1, 1, 1, T0), result.attempt, result)
    assert house.values("odzew_attempts_total") == {("ok",): 1, ("refused",): 2}
    assert sum(house.values("odzew_delivery_seconds_count").values()) == 1, "only what arrived has a latency"


ERRORS = ((StoreUnavailable("x"), "unavailable"), (StoreFull("x"), "full"), (Fenced("x"), "fenced"), (StoreError("x"), "other"))


@pytest.mark.parametrize(("error", "reason"), ERRORS)
async def test_store_errors_by_reason(clock: FixedClock, error: StoreError, reason: str) -> None:
    house = without_database(clock)
    house.counts.store_failed(error)
    assert {key: count for key, count in house.values("odzew_store_errors_total").items() if count} == {(reason,): 1}


async def test_calls_of_the_api(clock: FixedClock) -> None:
    house = without_database(clock)
    for action, code in (("contacts/add", None), ("contacts/add", None), ("contacts/add", 1006), ("", 1000), ("contacts/add", 503)):
        house.counts.called(action, code)
    assert house.values("odzew_api_calls_total") == {
        ("contacts/add", "ok"): 2, ("contacts/add", "1006"): 1, ("", "1000"): 1, ("contacts/add", "503"): 1,
    }  # fmt: skip


def test_two_processes_share_nothing(clock: FixedClock) -> None:
    one, other = (without_database(clock) for _ in range(2))
    one.counts.called("contacts/add", None)
    assert (len(one.values("odzew_api_calls_total")), len(other.values("odzew_api_calls_total"))) == (1, 0)

"""`kill -9` of forwarding processes in the flow: nothing that was acknowledged is lost, and only what was in flight comes again."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from odzew.clock import SECOND, Clock, FixedClock
from odzew.forward.sign import headers
from proof.forwarding_kills import Series
from proof.kills_client import Call
from proof.kills_judge import Cycle, Outcome, Stored, judge
from proof.kills_lives import Life
from proof.network import Network
from proof.stand import EngineName

KILLS: dict[EngineName, int] = {"sqlite": 2, "postgres": 1}


async def test_kills_lose_nothing(database_url: str, tmp_path: Path, real_clock: Clock) -> None:
    engine: EngineName = "sqlite" if database_url.startswith("sqlite") else "postgres"
    series = Series(database_url, engine, tmp_path, real_clock)
    await series.prepare()
    try:
        for _ in range(KILLS[engine]):
            await series.kill_once()
        found = await series.settle()
    finally:
        await series.close()
    assert len(found.cycles) == KILLS[engine]
    assert found.acknowledged > KILLS[engine]
    assert found.faults.get("500", 0) > 0
    assert (found.gone, found.missing, found.not_delivered, found.exhausted) == (0, 0, 0, 0)
    assert (found.unexplained, found.early, found.unsigned, found.other_ids) == (0, 0, 0, 0)
    assert all(cycle.again <= cycle.in_flight for cycle in found.cycles)
    assert found.stored_twice <= found.may_be_twice


# --- the judge ----------------------------------------------------------------------------------------------------------

RETRY = (1.0, 2.0)  # minutes


def _life(clock: Clock, number: int = 1, killed: float | None = None, left: tuple[int, ...] = ()) -> Life:
    life = Life("sqlite:////nowhere", "sqlite", clock, number, random.Random(number))
    life.killed, life.cycle, life.left = killed, 0, frozenset(left)
    return life


def _call(life: Life, delivery: int, begun: float, fault: str = "", number: int = 1, answered: float | None = 0.0) -> Call:
    """A call of the message whose id is ten times the delivery's, so many seconds after the life began."""
    made = dict(headers(f"msg_{delivery}", 1, b"id=1", [life.key]))
    signed = f"msg_{delivery}.1.id=1".encode()
    at, began = round(begun * SECOND), life.began + begun
    ended = None if answered is None else began + answered
    return Call(delivery * 10, b"msg_%d" % delivery, number, at, began, fault, signed, made["webhook-signature"].encode(), ended)


def _stored(*attempts: tuple[int, int, int, int, str], state: str = "delivered") -> Stored:
    """One message, with its delivery and attempts."""
    return Stored([(10, "serial 7 of the network")], [(1, 10, state)], attempts or [(1, 1, 5, 1, "ok")])


def _judged(stored: Stored, calls: list[Call], lives: list[Life], acknowledged: dict[int, int] | None = None) -> Outcome:
    network = Network(lives[0].clock, 1)
    network.acknowledged.update({7: 10} if acknowledged is None else acknowledged)
    return judge(Outcome([Cycle(1)]), stored, network, calls, lives, RETRY)


GOOD = Outcome([Cycle(1)], acknowledged=1, stored=1, calls=1)


def test_outcomes_are_kept_and_added() -> None:
    one = Outcome([Cycle(1, in_flight=2)], calls=3, faults=Counter({"500": 2}))
    other = Outcome([Cycle(2, in_flight=5)], calls=4, faults=Counter({"500": 1, "slow": 1}))
    kept = msgspec.json.decode(msgspec.json.encode([one, other]), type=list[Outcome])
    assert sum(kept, Outcome()) == Outcome([Cycle(1, in_flight=2), Cycle(2, in_flight=5)], calls=7, faults={"500": 3, "slow": 1})


@pytest.fixture
def life(clock: FixedClock) -> Life:
    """One that was not killed."""
    return _life(clock)


def test_all_is_well(life: Life) -> None:
    assert _judged(_stored(), [_call(life, 1, 1.0)], [life]) == GOOD


@pytest.mark.parametrize(
    ("stored", "acknowledged", "wrong"),
    [
        (_stored(), {8: 11}, {"missing": 1}),
        (_stored(), {8: 10}, {"missing": 1}),  # another message has its id
        (_stored(state="exhausted"), None, {"exhausted": 1, "not_delivered": 1}),
        (_stored(state="pending"), None, {"not_delivered": 1}),
        (_stored((1, 1, 0, 1, "http_5xx"), (1, 2, 59 * SECOND, 1, "ok")), None, {"early": 1}),
        (_stored((1, 1, 0, 1, "http_5xx"), (1, 2, 60 * SECOND, 1, "ok")), None, {}),
        (_stored((1, 1, 0, 1, "x"), (1, 2, 60 * SECOND, 1, "x"), (1, 3, 120 * SECOND, 1, "ok")), None, {"early": 1}),
        (
            _stored()._replace(messages=[(10, "serial 7 of"), (11, "serial 7 of")]),
            None,
            {"stored": 2, "stored_twice": 1, "not_delivered": 1},
        ),
        (_stored()._replace(deliveries=[(2, 10, "delivered")]), None, {"other_ids": 1}),
    ],
)
def test_what_is_wrong_in_the_database(life: Life, stored: Stored, acknowledged: dict[int, int] | None, wrong: dict[str, Any]) -> None:
    assert _judged(stored, [_call(life, 1, 61.0)], [life], acknowledged) == dataclasses.replace(GOOD, **wrong)


def test_what_was_stored_as_delivered_must_have_been_received(life: Life) -> None:
    assert _judged(_stored(), [_call(life, 1, 1.0, fault="reset")], [life]).not_delivered == 1


def test_a_call_that_nobody_signed(life: Life, clock: FixedClock) -> None:
    stranger = _life(clock, 2)
    assert _judged(_stored(), [_call(stranger, 1, 1.0)], [life]).unsigned == 1
    assert _judged(_stored(), [_call(stranger, 1, 1.0, fault="500"), _call(life, 1, 2.0)], [life]).unsigned == 1


def test_what_comes_again_is_laid_to_the_kill_at_which_it_was_in_flight(clock: FixedClock) -> None:
    killed, next_one = _life(clock, 1, killed=5.0, left=(1,)), _life(clock, 2)
    found = _judged(_stored(), [_call(killed, 1, 1.0, answered=None), _call(next_one, 1, 9.0)], [killed, next_one])
    assert (found.again, found.unexplained) == (1, 0)
    assert found.cycles == [Cycle(1, in_flight=1, open=1, again=1)]


@pytest.mark.parametrize("left", [(), (2,)])
def test_what_comes_again_and_was_not_in_flight_is_told(clock: FixedClock, left: tuple[int, ...]) -> None:
    killed, next_one = _life(clock, 1, killed=5.0, left=left), _life(clock, 2)
    found = _judged(_stored(), [_call(killed, 1, 1.0), _call(next_one, 1, 9.0)], [killed, next_one])
    assert (found.again, found.unexplained, found.cycles[0].again) == (1, 1, 0)


def test_a_process_that_was_not_killed_repeats_nothing(life: Life) -> None:
    found = _judged(_stored(), [_call(life, 1, 1.0), _call(life, 1, 2.0)], [life])
    assert (found.again, found.unexplained) == (1, 1)


def test_an_answer_that_came_too_late_for_the_server_is_no_receipt(life: Life) -> None:
    stored = _stored((1, 1, SECOND - 1, 5, "timeout_response"), (1, 2, 70 * SECOND, 1, "ok"))
    calls = [_call(life, 1, 1.0, fault="slow"), _call(life, 1, 70.0, number=2)]
    found = _judged(stored, calls, [life])
    assert (found.too_late, found.again) == (1, 0)
    # Another call with the same number, before a kill, is not the one that is stored.
    calls[0].at = 0
    assert _judged(stored, calls, [life]).again == 1

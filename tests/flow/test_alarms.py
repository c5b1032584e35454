"""A target that fails for long: its owner hears of it by e-mail, it is paused after five days, and resumed with what was missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import DAY, SECOND
from odzew.operations.alarms import AGAIN, APART, GATHERED
from tests.flow.in_process import OPERATOR, OWNER, REPEATS, House, running
from tests.forward.receiver import until

A_DAY = DAY / SECOND


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path) as house:
        yield house


async def fail_for_days(house: House) -> None:
    """A message a day, in vain, until the target is paused."""
    for day in range(5):
        await house.message_fails(f"day {day}")
        await house.passes(A_DAY - sum(REPEATS))
    assert not house.server.health.is_paused(1)
    await house.message("the last straw")
    await house.attempts(26)
    assert house.server.health.is_paused(1)


async def test_its_owner_and_the_operator_hear_that_it_fails_and_that_it_answers_again(house: House) -> None:
    await house.message_fails("one")
    assert [result.state for _, result in house.ended] == ["pending"] * 4 + ["exhausted"]
    mails = await house.mails(2, GATHERED)
    assert set(mails) == {OWNER, OPERATOR}
    for text in mails.values():
        assert "target 1 ('crm' of acme): fails: 5 attempts in a row, the last one: The URL's server failed (5xx)." in text
        assert "a delivery is exhausted" in text
    house.answer = None
    await house.message("two")
    await house.attempts(6)
    assert "answers again" in (await house.mails(2, APART))[OWNER]


async def test_a_server_that_stops_sends_what_waits_to_be_told(house: House) -> None:
    await house.message_fails("one")
    await house.restart()
    await until(lambda: len(house.post.posts) == 2)
    assert "fails: 5 attempts in a row" in house.post.posts[0].read().get_content()


async def test_a_mail_server_that_is_away_is_asked_again(house: House) -> None:
    house.post.says["MAIL"] = "421 4.3.2 not now"
    await house.message_fails("one")
    await house.passes(GATHERED)
    await until(lambda: len([line for line in house.post.lines if line.startswith("MAIL")]) == 2)
    assert house.post.posts == []
    del house.post.says["MAIL"]
    await until(lambda: len(house.server.alarms._unsent) == 2)
    assert set(await house.mails(2, AGAIN)) == {OWNER, OPERATOR}


@pytest.mark.parametrize("missed", ["send", "drop"])
async def test_after_five_days_it_is_paused_and_resumed_with_what_was_missed_or_without(missed: str, house: House) -> None:
    await fail_for_days(house)
    mails = await house.mails(2, APART)
    assert "is paused: it has failed for days (26 attempts). What is owed to it waits" in mails[OWNER]
    called = len(house.client.calls)
    house.answer = None
    await house.message("while it was paused")
    await house.restart()  # the pause outlives the process
    await house.passes(A_DAY)
    assert "paused" in await house.command("target", "states")
    said = await house.command("target", "resume", "crm", f"--{missed}-missed")
    assert said == f"Target crm is called again. {'To be sent' if missed == 'send' else 'Cancelled'}: 2.\n"
    while house.server.health.is_paused(1):
        await house.passes(0.5)
    await house.passes(A_DAY)
    await house.message("after it")
    waited = ["the last straw", "while it was paused"] if missed == "send" else []
    await house.attempts(26 + len(waited) + 1)
    assert sorted(house.called_with()[called:]) == sorted([*waited, "after it"])


async def test_a_success_within_the_five_days_begins_the_count_anew(house: House) -> None:
    for day in range(4):
        await house.message_fails(f"day {day}")
        await house.passes(A_DAY - sum(REPEATS))
    house.answer = None
    await house.message("it answers")
    await house.attempts(21)
    house.answer = "status"
    for day in range(4, 7):
        await house.message_fails(f"day {day}")
        await house.passes(A_DAY - sum(REPEATS))
    assert not house.server.health.is_paused(1)

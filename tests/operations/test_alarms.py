"""Alarms: a line in the log each, gathered and rare by e-mail, to those whom they concern."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from odzew.clock import MINUTE, SECOND, FixedClock
from odzew.forward.target_health import TargetHealth
from odzew.model import Account, Attempt, DeliveryState, Owed, Target
from odzew.operations.alarms import AGAIN, APART, GATHERED, MOST_LINES, Alarm, Alarms
from odzew.store.deliveries import Result
from odzew.store.directory import Directory
from odzew.store.sqlite import SqliteDatabase
from tests.forward.inline import turn

OPERATOR, OWNER = "noc@odzew.example", "it@acme.example"


def directory() -> Directory:
    accounts = {1: Account(1, "acme", alarm_to=(OWNER, "boss@acme.example")), 2: Account(2, "other")}
    return Directory(accounts=accounts, targets={7: Target(7, 1, "account", 1, "sms", "crm", "https://crm.example/")})


class House:
    """Alarms with a post office that keeps what it is given."""

    def __init__(self, operator: Sequence[str] = (OPERATOR,), mail: bool = True) -> None:
        self.clock = FixedClock()
        self.sent: list[tuple[list[str], str, str]] = []
        self.refuses = False
        self.alarms = Alarms(self.clock, directory, operator, self.send if mail else None)

    async def send(self, to: Sequence[str], subject: str, text: str) -> None:
        if self.refuses:
            raise OSError("the mail server is away")
        self.sent.append((list(to), subject, text))

    def tell(self, kind: str = "failing", about: str = "target 7", account: int | None = 1) -> None:
        self.alarms.tell(Alarm(kind, about, f"it is {kind}", self.clock.now(), account))

    async def after(self, seconds: float) -> list[tuple[list[str], str, str]]:
        """What is sent after so many seconds."""
        self.clock.advance(seconds)
        before = len(self.sent)
        await self.alarms.send_due()
        return self.sent[before:]


@pytest.fixture
def house() -> House:
    return House()


async def test_it_is_gathered_for_a_minute_then_sent_to_owner_and_operator(house: House) -> None:
    house.tell()
    assert await house.after(GATHERED - 1) == []
    house.tell("exhausted")
    house.tell("exhausted")
    mails = await house.after(1)
    assert sorted(to for to, _, _ in mails) == [[OWNER, "boss@acme.example"], [OPERATOR]]
    assert {subject for _, subject, _ in mails} == {"Odzew: 2 alarms"}
    text = mails[0][2]
    assert "target 7: it is failing\n" in text
    assert "target 7: it is exhausted (2 times)\n" in text


async def test_at_most_one_mail_an_hour_about_the_same(house: House) -> None:
    for _ in range(3 * 60):
        house.tell("exhausted")
        await house.after(60)
    assert len([mail for mail in house.sent if mail[0] == [OPERATOR]]) == 3
    assert "(60 times)" in house.sent[-1][2]


async def test_a_change_within_the_hour_waits_and_is_not_lost(house: House) -> None:
    house.tell("failing")
    await house.after(GATHERED)
    house.tell("paused")
    assert await house.after(APART - 1) == []
    assert [subject for _, subject, _ in await house.after(1)] == ["Odzew: target 7: it is paused"] * 2


async def test_after_the_hour_it_is_told_soon_again(house: House) -> None:
    house.tell()
    await house.after(GATHERED)
    await house.after(2 * APART)
    house.tell()
    assert len(await house.after(GATHERED)) == 2


async def test_what_falls_due_together_is_one_mail(house: House) -> None:
    for number in range(20):
        house.tell(about=f"target {number}")
    house.tell(about="source carrier-a", account=None)
    mails = {to[0]: text for to, _, text in await house.after(GATHERED)}
    assert len(mails) == 2
    assert mails[OPERATOR].count("it is failing") == 21
    assert mails[OWNER].count("it is failing") == 20


async def test_a_mail_of_thousands_is_cut(house: House) -> None:
    for number in range(MOST_LINES + 5):
        house.tell(about=f"target {number}")
    ((_, subject, text), _) = await house.after(GATHERED)
    assert subject == f"Odzew: {MOST_LINES + 5} alarms"
    assert "... and 5 more: see the log" in text


@pytest.mark.parametrize(("account", "told"), [(1, {OPERATOR, OWNER}), (2, {OPERATOR}), (None, {OPERATOR}), (99, {OPERATOR})])
async def test_who_hears_of_it(account: int | None, told: set[str], house: House) -> None:
    house.tell(account=account)
    assert {to[0] for to, _, _ in await house.after(GATHERED)} == told


async def test_without_addresses_there_is_no_mail() -> None:
    house = House(operator=())
    house.tell(account=2)
    assert await house.after(GATHERED) == []


async def test_without_a_mail_server_the_log_is_all() -> None:
    house = House(mail=False)
    with capture_logs() as log:
        house.tell()
        await house.after(GATHERED)
    assert [(line["event"], line["kind"], line["about"]) for line in log] == [("alarm", "failing", "target 7")]


async def test_each_is_a_line_in_the_log_and_repeats_are_counted(house: House) -> None:
    with capture_logs() as log:
        for _ in range(1000):
            house.tell("exhausted")
        house.tell("paused")
        await house.after(GATHERED)
    assert [(line["event"], line["kind"], line.get("times")) for line in log] == [
        ("alarm", "exhausted", None), ("alarm", "paused", None), ("alarm_again", "exhausted", 1000),
    ]  # fmt: skip


async def test_a_target_is_named_as_people_know_it(house: House) -> None:
    house.alarms.of_target("failing", 1, 7, "fails", house.clock.now())
    house.alarms.of_target("failing", 1, 8, "fails", house.clock.now())
    text = (await house.after(GATHERED))[0][2]
    assert "target 7 ('crm' of acme): fails" in text
    assert "target 8: fails" in text


async def test_a_target_that_fails_reaches_its_owner(house: House, tmp_path: Path) -> None:
    db = SqliteDatabase(str(tmp_path / "health.db"), house.clock)
    health = TargetHealth(db, house.clock, house.alarms.of_target)
    for minute in (0, 5, 10, 15, 60):
        attempt = Attempt(1, 1, house.clock.now() + minute * MINUTE, 5, "http_5xx")
        state: DeliveryState = "exhausted" if minute == 60 else "pending"
        health.attempted(Owed(1, 7, 1, 1, 0), attempt, Result(attempt, 7, state, 0, 0, None))
    text = {to[0]: text for to, _, text in await house.after(GATHERED)}[OWNER]
    assert "target 7 ('crm' of acme): fails: 5 attempts in a row, the last one: The URL's server failed (5xx).\n" in text
    assert "target 7 ('crm' of acme): a delivery is exhausted, the last attempt: The URL's server failed (5xx).\n" in text
    await db.close()


async def test_words_of_strangers_make_no_line_of_their_own(house: House) -> None:
    house.alarms.tell(Alarm("failing", "target\r\n7", "it\r\nBcc: all@example", house.clock.now()))
    ((_, subject, text),) = await house.after(GATHERED)
    assert subject == "Odzew: target 7: it Bcc: all@example"
    assert "\r" not in text
    assert text.count("\n") == 3


async def test_a_mail_that_is_not_taken_is_tried_again(house: House) -> None:
    house.refuses = True
    house.tell(account=None)
    with capture_logs() as log:
        assert await house.after(GATHERED) == []
        assert await house.after(AGAIN) == []
    assert [line["event"] for line in log] == ["alarm_not_mailed"] * 2
    house.refuses = False
    assert await house.after(AGAIN - 1) == []
    assert len(await house.after(1)) == 1
    assert await house.after(AGAIN) == []


async def test_it_sends_by_itself_and_the_rest_at_the_stop(house: House) -> None:
    running = asyncio.create_task(house.alarms.run())
    house.tell(account=None)
    while not house.sent:
        house.clock.advance(house.clock.next_due() or 0)
        await turn()
    house.tell("paused", account=None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await house.alarms.close()
    assert [subject for _, subject, _ in house.sent] == ["Odzew: target 7: it is failing", "Odzew: target 7: it is paused"]


async def test_what_could_not_be_sent_at_the_stop_is_said(house: House) -> None:
    house.refuses = True
    house.tell(account=None)
    with capture_logs() as log:
        await house.alarms.close()
    assert log[-1]["event"] == "alarm_not_mailed"


@given(st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(("a", "b")), st.sampled_from(("failing", "exhausted"))), max_size=60))
def test_every_alarm_is_counted_in_exactly_one_mail_and_mails_are_rare(moves: list[tuple[int, str, str]]) -> None:
    asyncio.run(assert_every_alarm_is_counted(moves))


async def assert_every_alarm_is_counted(moves: list[tuple[int, str, str]]) -> None:
    house = House()
    mailed: list[tuple[int, str]] = []
    for seconds, about, kind in moves:
        house.tell(kind, about, None)
        mailed += [(house.clock.now(), text) for _, _, text in await house.after(seconds)]
    mailed += [(house.clock.now(), text) for _, _, text in await house.after(APART)]
    counted = 0
    for text in (text for _, text in mailed):
        for line in text.splitlines():
            if "it is" in line:
                counted += int(line.partition("(")[2].partition(" times")[0] or 1)
    assert counted == len(moves)
    for about in ("a", "b"):
        instants = [at for at, text in mailed if f"  {about}: it" in text]
        assert all(later - sooner >= APART * SECOND for sooner, later in pairwise(instants))

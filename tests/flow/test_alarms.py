"""A target that fails for long: its owner hears of it by e-mail, it is paused after five days, and resumed with what was missed.

A whole server, real sockets, a real mail server on loopback, and a clock that the test moves.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from odzew.clock import DAY, SECOND, Clock, FixedClock
from odzew.model import Attempt, Owed
from odzew.operations.alarms import APART, GATHERED
from odzew.serve import Server
from odzew.settings import read
from odzew.simulate.client import Client, Failure
from odzew.store.deliveries import Result
from proof import words
from proof.http import Connection, push
from proof.stand import prepare
from tests.forward.inline import turn
from tests.forward.mail import MailPeer
from tests.forward.receiver import until

OWNER, OPERATOR = "it@acme.example", "noc@odzew.example"
NUMBER = "+48664078059"
A_DAY = DAY / SECOND
REPEATS = (300.0, 300.0, 300.0, 2700.0)  # seconds from one attempt of the schedule to the next
JITTER = 10.0
STILL = 50  # turns of the loop without anything under way


def setup_text(url: str) -> str:
    return f"""
[[account]]
name = "acme"
alarm_to = ["{OWNER}"]
forward_allow = ["127.0.0.0/8"]
[[source]]
name = "{words.SOURCE}"
protocol = "http"
token = "{words.SOURCE_TOKEN}"
[[number]]
address = "{NUMBER}"
service = "ndi"
account = "acme"
  [[number.forward]]
  name = "crm"
  url = "{url}/in?t=#WIADOMOSC#"
"""


class House:
    """The server, the URL of its client, and its mail server."""

    def __init__(self, url: str, client: Client, post: MailPeer) -> None:
        self.url = url
        self.clock = FixedClock(Clock().now() - 7 * DAY)  # the command line, another process, comes at the end of that week
        self.client = client
        self.post = post
        self.ended: list[tuple[Attempt, Result]] = []
        self.answer: Failure | None = "status"
        self.server = self._server()
        client.fails = lambda called: self.answer

    def _server(self) -> Server:
        given = {"smtp_host": "127.0.0.1", "smtp_port": self.post.port, "smtp_tls": "none", "mail_from": "odzew@odzew.example"}
        server = Server(read({"db": self.url, "listen": ["127.0.0.1:0"], "alarm_to": [OPERATOR], **given}, {}), self.clock, {})
        server.on_attempt.append(self._attempted)
        return server

    def _attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        self.ended.append((attempt, result))

    async def restart(self) -> None:
        await self.server.stop()
        self.server = self._server()
        await self.server.start()

    async def message(self, text: str) -> None:
        """A network pushes a message."""
        async with Connection(self.server.addresses[0][1]) as connection:
            reply = await connection.exchange(push([{"from": "+48500600700", "to": NUMBER, "text": text}]))
        assert reply.status == 200

    async def attempts(self, count: int) -> None:
        """Waits until so many calls have ended."""
        await until(lambda: len(self.ended) >= count)
        assert len(self.ended) == count

    async def message_fails(self, text: str) -> None:
        """A message is pushed, and all five attempts fail."""
        begun = len(self.ended)
        await self.message(text)
        for number, gap in enumerate((*REPEATS, 0.0), 1):
            await self.attempts(begun + number)
            await self.passes(gap + JITTER)

    async def passes(self, seconds: float) -> None:
        """Lets time pass once outcomes are stored and no mail is under way: a talk that jumps an hour ahead would be cut off."""
        self.clock.advance(seconds)
        still = 0
        while still < STILL:
            busy = self.post.open or self.server.engine.in_hand[0] or self.server.engine.in_hand[2]
            still = 0 if busy else still + 1
            await turn()

    async def mails(self, count: int, after: float) -> dict[str, str]:
        """What comes by mail after so many seconds, text by addressee: so many mails."""
        before = len(self.post.posts)
        await self.passes(after)
        await until(lambda: len(self.post.posts) >= before + count)
        return {one.recipients[0]: one.read().get_content() for one in self.post.posts[before:]}

    async def command(self, *words: str) -> str:
        """What `odzew` says, as another process beside the server."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "odzew.cli.main", *words, "--db", self.url, stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode()

    def called_with(self) -> list[str]:
        return [called.query["t"] for called in self.client.calls]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    client, post = await Client().start(), await MailPeer().start()
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    url = f"sqlite:///{tmp_path / 'odzew.db'}"
    await prepare(url, tmp_path, setup_text(client.url))
    house = House(url, client, post)
    await house.server.start()
    yield house
    await house.server.stop()
    structlog.configure(**before)
    logging.getLogger().handlers = handlers
    await client.stop()
    await post.stop()


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
    assert set(await house.mails(2, 300.0)) == {OWNER, OPERATOR}


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

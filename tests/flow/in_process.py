"""A whole server in this process, with a clock that the test moves, real sockets, a client's URL and a mail server on loopback."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from odzew.clock import DAY, Clock, FixedClock
from odzew.model import Attempt, Owed
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


@asynccontextmanager
async def running(place: Path) -> AsyncIterator[House]:
    """The server on a fresh SQLite database with one target; everything is gone afterwards."""
    client, post = await Client().start(), await MailPeer().start()
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    url = f"sqlite:///{place / 'odzew.db'}"
    await prepare(url, place, setup_text(client.url))
    house = House(url, client, post)
    await house.server.start()
    try:
        yield house
    finally:
        await house.server.stop()
        # It logs to the standard error that pytest closes after this test; the tests that follow have theirs.
        structlog.configure(**before)
        logging.getLogger().handlers = handlers
        await client.stop()
        await post.stop()

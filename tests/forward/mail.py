"""A mail server for tests: a real listening socket on loopback that speaks SMTP (RFC 5321, 3207, 4954), honest unless told otherwise."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from odzew.clock import FixedClock
from odzew.forward.call import Answer
from tests.forward.receiver import until

HANG = "hang"  # no answer, until the caller has gone
CLOSE = "close"  # the connection is closed in place of an answer


@dataclass(slots=True)
class Post:
    """One e-mail as the server took it. `secure`: it came over TLS; `user`: who had logged in."""

    sender: str
    recipients: list[str]
    octets: bytes
    secure: bool
    user: str | None

    def read(self) -> EmailMessage:
        found = message_from_bytes(self.octets, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class MailPeer:
    """`says` has what is said in place of the honest answer: by command (`RCPT`), by line (`RCPT TO:<a@b>`), `.` for the end of a letter,
    `hello` for the greeting. A value is the octets of the answer, `HANG` or `CLOSE`."""

    tls: ssl.SSLContext | None = None
    at_once: bool = False  # TLS from the first octet
    logins: dict[str, str] = field(default_factory=dict)
    mechanisms: str = "PLAIN LOGIN"
    says: dict[str, str] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    most_read: int = 0
    open: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def start(self) -> MailPeer:
        context = self.tls if self.at_once else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()
        await until(lambda: self.open == 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self._writers.append(writer)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()


class _Session:
    def __init__(self, peer: MailPeer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peer, self.reader, self.writer = peer, reader, writer
        self.secure = peer.at_once
        self.user: str | None = None
        self.sender = ""
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.say(self.peer.says.get("hello", "220 mail.example ESMTP"))
        while True:
            line = (await self.reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            self.peer.lines.append(line)
            verb = line.split(" ")[0].upper()
            told = self.peer.says.get(line) or self.peer.says.get(verb)
            if told is not None:
                await self.say(told)
            elif verb == "QUIT":
                await self.say("221 bye")
                return
            else:
                await HONEST[verb](self, line)

    async def say(self, answer: str) -> None:
        if answer == HANG:
            while await self.reader.read(65536):
                pass
        if answer in (HANG, CLOSE):
            raise ConnectionError
        self.writer.write(f"{answer}\r\n".encode())
        await self.writer.drain()

    async def ehlo(self, line: str) -> None:
        can = ["SIZE 50000000", "8BITMIME"]
        can += ["STARTTLS"] if self.peer.tls is not None and not self.secure else []
        can += [f"AUTH {self.peer.mechanisms}"] if self.peer.logins and self.secure else []
        await self.say("\r\n".join(f"250{'-' if one is not can[-1] else ' '}{one}" for one in can).join(("250-hello\r\n", "")))

    async def starttls(self, line: str) -> None:
        await self.say("220 go ahead" + self.peer.says.get("injected", ""))
        assert self.peer.tls is not None
        plain = self.writer.transport
        try:
            await self.writer.start_tls(self.peer.tls)
        except AttributeError:
            # asyncio gives back no transport where the other side goes as the handshake ends; the writer would be
            # left with none, and its end complain in some later test.
            self.writer._transport = plain  # type: ignore[attr-defined]
            raise ConnectionError from None
        self.secure = True

    async def auth(self, line: str) -> None:
        _, kind, *rest = line.split(" ")
        if kind == "PLAIN":
            _, user, password = base64.b64decode(rest[0]).decode().split("\0")
        else:
            answers = []
            for question in ("Username:", "Password:"):
                await self.say("334 " + base64.b64encode(question.encode()).decode())
                answers.append(base64.b64decode(await self.reader.readuntil(b"\r\n")).decode())
            user, password = answers
        if self.peer.logins.get(user) != password:
            await self.say("535 5.7.8 wrong user or password")
            return
        self.user = user
        await self.say("235 welcome")

    async def mail(self, line: str) -> None:
        if self.peer.logins and self.user is None:
            await self.say("530 5.7.0 log in first")
            return
        self.sender, self.recipients = line.partition("<")[2].partition(">")[0], []
        await self.say("250 fine")

    async def rcpt(self, line: str) -> None:
        self.recipients.append(line.partition("<")[2].partition(">")[0])
        await self.say("250 fine")

    async def data(self, line: str) -> None:
        await self.say("354 go on")
        if self.peer.says.get("letter"):
            await self.say(self.peer.says["letter"])
        octets = bytearray()
        while (one := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            assert len(one) <= 1000, "a line is longer than RFC 5321 s.4.5.3.1.6 allows"
            octets += one.removeprefix(b".")
        told = self.peer.says.get(".")
        if told is None:
            self.peer.posts.append(Post(self.sender, self.recipients, bytes(octets), self.secure, self.user))
        await self.say(told or "250 2.0.0 queued as 4711")


HONEST: dict[str, Callable[[_Session, str], Awaitable[None]]] = {
    "EHLO": _Session.ehlo, "STARTTLS": _Session.starttls, "AUTH": _Session.auth, "MAIL": _Session.mail, "RCPT": _Session.rcpt,
    "DATA": _Session.data,
}  # fmt: skip


async def let_pass(sending: asyncio.Task[Answer], clock: FixedClock, peer: MailPeer, lines: int, seconds: float) -> Answer:
    """Waits until the peer has heard so many lines, and moves the clock."""
    await until(lambda: len(peer.lines) >= lines or sending.done())
    assert not sending.done(), sending.result()
    clock.advance(seconds)
    return await sending

"""The mail sender: one e-mail through the installation's own mail server (RFC 5321 as a client, RFC 3207, RFC 4954).

Our own client, because a letter is sent in slices while it is read from the database, and because time comes from the injected
clock. The server is the operator's, so no guard judges its address.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from odzew.clock import Clock
from odzew.errors import SettingError, WireError
from odzew.forward.call import Answer, CallEnded, Trace
from odzew.forward.literal import Forbidden, read_host
from odzew.forward.mail_line import Line, Reply
from odzew.forward.outcome import Outcome
from odzew.forward.resolver import NameFailure, Resolver
from odzew.forward.sender import outcome_of
from odzew.wire import mailbox

MailTls = Literal["starttls", "tls", "none"]

_MICRO: Final = 1_000_000
_SHOWN_REFUSALS: Final = 5
_SAID: Final = ("ok", "smtp_4xx", "smtp_5xx")  # after these the server waits for what we say next


class Written(Protocol):
    """A letter. `size`: about how many octets it has, never less."""

    @property
    def size(self) -> int: ...

    def slices(self, sender: str) -> AsyncIterator[bytes]:
        """ASCII lines that end in CRLF, in slices that may end anywhere."""
        ...


@dataclass(slots=True)
class Mail:
    """One e-mail. `last`: there is no further attempt, so an address that is refused for now holds up the others no longer."""

    recipients: Sequence[str]
    letter: Written
    last: bool = False
    trace: Trace | None = None


@dataclass(slots=True, frozen=True)
class MailServer:
    """The operator's mail server. SettingError where the settings do not go together."""

    host: str
    sender: str
    port: int = 587
    user: str = ""
    password: str = field(default="", repr=False)
    tls: MailTls = "starttls"

    def __post_init__(self) -> None:
        try:
            mailbox.parse(self.sender)
        except WireError as error:
            raise SettingError(f"mail_from: {error}; the mail server needs a sender") from None
        if not 1 <= self.port <= 65535:
            raise SettingError(f"smtp_port {self.port} is no port")
        if bool(self.user) != bool(self.password):
            raise SettingError("smtp_user and smtp_password belong together: give both, or neither")
        if self.user and self.tls == "none":
            raise SettingError('smtp_password is sent over TLS only: set smtp_tls to "starttls" or "tls"')
        try:
            read_host(self.host)
        except Forbidden as error:
            raise SettingError(f"smtp_host: {error}") from None


@dataclass(slots=True, frozen=True)
class MailLimits:
    """Spans in seconds. `at_once`: connections to the mail server; `wait`: for one of them to become free."""

    dns: float = 3.0
    connect: float = 5.0
    total: float = 60.0
    farewell: float = 1.0
    wait: float = 30.0
    at_once: int = 16
    kept: int = 4096


def mail_tls(extra_ca: str | None = None) -> ssl.SSLContext:
    """The TLS context for the mail server: as that of calls, without their protocol name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra_ca is not None:
        context.load_verify_locations(cafile=extra_ca)
    return context


class MailSender(Protocol):
    """The port through which e-mails are sent."""

    async def send(self, mail: Mail) -> Answer:
        """Sends one. Raises only what the slices of its letter raise; what the server does is the answer's outcome."""
        ...


class SmtpSender:
    """The `MailSender` of the product. `tls` verifies the server's certificate."""

    def __init__(
        self, clock: Clock, resolver: Resolver, server: MailServer, tls: ssl.SSLContext | None = None, limits: MailLimits | None = None
    ) -> None:
        self._clock = clock
        self._resolver = resolver
        self._server = server
        self._tls = tls or mail_tls()
        self._limits = limits or MailLimits()
        self._free = asyncio.Semaphore(self._limits.at_once)

    async def send(self, mail: Mail) -> Answer:
        """See `MailSender`."""
        begun = self._clock.monotonic()
        try:
            async with self._clock.deadline(self._limits.wait):
                await self._free.acquire()
        except TimeoutError:
            detail = f"none of {self._limits.at_once} connections to the mail server became free in {self._limits.wait:g} s"
            return Answer("timeout_connect", detail=detail, total_us=self._since(begun))
        try:
            return await self._send(mail, begun)
        finally:
            self._free.release()

    async def _send(self, mail: Mail, begun: float) -> Answer:
        answer = Answer("internal")
        talk = _Talk(mail, self._server, answer, self._clock)
        try:
            async with self._clock.deadline(self._limits.total):
                talk.line = await self._connect(answer, mail.trace)
                await talk.greet(self._tls)
                await talk.hand_over()
        except TimeoutError:
            outcome: Outcome = "timeout_tls" if talk.shaking else "timeout_connect" if talk.line is None else "timeout_response"
            answer.outcome, answer.detail = outcome, f"the mail server took more than {self._limits.total:g} s"
        except CallEnded as ended:
            answer.outcome, answer.detail = ended.outcome, ended.detail
        except NameFailure as error:
            answer.outcome, answer.detail = error.outcome, str(error)
        finally:
            if talk.line is not None:
                await self._leave(talk.line, polite=answer.outcome in _SAID)
        answer.total_us = self._since(begun)
        return answer

    async def _leave(self, line: Line, polite: bool) -> None:
        """The e-mail is sent, or it is not: what the server says to QUIT changes nothing."""
        with suppress(CallEnded, TimeoutError):
            if polite:
                async with self._clock.deadline(self._limits.farewell):
                    await line.command("QUIT")
        line.abort()

    async def _connect(self, answer: Answer, trace: Trace | None) -> Line:
        host = read_host(self._server.host)
        begun = self._clock.monotonic()
        found = (host.address,) if host.address else await self._resolver.resolve(host.name, "mail", self._limits.dns)
        answer.dns_us = self._since(begun)
        if trace is not None:
            trace.addresses = [(address, "the installation's mail server") for address in found]
        begun, last = self._clock.monotonic(), CallEnded("internal", "there is no address to connect to")
        for address in found[:3]:
            answer.address = address
            try:
                connected = await self._dial(address)
            except CallEnded as ended:
                last = ended
                continue
            answer.connect_us = self._since(begun)
            _, line = await asyncio.get_running_loop().create_connection(lambda: Line(trace), sock=connected)
            return line
        raise last

    async def _dial(self, address: str) -> socket.socket:
        dialled = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            dialled.setblocking(False)
            async with self._clock.deadline(self._limits.connect):
                await asyncio.get_running_loop().sock_connect(dialled, (address, self._server.port))
        except BaseException as error:
            dialled.close()
            if isinstance(error, TimeoutError):
                raise CallEnded("timeout_connect", f"no connection to the mail server in {self._limits.connect:g} s") from error
            if isinstance(error, OSError):
                raise CallEnded(outcome_of(error), f"the mail server cannot be reached: {error.strerror or error}") from error
            raise
        return dialled

    def _since(self, begun: float) -> int:
        return round((self._clock.monotonic() - begun) * _MICRO)


class _Talk:
    """The dialogue of one e-mail."""

    def __init__(self, mail: Mail, server: MailServer, answer: Answer, clock: Clock) -> None:
        self.line: Line | None = None
        self.shaking = False  # whether a TLS handshake is under way
        self._mail = mail
        self._server = server
        self._answer = answer
        self._clock = clock
        self._can: dict[str, str] = {}

    async def greet(self, tls: ssl.SSLContext) -> None:
        """From the server's greeting to the log-in."""
        if self._server.tls == "tls":
            await self._secure(tls)
        begun = self._clock.monotonic()
        self._wanted(await self._spoken().reply(), "2")
        self._answer.first_byte_us = round((self._clock.monotonic() - begun) * _MICRO)
        await self._introduce()
        if self._server.tls == "starttls":
            if "STARTTLS" not in self._can:
                raise CallEnded("tls", 'the mail server offers no STARTTLS (smtp_tls = "tls" or "none" is for servers without it)')
            self._wanted(await self._spoken().command("STARTTLS"), "2")
            await self._secure(tls)
            await self._introduce()  # RFC 3207 s.4.2: what was said before TLS is forgotten
        if self._server.user:
            await self._log_in()

    async def hand_over(self) -> None:
        """Sender, recipients, letter."""
        mail, line = self._mail, self._spoken()
        size = f" SIZE={mail.letter.size}" if "SIZE" in self._can else ""
        self._wanted(await line.command(f"MAIL FROM:<{self._server.sender}>{size}"), "2")
        refused = [(one, reply) for one in mail.recipients if not (reply := await line.command(f"RCPT TO:<{one}>")).text.startswith("2")]
        told = "; ".join(f"{one}: {reply.shown}" for one, reply in refused[:_SHOWN_REFUSALS])
        waiting = [reply for _, reply in refused if reply.text.startswith("4")]
        if len(refused) == len(mail.recipients) or (waiting and not mail.last):
            self._ended_by((waiting or [reply for _, reply in refused])[0], told)
        self._wanted(await line.command("DATA"), "3")
        await self._send_letter(line)
        reply = self._wanted(await line.reply(), "2")
        self._answer.outcome, self._answer.detail = "ok", f"not to {told}" if refused else ""
        self._note(reply)

    async def _secure(self, tls: ssl.SSLContext) -> None:
        begun, self.shaking = self._clock.monotonic(), True
        await self._spoken().start_tls(tls, read_host(self._server.host).name)
        self._answer.tls_us, self.shaking = round((self._clock.monotonic() - begun) * _MICRO), False

    async def _introduce(self) -> None:
        line = self._spoken()
        reply = self._wanted(await line.command(f"EHLO {line.name}"), "2")
        pairs = (one.partition(" ")[::2] for one in reply.lines[1:])
        self._can = {word.upper(): rest.upper() for word, rest in pairs}

    async def _log_in(self) -> None:
        line, offered = self._spoken(), self._can.get("AUTH", "").split()
        user, password = self._server.user, self._server.password
        if "PLAIN" in offered:
            reply = await line.command(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}", shown="AUTH PLAIN (hidden)")
        elif "LOGIN" in offered:
            self._wanted(await line.command("AUTH LOGIN"), "3")
            self._wanted(await line.command(_base64(user), shown="(hidden)"), "3")
            reply = await line.command(_base64(password), shown="(hidden)")
        else:
            raise CallEnded("protocol", f"the mail server takes no log-in by PLAIN or LOGIN, but by: {' '.join(offered)[:100] or 'none'}")
        self._wanted(reply, "2")

    async def _send_letter(self, line: Line) -> None:
        begins = True  # whether the next octet begins a line
        letter = self._mail.letter.slices(self._server.sender)
        try:
            async for piece in letter:
                if not piece:
                    continue
                # RFC 5321 s.4.5.2: a dot at the start of a line is doubled, lest it end the letter.
                await line.write((b"." if begins and piece.startswith(b".") else b"") + piece.replace(b"\n.", b"\n.."))
                begins = piece.endswith(b"\n")
        finally:
            aclose = getattr(letter, "aclose", None)
            if aclose is not None:
                await aclose()  # what it reads from is given back now, not when it is collected
        await line.write(b".\r\n" if begins else b"\r\n.\r\n")

    def _spoken(self) -> Line:
        assert self.line is not None
        return self.line

    def _wanted(self, reply: Reply, first: str) -> Reply:
        if not reply.text.startswith(first):
            self._ended_by(reply, reply.shown)
        return reply

    def _ended_by(self, reply: Reply, detail: str) -> None:
        self._note(reply)
        outcome: Outcome = {"4": "smtp_4xx", "5": "smtp_5xx"}.get(reply.text[0], "protocol")  # type: ignore[assignment]  # of a table
        raise CallEnded(outcome, detail)

    def _note(self, reply: Reply) -> None:
        self._answer.status = reply.code
        self._answer.body = self._answer.kept = reply.text.encode("utf-8", "replace")[:4096]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")

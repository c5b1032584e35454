"""One connection to a mail server: lines and replies (RFC 5321 s.4.2), TLS on it, and what is written to it at the peer's pace."""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Final, cast

from odzew.forward.call import CallEnded, Trace
from odzew.forward.verify import ascii_safe, decode

LONGEST_REPLY: Final = 32 * 1024
LONGEST_LINE: Final = 4096
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_UNCLEAN = re.compile(r"[^ -~]")


@dataclass(slots=True, frozen=True)
class Reply:
    """A reply. `lines` are without the code."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Code and lines as one text."""
        return f"{self.code} " + "\n".join(self.lines)

    @property
    def shown(self) -> str:
        """For people, on one line."""
        return f"{self.code} {ascii_safe(' '.join(self.lines)[:300])}"


class Line(asyncio.Protocol):
    """The connection. Everything that goes wrong on it is a CallEnded."""

    def __init__(self, trace: Trace | None = None) -> None:
        self.name = "localhost"
        self._trace = trace
        self._transport: asyncio.Transport | None = None
        self._came = bytearray()
        self._lost: CallEnded | None = None
        self._news: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None

    async def command(self, line: str, shown: str | None = None) -> Reply:
        """Says a line and gives the reply. `shown`: what a trace shows of a line that has a secret in it."""
        if _UNCLEAN.search(line):
            raise CallEnded("internal", "a line for the mail server holds a character that it may not")
        self._note(f"> {line if shown is None else shown}")
        await self.write(f"{line}\r\n".encode("ascii"))
        return await self.reply()

    async def reply(self) -> Reply:
        """The next reply, of however many lines."""
        lines: list[str] = []
        octets = 0
        while True:
            line = await self._line()
            octets += len(line)
            found = _REPLY.fullmatch(line)
            if found is None:
                raise CallEnded("protocol", f"the mail server does not speak SMTP: {ascii_safe(decode(bytes(line[:100])))}")
            if octets > LONGEST_REPLY:
                raise CallEnded("too_large", f"a reply of the mail server is longer than {LONGEST_REPLY} octets")
            lines.append((found[3] or b"").decode("utf-8", "replace"))
            self._note("< " + line.decode("utf-8", "replace"))
            if found[2] != b"-":
                return Reply(int(found[1]), tuple(lines))

    async def write(self, octets: bytes) -> None:
        """Writes, and waits while the peer takes no more."""
        if self._lost is not None:
            raise self._lost
        assert self._transport is not None
        self._transport.write(octets)
        if self._writable is not None:
            await self._writable
            if self._lost is not None:
                raise self._lost

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Goes on over TLS. What came before the handshake may be somebody else's word and ends the connection (RFC 3207 s.6)."""
        assert self._transport is not None
        if self._came:
            raise CallEnded("protocol", "the mail server said something between STARTTLS and TLS")
        try:
            secure = await asyncio.get_running_loop().start_tls(self._transport, self, context, server_hostname=name)
        except ssl.SSLCertVerificationError as error:
            raise CallEnded("tls", f"the mail server's certificate: {error.verify_message or error}") from error
        except ssl.SSLError as error:
            raise CallEnded("tls", f"TLS with the mail server: {error.reason or error}") from error
        except (OSError, ValueError) as error:
            raise CallEnded("tls", f"TLS with the mail server broke: {str(error) or 'the connection was closed'}") from error
        if secure is None:
            raise CallEnded("tls", "TLS with the mail server broke: the connection was closed")
        self._transport = secure

    def abort(self) -> None:
        """Closes the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _line(self) -> bytearray:
        while (end := self._came.find(b"\n", 0, LONGEST_LINE)) < 0:
            if len(self._came) >= LONGEST_LINE:
                raise CallEnded("too_large", f"a line of the mail server is longer than {LONGEST_LINE} octets")
            if self._lost is not None:
                raise self._lost
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        line = self._came[:end]
        del self._came[: end + 1]
        return line.removesuffix(b"\r")

    def _note(self, line: str) -> None:
        if self._trace is not None:
            self._trace.dialogue.append(line)

    def _wake(self) -> None:
        for future in (self._news, self._writable):
            if future is not None and not future.done():
                future.set_result(None)

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are one in all but name
        here = (transport.get_extra_info("sockname") or ("127.0.0.1",))[0]
        self.name = f"[IPv6:{here}]" if ":" in here else f"[{here}]"  # RFC 5321 s.4.1.3: no name of ours need exist

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(self._came) > 2 * LONGEST_REPLY:
            self._lost = CallEnded("too_large", "the mail server says more than anybody asked for")
            self.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost is None:
            why = f": {exc}" if exc is not None and str(exc) else ""
            self._lost = CallEnded("tls" if isinstance(exc, ssl.SSLError) else "reset", f"the mail server closed the connection{why}")
        self._wake()

    def pause_writing(self) -> None:
        if self._writable is None:
            self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

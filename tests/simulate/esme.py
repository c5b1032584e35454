"""A small ESME that does what a test tells it to do: the client's side of an SMSC simulator."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from odzew.wire.pdu import BindRequest, Command, Framer, FramingLost, Header, bind, header, pack, response

RESPONSE = 0x8000_0000
DELIVERIES = (Command.DELIVER_SM, Command.DATA_SM)
Answers = Callable[[Header, bytes], int | None]


def taken(_head: Header, _pdu: bytes) -> int | None:
    """Every message is answered ESME_ROK."""
    return 0


def silent(_head: Header, _pdu: bytes) -> int | None:
    """No message is answered."""
    return None


class Esme:
    """One connection. `got` are the messages, `others` all else that came; `answers` gives the status of each message, None: no answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Answers) -> None:
        self._reader = reader
        self.writer = writer
        self.answers = answers
        self.got: list[bytes] = []
        self.others: list[bytes] = []
        self.reads = 0  # how often the socket gave something
        self.framer = Framer()
        self._arrived = asyncio.Event()
        self.ended = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while octets := await self._reader.read(65536):
                self.reads += 1
                for pdu in self.framer.feed(octets):
                    self._take(pdu)
                self._arrived.set()
                if self.framer.lost is not None:
                    break
        except (OSError, FramingLost):
            pass  # the connection was reset, or cannot be followed any more
        finally:
            self.ended.set()
            self._arrived.set()
            self.writer.close()

    def _take(self, pdu: bytes) -> None:
        head = header(pdu)
        if head.command in DELIVERIES:
            self.got.append(pdu)
            status = self.answers(head, pdu)
            if status is not None:
                self.writer.write(response(head.command, status, head.sequence))
            return
        self.others.append(pdu)
        if head.command in (Command.ENQUIRE_LINK, Command.UNBIND):
            self.writer.write(response(head.command, 0, head.sequence))
        elif not head.command & RESPONSE and head.command not in (Command.ALERT_NOTIFICATION, Command.OUTBIND):
            self.writer.write(pack(Command.GENERIC_NACK, 3, head.sequence))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when something holds of what came. Fails when the connection ends before."""
        while not holds():
            assert not self.ended.is_set(), "the connection ended first"
            self._arrived.clear()
            await self._arrived.wait()

    def ask(self, command: int, sequence: int, body: bytes = b"") -> None:
        self.writer.write(pack(command, 0, sequence, body))

    async def answer_to(self, sequence: int) -> bytes:
        """The response that came under this sequence number."""

        def found() -> list[bytes]:
            return [pdu for pdu in self.others if header(pdu).sequence == sequence and header(pdu).command & RESPONSE]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def bind(self, command: int = Command.BIND_TRANSCEIVER, system_id: str = "me", password: str = "secret") -> int:
        """Binds; the status of the answer."""
        self.writer.write(bind(BindRequest(command, 1, system_id, password)))
        return header(await self.answer_to(1)).status

    def commands(self) -> list[int]:
        """Of what came beside messages, in order, without the answer to the bind."""
        return [header(pdu).command for pdu in self.others if header(pdu).sequence != 1 or header(pdu).command < RESPONSE]

    async def end(self) -> None:
        self.writer.close()
        await self._reading


@asynccontextmanager
async def connected(port: int, answers: Answers = taken, tls: ssl.SSLContext | None = None) -> AsyncIterator[Esme]:
    """A connection that is not bound yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None)
    esme = Esme(reader, writer, answers)
    try:
        yield esme
    finally:
        await esme.end()


@asynccontextmanager
async def bound(port: int, answers: Answers = taken) -> AsyncIterator[Esme]:
    """A connection that is bound as a transceiver."""
    async with connected(port, answers) as esme:
        assert await esme.bind() == 0
        yield esme

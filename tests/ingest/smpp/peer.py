"""A network's SMSC as honest or as hostile as a test wants it: a real listening socket on loopback, and every PDU kept."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

from odzew.wire.deliver import DeliverSm, encode
from odzew.wire.pdu import HEADER, Command, Framer, Header, Status, bind_response, header, response

TURNS = 1_000_000
BINDS = {Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER}


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run, a few turns at least, until something has happened."""
    turns = 0
    while turns < 5 or not condition():
        assert turns < TURNS, "what was waited for did not happen"
        await turn()
        turns += 1


async def turn() -> None:
    """One turn of the loop."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    loop.call_soon(_end, done)
    await done


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


async def turns(count: int = 30) -> None:
    """Some turns, after which what has not happened by itself will not."""
    for _ in range(count):
        await turn()


def deliver(text: bytes = b"hello", sequence: int = 1, command: int = Command.DELIVER_SM, **fields: object) -> bytes:
    """A message from a phone to us."""
    values: dict[str, object] = {
        "source_ton": 1, "source_npi": 1, "source": b"48500600700", "destination_ton": 1, "destination_npi": 1,
        "destination": b"48799448855", "short_message": text,
    }  # fmt: skip
    return encode(DeliverSm(**(values | fields)), command, sequence)  # type: ignore[arg-type]  # named by each test


def receipt(sequence: int = 1, command: int = Command.DELIVER_SM) -> bytes:
    """A delivery receipt."""
    text = b"id:1 sub:001 dlvrd:001 submit date:1410211118 done date:1410211118 stat:DELIVRD err:000 text:x"
    return deliver(text, sequence, command, esm_class=0x04)


class Talk:
    """One connection as the SMSC sees it. `heard` are the PDUs of the other side."""

    def __init__(self, smsc: Smsc, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.smsc = smsc
        self.writer = writer
        self.heard: list[bytes] = []
        self.gone = False
        self._reader = reader
        self._answers: dict[int, dict[int, int]] = {}

    def say(self, *pdus: bytes) -> None:
        """All in one write, so in one segment if it fits."""
        self.writer.write(b"".join(pdus))

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Ends the connection by a RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    @property
    def headers(self) -> list[Header]:
        return [header(pdu) for pdu in self.heard]

    def answers(self, command: int = Command.DELIVER_SM) -> dict[int, int]:
        """Sequence number -> status of the answers to `command`."""
        return self._answers.setdefault(command | 0x8000_0000, {})

    def of(self, command: int) -> list[Header]:
        return [head for head in self.headers if head.command == command]

    async def answered(self, sequence: int) -> None:
        """Waits until the deliver_sm of this number has its answer."""
        await until(lambda: sequence in self.answers())

    async def read(self) -> None:
        framer = Framer()
        try:
            while octets := await self._reader.read(65536):
                for pdu in framer.feed(octets):
                    self.heard.append(pdu)
                    head = header(pdu)
                    self._answers.setdefault(head.command, {})[head.sequence] = head.status
                    self._react(pdu)
        except OSError:  # TLS that failed is one too
            pass
        finally:
            self.gone = True

    def _react(self, pdu: bytes) -> None:
        smsc, head = self.smsc, header(pdu)
        if head.command in BINDS:
            status = smsc.bind_statuses.pop(0) if smsc.bind_statuses else Status.ROK
            if smsc.answers_binds:
                self.say(*smsc.before_bind, bind_response(head.command, status, head.sequence, "SMSC"), *smsc.with_bind)
        elif head.command == Command.UNBIND and smsc.answers_unbind:
            self.say(*smsc.before_unbind_resp, response(head.command, 0, head.sequence))
        elif head.command == Command.ENQUIRE_LINK and smsc.answers_links:
            self.say(response(head.command, 0, head.sequence))


class Smsc:
    """Listens on a free port of 127.0.0.1. What it does of itself stands in its public fields."""

    def __init__(self) -> None:
        self.talks: list[Talk] = []
        self.port = 0
        self.bind_statuses: list[int] = []  # of the next binds; then ROK
        self.answers_binds = self.answers_unbind = self.answers_links = self.reads = True
        self.before_bind: list[bytes] = []
        self.with_bind: list[bytes] = []
        self.before_unbind_resp: list[bytes] = []
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None, port: int = 0) -> Smsc:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Listens no more and ends all connections."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for talk in self.talks:
            if not talk.gone:
                talk.writer.transport.abort()
        await server.wait_closed()
        await until(lambda: all(talk.gone for talk in self.talks))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def talk(self) -> Talk:
        """The newest connection."""
        return self.talks[-1]

    @property
    def open(self) -> int:
        return sum(not talk.gone for talk in self.talks)

    @property
    def bound(self) -> int:
        """Connections that are open and were bound."""
        return sum(not talk.gone and any(head.command in BINDS for head in talk.headers) for talk in self.talks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(self, reader, writer)
        self.talks.append(talk)
        if not self.reads:
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a real transport has it
            return
        try:
            await talk.read()
        finally:
            writer.close()


def nuls(pdu: bytes) -> bytes:
    """The same PDU with a body that cannot be followed: no NUL in it."""
    return pdu[:HEADER] + b"\xff" * (len(pdu) - HEADER)

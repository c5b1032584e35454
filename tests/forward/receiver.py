"""The other side of a call, as honest or as hostile as a test wants it: a real listening socket on loopback, and a table of names."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Hashable

from odzew.clock import FixedClock
from odzew.forward.allowance import parse_allowance
from odzew.forward.call import Answer, Body, Call
from odzew.forward.resolver import NameFailure

LOOPBACK = (parse_allowance("127.0.0.1"), parse_allowance("::1"))
HOST = "client.example"
PATIENCE = 300_000  # turns of the loop

Script = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One connection as the receiver sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.requests: list[bytes] = []

    async def request(self) -> bytes:
        """Reads the head of the next request, and its body where a length is given."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                head += await self.reader.readexactly(int(value))
        self.requests.append(head)
        return head

    def say(self, octets: bytes) -> None:
        if self.writer.transport.is_closing():
            raise ConnectionError("the caller has gone")
        self.writer.write(octets)

    def reset(self) -> None:
        """Ends the connection by a RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Waits until the other side has closed."""
        while await self.reader.read(65536):
            pass


class Receiver:
    """Listens on a free port of 127.0.0.1 and plays a script to each connection."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.visits: list[Visit] = []
        self.open = 0
        self.faults: list[BaseException] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Receiver:
        self._server = await asyncio.start_server(self._serve, host, 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for visit in self.visits:
            visit.writer.transport.abort()
        await self._server.wait_closed()
        await until(lambda: self.open == 0)
        assert not self.faults, self.faults

    @property
    def requests(self) -> list[bytes]:
        return [request for visit in self.visits for request in visit.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer)
        script = self.scripts[min(len(self.visits), len(self.scripts) - 1)]
        self.visits.append(visit)
        self.open += 1
        try:
            await script(visit)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as fault:
            self.faults.append(fault)
        finally:
            self.open -= 1
            writer.close()


def answers(*octets: bytes) -> Script:
    """Answers one request after the other with these octets, then waits until the caller closes."""

    async def script(visit: Visit) -> None:
        for answer in octets:
            await visit.request()
            visit.say(answer)
        await visit.gone()

    return script


def ok(body: bytes = b"OK", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), headers, body)


class TableResolver:
    """Names from a table, and every question counted. A list of lists is answered one after the other."""

    def __init__(self, table: dict[str, list[str]] | None = None) -> None:
        self.table = table or {HOST: ["127.0.0.1"]}
        self.turns: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.remembers = False

    def known(self, host: str) -> tuple[str, ...] | None:
        return tuple(self.table[host]) if self.remembers and host in self.table else None

    async def resolve(self, host: str, account: Hashable, seconds: float) -> tuple[str, ...]:
        self.asked.append(host)
        if self.turns.get(host):
            return tuple(self.turns[host].pop(0))
        if host not in self.table:
            raise NameFailure("dns", f"{host} has no address")
        return tuple(self.table[host])


def a_call(port: int, target: bytes = b"/in?t=1", *, body: Body = None, host: str = HOST, **rest: object) -> Call:
    return Call("GET" if body is None else "POST", "http", host, port, target, body=body, allowances=LOOPBACK, **rest)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    """Lets the loop run, a few turns at least, until something has happened."""
    loop = asyncio.get_running_loop()
    turns = 0
    while turns < 5 or not condition():
        assert turns < PATIENCE, "what was waited for did not happen"
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(_end, turn)
        await turn
        turns += 1


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


async def after(sending: Awaitable[Answer], clock: FixedClock, condition: Callable[[], bool], seconds: float) -> Answer:
    """Starts a call, waits until something has happened, and moves the clock."""
    task = asyncio.ensure_future(sending)
    await until(lambda: condition() or task.done())
    assert not task.done(), task.result()
    clock.advance(seconds)
    return await task

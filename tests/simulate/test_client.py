"""The client's URL: answers OK, remembers, fails as told, and survives callers that are no honest ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from odzew.clock import Clock, FixedClock
from odzew.errors import SettingError
from odzew.simulate.client import EXPECTED, FAILURES, LARGEST_BODY, Called, Client, Failure, every, never, read_failure
from odzew.simulate.http import Reply, Unanswered, request


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """One that never fails until a test says otherwise."""
    client = await Client().start()
    yield client
    await client.stop()


async def call(client: Client, path: str = "/", body: bytes = b"", method: str = "GET", clock: Clock | None = None) -> Reply:
    return await request(clock or Clock(), ("127.0.0.1", client.port), method, path, body, {"X-Attempt": "1/5"})


async def raw(client: Client, octets: bytes, end: bool = False) -> bytes:
    """What comes back for these octets, until the client closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(octets)
    if end:
        writer.write_eof()
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""  # closed with something of ours unread
    finally:
        writer.close()


async def test_it_answers_ok_and_remembers_what_it_was_called_with(client: Client) -> None:
    reply = await call(client, "/sms?nr=%2B48500600700&t=a%20b%26c%23&empty=&z=%C5%82")
    assert (reply.status, reply.body) == (200, EXPECTED)
    (called,) = client.calls
    assert (called.number, called.method, called.path, called.headers["x-attempt"], called.failure) == (1, "GET", "/sms", "1/5", None)
    assert called.query == {"nr": "+48500600700", "t": "a b&c#", "empty": "", "z": "ł"}


async def test_a_form(client: Client) -> None:
    await call(client, "/mms?x=1", b"id=7&attachments%5B0%5D%5Bdata%5D=a%2Bb%3D&title=", "POST")
    assert client.calls[0].form == {"id": "7", "attachments[0][data]": "a+b=", "title": ""}
    assert client.calls[0].query == {"x": "1"}


async def test_a_large_body(client: Client) -> None:
    body = b"x" * (3 << 20)
    await call(client, "/mms", body, "POST")
    assert client.calls[0].body == body


async def test_several_calls_on_one_connection(client: Client) -> None:
    get = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = await raw(client, get % 1 + get % 2 + b"POST /3 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi" + get % 4, end=True)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 4
    calls = [(called.number, called.path, called.body) for called in client.calls]
    assert calls == [(1, "/1", b""), (2, "/2", b""), (3, "/3", b"hi"), (4, "/4", b"")]


@pytest.mark.parametrize(("failure", "status", "body"), [("status", 500, b"something broke"), ("body", 200, b"not what you expect")])
async def test_failures_that_are_answers(failure: Failure, status: int, body: bytes, client: Client) -> None:
    client.fails = lambda called: failure
    reply = await call(client)
    assert (reply.status, reply.body) == (status, body)
    assert client.calls[0].failure == failure


async def test_closing_without_an_answer(client: Client) -> None:
    client.fails = lambda called: "close"
    with pytest.raises(Unanswered, match="closed before"):
        await call(client)
    assert [called.failure for called in client.calls] == ["close"]


async def test_hanging_lasts_until_the_caller_gives_up(client: Client, clock: FixedClock) -> None:
    client.fails = lambda called: "hang"
    arrived = asyncio.Event()
    client.told = lambda called: arrived.set()
    calling = asyncio.create_task(call(client, clock=clock))
    await arrived.wait()
    clock.advance(30.0)
    with pytest.raises(Unanswered, match="no answer in"):
        await calling
    assert [called.failure for called in client.calls] == ["hang"]


async def test_a_stop_ends_what_hangs() -> None:
    client = await Client(lambda called: "hang").start()
    arrived = asyncio.Event()
    client.told = lambda called: arrived.set()
    calling = asyncio.create_task(call(client))
    await arrived.wait()
    await client.stop()
    with pytest.raises(Unanswered):
        await calling
    with pytest.raises(Unanswered):
        await call(client)


async def test_somebody_is_told_before_the_answer(client: Client) -> None:
    told: list[Called] = []
    client.told = told.append
    await call(client, "/1")
    assert [called.path for called in told] == ["/1"]


async def test_only_so_many_calls_are_kept(client: Client) -> None:
    client.keep = 2
    for number in range(4):
        await call(client, f"/{number}")
    assert [(called.number, called.path) for called in client.calls] == [(3, "/2"), (4, "/3")]


@pytest.mark.parametrize(
    ("octets", "answered"),
    [
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / HTTP/2\r\n\r\n", b"HTTP/1.1 400 "),
        (b"\0\xff\xfe\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET / a HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), b"HTTP/1.1 413 "),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"HTTP/1.1 413 "),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 100_000, b""),
    ],
)
async def test_what_is_no_honest_call_is_refused_and_not_counted(octets: bytes, answered: bytes, client: Client) -> None:
    answer = await raw(client, octets)
    # What was sent too much may come back as a reset instead of the answer.
    assert answer.startswith(answered) or answer == b""
    assert client.calls == []
    assert (await call(client)).body == EXPECTED


@pytest.mark.parametrize("octets", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhi"])
async def test_a_caller_that_goes_away(octets: bytes, client: Client) -> None:
    assert await raw(client, octets, end=True) == b""
    assert client.calls == []


async def test_headers_and_queries_are_taken_as_they_come(client: Client) -> None:
    await raw(client, b"GET /?a=%ff&b=%zz&\xff;;=&==&a=2 HTTP/1.1\r\nX: \xff\r\nno colon\r\nConnection: close\r\n\r\n")
    assert client.calls[0].headers["x"] == "ÿ"
    assert client.calls[0].query["a"] == "2"


@pytest.mark.parametrize(
    ("fails", "found"),
    [
        (never, [None] * 6),
        (every(0), [None] * 6),
        (every(1), ["status"] * 6),
        (every(3), [None, None, "status", None, None, "status"]),
        (every(2, "body", "close"), [None, "body", None, "close", None, "body"]),
    ],
)
def test_who_fails(fails: object, found: list[Failure | None]) -> None:
    assert callable(fails)
    assert [fails(Called(number, "GET", "/", {})) for number in range(1, 7)] == found


def test_ways_to_fail() -> None:
    assert [read_failure(word) for word in FAILURES] == ["status", "body", "hang", "close"]
    with pytest.raises(SettingError, match="'anger' is no way to fail: use one of status, body, hang, close"):
        read_failure("anger")


async def test_a_port_that_cannot_be_had(client: Client) -> None:
    for port in (client.port, 65_536, -1):
        with pytest.raises(SettingError, match="cannot listen on"):
            await Client(port=port).start()


async def test_a_stop_without_a_start_is_harmless() -> None:
    client = Client()
    await client.stop()
    assert client.calls == []

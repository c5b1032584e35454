"""One request, one whole answer; everything else is Unanswered."""

from __future__ import annotations

import asyncio

import pytest

from odzew.clock import Clock, FixedClock
from odzew.simulate.http import Reply, Unanswered, request
from tests.simulate.counterpart import playing

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK + b"Content-Length: 2\r\n\r\nhi", 200, b"hi"),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n", 200, b"hi"),
        (b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 503, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    ],
)
async def test_whole_answers(answer: bytes, status: int, body: bytes) -> None:
    async with playing(answer) as player:
        reply = await request(Clock(), player.address, "GET", "/")
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        OK + b"Content-Length: 3\r\n\r\nhi",
        OK + b"Content-Length: 2\r\n\r\nhi and more",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        OK + b"Content-Length: minus one\r\n\r\n",
        b"SMTP ready\r\n\r\n",
        b"\x16\x03\x01\x02\x00" * 20,
        b"\0" * 1000,
    ],
)
async def test_what_is_no_whole_answer(answer: bytes) -> None:
    async with playing(answer) as player:
        with pytest.raises(Unanswered):
            await request(Clock(), player.address, "GET", "/")


async def test_an_answer_that_never_comes_is_waited_for_no_longer_than_said(clock: FixedClock) -> None:
    async with playing(None) as player:
        asking = asyncio.create_task(request(clock, player.address, "GET", "/", seconds=30.0))
        await player.arrived.wait()
        clock.advance(29.9)
        assert not asking.done()
        clock.advance(0.1)
        with pytest.raises(Unanswered, match="no answer in 30 s"):
            await asking


async def test_nobody_listens() -> None:
    async with playing(b"") as player:
        address = player.address
    with pytest.raises(Unanswered, match=r"no answer from 127\.0\.0\.1"):
        await request(Clock(), address, "GET", "/")


async def test_what_is_sent() -> None:
    async with playing(OK + b"Content-Length: 0\r\n\r\n") as player:
        await request(Clock(), player.address, "POST", "/ingest/a?x=%20", b"\0body", {"Authorization": "Bearer t"})
    first, *lines = player.heads[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert first == "POST /ingest/a?x=%20 HTTP/1.1"
    assert lines == [f"Host: 127.0.0.1:{player.port}", "Connection: close", "Content-Length: 5", "Authorization: Bearer t"]
    assert player.bodies == [b"\0body"]


async def test_names_of_headers_are_in_lower_case() -> None:
    async with playing(OK + b"X-Some-Name: Value\r\nContent-Length: 0\r\n\r\n") as player:
        assert (await request(Clock(), player.address, "GET", "/")).headers["x-some-name"] == "Value"


def test_json() -> None:
    assert Reply(200, body=b'{"a":[1]}').json() == {"a": [1]}
    for octets in (b"", b"<html>", b'{"a":', b"\xff"):
        with pytest.raises(Unanswered, match="status 502 is no JSON"):
            Reply(502, body=octets).json()

"""The ways in over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odzew.model import Arrival, Receipt
from tests.ingest import captured
from tests.ingest.house import ND, TOKEN, House
from tests.ingest.server import Connection, connected, post, served

GOOD = json.dumps({"from": "+48500600700", "to": ND, "text": "AUTO 1"}).encode()
PUSH = "/ingest/push"


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    async with served(house.app) as number:
        yield number


async def test_pushes_over_one_connection(port: int) -> None:
    async with connected(port) as connection:
        for number in (1, 2, 3):
            status, _, body = await connection.exchange(post(PUSH, GOOD, TOKEN))
            assert (status, json.loads(body)) == (200, {"items": [{"index": 0, "id": number, "kind": "nd"}]})


async def test_pushes_from_many_at_once(house: House, port: int) -> None:
    async def push(connection: Connection) -> list[int]:
        answers = [await connection.exchange(post(PUSH, b"[" + GOOD + b"," + GOOD + b"]", TOKEN)) for _ in range(5)]
        return [item["id"] for _, _, body in answers for item in json.loads(body)["items"]]

    async def caller() -> list[int]:
        async with connected(port) as connection:
            return await push(connection)

    ids = [one for listed in await asyncio.gather(*(caller() for _ in range(8))) for one in listed]
    assert sorted(ids) == list(range(1, 81))
    assert await house.one("SELECT count(*) FROM messages") == (80,)


async def test_captured_requests_octet_by_octet(house: House, port: int) -> None:
    """Kannel keeps its connection and takes the next message to it; a body of one octet would go to the subscriber."""
    async with connected(port) as connection:
        for name in captured.NAMES:
            status, _, body = await connection.exchange(captured.octets(name))
            assert (status, body) == (200, b""), name
    assert await house.one("SELECT count(*) FROM arrivals") == (len(captured.NAMES),)


async def test_a_huge_body_is_refused_by_its_length(house: House, port: int) -> None:
    head = post(PUSH, b"", TOKEN).replace(b"Content-Length: 0", b"Content-Length: 17000000")
    async with connected(port) as connection:
        status, _, body = await connection.exchange(head)
        assert (status, json.loads(body)["error"]["code"]) == (413, 1006)


async def test_who_sends_a_huge_body_all_the_same_hears_413(house: House, port: int) -> None:
    body = b"[" + b" " * (17 << 20) + b"]"
    async with connected(port) as connection:
        status, _, _ = await connection.exchange(post(PUSH, body, TOKEN))
        assert status == 413
        assert (await connection.exchange(post(PUSH, GOOD, TOKEN)))[0] == 200, "the connection is still good"


async def test_an_endless_body_is_cut(house: House, port: int) -> None:
    head = post(PUSH, b"", TOKEN).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    async with connected(port) as connection:
        connection.writer.write(head + chunk * 20)
        assert (await connection.answer())[0] == 413
    assert await house.rows("SELECT id FROM arrivals") == []


async def test_expect_100_continue(port: int) -> None:
    async with connected(port) as connection:
        octets = post(PUSH, GOOD, TOKEN, "Expect: 100-continue")
        head, body = octets[: -len(GOOD)], octets[-len(GOOD) :]
        connection.writer.write(head)
        assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        assert (await connection.exchange(body))[0] == 200


async def test_a_stranger_is_refused_before_100_continue(port: int) -> None:
    octets = post(PUSH, GOOD, "f" * 32, "Expect: 100-continue")
    async with connected(port) as connection:
        assert (await connection.exchange(octets[: -len(GOOD)]))[0] == 401


async def test_two_authorization_headers(port: int) -> None:
    async with connected(port) as connection:
        status, _, _ = await connection.exchange(post(PUSH, GOOD, TOKEN, f"Authorization: Bearer {TOKEN}"))
        assert status == 401


async def test_a_list_of_parts_of_sixteen_megabytes(house: House, port: int) -> None:
    part = {"name": "a.bin", "content_type": "image/jpeg", "data": "QUJD" * (3 << 20)}
    body = json.dumps({"from": "500600700", "to": "+48664078059", "title": "x", "attachments": [part]}).encode()
    async with connected(port) as connection:
        status, _, answer = await connection.exchange(post(PUSH, body, TOKEN))
    assert (status, json.loads(answer)["items"][0]["kind"]) == (200, "mms")
    assert await house.one("SELECT sum(length(data)) FROM attachment_slices") == (9 << 20,)


async def test_a_caller_that_hangs_up_while_its_message_is_stored(house: House) -> None:
    """What was begun is finished: the message is there once, and the id lets the caller ask again."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def receive(arrivals: list[Arrival]) -> list[Receipt]:
        begun.set()
        await go_on.wait()
        receipts = await house.inbox.receive(arrivals)
        done.set()
        return receipts

    item: dict[str, Any] = {**json.loads(GOOD), "id": "once"}
    octets = post(PUSH, json.dumps(item).encode(), TOKEN)
    async with served(house.serving(receive)) as port:
        async with connected(port) as connection:
            connection.writer.write(octets)
            await begun.wait()
        go_on.set()
        await done.wait()
        async with connected(port) as connection:
            _, _, body = await connection.exchange(octets)
    assert json.loads(body)["items"] == [{"index": 0, "id": 1, "kind": "nd", "duplicate": True}]

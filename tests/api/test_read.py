"""`read`: every message goes to exactly one client who got his answer whole (contract 2, "Read")."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from odzew.model import Attachment
from odzew.store.db import statement
from tests.api.client import BEARER, Answer, Client, parse
from tests.api.house import House
from tests.builders import TOKEN, a_message, store_messages

LIST = "/messages/recived"


async def pulls(house: House) -> list[list[Any]]:
    """What is left of pulls, once everything in the background has ended."""
    await house.reader.settled()
    found = []
    for table in ("pulls", "pull_windows"):
        found.append([tuple(row) for row in await house.db.read(statement, f"SELECT * FROM {table}")])
    return found


async def test_what_was_read_is_not_given_again(both: House) -> None:
    await store_messages(both.db, *[a_message(n) for n in range(1, 8)])
    assert (await both.client.post(LIST, {"read": True, "phone": "999888777"})).ids == []
    assert (await both.client.post(LIST, {"read": True, "limit": 3})).ids == [1, 2, 3]
    assert (await both.client.post(LIST)).ids == [4, 5, 6, 7]
    assert (await both.client.post(LIST, {"read": True, "order": "desc", "limit": 1})).ids == [7]
    assert (await both.client.post(LIST, {"read": True})).ids == [4, 5, 6]
    assert (await both.client.post(LIST, {"read": True})).ids == []
    assert await both.unread() == []
    assert await pulls(both) == [[], []]


async def test_an_error_marks_nothing(house: House) -> None:
    await store_messages(house.db, a_message(1))
    assert (await house.client.post(LIST, {"read": True, "date_from": "soon"})).code == 1006
    assert await house.unread() == [1]


@pytest.mark.parametrize("limit", [7, None])
async def test_clients_who_poll_at_once_never_get_the_same_message(both: House, limit: int | None) -> None:
    await store_messages(both.db, *[a_message(n) for n in range(1, 401)])
    seen: list[int] = []

    async def drain() -> None:
        while ids := (await both.client.post(LIST, {"read": True, "limit": limit})).ids:
            seen.extend(ids)

    await asyncio.gather(*(drain() for _ in range(4)))
    seen += (await both.client.post(LIST, {"read": True})).ids  # what another client held when these looked is theirs or still here
    assert sorted(seen) == list(range(1, 401))
    assert await both.unread() == []


async def test_messages_that_come_in_while_clients_drain(both: House) -> None:
    """What is remembered of an account never hides a message."""
    seen: list[int] = []
    for start in range(1, 60, 4):
        await store_messages(both.db, *[a_message(n) for n in range(start, start + 4)])
        both.freshness.touch([1])
        answers = await asyncio.gather(*(both.client.post(LIST, {"read": True, "limit": 2}) for _ in range(3)))
        seen += [key for answer in answers for key in answer.ids]
        seen += (await both.client.post(LIST, {"read": True})).ids
    assert sorted(seen) == list(range(1, 61))


async def big(house: House, count: int = 3_000) -> None:
    """So many messages that neither the kernel nor a single window holds the answer."""
    await store_messages(house.db, *[a_message(n, text="x" * 2_000) for n in range(1, count + 1)])


async def begun(client: Client, body: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which the answer has begun and of which nothing more is read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1024)
    octets = json.dumps(body).encode()
    head = f"POST {LIST} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(octets)}\r\n\r\n"
    writer.write(head.encode() + octets)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    return reader, writer


async def until(house: House, condition: Callable[[list[int]], bool]) -> list[int]:
    """Asks the database until it is so; each look is a round trip, so that nobody sleeps."""
    ids: list[int] = []
    for _ in range(20_000):
        ids = await house.unread()
        if condition(ids):
            return ids
    raise AssertionError(f"still {len(ids)} unread")


async def test_a_client_who_goes_away_in_mid_answer_gets_everything_again(both: House) -> None:
    await big(both)
    _, writer = await begun(both.client, {"read": True})
    marked = await until(both, lambda ids: len(ids) < 3_000)
    assert marked  # the last window has not been reached: the answer waits for its client
    writer.transport.abort()
    await until(both, lambda ids: len(ids) == 3_000)
    assert await pulls(both) == [[], []]
    answer = await both.client.post(LIST, {"read": True})
    assert (answer.complete, answer.ids) == (True, list(range(1, 3_001)))
    assert await both.unread() == []


async def test_a_client_who_asks_twice_at_once_and_goes_away_gets_everything_again(house: House) -> None:
    await big(house)
    _, writer = await begun(house.client, {"read": True})
    writer.write(b"GET /error/1001 HTTP/1.1\r\nHost: a\r\n\r\n")  # waits behind the answer that has begun
    await until(house, lambda ids: len(ids) < 3_000)
    writer.transport.abort()
    await until(house, lambda ids: len(ids) == 3_000)
    assert await pulls(house) == [[], []]


async def test_an_answer_on_its_way_is_an_open_pull(house: House) -> None:
    await big(house)
    reader, writer = await begun(house.client, {"read": True})
    await until(house, lambda ids: len(ids) < 3_000)
    (pull,), windows = await pulls(house)
    assert pull[1:3] == (1, "test#1")
    assert json.loads(windows[0][2])[:3] == [1, 2, 3]
    # Another client in the meantime gets only what is left.
    assert set((await house.client.post(LIST)).ids).isdisjoint(json.loads(windows[0][2]))
    rest = await read_rest(reader)
    assert sorted(rest.ids) == list(range(1, 3_001))
    assert await until(house, lambda ids: not ids) == []
    assert await pulls(house) == [[], []]
    writer.close()


async def read_rest(reader: asyncio.StreamReader) -> Answer:
    """All of a chunked answer whose status line has been read."""
    octets = bytearray(b"HTTP/1.1 200 OK\r\n")
    while not octets.endswith(b"\r\n0\r\n\r\n"):
        octets += await reader.read(1 << 20)
    return parse(bytes(octets))


async def test_what_comes_in_during_an_answer_is_not_part_of_it(both: House) -> None:
    await big(both)
    reader, writer = await begun(both.client, {"read": False})
    await store_messages(both.db, *[a_message(n) for n in range(3_001, 3_011)])
    rest = await read_rest(reader)
    assert rest.ids == list(range(1, 3_001))
    writer.close()


async def test_what_is_offered_again_during_an_answer_comes_once(both: House) -> None:
    await big(both)
    reader, writer = await begun(both.client, {"read": True})
    await until(both, lambda ids: len(ids) < 3_000)
    await both.db.write(statement, "UPDATE messages SET pulled_at = NULL, pull_id = NULL WHERE id = 5")
    rest = await read_rest(reader)
    assert rest.ids == list(range(1, 3_001))
    assert await until(both, lambda ids: len(ids) < 2) == [5]
    writer.close()


async def test_an_error_in_mid_answer_breaks_the_connection_and_takes_the_pull_back(house: House) -> None:
    octets = bytes(300_000)
    await store_messages(house.db, a_message(1), a_message(2, kind="mms", attachments=[Attachment("a", "b/c", octets)]), a_message(3))
    await house.db.write(statement, "DELETE FROM attachment_slices WHERE position = 1")
    answer = await house.client.post(LIST, {"read": True})
    assert (answer.status, answer.complete) == (200, False)
    assert answer.body.startswith(b'{"items":[{"id":1,')
    assert not answer.body.endswith(b"}")
    assert await house.unread() == [1, 2, 3]
    assert await pulls(house) == [[], []]


async def test_a_client_who_takes_nothing_is_gone_after_a_minute(house: House) -> None:
    await big(house, 6_000)
    _, writer = await begun(house.client, {"read": True})
    await until(house, lambda ids: len(ids) < 6_000)
    before = -1
    while before != (before := len(await house.unread())) or not house.clock.next_due():
        pass
    house.clock.advance(61)
    await until(house, lambda ids: len(ids) == 6_000)
    assert await pulls(house) == [[], []]
    writer.close()


async def test_a_server_that_stops_takes_back_what_was_on_its_way(house: House) -> None:
    await big(house)
    task = asyncio.ensure_future(house.app(_scope(), _body(), _never))
    await until(house, lambda ids: len(ids) < 3_000)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await house.unread()) == 3_000
    assert await pulls(house) == [[], []]


def _scope() -> dict[str, Any]:
    headers = [(name.lower().encode(), value.encode()) for name, value in BEARER.items()]
    return {"type": "http", "method": "POST", "path": LIST, "headers": headers, "client": ("127.0.0.1", 1)}


def _body() -> Callable[[], Any]:
    events = iter([{"type": "http.request", "body": b'{"read":true}'}])

    async def receive() -> Any:
        event = next(events, None)
        return event if event is not None else await asyncio.Event().wait()

    return receive


async def _never(event: Any) -> None:
    """A client who takes nothing."""
    await asyncio.Event().wait()

"""The aggregator: pushes once where it can, again where it is told to wait, and never again where it is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from odzew.simulate.aggregator import Aggregator, Refused
from odzew.simulate.http import Unanswered
from tests.simulate.counterpart import Player, Waits, playing

ITEM = {"from": "+48500600700", "to": "71200", "text": "AUTO"}
STORED = b'{"items":[{"index":0,"id":7,"kind":"pre"}]}'


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


TAKEN = answer("200 OK", STORED)


def pushed(player: Player) -> list[list[dict[str, Any]]]:
    return [msgspec.json.decode(body) for body in player.bodies]


async def test_a_push_that_is_taken() -> None:
    async with playing(TAKEN) as player:
        items = await Aggregator(Waits(), player.address, "aggregator", "s3cret").push([ITEM])
    assert items == [{"index": 0, "id": 7, "kind": "pre"}]
    assert player.heads[0].startswith(b"POST /ingest/aggregator HTTP/1.1\r\n")
    assert b"Authorization: Bearer s3cret\r\n" in player.heads[0]


@pytest.mark.parametrize(
    ("first", "waited"),
    [
        ([answer("503 Service Unavailable", b"", "Retry-After: 5")], [5.0]),
        ([answer("429 Too Many Requests", b"", "Retry-After: 2")], [2.0]),
        ([answer("503 Service Unavailable")], [1.0]),
        ([answer("503 Service Unavailable", b"", "Retry-After: Tue, 21 Oct 2014 09:00:00 GMT")], [1.0]),
        ([answer("503 Service Unavailable", b"", "Retry-After: -1")], [1.0]),
        ([b""], [1.0]),
        ([answer("503 Service Unavailable", b"", "Retry-After: 5"), b"", answer("503 Service Unavailable")], [5.0, 1.0, 1.0]),
    ],
)
async def test_what_is_not_taken_now_is_pushed_again_with_the_same_id(first: list[bytes], waited: list[float]) -> None:
    clock = Waits()
    async with playing(*first, TAKEN) as player:
        aggregator = Aggregator(clock, player.address, "aggregator", "t")
        assert (await aggregator.push([ITEM]))[0]["id"] == 7
    assert clock.waited == waited
    assert aggregator.pushes == len(waited) + 1
    assert len(set(player.bodies)) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "413 Content Too Large"])
async def test_what_is_refused_is_not_pushed_again(status: str) -> None:
    async with playing(answer(status, b"no\x1b")) as player:
        with pytest.raises(Refused, match=status[:3]):
            await Aggregator(Waits(), player.address, "aggregator", "t").push([ITEM])
    assert len(player.bodies) == 1


@pytest.mark.parametrize("patience", [0.0, 3.0, 30.0])
async def test_patience_ends(patience: float) -> None:
    clock = Waits()
    async with playing(answer("503 Service Unavailable")) as player:
        aggregator = Aggregator(clock, player.address, "aggregator", "t", patience)
        with pytest.raises(Unanswered, match="answered 503"):
            await aggregator.push([ITEM])
    assert sum(clock.waited) == patience


async def test_a_wait_that_is_longer_than_patience_is_not_begun() -> None:
    clock = Waits()
    async with playing(answer("503 Service Unavailable", b"", "Retry-After: 99999999999")) as player:
        with pytest.raises(Unanswered):
            await Aggregator(clock, player.address, "aggregator", "t", 20.0).push([ITEM])
    assert clock.waited == []


async def test_an_answer_that_is_no_json_is_no_answer() -> None:
    async with playing(answer("200 OK", b"<html>")) as player:
        with pytest.raises(Unanswered, match="is no JSON"):
            await Aggregator(Waits(), player.address, "aggregator", "t", 0.0).push([ITEM])


async def test_every_item_has_an_id_of_its_own_and_a_given_one_stays() -> None:
    async with playing(TAKEN) as player:
        aggregator = Aggregator(Waits(), player.address, "aggregator", "t")
        await aggregator.push([ITEM, ITEM])
        await aggregator.push([ITEM | {"id": "mine"}])
        await Aggregator(Waits(), player.address, "aggregator", "t").push([ITEM])
    ids = [item["id"] for items in pushed(player) for item in items]
    assert ids[2] == "mine"
    assert len(set(ids)) == 4
    assert "id" not in ITEM

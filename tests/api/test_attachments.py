"""MMS: attachments of any size come back whole, in slices that never meet in memory."""

from __future__ import annotations

import base64
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.model import Attachment
from odzew.store.unread import newest_id
from tests.api.house import House
from tests.builders import a_message, store_messages

SLICE = 256 * 1024
# Around each border: of a slice, of three octets, of both.
SIZES = (0, 1, 2, 3, 4, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE + 2, 3 * SLICE)


def octets(size: int, seed: int = 0) -> bytes:
    return bytes((seed + n * n // 7) % 256 for n in range(min(size, 997))) * (size // 997 + 1)


def an_attachment(size: int, seed: int = 0) -> Attachment:
    return Attachment(f"część {seed}.jpg", "image/jpeg", octets(size, seed)[:size])


async def test_every_size_comes_back(both: House) -> None:
    sent = [an_attachment(size, seed) for seed, size in enumerate(SIZES)]
    await store_messages(both.db, a_message(1), a_message(2, kind="mms", title="T", attachments=sent), a_message(3))
    answer = await both.client.post("/messages/recived")
    assert answer.ids == [1, 2, 3]
    got = answer.json["items"][1]["attachments"]
    assert [(a["name"], a["content_type"], base64.b64decode(a["data"], validate=True)) for a in got] == [
        (a.name, a.content_type, a.data) for a in sent
    ]
    assert answer.headers["transfer-encoding"] == "chunked"


async def test_in_xml_too(house: House) -> None:
    sent = [an_attachment(5), an_attachment(SLICE + 1)]
    await store_messages(house.db, a_message(1, kind="mms", attachments=sent), a_message(2, kind="mms"), a_message(3))
    root = (await house.client.post("/messages/recived.xml")).xml
    assert [base64.b64decode(data.text or "") for data in root.iter("data")] == [a.data for a in sent]
    assert [item.findtext("id") for item in root.findall("items/item")] == ["1", "2", "3"]


async def test_an_mms_without_attachments_or_title(house: House) -> None:
    await store_messages(house.db, a_message(1, kind="mms"), a_message(2, kind="mms", attachments=[an_attachment(3)]))
    first, second = (await house.client.post("/messages/recived", {"limit": 9})).json["items"]
    assert (first["title"], first["attachments"], len(second["attachments"])) == (None, [], 1)


async def test_a_small_answer_comes_with_its_length(house: House) -> None:
    await store_messages(house.db, a_message(1, kind="mms", attachments=[an_attachment(1_000)]))
    answer = await house.client.post("/messages/recived")
    assert int(answer.headers["content-length"]) == len(answer.body)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(("nd", "mms", "mms with")), max_size=6))
async def test_any_mixture_is_one_list(house: House, kinds: list[str]) -> None:
    await house.client.post("/messages/recived", {"read": True})
    house.freshness.touch_all()
    base = await house.db.read(newest_id)
    built = [
        a_message(base + n, kind="nd" if kind == "nd" else "mms", attachments=[an_attachment(SLICE + n)] if kind == "mms with" else [])
        for n, kind in enumerate(kinds, 1)
    ]
    await store_messages(house.db, *built)
    for suffix in (".json", ".xml"):
        answer = await house.client.post(f"/messages/recived{suffix}")
        found = answer.ids if suffix == ".json" else [int(item.findtext("id") or 0) for item in answer.xml.findall("items/item")]
        assert found == [message.id for message, _ in built]


@pytest.mark.parametrize("suffix", [".json", ".xml"])
async def test_memory_does_not_grow_with_the_answer(house: House, suffix: str) -> None:
    """24 MiB of attachments are sent; what is held meanwhile is a few slices."""
    for n in range(1, 13):
        await store_messages(house.db, a_message(n, kind="mms", attachments=[Attachment("a", "b/c", bytes(2 << 20))]))
    reader, writer = await house.client.connect()
    request = f"POST /messages/recived{suffix} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123456789abcdef0123456789abcdef\r\n"
    tracemalloc.start()
    try:
        writer.write((request + "Connection: close\r\nContent-Length: 0\r\n\r\n").encode())
        size = 0
        while piece := await reader.read(1 << 16):
            size += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        writer.close()
    assert size > 32 << 20
    assert peak < 8 << 20

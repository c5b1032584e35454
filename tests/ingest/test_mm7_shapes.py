"""Every form in which a message may be put together, brought over real sockets, pulled byte-exact; and the memory of a large one."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest

from odzew.clock import Clock
from odzew.ingest import mm7 as ingest_mm7
from odzew.ingest.contract import Request
from odzew.model import Attachment, Source
from odzew.simulate.http import Unanswered
from odzew.simulate.mmsc import Mmsc, send_mms
from odzew.simulate.mmsc_shapes import SHAPES, put_together, samples
from odzew.wire import mm7
from odzew.wire.mm7 import Address, Deliver, Envelope
from tests.ingest.house import Recorder
from tests.ingest.mm7_house import OWN, PASSWORD, House
from tests.ingest.server import served

PHONE = "+48500600700"
# Shapes that lose what cannot be known: names where none is sent.
NAMELESS = {"nameless": ["part_1.txt", "part_2.jpg", "part_3.amr", "part_4.3gp"]}
LARGE = 10 << 20


def url(port: int, source: str = "mmsc") -> str:
    return f"http://127.0.0.1:{port}/ingest/{source}"


@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_every_shape_is_pulled_byte_exact(mms: House, shape: str) -> None:
    async with served(mms.app) as port:
        sent = await send_mms(Clock(), url(port), "vasp", PASSWORD, PHONE, OWN, "Zażółć & gęślą", samples(), shape)
    assert (sent.taken, sent.status.code, sent.kind, sent.tries) == (True, 1000, "DeliverRsp", 1)
    (item,) = await mms.pulled()
    assert (item["type"], item["phone"], item["to_number"], item["title"]) == ("mms", PHONE, OWN, "Zażółć & gęślą")
    expected = [{"name": one.name, "content_type": one.content_type, "data": one.data} for one in samples()]
    for one, name in zip(expected, NAMELESS.get(shape, ()), strict=False):
        one["name"] = name
    assert [{key: one[key] for key in ("name", "content_type", "data")} for one in item["attachments"]] == expected
    assert await mms.rows("SELECT text FROM messages") == [(samples()[0].data.decode(),)]


async def test_all_at_once(mms: House) -> None:
    async with served(mms.app) as port:
        mmsc = Mmsc(Clock(), url(port), "vasp", PASSWORD)
        sent = await asyncio.gather(*(mmsc.deliver(PHONE, [OWN], shape, samples(), shape) for shape in SHAPES for _ in range(2)))
    assert all(one.taken for one in sent)
    titles = [item["title"] for item in await mms.pulled()]
    assert sorted(titles) == sorted([*SHAPES, *SHAPES])


async def test_a_repetition_with_the_same_transaction(mms: House) -> None:
    async with served(mms.app) as port:
        envelope = Envelope("DeliverReq", "7", Deliver(PHONE, (Address(OWN),), "x", "L", "2014-10-21T14:09:15Z"))
        mmsc = Mmsc(Clock(), url(port), "vasp", PASSWORD)
        for shape in ("nested", "base64", "lf"):
            assert (await mmsc.send(envelope, put_together(SHAPES[shape], mm7.write(envelope), samples()))).taken
    assert await mms.rows("SELECT count(*) FROM messages") == [(1,)]


async def test_reports(mms: House) -> None:
    async with served(mms.app) as port:
        mmsc = Mmsc(Clock(), url(port), "vasp", PASSWORD)
        sent = [await mmsc.delivery_report("m1", OWN, PHONE), await mmsc.read_reply("m1", OWN, PHONE)]
    assert [(one.kind, one.status.code) for one in sent] == [("DeliveryReportRsp", 1000), ("ReadReplyRsp", 1000)]
    assert await mms.rows("SELECT role, sender, recipient FROM arrivals") == [("report", PHONE, OWN)] * 2


async def test_who_presents_no_password_is_refused_for_good(mms: House) -> None:
    async with served(mms.app) as port:
        sent = await Mmsc(Clock(), url(port)).deliver(PHONE, [OWN], "x", ())
    assert (sent.taken, sent.http_status, sent.tries) == (False, 401, 1)


async def test_a_store_that_is_gone_is_waited_for(mms: House) -> None:
    await mms.api.db.close()
    async with served(mms.app) as port:
        with pytest.raises(Unanswered, match="503, 4006"):
            await Mmsc(Clock(), url(port), "vasp", PASSWORD, patience=0.0).deliver(PHONE, [OWN], "x", ())


async def test_ten_megabytes_are_pulled_byte_exact(mms: House) -> None:
    data = bytes(range(256)) * (LARGE // 256)
    async with served(mms.app) as port:
        sent = await send_mms(Clock(), url(port), "vasp", PASSWORD, PHONE, OWN, "x", [Attachment("a.3gp", "video/3gpp", data)], "base64")
        more = await send_mms(Clock(), url(port), "vasp", PASSWORD, PHONE, OWN, "x", [Attachment("a.3gp", "video/3gpp", data + b"x")])
    assert (sent.status.code, more.status.code) == (1000, 2004), "the default limit is 10 MiB"
    (item,) = await mms.pulled()
    assert item["attachments"][0]["data"] == data


@pytest.mark.parametrize(("shape", "times"), [("nested", 1.1), ("deep", 1.1), ("base64", 1.1)])
async def test_a_large_message_is_copied_as_seldom_as_can_be(shape: str, times: float) -> None:
    """Beside the body that came, which is what is kept raw: the attachment."""
    envelope = mm7.write(Envelope("DeliverReq", "7", Deliver(PHONE, (Address(OWN), Address("71200")))))
    made = put_together(SHAPES[shape], envelope, [Attachment("a.3gp", "video/3gpp", bytes(LARGE))])
    headers = [(b"content-type", made[0].encode())]
    request = Request("POST", b"", headers, ingest_mm7.before(headers) + made[1], lambda address: True)
    tracemalloc.start()
    try:
        recorder = Recorder()
        answer = await ingest_mm7.handle(Source(1, "m", "mm7"), request, recorder.receive, "PL")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 200
    assert peak < times * LARGE
    first, second = recorder.arrivals
    assert first.raw is second.raw
    assert first.attachments is second.attachments, "two recipients cost no more than one"


def test_the_samples_are_of_every_kind() -> None:
    kinds: list[Any] = [one.content_type.partition("/")[0] for one in samples()]
    assert kinds == ["text", "image", "audio", "video"]
    assert all(bytes(range(256)) in one.data for one in samples()[1:])

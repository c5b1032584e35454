"""Requests of MMSCs, as they go over the wire, and what the client pulls of them, byte-exact."""

from __future__ import annotations

import re
from typing import Any

import pytest

from odzew.ingest.mm7 import Message
from odzew.wire import localtime, mm7
from odzew.wire.mm7 import Status
from tests.ingest import mm7_house
from tests.ingest.mm7_house import House
from tests.ingest.server import connected, served

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + bytes(range(256)) + b"\r\n--\r\n\xff\xd9"
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
AMR = b"#!AMR\n" + bytes(range(60, 90))
PHONE = "+48500600700"

Part = tuple[str, str, bytes]

# Request -> phone, to_number, title, attachments, text that keywords and placeholders see, and the network's time.
MEANT: dict[str, tuple[str, str, str, list[Part], str, str | None]] = {
    "annex_l": (
        "jan.nowak@mms.example", mm7_house.OWN, "Prognoza & mapa",
        [("part_1.txt", "text/plain; charset=us-ascii", b"Slonce nad morzem"), ("mapa.gif", "image/gif", GIF)],
        "Slonce nad morzem", "2014-10-21 12:09:15",
    ),
    "release_5": (PHONE, "71200", "AUTO Bolid", [("bolid.jpg", "image/jpeg", JPEG)], "", "2010-12-07 10:07:07"),
    "wrong_cid": (PHONE, mm7_house.OWN, "Raport", [("part_1.jpg", "image/jpeg", JPEG)], "", "2014-10-21 12:09:15"),
    "latin2": (
        PHONE, mm7_house.OWN, "Zażółć gęślą", [("gęś.txt", "text/plain; charset=iso-8859-2", "Zażółć gęślą jaźń".encode("iso-8859-2"))],
        "Zażółć gęślą jaźń", "2014-10-21 12:09:15",
    ),
    "utf16_text": (
        PHONE, mm7_house.OWN, "",
        [
            ("t.txt", "text/plain; charset=utf-16", b"\xff\xfe" + "Zażółć 😀".encode("utf-16-le")),
            ("part_2.txt", "text/plain; charset=utf-16be", "drugi".encode("utf-16-be")),
        ],
        "Zażółć 😀", "2014-10-21 12:09:15",
    ),
    "undeclared_prefix": (
        PHONE, mm7_house.OWN, "", [("zdjecie.jpg", "image/jpeg", JPEG), ("glos.amr", "audio/amr", AMR)], "", "2014-10-21 12:09:15",
    ),
    "deep": (
        PHONE, mm7_house.OWN, "Gniazdo",
        [
            ("part_1.txt", "text/plain; charset=utf-8", b"bez naglowkow"),
            ("part_2", "text/html; charset=utf-8", b"<b>pogrubione</b>"),
            ("zażółć gęś.gif", "image/gif", GIF),
        ],
        "bez naglowkow", "2014-10-21 12:09:15",
    ),
    "wrong_type": (PHONE, mm7_house.OWN, "Bez typu", [("glos.amr", "audio/amr", AMR)], "", None),
    "plain": (PHONE, mm7_house.OWN, "Sam temat", [], "", "2014-10-21 12:09:15"),
}  # fmt: skip
REPORTS = {
    "delivery_report": ("DeliveryReportRsp", "dr-1", {"request": "DeliveryReportReq", "message_id": "041502073667", "status": "Retrieved"}),
    "read_reply": ("ReadReplyRsp", "rr-1", {"request": "ReadReplyReq", "message_id": "041502073667", "status": "Read"}),
}


def test_every_request_of_the_corpus_is_tried() -> None:
    assert set(mm7_house.NAMES) == {*MEANT, *REPORTS, "short_code", "submit"}


async def bring(mms: House, name: str) -> tuple[int, str, str, int, bytes]:
    """Over a real socket: HTTP status, kind, transaction and code of the answer, and its octets."""
    async with served(mms.app) as port, connected(port) as connection:
        status, head, body = await connection.exchange(mm7_house.octets(name))
    assert b"content-type: text/xml" in head.lower()
    answer = mm7.read(body)
    assert isinstance(answer.body, Status)
    return status, answer.kind, answer.transaction, answer.body.code, body


def shown(item: dict[str, Any]) -> tuple[str, str, str, list[Part]]:
    parts = [(one["name"], one["content_type"], one["data"]) for one in item.get("attachments", ())]
    return item["phone"], item["to_number"], item["title"], parts


@pytest.mark.parametrize("name", sorted(MEANT))
async def test_messages(mms: House, name: str) -> None:
    phone, number, title, parts, text, time = MEANT[name]
    status, kind, transaction, code, body = await bring(mms, name)
    asked = re.search(rb"TransactionID[^>]*>([^<]*)<", mm7_house.octets(name))
    assert (status, kind, code) == (200, "DeliverRsp", 1000)
    assert name == "deep" or (asked and asked[1].decode() == transaction)
    assert (b"REL-5-MM7-1-2" in body) == (name == "release_5"), "the answer is in the release of the request"
    (item,) = await mms.pulled()
    assert shown(item) == (phone, number, title, parts)
    assert item["type"] == "mms"
    ((stored, raw, network_time),) = await mms.rows(
        "SELECT m.text, a.raw, a.network_time FROM messages m JOIN arrivals a ON a.message_id = m.id"
    )
    assert stored == text
    assert raw.endswith(b"\r\n\r\n" + mm7_house.request(name)[0])
    assert (None if network_time is None else localtime.render(network_time, "UTC")) == time


@pytest.mark.parametrize("name", sorted(MEANT))
async def test_what_is_kept_raw_can_be_read_again(mms: House, name: str) -> None:
    await bring(mms, name)
    ((raw,),) = await mms.rows("SELECT raw FROM arrivals")
    again = [(one.name, one.content_type, one.data) for one in Message(bytes(raw)).attachments()]
    assert again == MEANT[name][3]
    assert b"Basic" not in raw, "and holds no password"


async def test_one_message_for_each_recipient_that_is_ours(mms: House) -> None:
    assert (await bring(mms, "short_code"))[:4] == (200, "DeliverRsp", "7", 1000)
    items = await mms.pulled()
    assert [(item["to_number"], item["title"]) for item in items] == [("71200", "AUTO do wielu"), (mm7_house.OWN, "AUTO do wielu")]
    assert await mms.rows("SELECT count(*), count(DISTINCT ref), count(DISTINCT raw) FROM arrivals") == [(2, 2, 1)]
    ((extra,),) = await mms.rows("SELECT extra FROM arrivals WHERE recipient = '71200'")
    assert f'"recipients": "71200, {mm7_house.OWN}, +48600000001"' in extra


@pytest.mark.parametrize("name", sorted(REPORTS))
async def test_reports_are_set_aside(mms: House, name: str) -> None:
    kind, transaction, extra = REPORTS[name]
    for _ in range(2):
        assert (await bring(mms, name))[:4] == (200, kind, transaction, 1000)
    assert await mms.pulled() == []
    assert await mms.rows("SELECT role, sender, recipient, message_id FROM arrivals") == [("report", PHONE, "71200", None)]
    ((kept,),) = await mms.rows("SELECT extra FROM arrivals")
    assert all(f'"{key}": "{value}"' in kept for key, value in extra.items())


async def test_a_request_for_an_mmsc_is_refused_and_leaves_no_trace(mms: House) -> None:
    assert (await bring(mms, "submit"))[:4] == (500, "Fault", "sub-1", 4003)
    assert await mms.rows("SELECT id FROM arrivals") == []


async def test_all_over_one_connection_and_all_again(mms: House) -> None:
    """An MMSC keeps its connection; and what it brings a second time is there already."""
    async with served(mms.app) as port, connected(port) as connection:
        for _ in range(2):
            for name in sorted(MEANT):
                status, _, _ = await connection.exchange(mm7_house.octets(name))
                assert status == 200, name
    assert await mms.rows("SELECT count(*) FROM messages") == [(len(MEANT),)]
    assert await mms.rows("SELECT count(*) FROM arrivals") == [(len(MEANT),)]

"""Sent messages brought from a file: judged, shown, stored."""

from __future__ import annotations

import io
from urllib.parse import quote

import aiohttp
import pytest

from odzew.store import sent as store_sent
from tests.panel.house import HOSTILE, OPERATOR, House, Person, Seen

HEAD = "account,message_id,phone,from_number,sent_at,text\n"
ROW = "acme,eba39e4fe1,500600700,+48500500501,2026-10-21T09:18:03Z,When will you come?\n"
JSON = '{"account":"acme","message_id":"eba39e4fe2","phone":"+48500600700","from_number":"+48500500501","sent_at":"2026-10-21T09:18:03Z"}\n'


@pytest.fixture
async def ops(house: House) -> Person:
    return await house.browse(OPERATOR)


async def bring(ops: Person, content: str | bytes, name: str = "sent.csv", do: str = "check") -> Seen:
    form = aiohttp.FormData()
    form.add_field("do", do)
    octets = content if isinstance(content, bytes) else content.encode()
    form.add_field("file", io.BytesIO(octets), filename=name, content_type="text/csv")
    return await ops.post("/operator/sent", form)


@pytest.mark.parametrize(
    ("content", "message_id"),
    [
        (HEAD + ROW, "eba39e4fe1"),
        ("\ufeff" + HEAD.replace(",", ";") + ROW.replace(",", ";"), "eba39e4fe1"),
        (JSON, "eba39e4fe2"),
        ("\n\n" + JSON, "eba39e4fe2"),
    ],
)
async def test_a_file_is_shown_first_and_stored_when_asked(house: House, ops: Person, content: str, message_id: str) -> None:
    seen = await bring(ops, content)
    assert "1 record can be stored." in seen.shown, seen.shown
    assert "Nothing is stored yet." in seen.shown
    assert await house.server.db.read(store_sent.find, house.account_id(), message_id) is None
    done = await ops.post("/operator/sent", {"do": "store", "text": content.removeprefix("\ufeff")})
    assert "1 sent message was stored." in (await ops.follow(done)).shown
    record = await house.server.db.read(store_sent.find, house.account_id(), message_id)
    assert record is not None
    assert record.phone == "+48500600700"


async def test_a_record_that_comes_late_claims_its_reply(house: House, ops: Person) -> None:
    await house.bring(house.arrival("I am here", recipient="+48500500501"))
    await ops.post("/operator/sent", {"do": "store", "text": HEAD + ROW})
    assert (await ops.get("/operator/unclaimed")).status == 200


async def test_bad_lines_are_told_by_their_numbers_and_the_others_stored(house: House, ops: Person) -> None:
    content = HEAD + ROW + "nobody" + ROW[4:] + "\n" + "acme,xyz,1,2,3,4\n" + 'acme,"a\nb",x\n'
    seen = await bring(ops, content)
    assert "1 record can be stored. 3 lines cannot be taken." in seen.shown
    assert "Line 3: there is no account of this name" in seen.shown
    done = await ops.post("/operator/sent", {"do": "store", "text": content})
    assert done.status == 303


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This file is empty."),
        (b"  \n", "This file is empty."),
        (b"\xff\xfe\x00", "This file is not UTF-8."),
        (b"phone,text\n1,2\n", "Missing: account, message_id, from_number, sent_at"),
        (b"x" * (8 << 20) + b"yy", "This file is over 8 MiB"),
        (HEAD.encode() + b"\n" * 100_001, "This file has more than 100000 lines"),
        (HEAD.encode() + b'"' + b"x" * 200_000, "This is no CSV file"),
    ],
    ids=["empty", "blank", "not UTF-8", "columns missing", "too large", "too many lines", "a cell without end"],
)
async def test_a_file_that_is_none_is_refused(ops: Person, content: bytes, said: str) -> None:
    seen = await bring(ops, content)
    assert (seen.status, said in seen.shown) == (422, True), seen.shown[:500]


async def test_without_a_file_it_says_so(ops: Person) -> None:
    seen = await ops.post("/operator/sent", {"do": "check"})
    assert (seen.status, "Choose a file." in seen.shown) == (422, True)


async def test_hostile_texts_do_nothing(ops: Person) -> None:
    for text in HOSTILE:
        safe = text.replace('"', '""')
        seen = await bring(ops, HEAD + ROW.replace("When will you come?", f'"{safe}"') + f'"{safe}",1,1,1,1,1\n', quote("a.csv"))
        assert seen.status == 200
        assert "<script>alert" not in seen.text
        assert "<svg onload" not in seen.text
        assert "1 record can be stored." in seen.shown

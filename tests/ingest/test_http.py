"""Pushes of an aggregator, from the body to the rows and back to the answer, on a real database."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from odzew.clock import SECOND
from odzew.wire import localtime
from tests.ingest.asgi import call
from tests.ingest.house import ND, House

PHONE = "+48500600700"
OWN = "+48664078059"
GOOD = {"from": PHONE, "to": ND, "text": "AUTO 1"}


async def test_one_object(house: House) -> None:
    answer = await house.push(GOOD)
    assert (answer.status, answer.headers[b"content-type"]) == (200, b"application/json")
    assert answer.body == b'{"items":[{"index":0,"id":1,"kind":"nd"}]}'
    assert await house.one("SELECT id, account_id, kind, sender, recipient, text FROM messages") == (1, 1, "nd", PHONE, ND, "AUTO 1")


async def test_a_list_is_answered_in_its_order(house: House) -> None:
    answer = await house.push([GOOD, {**GOOD, "text": "nobody's"}, {**GOOD, "to": OWN}])
    assert [(item["index"], item["kind"]) for item in answer.json["items"]] == [(0, "nd"), (1, "unclaimed"), (2, "ndi")]
    assert len({item["id"] for item in answer.json["items"]}) == 3


async def test_an_empty_list(house: House) -> None:
    assert (await house.push([])).json == {"items": []}


async def test_a_repeated_id_is_answered_with_the_first(house: House) -> None:
    first = (await house.push({**GOOD, "id": "a-1"})).json["items"]
    again = (await house.push([{**GOOD, "id": "a-1"}, {**GOOD, "id": "a-2"}, {**GOOD, "id": "a-2"}])).json["items"]
    assert again[0] == {**first[0], "duplicate": True}
    assert "duplicate" not in again[1]
    assert again[2] == {**again[1], "index": 2, "duplicate": True}
    assert await house.one("SELECT count(*) FROM messages") == (2,)


async def test_a_number_for_an_id_is_the_same_id(house: House) -> None:
    items = (await house.push([{**GOOD, "id": 7}, {**GOOD, "id": "7"}])).json["items"]
    assert [item.get("duplicate", False) for item in items] == [False, True]


async def test_an_id_belongs_to_its_source(house: House) -> None:
    await house.push({**GOOD, "id": "x"})
    assert "duplicate" not in (await house.push({**GOOD, "id": "x"}, "trusted")).json["items"][0]


async def test_the_same_words_twice_are_two_messages(house: House) -> None:
    items = (await house.push([GOOD, GOOD])).json["items"]
    assert items[0]["id"] != items[1]["id"]


APART = ("a\0 a\ufffd", "a\ud800 a\ud801", "a\ud800 a\ufffd", "a\0 a\ud800", "a A", "1 01", "a a\t", "a\ud800 a\\ud800", "a\0 a\\x00")


@pytest.mark.parametrize("ids", APART, ids=ascii)
async def test_ids_that_differ_stay_apart(house: House, ids: str) -> None:
    items = (await house.push([{**GOOD, "id": one} for one in ids.split(" ")])).json["items"]
    assert [item.get("duplicate", False) for item in items] == [False, False]


async def test_octets_that_are_no_text_keep_ids_apart(house: House) -> None:
    item = b'{"from":"500600700","to":"48799448855","text":"x","id":"%b"}'
    items = (await house.push(b"[" + item % b"\xfe" + b"," + item % b"\xff" + b"]")).json["items"]
    assert [item.get("duplicate", False) for item in items] == [False, False]


async def test_the_octets_are_kept_as_they_came(house: House) -> None:
    one = b'{ "from":"500600700", "to" : "48799448855",\r\n "text":"AUTO \\u017c", "extra":[1, 2.50] }'
    two = b'{"from":500600700,"to":48799448855,"text":"AUTO \xc5\xbc"}'
    assert (await house.push(b" [ " + one + b" ,\n" + two + b"]\n")).status == 200
    assert await house.rows("SELECT raw FROM arrivals ORDER BY id") == [(one,), (two,)]
    assert await house.rows("SELECT sender, recipient, text FROM messages ORDER BY id") == [(PHONE, ND, "AUTO ż")] * 2
    await house.push(b"\t" + one + b"\n")
    assert (await house.rows("SELECT raw FROM arrivals ORDER BY id"))[-1] == (b"\t" + one + b"\n",)


# Text as JSON octets -> text as it is stored.
TEXTS: tuple[tuple[bytes, str], ...] = (
    (b'""', ""),
    (b'"0"', "0"),
    (b'"\\ud83d\\ude00"', "😀"),
    (b'"a\\ud83d"', "a\ufffd"),
    (b'"\\ude00\\ud83d"', "\ufffd\ufffd"),
    (b'"\\u0000a\\u0000"', "\ufffda\ufffd"),
    (b'"a\x00b"', "a\ufffdb"),
    (b'"line\nbreak\ttab"', "line\nbreak\ttab"),
    (b'"\xff\xfe"', "\ufffd\ufffd"),
    (b'"\xc5"', "\ufffd"),
    (b'"caf\xe9 \\ud800"', "caf\ufffd \ufffd"),
    (b'"\xf0\x9f\x98\x80"', "😀"),
    (b'"#NUMER# %00 \' \\" \\\\"', "#NUMER# %00 ' \" \\"),
)


@pytest.mark.parametrize(("octets", "text"), TEXTS)
async def test_text_is_read_whatever_its_octets(house: House, octets: bytes, text: str) -> None:
    item = b'{"from":"500600700","to":"48799448855","text":' + octets + b"}"
    for body, count in ((item, 1), (b"[" + item + b"," + json.dumps(GOOD).encode() + b"]", 2)):
        answer = await house.push(body)
        assert answer.status == 200, answer.body
        assert all(one["id"] for one in answer.json["items"])
        assert len(answer.json["items"]) == count
    assert await house.rows("SELECT text FROM messages ORDER BY id") == [(text,), (text,), ("AUTO 1",)]
    assert await house.rows("SELECT raw FROM arrivals ORDER BY id LIMIT 2") == [(item,), (item,)]


# An item, and its fault: code, field.
BAD_ITEMS: tuple[tuple[Any, int, str | None], ...] = (
    ({"to": ND, "text": "x"}, 2000, "from"),
    ({"from": "", "to": ND, "text": "x"}, 2000, "from"),
    ({"from": None, "to": ND, "text": "x"}, 2000, "from"),
    ({"from": PHONE, "text": "x"}, 2000, "to"),
    ({"from": PHONE, "to": ND}, 2000, "text"),
    ({"from": PHONE, "to": ND, "text": None}, 2000, "text"),
    ({**GOOD, "from": "   "}, 1006, "from"),
    ({**GOOD, "from": "a\nb"}, 1006, "from"),
    ({**GOOD, "from": "x" * 65}, 1006, "from"),
    ({**GOOD, "from": True}, 1006, "from"),
    ({**GOOD, "from": 1.5}, 1006, "from"),
    ({**GOOD, "from": [PHONE]}, 1006, "from"),
    ({**GOOD, "from": int("9" * 4000)}, 1006, "from"),
    ({**GOOD, "to": "\0"}, 1006, "to"),
    ({**GOOD, "to": {}}, 1006, "to"),
    ({**GOOD, "text": 5}, 1006, "text"),
    ({**GOOD, "text": ["x"]}, 1006, "text"),
    ({**GOOD, "text": "x" * 65_537}, 1006, "text"),
    ({**GOOD, "id": ""}, 1006, "id"),
    ({**GOOD, "id": "x" * 256}, 1006, "id"),
    ({**GOOD, "id": 1.0}, 1006, "id"),
    ({**GOOD, "id": False}, 1006, "id"),
    ({**GOOD, "received": "2014-10-21 11:18:03"}, 1006, "received"),
    ({**GOOD, "received": "2014-02-30T11:18:03Z"}, 1006, "received"),
    ({**GOOD, "received": "\ud800"}, 1006, "received"),
    ({**GOOD, "received": 1413883083}, 1006, "received"),
    ({**GOOD, "title": 1}, 1006, "title"),
    ({**GOOD, "title": "x" * 1025}, 1006, "title"),
    ({**GOOD, "attachments": {}}, 1006, "attachments"),
    ({**GOOD, "attachments": ["x"]}, 1006, "attachments"),
    ({**GOOD, "attachments": [{"data": "x"}]}, 1006, "attachments"),
    ({**GOOD, "attachments": [{"data": 5, "\ud800": 1}], "text": "\ud800"}, 1006, "attachments"),
    (5, 1006, None),
    ("x", 1006, None),
    ([], 1006, None),
    (None, 1006, None),
)


@pytest.mark.parametrize(("item", "code", "field"), BAD_ITEMS)
async def test_a_bad_item_is_refused_alone(house: House, item: Any, code: int, field: str | None) -> None:
    answer = await house.push([GOOD, item, GOOD])
    first, refused, last = answer.json["items"]
    assert (answer.status, first["id"], last["id"]) == (200, 1, 2)
    assert (refused["index"], refused["error"]["code"], refused["error"].get("field")) == (1, code, field)
    assert refused["error"]["message"]
    assert "id" not in refused


async def test_the_contracts_sample_of_a_refusal(house: House) -> None:
    answer = await house.push([{**GOOD, "from": "\t"}])
    assert answer.body == b'{"items":[{"index":0,"error":{"code":1006,"field":"from","message":"from: an empty sender"}}]}'


async def test_a_single_bad_object_is_an_item_too(house: House) -> None:
    answer = await house.push({"from": PHONE})
    assert (answer.status, answer.json["items"][0]["error"]["field"]) == (200, "to")


BAD_BODIES: tuple[bytes, ...] = (
    b"", b" ", b"{", b"[", b"[,]", b"[1,]", b"[1 2]", b"[1]]", b"{}{}", b"{} x", b"[{}] x", b"null", b"5", b'"x"', b"true",
    b"\x00", b"\xff\xfe{}", b"[\xed\xa0\x80]", b"from=1&to=2", b"<xml/>",
    b'{"from":NaN}', b'[{"from":NaN}]', b'{"from":}', b'{"from":"x}', b"{'from':'x'}", b'{"from":"\\x"}',
    b"[" * 100_000, b'{"x":' * 100_000, b"[" + b'{"x":' * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:20]))
async def test_a_body_that_is_no_list_of_items(house: House, body: bytes) -> None:
    answer = await house.push(body)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["type"]) == (400, 1006, "InvalidData")
    assert await house.rows("SELECT id FROM arrivals") == []


@pytest.mark.parametrize(("count", "status"), [(1_000, 200), (1_001, 400)])
async def test_at_most_a_thousand_items(house: House, count: int, status: int) -> None:
    assert (await house.push([GOOD] * count)).status == status
    assert await house.one("SELECT count(*) FROM messages") == (count if status == 200 else 0,)


async def test_a_million_items_are_refused_by_their_first_thousand(house: House) -> None:
    assert (await house.push(b"[" + b"1," * 1_000_000 + b"1]")).status == 400


async def test_one_unreadable_item_of_a_thousand(house: House) -> None:
    """The other 999 are stored, that one is refused; with half a surrogate pair in it, it is stored as well."""
    items: list[Any] = [{**GOOD, "id": n} for n in range(1_000)]
    items[500] = {**GOOD, "from": "\0"}
    items[600]["text"] = "AUTO \ud83d"
    answer = (await house.push(items)).json["items"]
    assert [item["index"] for item in answer if "error" in item] == [500]
    assert [item["index"] for item in answer] == list(range(1_000))
    assert await house.one("SELECT count(*) FROM messages") == (999,)
    assert await house.one("SELECT text FROM messages WHERE id = ?", answer[600]["id"]) == ("AUTO \ufffd",)


async def test_an_item_nested_too_deeply_is_refused_alone(house: House) -> None:
    deep = b'{"from":"500600700","to":"71200","text":"]}\\"","x":' + b'[{"y":' * 60_000 + b'"}"' + b"}]" * 60_000 + b"}"
    good = b'{"from":"500600700","to":"71200","text":"AUTO"}'
    answer = await house.push(b"[" + good + b", " + deep + b"," + good + b"]")
    codes = [item.get("error", {}).get("code") for item in answer.json["items"]]
    assert codes == [None, 1006, None]


async def test_unknown_and_repeated_fields(house: House) -> None:
    body = b'{"from":"1","from":"500600700","to":"48799448855","text":"x","\xff":1,"system":{"a":[null]},"big":' + b"9" * 5000 + b"}"
    assert (await house.push(body)).json["items"][0]["id"] == 1
    assert await house.one("SELECT sender FROM messages") == (PHONE,)


async def test_a_byte_order_mark_is_no_fault(house: House) -> None:
    assert (await house.push(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())).json["items"][0]["id"] == 1


@pytest.mark.parametrize(("source", "trusted"), [("push", False), ("trusted", True)])
async def test_the_senders_time_counts_where_it_is_trusted(house: House, source: str, trusted: bool) -> None:
    given = localtime.parse_rfc3339("2014-10-21T09:17:03Z")
    await house.push({**GOOD, "received": "2014-10-21T11:17:03+02:00"}, source)
    received, network = await house.one("SELECT m.received_at, a.network_time FROM messages m JOIN arrivals a ON a.message_id = m.id")
    assert network == given
    assert (received == given) is trusted
    assert received in (given, given + 60 * SECOND), "the fixed clock stands at 11:18:03 in Warsaw"


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


async def _parts(house: House) -> list[tuple[Any, ...]]:
    sql = "SELECT a.name, a.content_type, s.data FROM attachments a LEFT JOIN attachment_slices s ON s.attachment_id = a.id ORDER BY a.id"
    return await house.rows(sql)


async def test_an_mms_with_parts_and_a_text(house: House) -> None:
    picture = bytes(range(256))
    parts = [{"name": "../a/b\\kot.jpg", "content_type": "image/jpeg", "data": _b64(picture)}]
    answer = await house.push({"from": PHONE, "to": OWN, "title": "Temat MMS", "text": "Zdjęcie", "attachments": parts})
    assert answer.json["items"] == [{"index": 0, "id": 1, "kind": "mms"}]
    assert await house.one("SELECT kind, title, text FROM messages") == ("mms", "Temat MMS", "Zdjęcie")
    assert await _parts(house) == [
        ("text_0001.txt", "text/plain; charset=utf-8", "Zdjęcie".encode()),
        ("kot.jpg", "image/jpeg", picture),
    ]


@pytest.mark.parametrize(
    "fields",
    [{"title": "x"}, {"title": ""}, {"attachments": []}, {"title": "x", "text": None}, {"title": "x", "text": ""}, {"title": "\ud800\0"}],
)
async def test_a_title_or_a_list_of_parts_makes_an_mms(house: House, fields: dict[str, Any]) -> None:
    answer = await house.push({"from": PHONE, "to": OWN, **fields})
    assert answer.json["items"] == [{"index": 0, "id": 1, "kind": "mms"}]
    assert await _parts(house) == []


async def test_nulls_make_no_mms(house: House) -> None:
    answer = await house.push({**GOOD, "title": None, "attachments": None, "id": None, "received": None})
    assert answer.json["items"] == [{"index": 0, "id": 1, "kind": "nd"}]


async def test_an_alphanumeric_sender(house: House) -> None:
    await house.push({**GOOD, "from": "BANK Żółw"})
    assert await house.one("SELECT sender FROM messages") == ("BANK Żółw",)


async def test_other_headers_change_nothing(house: House) -> None:
    """What stands in Content-Type is often wrong and is not looked at."""
    token = (b"authorization", b"Bearer 0123456789abcdef0123456789abcdef")
    answer = await call(house.app, "POST", "/ingest/push", json.dumps(GOOD).encode(), [token, (b"content-type", b"text/xml; charset=x")])
    assert answer.status == 200

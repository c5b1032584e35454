"""Every way in which clients write the same request gives the same items (contract 1)."""

from __future__ import annotations

import json

import pytest

from odzew.access.passwords import hash_password
from tests.api.client import BEARER
from tests.api.house import CHEAP, House
from tests.builders import TOKEN, a_message, a_user, store_messages

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LOGIN, PASSWORD = "webapi_acme", "zażółć=&+%"

# All of them ask for the messages of two senders since a certain time, newest first, at most 10 of them.
FORM_REST = b"&date_from=2014-10-21+11:18:05&order=desc&limit=10"
JSON_REST = b'"date_from":"2014-10-21 11:18:05","order":"desc","limit":10}'
TWO = b'{"phone":"500600700,600700800",'

DIALECTS: tuple[tuple[str, str, bytes], ...] = (
    ("native JSON", JSON, b'{"phone":["+48500600700","+48600700800"],' + JSON_REST),
    ("numbers as JSON numbers", JSON, b'{"phone":[500600700,48600700800],' + JSON_REST),
    ("a time with a T", JSON, TWO + b'"date_from":"2014-10-21T11:18:05","order":"desc","limit":10}'),
    ("all strings", JSON, TWO + b'"date_from":"2014-10-21 11:18:05","order":"desc","limit":"10","page":"1"}'),
    ("JSON with null and empty", JSON, b'{"phone":["500600700",null,"600700800",""],"date_to":null,"type":"","ndi":null,' + JSON_REST),
    ("unknown fields", JSON, b'{"system":"client_php","ic":{"a":[1]},"phone":"500600700,600700800",' + JSON_REST),
    ("form, a list with commas", FORM, b"phone=500600700,600700800" + FORM_REST),
    ("form, phone[]", FORM, b"phone[]=500600700&phone[]=600700800" + FORM_REST),
    ("form, phone[n]", FORM, b"phone[0]=500600700&phone[1]=600700800" + FORM_REST),
    ("form, phone twice", FORM, b"phone=500600700&phone=600700800" + FORM_REST),
    ("form, brackets percent-encoded", FORM, b"phone%5B%5D=500600700&phone%5b1%5d=600700800" + FORM_REST),
    ("form, a blank for the plus", FORM, b"phone[]=+48500600700&phone[]=+48600700800" + FORM_REST),
    ("form, the plus escaped", FORM, b"phone[]=%2B48500600700&phone[]=%2b48600700800" + FORM_REST),
    ("form, the plus escaped twice", FORM, b"phone[]=%252B48500600700&phone[]=%252b48600700800" + FORM_REST),
    ("form, 0048", FORM, b"phone=0048500600700,0048600700800" + FORM_REST),
    ("form, raw blanks", FORM, b"phone=500600700,600700800&date_from=2014-10-21 11:18:05&order=desc&limit=10"),
    ("form, all percent-encoded", FORM, b"phone=500600700%2C600700800&date_from=2014-10-21%2011%3A18%3A05&order=desc&limit=10"),
    ("form, a trailing ampersand", FORM, b"phone=500600700,600700800" + FORM_REST + b"&"),
    ("form, empty values", FORM, b"phone=500600700,600700800&type=&read=&ndi=&date_to=&" + FORM_REST + b"&&"),
    ("form, a line feed at the end", FORM, b"phone=500600700,600700800" + FORM_REST + b"\r\n"),
    ("JSON without a content type", "", TWO + JSON_REST),
    ("JSON said to be a form", FORM, b" \r\n" + TWO + JSON_REST),
    ("JSON with a byte order mark", "text/plain", b"\xef\xbb\xbf" + TWO + JSON_REST),
    ("a form said to be JSON", JSON, b"phone=500600700,600700800" + FORM_REST),
    ("a form without a content type", "", b"phone=500600700,600700800" + FORM_REST),
)


async def a_house_with_messages(house: House) -> House:
    await store_messages(
        house.db,
        a_message(1, sender="+48500600700"),
        a_message(2, sender="+48500600700"),
        a_message(3, sender="+48600700800"),
        a_message(4, sender="+48700800900"),
        a_message(5, sender="Alfa Ż"),
    )
    return house


async def test_every_dialect_returns_the_same_items(house: House) -> None:
    await a_house_with_messages(house)
    found = {name: await house.client.post("/messages/recived", body, content_type=kind) for name, kind, body in DIALECTS}
    assert {name: answer.body for name, answer in found.items() if answer.code or answer.ids != [3, 2]} == {}
    assert {json.dumps(answer.json["paging"]) for answer in found.values()} == {'{"page": 1, "count": 1}'}


LOG_INS: tuple[tuple[str, dict[str, str], bytes], ...] = (
    ("token", BEARER, b""),
    ("token, odd case of the scheme", {"authorization": f"bEARER   {TOKEN}"}, b"{}"),
    ("token wins", BEARER, b'{"username":"nobody","password":"wrong"}'),
    ("user in JSON", {}, json.dumps({"username": LOGIN, "password": PASSWORD}).encode()),
    ("user in JSON as UTF-8", {}, json.dumps({"username": LOGIN, "password": PASSWORD}, ensure_ascii=False).encode()),
    ("user in a form", {}, f"username={LOGIN}&password=za%C5%BC%C3%B3%C5%82%C4%87%3D%26%2B%25".encode()),
    ("user in a form, octets as they are", {}, f"username={LOGIN}&password=zażółć=%26%2B%25".encode()),
    ("another scheme is ignored", {"Authorization": "Basic Zm9vOmJhcg=="}, json.dumps({"username": LOGIN, "password": PASSWORD}).encode()),
)


@pytest.mark.parametrize("suffix", ["", ".json", ".xml"])
async def test_every_log_in_returns_the_same_items(house: House, suffix: str) -> None:
    await a_house_with_messages(house)
    await house.set_up(a_user, 1, LOGIN, hash_password(PASSWORD, CHEAP))
    found = {name: (await house.client.post(f"/messages/recived{suffix}", body, headers)).body for name, headers, body in LOG_INS}
    assert len(set(found.values())) == 1, found
    assert all(b"+48700800900" in body for body in found.values())


TRUE = (b'{"read":true}', b'{"read":"true"}', b'{"read":"TRUE"}', b'{"read":"1"}', b'{"read":1}', b'{"read":"Yes"}', b"read=1")
FALSE = (
    b'{"read":false}', b'{"read":"false"}', b'{"read":"0"}', b'{"read":0}', b'{"read":""}', b'{"read":null}', b'{"read":"None"}',
    b"{}", b"read=", b"read=0", b"read=False", b"",
)  # fmt: skip
NEITHER = (b'{"read":"maybe"}', b'{"read":2}', b'{"read":[true]}', b'{"read":1.0}', b'{"read":{}}', b"read=on", b"read[]=1")


async def test_true(house: House) -> None:
    for key, body in enumerate(TRUE, 1):
        await store_messages(house.db, a_message(key))
        house.freshness.touch([1])
        assert (await house.client.post("/messages/recived", body)).ids == [key], body
        assert await house.unread() == []


async def test_false(house: House) -> None:
    await store_messages(house.db, a_message(1))
    for body in FALSE:
        assert (await house.client.post("/messages/recived", body)).ids == [1], body
    assert await house.unread() == [1]


async def test_neither_true_nor_false(house: House) -> None:
    await store_messages(house.db, a_message(1))
    for body in NEITHER:
        answer = await house.client.post("/messages/recived", body)
        assert (answer.code, answer.json["error"].get("field")) == (1006, "read"), body
    assert await house.unread() == [1]


async def test_an_alphanumeric_sender_is_filtered_by_its_exact_spelling(house: House) -> None:
    await a_house_with_messages(house)
    for body, ids in (({"phone": "Alfa Ż"}, [5]), ({"phone": ["Alfa Ż", 700800900]}, [4, 5]), ({"phone": "alfa ż"}, [])):
        assert (await house.client.post("/messages/recived", body)).ids == ids
    assert (await house.client.post("/messages/recived", "phone=Alfa+Ż".encode())).ids == [5]


async def test_accept_is_ignored(house: House) -> None:
    answer = await house.client.post("/messages/recived.xml", headers=BEARER | {"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/xml"
    answer = await house.client.post("/messages/recived", headers=BEARER | {"Accept": "text/xml"})
    assert answer.headers["content-type"] == "application/json"


async def test_expect_100_continue_is_answered(house: House) -> None:
    reader, writer = await house.client.connect()
    head = f"POST /messages/recived HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 2\r\n"
    writer.write(head.encode() + b"Expect: 100-continue\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 100")
    await reader.readline()
    writer.write(b"{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()

"""What Kannel sends, read: the captured requests, and everything that another hand could make of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.ingest import kannel
from odzew.ingest.contract import Request
from odzew.model import Arrival, Source
from odzew.wire import clean, localtime
from tests.ingest import captured
from tests.ingest.asgi import call
from tests.ingest.house import KANNEL_TOKEN, House

SOURCE = Source(7, "kannel", "kannel", trust_time=True)
BINARY = bytes(range(40)).hex().upper()
# Kannel's %a puts one space for each run of white space, in a binary message too.
SQUEEZED = (bytes(range(9)) + b" " + bytes(range(14, 40))).hex().upper()

# Message -> the text that it means.
MEANT = {
    "plain": "AUTO 1",
    "extension": "Cena 5 € {a} £$ Δ  z",
    "ucs2": "Zażółć gęślą 😀",
    "half_pair": "Abc \ufffd",
    "binary": BINARY,
    "joined": "Pierwsza czesc druga",
    "alnum": "Kod 1234",
    "latin1": "Grüße",
    "empty": "",
    "special": 'a+b & c=d%20#x?\n;/Ö"',
}
SQUEEZED_MEANT = {"extension": "Cena 5 € {a} £$ Δ z", "binary": SQUEEZED, "special": 'a+b & c=d%20#x? ;/Ö"'}


def made(request: Request) -> Arrival:
    return kannel.arrival_of(SOURCE, request)


@pytest.mark.parametrize("name", captured.NAMES)
def test_captured(name: str) -> None:
    service, message = name.split("-")
    arrival = made(captured.request(name))
    assert arrival.text == (SQUEEZED_MEANT if service == "get_words" else MEANT)[message]
    assert (arrival.form == "binary") is (message == "binary")
    sender = "" if service == "post_no_sender" else "BANK" if message == "alnum" else "+48500600700"
    assert (arrival.sender, arrival.source_id, arrival.trust_time, arrival.mms) == (sender, 7, True, False)
    assert arrival.recipient in ("71201", "71202", "71203", "71204")
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", arrival.ref or "")
    assert arrival.extra["smsc"] == "carrier"
    assert arrival.extra.get("udh") == ("06050415810000" if message == "binary" else None)
    assert KANNEL_TOKEN.encode() not in arrival.raw


def test_every_kind_was_captured() -> None:
    assert {name.split("-")[0] for name in captured.NAMES} == {"get", "get_words", "post", "post_no_sender", "post_sender"}
    assert {name.split("-")[1] for name in captured.NAMES} == set(MEANT)


def test_times_are_utc() -> None:
    assert made(captured.request("get-plain")).network_time == localtime.parse_rfc3339("2026-11-23T13:30:02Z")
    assert made(captured.request("post_sender-plain")).network_time == localtime.parse_rfc3339("2026-11-23T13:34:59Z")


def test_raw_of_a_get_is_its_query_without_the_token() -> None:
    raw = made(captured.request("get-ucs2")).raw
    assert raw.startswith(b"from=%2B48500600700&to=71201&text=%00Z%00a%01%7C%00%F3%01B%01%07%00+%00g%01%19")
    assert raw.endswith(b"&smsc=carrier")


def test_raw_of_a_post_can_be_read_again() -> None:
    request = captured.request("post_sender-ucs2")
    raw = made(request).raw
    head, _, body = raw.partition(b"\r\n\r\n")
    query, *lines = head.split(b"\r\n")
    again = Request("POST", query, [(key, value) for key, _, value in (line.partition(b": ") for line in lines)], body)
    assert made(again) == made(request)
    assert b"host" not in raw


def get(query: bytes) -> Arrival:
    return made(Request("GET", query, [], b""))


# Query -> sender, recipient, text.
ODD: tuple[tuple[bytes, str, str, str], ...] = (
    (b"", "", "", ""),
    (b"&&=&=&", "", "", ""),
    (b"from=1&to=2", "1", "2", ""),
    (b"from=1&from=9&to=2&text=a&text=b", "1", "2", "a"),
    (b"from= 48500&to=%2b2&text=a=b", " 48500", "+2", "a=b"),
    (b"f%72om=1&to=2&text=%zz%", "1", "2", "%zz%"),
    (b"from=\xff&to=%FF&text=%FF", "\ufffd", "\ufffd", "\ufffd"),
    (b"from=1&to=2&text=%C5%BB&coding=x&charset=", "1", "2", "Ż"),
    (b"from=1&to=2&text=%00A%00&coding=2", "1", "2", "A\ufffd"),
    (b"from=1&to=2&text=%1Be%00&charset=GSM&coding=0", "1", "2", "€@"),
    (b"from=1&to=2&text=%B1&charset=iso-8859-2&coding=0", "1", "2", "ą"),
    (b"from=1&to=2&text=a%00b", "1", "2", "a\ufffdb"),
)


@pytest.mark.parametrize(("query", "sender", "recipient", "text"), ODD)
def test_odd_queries(query: bytes, sender: str, recipient: str, text: str) -> None:
    arrival = get(query)
    assert (arrival.sender, arrival.recipient, arrival.text, arrival.raw) == (sender, recipient, text, query)


def test_an_unknown_charset_keeps_the_octets_as_hex() -> None:
    assert (get(b"from=1&to=2&text=%01%FF&charset=klingon").text, get(b"text=%01&charset=klingon").form) == ("01FF", "binary")


@pytest.mark.parametrize("query", [b"token=secret", b"a=1&token=secret&b=2", b"%74oken=secret", b"token=secret&token=secret"])
def test_the_token_is_never_kept(query: bytes) -> None:
    assert b"secret" not in get(query).raw
    assert kannel.token_of_query(query) == "secret"


IDS = [b"a", b"a%00", b"a%EF%BF%BD", b"a%FF", b"a%FE", b"x" * 255, b"x" * 256, b"x" * 257, b"%C5%BB"]


def test_ids_that_differ_stay_apart() -> None:
    refs = [get(b"id=" + one).ref for one in IDS]
    assert len(set(refs)) == len(IDS)
    assert all(ref is not None and len(ref) <= 255 for ref in refs)
    assert get(b"id=").ref is get(b"").ref is None


@pytest.mark.parametrize("time", [b"2014-02-30+10:00:00", b"yesterday", b"%00", b"%FF", b"", b"0000-00-00+00:00", b"9" * 500])
def test_an_unreadable_time_is_none(time: bytes) -> None:
    assert get(b"time=" + time).network_time is None


def test_headers_say_what_the_query_does_not() -> None:
    headers = [(b"x-kannel-from", b"111"), (b"x-kannel-to", b"222"), (b"x-kannel-coding", b"2"), (b"content-type", b"text/plain")]
    both = made(Request("POST", b"from=333&to=&coding=", headers, b"\0A"))
    assert (both.sender, both.recipient, both.text) == ("333", "222", "A")
    octets = made(Request("POST", b"from=1&to=2&text=", [(b"content-type", b"application/octet-stream")], b"\0A"))
    assert (octets.text, octets.form) == ("0041", "binary"), "the type alone says that it is binary, and an empty text hides no body"
    assert get(b"to=").recipient == "", "a GET has no such headers"
    forged = made(Request("GET", b"from=333", headers, b""))
    assert forged.recipient == ""


octets = st.binary(max_size=40)


@given(octets, octets, st.lists(st.tuples(st.sampled_from([*kannel._HEADERS.values(), b"content-type"]), octets)), st.booleans())
def test_any_request_gives_an_arrival(query: bytes, body: bytes, headers: list[tuple[bytes, bytes]], posted: bool) -> None:
    for given_query in (query, b"from=1&to=2&text=" + query, b"charset=" + query + b"&coding=" + body, b"id=" + query + b"&time=" + body):
        arrival = made(Request("POST" if posted else "GET", given_query, headers, body))
        assert clean.text(arrival.text) == arrival.text, "an engine can store it"
        assert posted is False or arrival.raw.endswith(body)


async def _get(house: House, query: str) -> tuple[int, bytes]:
    answer = await call(house.app, "GET", f"/ingest/kannel?token={KANNEL_TOKEN}&{query}")
    return answer.status, answer.body


async def test_every_captured_request_is_stored_and_answered_with_nothing(house: House) -> None:
    for name in captured.NAMES:
        request = captured.request(name)
        answer = await call(house.app, request.method, f"/ingest/kannel?{request.query.decode()}", request.body, request.headers)
        assert (answer.status, answer.body) == (200, b""), name
    (count,) = await house.one("SELECT count(*) FROM arrivals")
    (unreadable,) = await house.one("SELECT count(*) FROM arrivals WHERE message_id IS NULL")
    assert (count, unreadable) == (len(captured.NAMES), 1), "the one without a sender"


async def test_asking_again_stores_nothing_more(house: House) -> None:
    query = "from=%2B48500600700&to=%2B48799448855&text=AUTO&id=f9eab61a"
    assert [await _get(house, query) for _ in range(3)] == [(200, b"")] * 3
    assert await house.one("SELECT count(*) FROM arrivals") == (1,)
    assert await house.one("SELECT kind FROM messages") == ("nd",)


@pytest.mark.parametrize("query", ["", "from=1", "to=71200&text=x", "from=%00&to=%0A&text=x", "from=" + "x" * 500 + "&to=1"])
async def test_what_cannot_be_understood_is_kept_and_asked_for_no_more(house: House, query: str) -> None:
    assert await _get(house, query) == (200, b"")
    assert await house.rows("SELECT message_id, raw FROM arrivals") == [(None, query.encode())]

"""Whatever is sent gets an error of the contract, never a 500, and changes no row (issue: "Bad input gets")."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.api.params import Parameters, read_fields
from odzew.errors import ContractError
from tests.api.client import BEARER
from tests.api.house import House
from tests.builders import TOKEN, a_message, store_messages

LIST = "/messages/recived"
PHONES = [f"500{n:06}" for n in range(100_000)]

# path, body, code, field
HOSTILE: tuple[tuple[str, str, bytes, int, str | None], ...] = (
    ("malformed JSON", LIST, b'{"limit":', 1006, None),
    ("JSON and more", LIST, b"{}{}", 1006, None),
    ("not an object", LIST, b"[1,2]", 1006, None),
    ("only a brace", LIST, b"{", 1006, None),
    ("NaN", LIST, b'{"limit":NaN}', 1006, None),
    ("nested ten thousand deep", LIST, b'{"a":' * 10_000, 1006, None),
    ("nested ten thousand deep and closed", LIST, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 1006, None),
    ("a list in a list, ten thousand deep", LIST, b'{"phone":' + b"[" * 10_000 + b"]" * 10_000 + b"}", 1006, None),
    ("a number of 5,000 digits", LIST, b'{"limit":' + b"9" * 5_000 + b"}", 1006, None),
    ("invalid UTF-8 in JSON", LIST, b'{"type":"\xff"}', 1006, None),
    ("invalid UTF-8 in a form", LIST, b"type=\xff", 1006, "type"),
    ("invalid UTF-8, percent-encoded", LIST, b"type=%FF%FE", 1006, "type"),
    ("an overlong zero", LIST, b"type=%C0%80", 1006, "type"),
    ("UTF-16", LIST, '{"limit":1}'.encode("utf-16"), 1006, None),
    ("a name twice", LIST, b'{"limit":1,"limit":2}', 1006, "limit"),
    ("a hostile name twice", LIST, b'{"\\ud800\\u0000":1,"\\ud800\\u0000":2}', 1006, "\ufffd\ufffd"),
    ("limit twice in a form", LIST, b"limit=1&limit=2", 1006, "limit"),
    ("a quarter of a million fields", LIST, b"&" * 300_000 + b"limit=1", 1006, None),
    ("unknown type", LIST, b'{"type":"sms"}', 1006, "type"),
    ("type of another type", LIST, b'{"type":["nd"]}', 1006, "type"),
    ("NUL in type", LIST, b'{"type":"nd\\u0000"}', 1006, "type"),
    ("a lone surrogate in type", LIST, b'{"type":"\\ud83d"}', 1006, "type"),
    ("unknown order", LIST, b'{"order":"up"}', 1006, "order"),
    ("no such day", LIST, b'{"date_from":"2014-02-30"}', 1006, "date_from"),
    ("no such month", LIST, b'{"date_to":"2014-13-01 00:00:00"}', 1006, "date_to"),
    ("25 o'clock", LIST, b'{"date_from":"2014-01-01 25:00:00"}', 1006, "date_from"),
    ("year 0", LIST, b'{"date_from":"0000-01-01"}', 1006, "date_from"),
    ("more after the date", LIST, b'{"date_from":"2014-01-01; DROP TABLE messages"}', 1006, "date_from"),
    ("NUL in a date", LIST, b'{"date_from":"2014-01-01\\u0000"}', 1006, "date_from"),
    ("digits of another script", LIST, '{"date_from":"٢٠١٤-٠١-٠١"}'.encode(), 1006, "date_from"),
    ("a date as a number", LIST, b'{"date_from":20140101}', 1006, "date_from"),
    ("a long date", LIST, b'{"date_from":"' + b"2" * 100_000 + b'"}', 1006, "date_from"),
    ("an unreadable number", LIST, b'{"phone":"123456789012345678901234567890"}', 2001, None),
    ("one unreadable among good ones", LIST, b'{"phone":["500600700","+"]}', 2001, None),
    ("a blank", LIST, b'{"phone":" "}', 2001, None),
    ("a list in the list", LIST, b'{"phone":[["500600700"]]}', 2001, None),
    ("true", LIST, b'{"phone":true}', 2001, None),
    ("a fraction", LIST, b'{"phone":500600700.5}', 2001, None),
    ("an object", LIST, b'{"phone":{"a":1}}', 2001, None),
    ("NUL in a sender", LIST, b'{"phone":"a\\u0000b"}', 2001, None),
    ("NUL in a form", LIST, b"phone=a%00b", 2001, None),
    ("100,000 numbers", LIST, json.dumps({"phone": PHONES}).encode(), 2001, None),
    ("100,000 numbers with commas", LIST, ("phone=" + ",".join(PHONES)).encode(), 2001, None),
    ("100,000 fields phone[]", LIST, "&".join(f"phone[]={phone}" for phone in PHONES).encode(), 2001, None),
    ("an unreadable ndi", LIST, b'{"ndi":"abc"}', 2001, None),
    ("many ndi", LIST, b'{"ndi":["500600700","500600701"]}', 2001, None),
    ("no such action", "/messages/nope", b"{}", 1000, None),
    ("no action", "/messages", b"{}", 1000, None),
    ("no controller", "/", b"{}", 1000, None),
    ("no such suffix", LIST + ".csv", b"{}", 1000, None),
    ("suffix in capitals", LIST + ".JSON", b"{}", 1000, None),
    ("two suffixes", LIST + ".json.xml.json", b"{}", 1000, None),
    ("a path that climbs", "/messages/../messages/recived", b"{}", 1000, None),
    ("NUL in the path", "/messages/recived%00", b"{}", 1000, None),
    ("invalid UTF-8 in the path", "/messages/%FF%FE", b"{}", 1000, None),
    ("a long path", "/messages/" + "a" * 20_000, b"{}", 1000, None),
    ("an action that only sends", "/messages/send_sms", b"{}", 1005, None),
    ("the same in camel case", "/messages/sendSms.json", b"phone=500600700&text=x", 1005, None),
)  # fmt: skip


async def test_a_contract_error_and_no_changed_row(house: House) -> None:
    await store_messages(house.db, a_message(1))
    got: dict[str, Any] = {}
    for name, path, body, _, _ in HOSTILE:
        answer = await house.client.post(path, body)
        got[name] = (answer.status, answer.code, answer.json.get("error", {}).get("field"))
    assert got == {name: (200, code, field) for name, _, _, code, field in HOSTILE}
    assert await house.unread() == [1]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_another_method_is_no_action(house: House, method: str) -> None:
    answer = await house.client.get("/messages/recived.json", method)
    assert answer.status == 200
    assert method == "HEAD" or answer.code == 1000


async def test_two_authorization_headers(house: House) -> None:
    head = f"POST {LIST} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n"
    for second in (TOKEN, "f" * 32):
        answer = await house.client.raw(f"{head}Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer {second}\r\n\r\n".encode())
        assert (answer.status, answer.code) == (200, 1001)


CREDENTIALS: tuple[tuple[Any, Any], ...] = (
    ("a", ""), ("a\0", "b\0"), ("\ud800", "\udfff"), (["a"], {"b": 1}), (1, 2), ("a" * 100_000, "b" * 100_000), (None, None), (True, True),
)  # fmt: skip


async def test_hostile_credentials_are_wrong_ones(house: House) -> None:
    for username, password in CREDENTIALS:
        answer = await house.client.post(LIST, {"username": username, "password": password}, headers={})
        assert (answer.status, answer.code) == (200, 1001), (username, password)


async def test_hostile_tokens_are_wrong_ones(house: House) -> None:
    for token in ("", " ", "x", "\xff\xfe", TOKEN.upper(), TOKEN + "0", "0" * 30_000):
        head = f"POST {LIST} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\nAuthorization: Bearer {token}\r\n\r\n"
        answer = await house.client.raw(head.encode("latin-1"))
        assert (answer.status, answer.code) == (200, 1001), token


async def test_a_body_over_the_limit_is_refused_by_its_length_alone(house: House) -> None:
    head = f"POST {LIST} HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\nExpect: 100-continue\r\n\r\n"
    reader, writer = await house.client.connect()
    writer.write(head.encode())
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_body_without_a_length_is_cut_when_it_is_over(house: House) -> None:
    reader, writer = await house.client.connect()
    writer.write(f"POST {LIST} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    for _ in range(66):
        writer.write(chunk)
        await writer.drain()
    assert (await reader.readline()).split()[1] == b"413"  # and the last chunk has not been sent yet
    writer.close()


async def test_a_body_up_to_the_limit_is_read(house: House) -> None:
    await store_messages(house.db, a_message(1))
    body = b'{"limit":1' + b" " * (4_194_304 - 11) + b"}"
    assert (await house.client.post(LIST, body, BEARER)).ids == [1]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,&=%+ab01\\u\0é', max_size=60).map(str.encode))
def test_any_octets_give_fields_or_a_contract_error(body: bytes) -> None:
    assert code_or_none(lambda: read_fields(body)) in (None, 1006)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(["nd", "2014-01-01", "500600700"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=300)
@given(_values)
def test_any_value_is_read_or_is_a_contract_error(value: Any) -> None:
    parameters = Parameters({"x": value}, zone="Europe/Warsaw")
    reads = (
        lambda: parameters.text("x"), lambda: parameters.boolean("x"), lambda: parameters.integer("x"), lambda: parameters.since("x"),
        lambda: parameters.until("x"), lambda: parameters.phone("x"), lambda: parameters.phones("x", 2),
        lambda: parameters.choice("x", ("a",)),
    )  # fmt: skip
    assert {code_or_none(read) for read in reads} <= {None, 1006, 2001}


def code_or_none(read: Callable[[], object]) -> int | None:
    """The code of the contract error that `read` raises; any other exception is a failure."""
    try:
        read()
    except ContractError as error:
        return error.code
    return None

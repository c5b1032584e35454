"""The record of sent messages: lines to records, and the operator's call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.passwords import Verifier
from odzew.access.rights import Gate
from odzew.access.throttle import DEFAULT_LIMITS, Throttle
from odzew.clock import FixedClock
from odzew.errors import Busy, StoreFull
from odzew.model import Account, SentMessage, Token
from odzew.operations.sent import Failure, create_sent, lines_of, read_sent_lines
from odzew.store import sent
from odzew.store.db import statement
from odzew.store.directory import Directory
from odzew.store.sqlite import SqliteDatabase
from odzew.wire import localtime
from tests.access.builders import CHEAP, a_directory, a_token
from tests.databases import migrated_file
from tests.ingest.asgi import Answer, call, with_token

OPERATOR = "0" * 32
CUSTOMER = "1" * 32
FENCED = "2" * 32
AT = "2014-10-21T11:18:03+02:00"
GOOD: dict[str, Any] = {
    "account": "acme", "message_id": "eba39e4fe1", "phone": "500600700", "from_number": "+48500500501", "sent_at": AT,
    "text": "Przyjdziesz?",
}  # fmt: skip
RECORD = SentMessage(1, "eba39e4fe1", "+48500600700", "+48500500501", localtime.parse_rfc3339(AT), "Przyjdziesz?")


def directory() -> Directory:
    acme = Account(1, "acme")
    tokens: list[Token] = [
        a_token(value=OPERATOR, roles=()),
        a_token(acme, value=CUSTOMER),
        a_token(value=FENCED, allow_from=("10.0.0.0/8",)),
    ]
    return a_directory(acme, Account(2, "Żółw i Syn"), *tokens)


def read(*lines: object) -> tuple[list[SentMessage], list[Failure]]:
    octets = (line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    return read_sent_lines(lines_of(octets), directory())


# What differs from a good line -> what differs in its record.
GOOD_LINES: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {}),
    ({"account": "Żółw i Syn"}, {"account_id": 2}),
    ({"message_id": "EBA39E4FE1"}, {"message_id": "eba39e4fe1"}),
    ({"message_id": 1234567890}, {"message_id": "1234567890"}),
    ({"phone": 48500600700}, {"phone": "+48500600700"}),
    ({"phone": "0048 500-600-700"}, {"phone": "+48500600700"}),
    ({"from_number": "71200"}, {"from_number": "71200"}),
    ({"from_number": "500500501"}, {"from_number": "+48500500501"}),
    ({"sent_at": "2014-10-21T09:18:03Z"}, {}),
    ({"text": None}, {"text": ""}),
    ({"text": "a\0\ud800"}, {"text": "a\ufffd\ufffd"}),
    ({"text": "x" * 70_000}, {"text": "x" * 65_536}),
    ({"unknown": [1, {}]}, {}),
)


@pytest.mark.parametrize(("line", "record"), GOOD_LINES)
def test_good_lines(line: dict[str, Any], record: dict[str, Any]) -> None:
    expected = {name: getattr(RECORD, name) for name in SentMessage.__slots__} | record
    assert read({**GOOD, **line}) == ([SentMessage(**expected)], [])


BAD_LINES: tuple[tuple[object, str], ...] = (
    ({**GOOD, "account": "other"}, "there is no account of this name"),
    ({**GOOD, "account": ["acme"]}, "account must be a string"),
    ({**GOOD, "account": None}, "account is missing"),
    ({**GOOD, "message_id": "eba39e4fe"}, "message_id must be 10 hexadecimal digits"),
    ({**GOOD, "message_id": "eba39e4fe1\n"}, "message_id must be 10 hexadecimal digits"),
    ({**GOOD, "message_id": "٠" * 10}, "message_id must be 10 hexadecimal digits"),
    ({**GOOD, "message_id": ""}, "message_id is missing"),
    ({**GOOD, "phone": "BANK"}, "phone: not a telephone number"),
    ({**GOOD, "phone": "71200"}, "phone: not a telephone number"),
    ({**GOOD, "phone": True}, "phone must be a string"),
    ({**GOOD, "from_number": "SKLEP"}, "from_number: not a telephone number"),
    ({**GOOD, "from_number": "\0"}, "from_number: not a telephone number"),
    ({**GOOD, "sent_at": "2014-10-21 11:18:03"}, "sent_at: "),
    ({**GOOD, "sent_at": "2014-02-30T00:00:00Z"}, "sent_at: "),
    ({**GOOD, "text": 5}, "text must be a string"),
    ([GOOD], "a line must be a JSON object"),
    (None, "a line must be a JSON object"),
    (b"{", "malformed JSON"),
    (b"\x00\xff", "malformed JSON"),
    (b'{"a":' + b"9" * 10_000 + b"}", "malformed JSON"),
    (b"[" * 100_000, "nested too deeply"),
)


@pytest.mark.parametrize(("line", "message"), BAD_LINES)
def test_a_bad_line_is_named_and_hinders_no_other(line: object, message: str) -> None:
    records, (failure,) = read(GOOD, b"", line, b" \r", GOOD)
    assert records == [RECORD, RECORD]
    assert (failure.line, failure.message[: len(message)]) == (3, message)


@given(st.lists(st.binary(max_size=40) | st.dictionaries(st.sampled_from(sorted(GOOD)), st.text() | st.integers() | st.none())))
def test_any_lines_give_records_or_failures(lines: list[object]) -> None:
    records, failures = read(*lines, GOOD)
    assert records[-1] == RECORD
    assert len(records) + len(failures) <= len(lines) + 1


class House:
    """The call in front of a real database."""

    def __init__(self, db: SqliteDatabase, clock: FixedClock) -> None:
        self.db = db
        self.fault: Exception | None = None
        present = directory()
        gate = Gate(lambda: present, Verifier(clock, cost=CHEAP), Throttle(clock, DEFAULT_LIMITS))
        self.app = create_sent(gate, lambda: present, self.record_sent)
        self.batches: list[int] = []

    async def record_sent(self, messages: list[SentMessage]) -> int:
        if self.fault is not None:
            raise self.fault
        await self.db.write(sent.record, messages)
        self.batches.append(len(messages))
        return len(messages)

    async def post(self, *lines: object, token: str = OPERATOR) -> Answer:
        octets = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
        return await call(self.app, "POST", "/operator/sent", octets, with_token(token))

    async def stored(self) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.db.read(statement, "SELECT message_id, text FROM sent ORDER BY message_id")]


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    db = SqliteDatabase(str(migrated_file(tmp_path / "sent.db")), clock)
    await db.write(statement, "INSERT INTO accounts (id, name) VALUES (1, 'acme'), (2, 'Żółw i Syn')")
    yield House(db, clock)
    await db.close()


async def test_lines_are_stored_and_counted(house: House) -> None:
    answer = await house.post(GOOD, {**GOOD, "message_id": "00000000ff"}, {**GOOD, "phone": "x"}, b"")
    assert (answer.status, answer.json) == (200, {"stored": 2, "failed": [{"line": 3, "message": "phone: not a telephone number"}]})
    assert await house.stored() == [("00000000ff", "Przyjdziesz?"), ("eba39e4fe1", "Przyjdziesz?")]


async def test_bringing_it_again_takes_the_newer_words(house: House) -> None:
    for text in ("first", "second"):
        assert (await house.post({**GOOD, "text": text})).json == {"stored": 1, "failed": []}
    await house.post({**GOOD, "text": "third"}, {**GOOD, "text": "third", "message_id": "EBA39E4FE1"})
    assert await house.stored() == [("eba39e4fe1", "third")]


async def test_thousands_in_one_call(house: House) -> None:
    lines = [{**GOOD, "message_id": f"{number:010x}"} for number in range(2_500)]
    assert (await house.post(*lines)).json == {"stored": 2_500, "failed": []}
    assert house.batches == [1_000, 1_000, 500], "each a transaction of its own"
    assert len(await house.stored()) == 2_500


async def test_a_list_is_tolerated(house: House) -> None:
    body = b"\n" + json.dumps([GOOD, {**GOOD, "phone": None}, 5], indent=1).encode()
    expected = [{"line": 2, "message": "phone is missing"}, {"line": 3, "message": "a line must be a JSON object"}]
    assert (await house.post(body)).json == {"stored": 1, "failed": expected}


@pytest.mark.parametrize("body", [b"[{]", b"[" * 100_000, b"[1", b"[\xff"])
async def test_a_list_that_is_none(house: House, body: bytes) -> None:
    answer = await house.post(body)
    assert (answer.status, answer.json["error"]["code"]) == (400, 1006)


@pytest.mark.parametrize("body", [b"", b"\n\r\n ", b"[]"])
async def test_nothing_is_nothing(house: House, body: bytes) -> None:
    assert (await house.post(body)).json == {"stored": 0, "failed": []}


async def test_line_ends_and_a_mark_are_no_faults(house: House) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n"
    assert (await house.post(body)).json == {"stored": 1, "failed": []}


REFUSED: tuple[tuple[str, str, list[tuple[bytes, bytes]], int, int], ...] = (
    ("no token", "POST", [], 401, 1001),
    ("wrong token", "POST", with_token("f" * 32), 401, 1001),
    ("a customer's token", "POST", with_token(CUSTOMER), 401, 1001),
    ("two tokens", "POST", with_token(OPERATOR) + with_token(OPERATOR), 401, 1001),
    ("octets", "POST", [(b"authorization", b"Bearer \xff\x00")], 401, 1001),
    ("another address", "POST", with_token(FENCED), 403, 1003),
    ("GET", "GET", with_token(OPERATOR), 405, 1000),
    ("too long", "POST", [*with_token(OPERATOR), (b"content-length", b"16777217")], 413, 1006),
)


@pytest.mark.parametrize(("method", "headers", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_who_may_not(house: House, method: str, headers: list[tuple[bytes, bytes]], status: int, code: int) -> None:
    answer = await call(house.app, method, "/operator/sent", json.dumps(GOOD).encode(), headers)
    assert (answer.status, answer.json["error"]["code"], answer.read) == (status, code, 0)
    assert await house.stored() == []


@pytest.mark.parametrize(("token", "status"), [(OPERATOR, 404), (CUSTOMER, 401)])
async def test_another_path(house: House, token: str, status: int) -> None:
    assert (await call(house.app, "POST", "/operator/other", b"", with_token(token))).status == status


async def test_too_many_lines_are_refused_before_any_is_read(house: House) -> None:
    assert (await house.post(b"x\n" * 100_001)).status == 413


FAULTS = ((StoreFull("full"), 503, b"5"), (Busy("", 9), 429, b"9"), (OSError("x"), 503, b"5"))


@pytest.mark.parametrize(("fault", "status", "seconds"), FAULTS)
async def test_what_was_not_stored_is_asked_for_again(house: House, fault: Exception, status: int, seconds: bytes) -> None:
    house.fault = fault
    answer = await house.post(GOOD)
    assert (answer.status, answer.headers[b"retry-after"]) == (status, seconds)


async def test_a_caller_that_hangs_up(house: House) -> None:
    answer = await call(house.app, "POST", "/operator/sent", [json.dumps(GOOD).encode()], with_token(OPERATOR), hangs_up=True)
    assert (answer.status, await house.stored()) == (0, [])

"""`GET /operator/why/...` and `POST /operator/resend`: who may, what is answered, what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.access.passwords import Verifier
from odzew.access.request import Receive, Scope, Send, respond
from odzew.access.rights import Gate
from odzew.access.throttle import DEFAULT_LIMITS, Throttle
from odzew.clock import FixedClock
from odzew.model import Account, Token
from odzew.operations.calls import BODY_LIMIT, create_calls
from odzew.store.directory import Directory
from odzew.store.sqlite import SqliteDatabase
from tests.access.builders import CHEAP, a_directory, a_token
from tests.builders import a_message, store_messages
from tests.databases import migrated_file
from tests.ingest.asgi import Answer, call, with_token
from tests.store.owing import an_owing_database, ended, owe, owed_now

OPERATOR, CUSTOMER, FENCED = "0" * 32, "1" * 32, "2" * 32


def directory() -> Directory:
    acme = Account(1, "acme")
    tokens: list[Token] = [
        a_token(value=OPERATOR, roles=()),
        a_token(acme, value=CUSTOMER),
        a_token(value=FENCED, allow_from=("10.0.0.0/8",)),
    ]
    return a_directory(acme, *tokens)


class House:
    """The calls in front of a real database."""

    def __init__(self, db: SqliteDatabase, clock: FixedClock) -> None:
        self.db = db
        present = directory()
        gate = Gate(lambda: present, Verifier(clock, cost=CHEAP), Throttle(clock, DEFAULT_LIMITS))
        self.app = create_calls(gate, lambda: present, db, lambda outcome: f"<{outcome}>", _sent)

    async def get(self, path: str, token: str = OPERATOR) -> Answer:
        return await call(self.app, "GET", f"/operator/{path}", b"", with_token(token))

    async def resend(self, order: object, token: str = OPERATOR) -> Answer:
        body = order if isinstance(order, bytes) else json.dumps(order).encode()
        return await call(self.app, "POST", "/operator/resend", body, with_token(token))


async def _sent(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, 200, b'"sent"')


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    db = SqliteDatabase(str(migrated_file(tmp_path / "calls.db")), clock)
    await an_owing_database(db)
    await store_messages(db, a_message(1001), a_message(1002, None, "unclaimed", rule="nobody's"))
    yield House(db, clock)
    await db.close()


async def test_why(house: House) -> None:
    await ended(house.db, [1])
    answer = await house.get("why/1001")
    assert (answer.status, answer.headers[b"content-type"]) == (200, b"application/json")
    assert (answer.json["message"], answer.json["verdict"], answer.json["account"]) == (1001, "owed", "acme")
    (fate,) = answer.json["targets"]
    assert (fate["target"], fate["state"], fate["tries"][0]["means"]) == ("crm", "exhausted", "<http_5xx>")
    assert (await house.get("why/1002")).json["words"] == "unclaimed, so nobody is owed it: nobody's"


async def test_why_of_an_arrival(house: House) -> None:
    assert (await house.get("why/arrival/5")).status == 404


async def test_resend(house: House) -> None:
    await ended(house.db, [1, 2])
    await owe(house.db, [3])
    counts = {"sent_again": 2, "target_off": 0, "still_owed": 1, "delivered": 0, "unknown": 1, "paused": 0}
    trial = await house.resend({"deliveries": [1, 2, 3, 9], "dry_run": True})
    assert (trial.status, trial.json) == (200, counts | {"dry_run": True})
    assert list(await owed_now(house.db)) == [3]
    assert (await house.resend({"deliveries": [1, 2, 3, 9]})).json == counts | {"dry_run": False}
    assert sorted(await owed_now(house.db)) == [1, 2, 3]
    assert (await house.resend({"account": "acme", "state": "exhausted"})).json["sent_again"] == 0


@pytest.mark.parametrize("path", ["sent", "", "nowhere", "whyever"])
async def test_every_other_path_is_somebody_elses(path: str, house: House) -> None:
    assert (await house.get(path)).body == b'"sent"'


REFUSED: tuple[tuple[str, str, object, str, int, int], ...] = (
    ("GET", "why/1001", b"", "f" * 32, 401, 1001),
    ("GET", "why/1001", b"", CUSTOMER, 401, 1001),
    ("GET", "why/1001", b"", FENCED, 403, 1003),
    ("POST", "why/1001", b"", OPERATOR, 405, 1000),
    ("GET", "resend", b"", OPERATOR, 405, 1000),
    ("POST", "resend", b"{}", CUSTOMER, 401, 1001),
    ("GET", "why", b"", OPERATOR, 404, 1004),
    ("GET", "why/1001/2", b"", OPERATOR, 404, 1004),
    ("GET", "why/99", b"", OPERATOR, 404, 1004),
    ("GET", "why/0", b"", OPERATOR, 400, 1006),
    ("GET", "why/-1", b"", OPERATOR, 400, 1006),
    ("GET", "why/٣", b"", OPERATOR, 400, 1006),
    ("GET", "why/99999999999999999999", b"", OPERATOR, 400, 1006),
    ("GET", "why/arrival/x", b"", OPERATOR, 400, 1006),
    ("POST", "resend", b"", OPERATOR, 400, 1006),
    ("POST", "resend", b"[1]", OPERATOR, 400, 1006),
    ("POST", "resend", b"{", OPERATOR, 400, 1006),
    ("POST", "resend", b"\xff\x00", OPERATOR, 400, 1006),
    ("POST", "resend", b"[" * 100_000, OPERATOR, 400, 1006),
    ("POST", "resend", {}, OPERATOR, 400, 1006),
    ("POST", "resend", {"state": "delivered"}, OPERATOR, 400, 1006),
    ("POST", "resend", {"account": "nobody"}, OPERATOR, 404, 1004),
    ("POST", "resend", {"message": 55}, OPERATOR, 404, 1004),
    ("POST", "resend", b" " * (BODY_LIMIT + 1), OPERATOR, 413, 1006),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "token", "status", "code"), REFUSED)
async def test_refusals(method: str, path: str, body: Any, token: str, status: int, code: int, house: House) -> None:
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await call(house.app, method, f"/operator/{path}", octets, with_token(token))
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert (b"www-authenticate" in answer.headers) == (status == 401)
    assert (b"allow" in answer.headers) == (status == 405)


async def test_a_database_that_is_away(house: House) -> None:
    await house.db.close()
    answer = await house.get("why/1001")
    assert (answer.status, answer.headers[b"retry-after"]) == (503, b"5")


async def test_a_caller_that_hangs_up_gets_no_answer(house: House) -> None:
    answer = await call(house.app, "POST", "/operator/resend", b"{", with_token(OPERATOR), hangs_up=True)
    assert answer.status == 0


objects = st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60) | objects.map(lambda values: json.dumps(values).encode()))
async def test_any_body_is_answered(body: bytes, house: House) -> None:
    answer = await house.resend(body)
    assert answer.status in (200, 400, 404)
    assert answer.json

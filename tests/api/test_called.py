"""Each call that was answered is told: its action, and how."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.access.passwords import Verifier
from odzew.access.rights import Gate
from odzew.access.throttle import Throttle
from odzew.api.app import create_api
from odzew.api.call import Limits
from tests.api.house import CHEAP, House
from tests.builders import TOKEN
from tests.ingest.asgi import call, with_token

# method, path, body, token -> the action and its code
CALLS: tuple[tuple[str, str, bytes, str, str, int | None], ...] = (
    ("POST", "/contacts/index", b"{}", TOKEN, "contacts/index", None),
    ("POST", "/contacts/index.xml", b"{}", TOKEN, "contacts/index", None),
    ("POST", "/contacts/index.json/", b"{}", TOKEN, "contacts/index", None),
    ("POST", "/contacts/add", b"{}", TOKEN, "contacts/add", 2000),
    ("POST", "/contacts/index", b"{}", "wrong", "contacts/index", 1001),
    ("GET", "/contacts/index", b"", TOKEN, "contacts/index", 1000),
    ("POST", "/contacts/index", b"x" * 2048, TOKEN, "contacts/index", 413),
    ("POST", "/contacts/burn", b"{}", TOKEN, "", 1000),
    ("POST", "/any/" + "words" * 99, b"{}", TOKEN, "", 1000),
    ("GET", "/error/1006", b"", TOKEN, "", 1006),
)


async def ask(house: House, told: list[Any], method: str, path: str, body: bytes, token: str) -> int:
    verifier = Verifier(house.clock, CHEAP)
    app = create_api(
        db=house.db, reader=house.reader, gate=Gate(lambda: house.present.directory, verifier, Throttle(house.clock)),
        directory=lambda: house.present.directory, receive=house.inbox.receive, clock=house.clock, limits=Limits(body=1024),
        called=lambda action, code: told.append((action, code)),
    )  # fmt: skip
    answer = await call(app, method, path, body, with_token(token))
    verifier.close()
    return answer.status


@pytest.mark.parametrize(("method", "path", "body", "token", "action", "code"), CALLS)
async def test_calls_are_told(house: House, method: str, path: str, body: bytes, token: str, action: str, code: int | None) -> None:
    told: list[Any] = []
    assert await ask(house, told, method, path, body, token) == (413 if code == 413 else 200)
    assert told == [(action, code)]


async def test_a_database_that_is_away_is_told(house: House) -> None:
    told: list[Any] = []
    await house.db.close()
    assert await ask(house, told, "POST", "/contacts/index", b"{}", TOKEN) == 503
    assert told == [("contacts/index", 503)]

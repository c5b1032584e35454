"""Calls whose credential was right are noted with it, also where they were refused; others are nobody's."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.access.passwords import Verifier
from odzew.access.rights import Credential, Gate
from odzew.access.throttle import Throttle
from odzew.api.app import create_api
from odzew.store.db import statement
from tests.api.house import CHEAP, House
from tests.builders import TOKEN
from tests.ingest.asgi import call, with_token

# what is changed first, path, body, token -> what is noted of it
CALLS: tuple[tuple[str, str, bytes, str, tuple[str, int | None] | None], ...] = (
    ("", "/contacts/index", b"{}", TOKEN, ("contacts/index", None)),
    ("", "/contacts/add", b"{}", TOKEN, ("contacts/add", 2000)),
    ("", "/contacts/index", b"{}", "f" * 32, None),
    ("", "/contacts/index", b"{}", "wrong", None),
    ("", "/contacts/burn", b"{}", TOKEN, None),
    ("UPDATE tokens SET roles = '[]'", "/contacts/index", b"{}", TOKEN, ("contacts/index", 1002)),
    ("UPDATE tokens SET allow_from = '[\"192.0.2.9\"]'", "/contacts/index", b"{}", TOKEN, ("contacts/index", 1003)),
    ("UPDATE accounts SET active = 0", "/contacts/index", b"{}", TOKEN, ("contacts/index", 1007)),
)


@pytest.mark.parametrize(("first", "path", "body", "token", "expected"), CALLS)
async def test_calls_are_noted(
    house: House, first: str, path: str, body: bytes, token: str, expected: tuple[str, int | None] | None
) -> None:
    if first:
        await house.db.write(statement, first)
        await house.present.refresh()
    noted: list[Any] = []
    verifier = Verifier(house.clock, CHEAP)
    app = create_api(
        db=house.db, reader=house.reader, gate=Gate(lambda: house.present.directory, verifier, Throttle(house.clock)),
        directory=lambda: house.present.directory, receive=house.inbox.receive, clock=house.clock,
        noted=lambda *told: noted.append(told),
    )  # fmt: skip
    await call(app, "POST", path, body, with_token(token))
    verifier.close()
    (known,) = house.present.directory.tokens.values()
    assert known.account_id is not None
    credential = Credential(known.account_id, known.name, token_id=known.id)
    assert [(who, action, code) for who, action, code, _ in noted] == ([] if expected is None else [(credential, *expected)])

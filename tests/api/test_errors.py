"""The error table in both languages, its pages, and who gets which error (contract 1 and 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.access.passwords import hash_password
from odzew.access.throttle import Limits, Throttle
from odzew.clock import FixedClock
from odzew.store.db import statement
from odzew.store.engines import open_database
from odzew.wire.published import ERRORS
from tests.api.client import BEARER
from tests.api.house import CHEAP, House, open_house
from tests.builders import a_token, a_user, an_account

OTHER = "f" * 32


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_for_each_code(house: House, method: str) -> None:
    for code, row in ERRORS.items():
        answer = await house.client.get(f"/error/{code}", method)
        assert answer.json == {"error": {"code": code, "type": row.type, "message": row.english}}
        assert (await house.client.get(f"/error/{code}.json", method)).body == answer.body
        root = (await house.client.get(f"/error/{code}.xml", method)).xml
        assert [root.tag, *[(child.tag, child.text) for child in root]] == [
            "error", ("code", str(code)), ("type", row.type), ("message", row.english),
        ]  # fmt: skip


NO_CODES = ("1234", "9", "x", "1000x", "01000", "-1000", "%D9%A1000", "1000/1000", "1000.csv", "1 00", "%00")


async def test_a_page_for_no_code(house: House) -> None:
    for code in NO_CODES:
        assert (await house.client.get(f"/error/{code.replace(' ', '%20')}")).code == 2002, code
    for path in ("/error", "/error/", "/error.json"):
        assert (await house.client.get(path)).code == 2000, path


async def test_the_account_s_language(house: House) -> None:
    polish = await house.set_up(an_account, "polska", language="pl")
    await house.set_up(a_token, polish, OTHER, name="b")
    answer = await house.client.post("/messages/recived", {"limit": 0}, {"Authorization": f"Bearer {OTHER}"})
    assert answer.json["error"] == {"code": 1006, "type": "InvalidData", "message": "Niepoprawny format danych", "field": "limit"}
    answer = await house.client.post("/messages/recived", {"limit": 0})
    assert answer.json["error"]["message"] == "Invalid data format"


async def test_who_may_not_use_the_api(house: House) -> None:
    closed = await house.set_up(an_account, "closed", active=0)
    fenced = await house.set_up(an_account, "fenced", allow_from=("10.0.0.0/8",))
    await house.set_up(a_token, closed, "c" * 32, name="closed")
    await house.set_up(a_token, fenced, "d" * 32, name="fenced")
    await house.set_up(a_token, 1, "e" * 32, ("numbers",), "no api")
    await house.set_up(a_token, None, "a" * 32, name="operator")
    await house.set_up(a_user, 1, "panel only", hash_password("x", CHEAP), ("panel",))
    for token, code in (("0" * 32, 1001), ("a" * 32, 1001), ("e" * 32, 1002), ("d" * 32, 1003), ("c" * 32, 1007)):
        assert (await house.client.post("/messages/recived", headers={"Authorization": f"Bearer {token}"})).code == code
    assert (await house.client.post("/messages/recived", {"username": "panel only", "password": "x"}, {})).code == 1002
    assert (await house.client.post("/messages/recived", {"username": "panel only", "password": "y"}, {})).code == 1001


async def test_an_address_is_believed_only_from_a_trusted_proxy(house: House) -> None:
    fenced = await house.set_up(an_account, "fenced", allow_from=("10.0.0.0/8",))
    await house.set_up(a_token, fenced, OTHER, name="fenced")
    headers = {"Authorization": f"Bearer {OTHER}", "X-Forwarded-For": "10.1.2.3"}
    assert (await house.client.post("/messages/recived", headers=headers)).code == 1003
    await house.db.write(statement, "INSERT INTO installation (name, value) VALUES ('trusted_proxies', '[\"127.0.0.1\"]')")
    await house.present.refresh()
    assert (await house.client.post("/messages/recived", headers=headers)).code is None


SHOW_NUMBERS = ("messages/recived", "blacklist/index", "blacklist/add", "blacklist/check", "blacklist/delete",
                "contacts/index", "contacts/view", "contacts/add")  # fmt: skip


async def test_who_may_not_see_numbers(house: House) -> None:
    await house.set_up(a_token, 1, OTHER, ("api",), "masked")
    for action in SHOW_NUMBERS:
        answer = await house.client.post(f"/{action}", {"phone": "500600700"}, {"Authorization": f"Bearer {OTHER}"})
        assert answer.code == 1008, action
        assert (await house.client.post(f"/{action}", {"phone": "500600700", "id": 1}, BEARER)).code in (None, 1004), action
    assert (await house.client.post("/account/limits", headers={"Authorization": f"Bearer {OTHER}"})).code is None


async def test_a_database_that_is_gone_is_503_and_can_be_asked_again(house: House) -> None:
    await house.db.close()
    answer = await house.client.post("/messages/recived")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert (await house.client.post("/messages/recived", {"read": True})).status == 503
    assert (await house.client.get("/error/1000")).code == 1000


async def test_too_many_failures_are_429(tmp_path: Path, clock: FixedClock) -> None:
    db = open_database(f"sqlite:///{tmp_path}/odzew.db", clock)
    await db.migrate()
    async with open_house(db, clock, throttle=Throttle(clock, Limits(slow_after=3, refuse_after=3))) as house:
        answers = [await house.client.post("/messages/recived", headers={"Authorization": "Bearer wrong"}) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert (await house.client.post("/messages/recived")).status == 200  # a valid token is never slowed
    await db.close()

"""Tokens: shown once, limited, taken away; and the API's pages around them."""

from __future__ import annotations

import re

import aiohttp
import pytest

from odzew.wire.published import LIST_ACTION
from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, TOKEN, House
from tests.panel.rows import audited, differences


async def call(house: House, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.post(f"{house.url}/{LIST_ACTION}.json", headers=headers) as answer:
        return int("error" not in await answer.json(content_type=None))


async def test_a_token_is_shown_once_and_works_until_it_is_taken_away(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/interface/tokens", {"name": "shop", "allow_from": "127.0.0.1", "numbers": "1"})
    assert seen.status == 200
    (value,) = re.findall(r'readonly value="([0-9a-f]{32})"', seen.text)
    assert await call(house, value) == 1
    seen = await anna.get("/interface/tokens")
    assert ("shop" in seen.shown, value in seen.text) == (True, False)
    assert value not in str([entry.detail for entry in await audited(house, "token.made")])
    assert (await differences(house, "token.made"))[1]["addresses"] == ["127.0.0.1/32"]
    assert (await anna.post("/interface/tokens/remove", {"name": "shop"})).status == 303
    assert await call(house, value) == 0
    assert (await audited(house, "token.removed"))[0].object == "token shop"


WRONG = (
    ({"name": ""}, "name", "Please fill this in."), ({"name": "crm"}, "name", "a token of this name already"),
    ({"name": "x" * 65}, "name", "at most 64"), ({"name": "a\nb"}, "name", "one line"), ({"allow_from": "here"}, "allow_from", "here"),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "said"), WRONG)
async def test_faults_stand_beside_their_fields(house: House, changed: dict[str, str], field: str, said: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/interface/tokens", {"name": "shop", "allow_from": "10.0.0.1"} | changed)
    assert (seen.status, said in seen.shown, f'id="e-{field}"' in seen.text) == (422, True, True)
    assert "10.0.0.1" in seen.text or field == "allow_from"
    assert not await audited(house, "token.made")


async def test_tokens_are_the_account_s_own(house: House) -> None:
    bob, jan = await house.browse(OTHER), await house.browse(MEMBER)
    assert "Brak tokenów" in (await bob.get("/interface/tokens")).shown
    assert (await bob.post("/interface/tokens/remove", {"name": "crm"})).status == 404
    assert (await jan.get("/interface/tokens")).status == 403
    assert await call(house, TOKEN) == 1


@pytest.mark.parametrize("text", HOSTILE[:6])
async def test_a_hostile_name_does_nothing(house: House, text: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/interface/tokens", {"name": text})
    again = await anna.get("/interface/tokens")
    for page in (seen, again):
        assert ("<script>alert" in page.text, "<img src=x" in page.text) == (False, False)
    assert (await anna.post("/interface/tokens/remove", {"name": text})).status in (303, 404)


async def test_refused_calls_are_noted(house: House) -> None:
    anna, bob = await house.browse(OWNER), await house.browse(OTHER)
    assert "No errors" in (await anna.get("/interface/errors")).shown
    answer = await anna.post("/interface/console", {"token": TOKEN, "type": "sms", "format": "json"})
    assert answer.status == 200
    await house.server.usage.write(everything=True)
    seen = await anna.get("/interface/errors")
    assert (LIST_ACTION in seen.shown, "No errors" in seen.shown) == (True, False)
    assert "Brak błędów" in (await bob.get("/interface/errors")).shown
    assert (await anna.get("/interface/errors?before=x")).status == 200


async def test_the_pages_of_the_interface_say_what_to_do(house: House) -> None:
    anna = await house.browse(OWNER)
    for path in ("/interface", "/interface/samples"):
        seen = await anna.get(path)
        assert (seen.status, house.url in seen.text) == (200, True)
        assert TOKEN not in seen.text

"""The console: a real call with the rights of whoever is chosen, its request and its answer."""

from __future__ import annotations

import pytest

from odzew.wire.published import LIST_ACTION
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, PASSWORD, TOKEN, House

FORM = {"token": TOKEN, "limit": "10", "format": "json"}


async def test_a_call_with_a_token_is_shown_whole(house: House) -> None:
    await house.bring(house.arrival("Zażółć gęślą jaźń"))
    anna = await house.browse(OWNER)
    assert (await anna.get("/interface/console")).status == 200
    seen = await anna.post("/interface/console", FORM)
    for shown in (LIST_ACTION, "Zażółć gęślą jaźń", "+48500600700", "200", "Bearer TOKEN"):
        assert shown in seen.shown
    assert TOKEN not in seen.text


async def test_a_call_with_a_login_as_xml(house: House) -> None:
    await house.bring(house.arrival("dzień dobry"))
    anna = await house.browse(OWNER)
    seen = await anna.post("/interface/console", {"username": "webapi_acme", "password": PASSWORD, "format": "xml", "type": "ndi"})
    assert ("<?xml" in seen.shown, "dzień dobry" in seen.shown, "username=webapi_acme" in seen.shown) == (True, True, True)
    assert PASSWORD not in seen.text


async def test_it_has_no_rights_of_its_own(house: House) -> None:
    await house.bring(house.arrival("tajne"))
    bob, ewa = await house.browse(OTHER), await house.browse(MASKED)
    wrong = {"username": OTHER, "password": "x"}
    for person, fields in ((bob, {"token": "0" * 32}), (ewa, {"username": MASKED, "password": PASSWORD}), (bob, wrong)):
        seen = await person.post("/interface/console", {"format": "json"} | fields)
        assert (seen.status, "tajne" in seen.shown, "error" in seen.shown) == (200, False, True)


WRONG = (
    ({"token": ""}, "Paste a token"), ({"token": "", "username": "a"}, "Paste a token"), ({"format": "yaml"}, "choose one of the list"),
    ({"token": "x" * 201}, "at most 200"),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "said"), WRONG)
async def test_faults_are_said_and_what_was_typed_stays(house: House, changed: dict[str, str], said: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/interface/console", FORM | {"phone": "600700800"} | changed)
    assert (seen.status, said in seen.shown, 'value="600700800"' in seen.text) == (422, True, True)


async def test_hostile_texts_do_nothing(house: House) -> None:
    await house.bring(*[house.arrival(text) for text in HOSTILE])
    anna = await house.browse(OWNER)
    calls = [FORM | {"limit": "50"}, FORM | {"format": "xml", "limit": "50"}]
    for fields in (*calls, *({"token": text, "phone": text, "format": "json"} for text in HOSTILE[:4])):
        seen = await anna.post("/interface/console", fields)
        assert seen.status == 200
        assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)

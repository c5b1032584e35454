"""A message that was withheld for its sender: what the panel says of it, and offering it to the API after all."""

from __future__ import annotations

import json

import pytest

from odzew.store.db import statement
from tests.panel.house import MASKED, OTHER, OWNER, House
from tests.panel.rows import audited

LISTED, OWN, SHARED = "+48500600799", "+48664078059", "+48799448855"  # on acme's blacklist; its number; a shared one
SAID = "withheld: blacklisted sender"


@pytest.fixture
async def withholding(house: House) -> House:
    """Message 1 is withheld by the number, 2 by the keyword, 3 by neither."""
    await house.server.db.write(statement, "UPDATE numbers SET drop_blacklisted = 1 WHERE address = ?", OWN)
    await house.server.db.write(statement, "UPDATE keywords SET drop_blacklisted = 1 WHERE word = 'ACME'")
    await house.server.present.refresh()
    await house.bring(house.arrival("one", LISTED), house.arrival("ACME two", LISTED, SHARED), house.arrival("AUTO three", LISTED, "71200"))
    return house


async def test_the_inbox_shows_it_with_a_badge(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    seen = await anna.get("/inbox")
    assert (seen.shown.count(SAID), "Read by the API" in seen.text) == (2, False)
    assert [text for text in ("one", "two", "three") if text not in seen.shown] == []
    assert SAID in (await anna.get("/inbox?q=one")).shown


@pytest.mark.parametrize(("key", "whose"), [(1, f"the number {OWN}"), (2, "the keyword ACME")])
async def test_its_page_says_whose_option_it_was(withholding: House, key: int, whose: str) -> None:
    anna = await withholding.browse(OWNER)
    seen = await anna.get(f"/messages/{key}")
    assert SAID in seen.shown
    assert f"The sender was on your blacklist, and {whose} withholds what blacklisted senders write" in seen.shown
    assert "The message is withheld." in seen.shown
    assert "Read by the API no, it is withheld" in seen.shown
    assert LISTED not in (await (await withholding.browse(MASKED)).get(f"/messages/{key}")).shown


async def test_its_page_in_polish(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    await anna.post("/language", {"language": "pl"})
    seen = await anna.get("/messages/1")
    assert "wstrzymana: nadawca na czarnej liście" in seen.shown
    assert f"Nadawca był na Twojej czarnej liście, a numer {OWN} wstrzymuje wiadomości" in seen.shown
    assert "wstrzymana: nadawca na czarnej liście" in (await anna.get("/inbox")).shown


async def test_what_is_not_withheld_says_nothing_of_it(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    seen = await anna.get("/messages/3")
    assert ("withheld" in seen.shown, "not yet" in seen.shown, "on your blacklist" in seen.shown) == (False, True, True)


async def test_an_export_says_it(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    rows = json.loads((await anna.get("/inbox/export.json")).body)
    assert {row["id"]: row["withheld"] for row in rows} == {1: "blacklist", 2: "blacklist", 3: None}


async def test_it_is_offered_to_the_api_after_all(withholding: House) -> None:
    anna, bob = await withholding.browse(OWNER), await withholding.browse(OTHER)
    assert (await bob.post("/messages/1/change", {"do": "offer"})).status == 404
    assert "Offer to the API again" in (await anna.get("/messages/1")).shown
    seen = await anna.follow(await anna.post("/messages/1/change", {"do": "offer"}))
    assert (SAID in seen.shown, "Read by the API not yet" in seen.shown) == (False, True)
    assert "or the message was withheld then" in seen.shown
    rows = await withholding.server.db.read(statement, "SELECT id FROM messages WHERE pulled_at IS NULL ORDER BY id")
    assert [row[0] for row in rows] == [1, 3]
    assert [entry.object for entry in await audited(withholding, "messages.offered")] == ["messages 1"]


async def test_there_is_nothing_to_send_again(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    assert "nothing to send again" in (await anna.follow(await anna.post("/messages/1/change", {"do": "again"}))).shown


async def test_the_conversation_and_the_export_have_it(withholding: House) -> None:
    anna = await withholding.browse(OWNER)
    assert [text for text in ("one", "two", "three") if text not in (await anna.get("/conversations/1")).shown] == []
    exported = (await anna.get("/inbox/export.csv")).text
    assert [text for text in ("one", "two", "three") if text not in exported] == []


@pytest.mark.parametrize(("sender", "withheld"), [(LISTED, True), ("+48500600700", False)])
async def test_the_rule_of_a_text_tells_it(withholding: House, sender: str, withheld: bool) -> None:
    anna = await withholding.browse(OWNER)
    for to, text in ((OWN, "x"), (SHARED, "acme x")):
        seen = await anna.get(f"/rule?to={to.replace('+', '%2B')}&text={text.replace(' ', '+')}&from={sender.replace('+', '%2B')}")
        assert ("the message would be withheld" in seen.shown, "Forwarded to" in seen.shown) == (withheld, not withheld)

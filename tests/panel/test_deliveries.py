"""Deliveries: the list and its filters, one with its attempts, sending again."""

from __future__ import annotations

import re

import pytest

from odzew.store.db import statement
from tests.panel.attempts import Attempts
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House, Seen
from tests.panel.rows import audited


def listed(seen: Seen) -> list[int]:
    return [int(key) for key in re.findall(r'name="id" value="(\d+)" aria-label', seen.text)]


async def owed(house: House, number: int = 3) -> list[int]:
    """Deliveries of so many messages, each called once in vain."""
    attempts = Attempts(house)
    await house.bring(*[house.arrival(f"tekst {place}") for place in range(number)])
    await attempts.are(number)
    while (await house.server.db.read(statement, "SELECT count(*) FROM deliveries WHERE slot > 0"))[0][0] < number:
        continue  # outcomes of first calls may be written a moment later
    return [row[0] for row in await house.server.db.read(statement, "SELECT id FROM deliveries ORDER BY id")]


async def states(house: House) -> list[str]:
    return [row[0] for row in await house.server.db.read(statement, "SELECT state FROM deliveries ORDER BY id")]


async def put(house: House, state: str, *keys: int) -> None:
    for key in keys:
        await house.server.db.write(statement, "UPDATE deliveries SET state = ?, ended_at = 5 WHERE id = ?", state, key)
        await house.server.db.write(statement, "DELETE FROM owed WHERE delivery_id = ?", key)


async def test_the_list_and_one_of_it(house: House) -> None:
    anna = await house.browse(OWNER)
    assert "No deliveries yet" in (await anna.get("/deliveries")).shown
    keys = await owed(house)
    seen = await anna.get("/deliveries")
    assert (sorted(listed(seen)), "waiting" in seen.shown, "tekst 1" in seen.shown) == (keys, True, True)
    seen = await anna.get(f"/deliveries/{keys[0]}")
    for shown in ("waiting", "next call", "1 attempt", "The connection was refused.", "nr=%2B48500600700"):
        assert shown in seen.shown


async def test_filters(house: House) -> None:
    anna, keys = await house.browse(OWNER), await owed(house)
    await put(house, "exhausted", keys[0])
    target = (await house.server.db.read(statement, "SELECT target_id FROM deliveries WHERE id = ?", keys[0]))[0][0]
    for query, expected in (("state=pending", keys[1:]), ("state=exhausted", keys[:1]), ("state=delivered", []), (f"target={target}", keys),
                            ("target=999", []),
                            ("state=exhausted&to=2000-01-01", keys[:1]), ("state=exhausted&from=2000-01-01", [])):  # fmt: skip
        assert (query, sorted(listed(await anna.get(f"/deliveries?{query}")))) == (query, expected)
    for query in ("from=x", "to=9999-12-31", "state=x", "target=x", "after=-1"):
        assert (query, (await anna.get(f"/deliveries?{query}")).status) == (query, 200)


async def test_chosen_ones_are_sent_again(house: House) -> None:
    anna, keys = await house.browse(OWNER), await owed(house)
    await put(house, "exhausted", *keys[:2])
    seen = await anna.follow(await anna.post("/deliveries/again", {"id": [*keys[:2], "x", "9" * 30], "back": "/deliveries"}))
    assert "2 deliveries are sent again." in seen.shown
    assert await states(house) == ["pending"] * 3
    assert "Choose deliveries first." in (await anna.follow(await anna.post("/deliveries/again"))).shown
    assert (await anna.post("/deliveries/again", {"id": keys[0], "back": "//evil.example"})).location == "/deliveries"
    assert len(await audited(house, "deliveries.sent_again")) == 2


async def test_all_of_a_filter_are_sent_again(house: House) -> None:
    anna, keys = await house.browse(OWNER), await owed(house)
    await put(house, "exhausted", *keys)
    answer = await anna.post("/deliveries/many", {"state": "exhausted", "rate": "1000"})
    assert "They are being sent again, 1000 a second" in (await anna.follow(answer)).shown
    while "exhausted" in await states(house):  # it goes on by itself
        await anna.get("/deliveries/errands")
    assert (await anna.get("/deliveries/errands", hx_request="true")).status == 200
    for fields in ({"state": "pending", "rate": "100"}, {"rate": "100"}, {"state": "exhausted", "rate": "7"}):
        assert "Choose a state" in (await anna.follow(await anna.post("/deliveries/many", fields))).shown


async def test_another_account_s_are_not_there(house: House) -> None:
    bob, keys = await house.browse(OTHER), await owed(house, 1)
    await put(house, "exhausted", *keys)
    assert (await bob.get(f"/deliveries/{keys[0]}")).status == 404
    assert (await bob.post("/deliveries/again", {"id": keys[0]})).status == 404
    assert listed(await bob.get("/deliveries")) == []
    await bob.post("/deliveries/many", {"state": "exhausted", "rate": "100"})
    assert (await house.server.db.read(statement, "SELECT state FROM deliveries"))[0][0] == "exhausted"
    assert (await bob.get("/deliveries/999999")).status == 404


async def test_numbers_are_masked(house: House) -> None:
    ewa, keys = await house.browse(MASKED), await owed(house, 1)
    for path in ("/deliveries", f"/deliveries/{keys[0]}"):
        seen = await ewa.get(path)
        assert ("+48500***700" in seen.shown, "500600700" in seen.text) == (True, False)


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_do_nothing(house: House, text: str) -> None:
    anna = await house.browse(OWNER)
    await house.bring(house.arrival(text))
    key = (await house.server.db.read(statement, "SELECT max(id) FROM deliveries"))[0][0]
    for path in ("/deliveries", f"/deliveries/{key}"):
        seen = await anna.get(path)
        assert seen.status == 200
        assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)

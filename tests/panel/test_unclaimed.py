"""Unclaimed messages given to accounts."""

from __future__ import annotations

import pytest

from odzew.store import audit, messages
from tests.panel.house import HOSTILE, OPERATOR, OWNER, House, Person

SHARED = "+48799448855"


@pytest.fixture
async def ops(house: House) -> Person:
    return await house.browse(OPERATOR)


async def test_several_are_given_at_once_and_are_forwarded(house: House, ops: Person) -> None:
    ids = await house.bring(*(house.arrival(f"lost {n}", recipient=SHARED) for n in range(3)))
    seen = await ops.get("/operator/unclaimed")
    assert "lost 0" in seen.shown
    done = await ops.post("/operator/unclaimed", {"account": "acme", "kind": "", "id": [str(ids[0]), str(ids[2])]})
    assert done.location == "/operator/unclaimed", done.shown
    assert "2 messages were given to Acme sp. z o.o." in (seen := await ops.follow(done)).shown
    assert "lost 1" in seen.shown
    assert "lost 2" not in seen.shown
    found = await house.server.db.read(messages.get, [key for key in ids if key])
    assert [found[key].account_id for key in ids if key] == [house.account_id(), None, house.account_id()]
    assert found[ids[0] or 0].kind == "nd"
    anna = await house.browse(OWNER)
    assert "lost 2" in (await anna.get("/inbox")).shown
    entries, _ = await house.server.db.read(audit.page, house.account_id())
    assert [entry.action for entry in entries].count("messages.assigned") == 2


async def test_to_a_number_that_is_not_ours_a_kind_is_needed(house: House, ops: Person) -> None:
    (key,) = await house.bring(house.arrival("wrong number", recipient="+48600000001"))
    fields = {"account": "globex", "id": str(key)}
    seen = await ops.post("/operator/unclaimed", fields | {"kind": ""})
    assert (seen.status, "say its kind" in seen.shown) == (422, True)
    assert (await ops.post("/operator/unclaimed", fields | {"kind": "ndi"})).status == 303
    assert (await house.server.db.read(messages.get, [key]))[key].kind == "ndi"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"account": "acme"}, "Choose messages first."),
        ({"account": "", "id": "1"}, "Choose the account that they go to."),
        ({"account": "nobody", "id": "1"}, "Choose the account that they go to."),
        ({"account": "acme", "id": "999"}, "there is no message 999"),
        ({"account": "acme", "id": "1", "kind": "unclaimed"}, "Please choose one of the list."),
        ({"account": "acme", "id": "x"}, "Choose messages first."),
    ],
)
async def test_what_cannot_be_given_is_told(house: House, ops: Person, fields: dict[str, str], said: str) -> None:
    await house.bring(house.arrival("lost", recipient=SHARED))
    seen = await ops.post("/operator/unclaimed", fields)
    assert (seen.status, said in seen.shown) == (422, True), seen.shown


async def test_one_that_is_claimed_meanwhile_stays_whose_it_is(house: House, ops: Person) -> None:
    (key,) = await house.bring(house.arrival("own"))
    await house.bring(house.arrival("lost", recipient=SHARED))
    seen = await ops.post("/operator/unclaimed", {"account": "globex", "id": str(key)})
    assert (seen.status, "it belongs to acme" in seen.shown) == (422, True)


async def test_older_ones_are_on_the_next_page(house: House, ops: Person) -> None:
    await house.bring(*(house.arrival(f"lost {n}.", recipient=SHARED) for n in range(60)))
    first = await ops.get("/operator/unclaimed")
    assert "lost 59." in first.shown
    assert "lost 9." not in first.shown
    assert "lost 9." in (await ops.get("/operator/unclaimed?before=11")).shown


async def test_hostile_texts_do_nothing(house: House, ops: Person) -> None:
    await house.bring(*(house.arrival(text, recipient=SHARED) for text in HOSTILE))
    seen = await ops.get("/operator/unclaimed")
    assert seen.status == 200
    assert "<script>alert" not in seen.text
    assert "<svg onload" not in seen.text
    assert "U+202E" in seen.text

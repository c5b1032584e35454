"""What the API returns of blacklisted senders: all, but for what the option `drop_blacklisted` withholds (contract 5.11)."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.model import Arrival
from odzew.store.seen import offer_again
from tests.api.house import House
from tests.builders import PHONE, a_number

PLAIN, DROPPING, PREMIUM = "+48664000001", "+48664000002", "71200"
OTHER = "+48500600701"


def arrival(recipient: str, sender: str = PHONE) -> Arrival:
    return Arrival(1, sender, recipient, b"text", "text")


async def listed(house: House, path: str = "/messages/recived", **wanted: Any) -> list[tuple[int, bool | None]]:
    answer = (await house.client.post(path, wanted)).json
    return [(item["id"], item.get("blacklist")) for item in answer["items"]]


@pytest.fixture
async def withholding(both: House) -> House:
    """Messages 1 and 2 to a number without the option, 3 (withheld) and 4 to one with it, 5 (withheld) and 6 premium ones."""
    for address, service, drops in ((PLAIN, "ndi", 0), (DROPPING, "ndi", 1), (PREMIUM, "pri", 1)):
        await both.set_up(a_number, address, service, 1, drop_blacklisted=drops)
    assert (await both.client.post("/blacklist/add", {"phone": PHONE})).json["success"]
    for recipient in (PLAIN, DROPPING, PREMIUM):
        await both.inbox.receive([arrival(recipient), arrival(recipient, OTHER)])
    return both


async def test_only_what_the_option_withholds_is_not_offered(withholding: House) -> None:
    assert await listed(withholding) == [(1, True), (2, False), (4, False), (6, False)]
    assert await listed(withholding, type="ndi", phone=PHONE) == [(1, True)]
    paging = (await withholding.client.post("/messages/recived", {"page": 1, "limit": 2})).json["paging"]
    assert paging == {"page": 1, "count": 2}
    assert await listed(withholding, read=True) == [(1, True), (2, False), (4, False), (6, False)]
    assert (await listed(withholding), await withholding.unread()) == ([], [])


async def test_it_is_no_premium_message_either(withholding: House) -> None:
    assert await listed(withholding, "/premium/index") == [(6, None)]
    answer = (await withholding.client.post("/premium/index", {"page": 1, "limit": 1})).json
    assert ([item["id"] for item in answer["items"]], answer["paging"]) == ([6], {"page": 1, "count": 1})


async def test_it_is_returned_once_it_is_offered_again(withholding: House) -> None:
    await withholding.db.write(offer_again, [3, 5], 1)
    withholding.freshness.touch([1])
    assert await listed(withholding, read=True, phone=PHONE) == [(1, True), (3, True), (5, True)]
    assert await listed(withholding, "/premium/index") == [(5, None), (6, None)]


async def test_who_is_off_the_blacklist_is_offered_from_then_on(withholding: House) -> None:
    await withholding.client.post("/blacklist/delete", {"phone": PHONE})
    await withholding.inbox.receive([arrival(DROPPING)])
    assert (await listed(withholding))[-1] == (7, False)
    assert 3 not in [key for key, _ in await listed(withholding)]

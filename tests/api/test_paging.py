"""`page`, `limit`, `order` and the filters of the list (contract 2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.house import House
from tests.api.samples import at
from tests.builders import PHONE, a_message, an_account, store_messages

PAGES: tuple[tuple[str, dict[str, Any], list[int], dict[str, int] | None], ...] = (
    ("neither: everything and no paging", {}, list(range(1, 251)), None),
    ("limit", {"limit": 3}, [1, 2, 3], {"page": 1, "count": 84}),
    ("page and limit", {"page": 2, "limit": 100}, list(range(101, 201)), {"page": 2, "count": 3}),
    ("the last page is short", {"page": 3, "limit": 100}, list(range(201, 251)), {"page": 3, "count": 3}),
    ("only page: a hundred", {"page": 1}, list(range(1, 101)), {"page": 1, "count": 3}),
    ("beyond the end", {"page": 4, "limit": 100}, [], {"page": 4, "count": 3}),
    ("far beyond the end", {"page": 10**30, "limit": 1000}, [], {"page": 10**15, "count": 1}),
    ("exactly one page", {"limit": 250}, list(range(1, 251)), {"page": 1, "count": 1}),
    ("limit over 1000", {"limit": 4000}, list(range(1, 251)), {"page": 1, "count": 1}),
    ("newest first", {"limit": 2, "order": "desc"}, [250, 249], {"page": 1, "count": 125}),
    ("newest first, second page", {"limit": 2, "page": 2, "order": "desc"}, [248, 247], {"page": 2, "count": 125}),
)


async def test_pages(both: House) -> None:
    await store_messages(both.db, *[a_message(n) for n in range(1, 251)])
    for _ in range(2):  # asked again, the answers are the same, whatever is remembered
        for name, body, ids, paging in PAGES:
            answer = await both.client.post("/messages/recived", body)
            assert (answer.ids, answer.json.get("paging")) == (ids, paging), name


async def test_nothing_at_all_is_one_page(both: House) -> None:
    assert (await both.client.post("/messages/recived", {"limit": 5})).json == {"items": [], "paging": {"page": 1, "count": 1}}
    assert (await both.client.post("/messages/recived")).json == {"items": []}


async def test_a_limit_over_1000_is_1000(house: House) -> None:
    await store_messages(house.db, *[a_message(n) for n in range(1, 1003)])
    answer = await house.client.post("/messages/recived", {"limit": 5000})
    assert (answer.ids, answer.json["paging"]) == (list(range(1, 1001)), {"page": 1, "count": 2})


@pytest.mark.parametrize("name", ["page", "limit"])
async def test_what_is_no_page(house: House, name: str) -> None:
    values: tuple[Any, ...] = (0, -1, "0", "-5", "x", "1.5", 1.5, True, [1], {}, "١", "1e3", "-" + "9" * 40, " ")
    for value in values:
        answer = await house.client.post("/messages/recived", {name: value})
        assert (answer.json["error"]["code"], answer.json["error"]["field"]) == (1006, name), value


async def test_with_read_the_page_is_only_echoed(both: House) -> None:
    await store_messages(both.db, *[a_message(n) for n in range(1, 6)])
    seen = [await both.client.post("/messages/recived", {"read": True, "limit": 2, "page": page}) for page in (1, 2, 3, 4)]
    assert [answer.ids for answer in seen] == [[1, 2], [3, 4], [5], []]
    assert [answer.json["paging"] for answer in seen] == [
        {"page": 1, "count": 3}, {"page": 2, "count": 2}, {"page": 3, "count": 1}, {"page": 4, "count": 1},
    ]  # fmt: skip


async def test_order_is_by_time_then_id(both: House) -> None:
    times = {5: 100, 4: 100, 3: 300, 2: 200, 1: 200}
    await store_messages(both.db, *[a_message(n, received_at=at("2014-10-21 12:00:00") + t) for n, t in times.items()])
    assert (await both.client.post("/messages/recived")).ids == [4, 5, 1, 2, 3]
    assert (await both.client.post("/messages/recived", {"order": "desc"})).ids == [3, 2, 1, 5, 4]


async def test_times_are_inclusive_and_those_of_the_account(both: House) -> None:
    noon = at("2014-10-21 12:00:00")
    await store_messages(
        both.db,
        a_message(1, received_at=noon - 1),
        a_message(2, received_at=noon),
        a_message(3, received_at=noon + 999_999),
        a_message(4, received_at=noon + 1_000_000),
        a_message(5, received_at=at("2014-10-22 00:00:00")),
    )
    cases: tuple[tuple[dict[str, Any], list[int]], ...] = (
        ({"date_from": "2014-10-21 12:00:00"}, [2, 3, 4, 5]),
        ({"date_to": "2014-10-21 12:00:00"}, [1, 2, 3]),
        ({"date_from": "2014-10-21 12:00:00", "date_to": "2014-10-21 12:00:00"}, [2, 3]),
        ({"date_to": "2014-10-21"}, [1, 2, 3, 4]),
        ({"date_from": "2014-10-22"}, [5]),
        ({"date_from": "2014-10-22", "date_to": "2014-10-21"}, []),
        ({"date_from": "2014-10-21 12:00:00", "order": "desc", "limit": 2}, [5, 4]),
    )
    for body, ids in cases:
        assert (await both.client.post("/messages/recived", body)).ids == ids, body


async def test_a_repeated_hour(house: House) -> None:
    """On 2014-10-26 the clocks of Warsaw showed 02:30 twice, an hour apart."""
    first, second = at("2014-10-26 02:30:00"), at("2014-10-26 02:30:00") + 3_600_000_000
    await store_messages(house.db, a_message(1, received_at=first), a_message(2, received_at=second))
    shown = (await house.client.post("/messages/recived", {"date_from": "2014-10-26 02:30:00", "date_to": "2014-10-26 02:30:00"})).json
    assert [(item["id"], item["recived"]) for item in shown["items"]] == [(1, "2014-10-26 02:30:00"), (2, "2014-10-26 02:30:00")]
    assert (await house.client.post("/messages/recived", {"date_from": "2014-10-26 02:31:00"})).ids == [2]


async def test_a_skipped_hour_moves_forward(house: House) -> None:
    await store_messages(house.db, a_message(1, received_at=at("2014-03-30 03:00:00")), a_message(2, received_at=at("2014-03-30 03:30:00")))
    assert (await house.client.post("/messages/recived", {"date_from": "2014-03-30 02:30:00"})).ids == [2]


async def test_each_account_sees_its_own(both: House) -> None:
    other = await both.set_up(an_account, "other", time_zone="UTC")
    await store_messages(both.db, a_message(1), a_message(2, other), a_message(3, None, "unclaimed"))
    assert (await both.client.post("/messages/recived")).ids == [1]


async def test_types_and_numbers(both: House) -> None:
    own, another = "+48799448855", "+48664078059"
    await store_messages(
        both.db,
        a_message(1, kind="eco"), a_message(2, kind="nd", recipient=own), a_message(3, kind="ndi", recipient=own),
        a_message(4, kind="ndi", recipient=another), a_message(5, kind="pre", recipient="71200"), a_message(6, kind="mms", recipient=own),
    )  # fmt: skip
    cases: tuple[tuple[dict[str, Any], list[int]], ...] = (
        ({"type": "eco"}, [1]), ({"type": "nd"}, [2]), ({"type": "ndi"}, [3, 4]), ({"type": "pre"}, [5]), ({"type": "mms"}, [6]),
        ({"ndi": own}, [3]), ({"ndi": "664078059"}, [4]), ({"ndi": own, "type": "ndi"}, [3]), ({"ndi": own, "type": "nd"}, []),
        ({"ndi": "71200"}, []), ({"type": "eco", "phone": PHONE}, [1]), ({"type": "eco", "limit": 5}, [1]),
        ({"type": ""}, [1, 2, 3, 4, 5, 6]),
    )  # fmt: skip
    for body, ids in cases:
        answer = await both.client.post("/messages/recived", body)
        assert answer.ids == ids, body
        if "limit" in body:
            assert answer.json["paging"] == {"page": 1, "count": 1}


async def test_many_senders(both: House) -> None:
    await store_messages(both.db, *[a_message(n, sender=f"+48500{n:06}") for n in range(1, 201)])
    for some in (range(1, 201, 7), range(3, 201, 2)):  # few are looked up, many are met on the way
        body = {"phone": [f"500{n:06}" for n in some], "limit": 1000}
        answer = await both.client.post("/messages/recived", body)
        assert (answer.ids, answer.json["paging"]["count"]) == (list(some), 1)
    answer = await both.client.post("/messages/recived", {"phone": [f"500{n:06}" for n in range(1, 10_001)], "limit": 5, "page": 2})
    assert (answer.ids, answer.json["paging"]["count"]) == ([6, 7, 8, 9, 10], 40)

"""`contacts/import` over HTTP (contract 4), in every form that clients send it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.house import House

ROWS = [{"phone": "500600700", "email": "jan@a.pl", "first_name": "Jan"}, {"phone": "500600800", "last_name": "Łoś & Syn"}]
FORM = (
    "group_name=New+group&contact%5B0%5D%5Bphone%5D=500600700&contact%5B0%5D%5Bemail%5D=jan%40a.pl&contact%5B0%5D%5Bfirst_name%5D=Jan"
    "&contact%5B1%5D%5Bphone%5D=500600800&contact%5B1%5D%5Bemail%5D=&contact%5B1%5D%5Blast_name%5D=%C5%81o%C5%9B%20%26%20Syn"
)
FORMS: tuple[tuple[str, object], ...] = (
    ("an array", {"group_name": "New group", "contact": ROWS}),
    ("an array of texts and nulls", {"group_name": "New group", "contact": [{"company": None, "city": ""} | row for row in ROWS]}),
    ("a text of JSON in JSON", {"group_name": "New group", "contact": json.dumps(ROWS)}),
    ("a text of JSON in a form", b"group_name=New+group&contact=" + json.dumps(ROWS, ensure_ascii=False).replace("&", "%26").encode()),
    ("an object with numbers for keys", {"group_name": "New group", "contact": {"0": ROWS[0], "7": ROWS[1]}}),
    ("a form with numbers", FORM.encode()),
    ("a form without escapes", FORM.replace("%5B", "[").replace("%5D", "]").encode()),
    ("a form without numbers", FORM.replace("%5B0%5D", "[]").replace("%5B1%5D", "[]").encode()),
)


@pytest.mark.parametrize(("name", "body"), FORMS)
async def test_every_form_brings_the_same(house: House, name: str, body: object) -> None:
    answer = (await house.client.post("/contacts/import", body)).json
    assert answer == {"success": True, "id": answer["id"], "correct": 2, "failed": 0}, name
    assert list(answer) == ["success", "id", "correct", "failed"]
    items = (await house.client.post("/contacts/index", {"group_id": answer["id"]})).json["items"]
    assert [(item["phone"], item["email"], item["first_name"], item["last_name"], item["group_name"]) for item in items] == [
        ("+48500600700", "jan@a.pl", "Jan", None, "New group"), ("+48500600800", None, None, "Łoś & Syn", "New group"),
    ]  # fmt: skip
    assert (await house.client.post("/contacts/index", {"search": "los"})).json["items"] == items[1:]


async def test_the_answer_in_xml(house: House) -> None:
    root = (await house.client.post("/contacts/import.xml", {"group_name": "g", "contact": [*ROWS, {}]})).xml
    assert {child.tag: child.text for child in root} == {"success": "true", "id": "1", "correct": "2", "failed": "1"}


async def test_rows_that_are_none_are_counted(both: House) -> None:
    bad: list[Any] = [
        {}, {"phone": "+"}, {"phone": ""}, {"phone": "500600700", "city": "x" * 251}, {"phone": ["500600700"]}, {"phone": {}}, 7,
        "x", None, [], {"phone": "500600700", "email": []},
    ]  # fmt: skip
    answer = (await both.client.post("/contacts/import", {"group_name": "g", "contact": [*bad, *ROWS]})).json
    assert (answer["success"], answer["correct"], answer["failed"]) == (True, 2, len(bad))
    answer = (await both.client.post("/contacts/import", {"group_name": "g", "contact": bad})).json
    assert (answer["success"], answer["correct"], answer["failed"]) == (False, 0, len(bad))
    assert len((await both.client.post("/contacts/index")).json["items"]) == 2


async def test_a_number_that_is_there_keeps_what_the_row_does_not_say(both: House) -> None:
    key = (await both.client.post("/contacts/add", {"phone": "500600700", "first_name": "Adam", "city": "Łódź"})).json["id"]
    body = {"group_name": "g", "contact": [*ROWS, {"phone": "+48500600800", "city": "Rzym"}]}
    for _ in range(2):
        answer = (await both.client.post("/contacts/import", body)).json
        assert (answer["correct"], answer["failed"]) == (3, 0)
    items = (await both.client.post("/contacts/index")).json["items"]
    assert [(item["id"] == key, item["first_name"], item["last_name"], item["city"], item["group_name"]) for item in items] == [
        (True, "Jan", None, "Łódź", "g"), (False, None, "Łoś & Syn", "Rzym", "g"),
    ]  # fmt: skip


async def test_more_than_ten_thousand_rows(both: House) -> None:
    rows = [{"phone": f"+4850{n:07}", "first_name": "A", "last_name": f"B{n}"} for n in range(10_500)]
    answer = (await both.client.post("/contacts/import", {"group_name": "many", "contact": rows})).json
    assert (answer["correct"], answer["failed"]) == (10_500, 0)
    assert (await both.client.post("/groups/view", {"id": answer["id"]})).json["count"] == 10_500
    page = (await both.client.post("/contacts/index", {"search": "B10499"})).json["items"]
    assert [item["phone"] for item in page] == ["+48500010499"]


async def test_what_is_missing_or_wrong(house: House) -> None:
    cases: tuple[tuple[object, int, str], ...] = (
        ({"contact": ROWS}, 2000, "group_name"), ({"group_name": "g"}, 2000, "contact"),
        ({"group_name": "g", "contact": []}, 2000, "contact"),
        ({"group_name": "g", "contact": ""}, 2000, "contact"), ({"group_name": "x" * 101, "contact": ROWS}, 1006, "group_name"),
        ({"group_name": ["g"], "contact": ROWS}, 1006, "group_name"), ({"group_name": " ", "contact": ROWS}, 2000, "group_name"),
        ({"group_name": "g", "contact": 7}, 1006, "contact"), ({"group_name": "g", "contact": True}, 1006, "contact"),
        ({"group_name": "g", "contact": "500600700"}, 1006, "contact"), ({"group_name": "g", "contact": "[{"}, 1006, "contact"),
        ({"group_name": "g", "contact": "[" * 100_000}, 1006, "contact"), ({"group_name": "g", "contact": "[NaN]"}, 1006, "contact"),
        ({"group_name": "g", "contact": '[{"phone":1,"phone":2}]'}, 1006, "contact"), ({"group_name": "g", "contact": {}}, 1006, "contact"),
        ({"group_name": "g", "contact": {"phone": "500600700"}}, 1006, "contact"), (b"group_name=g&contact[a]=1", 1006, "contact"),
        ({"group_name": "g", "contact": [{}] * 50_001}, 1006, "contact"),
        (b"group_name=g&contact[0][phone]=%ff", 1006, "contact[0][phone]"),
    )  # fmt: skip
    for body, code, field in cases:
        error = (await house.client.post("/contacts/import", body)).json["error"]
        assert (error["code"], error.get("field")) == (code, field), str(body)[:80]
    assert (await house.client.post("/groups/index")).json == {"items": []}
    assert (await house.client.post("/contacts/index")).json == {"items": []}


async def test_objects_in_a_form_are_still_refused_elsewhere(house: House) -> None:
    for body, field in ((b"read[0][a]=1", "read"), (b"type[0][a]=nd", "type"), (b"page[][a]=1", "page")):
        error = (await house.client.post("/messages/recived", body)).json["error"]
        assert (error["code"], error["field"]) == (1006, field)
    assert (await house.client.post("/messages/recived", b"phone[0][a]=500600700")).code == 2001
    answer = (await house.client.post("/contacts/import", b"group_name=g&contact[]=500600700")).json
    assert (answer["correct"], answer["failed"]) == (0, 1)
    answer = (await house.client.post("/contacts/import", b"group_name=g&contact[0][phone]=500600700&contact[0][phone]=500600701")).json
    assert (answer["correct"], answer["failed"]) == (0, 1)

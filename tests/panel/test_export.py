"""The export: all that the filters find, in both forms, with nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.panel.pages.export import COLUMNS, FORMULA, MARK, cell
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House, Seen, fill, mms

Table = list[dict[str, str]]


def table(seen: Seen, separator: str = ",") -> Table:
    assert seen.status == 200, seen.shown
    text = seen.body.decode("utf-8")
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), delimiter=separator))


async def test_both_forms_have_what_the_list_shows(house: House) -> None:
    ids = await house.bring(
        house.arrival("ACME a", "+48500600700", "+48799448855"), house.arrival('dwie\nlinie, "cudzysłów"; i średnik'), mms(house),
        house.arrival("GLOBEX nie dla was", "+48500600700", "+48799448855"),
    )  # fmt: skip
    anna = await house.browse(OWNER)
    seen = await anna.get("/inbox/export.csv")
    rows = table(seen)
    assert [int(row["id"]) for row in rows] == ids[2::-1]
    assert tuple(rows[0]) == COLUMNS
    assert (rows[1]["text"], rows[1]["contact"], rows[1]["from"]) == (
        'dwie\nlinie, "cudzysłów"; i średnik',
        "Jan Kowalski",
        "'+48500600700",
    )
    assert (rows[0]["kind"], rows[0]["title"], rows[2]["keyword"], rows[2]["incomplete"], rows[2]["withheld"]) == (
        "mms",
        "Wakacje",
        "ACME",
        "no",
        "",
    )
    assert seen.headers["content-type"] == "text/csv; charset=utf-8"
    assert seen.headers["content-disposition"].startswith('attachment; filename="messages-')
    found: list[dict[str, Any]] = json.loads((await anna.get("/inbox/export.json")).body)
    assert [record["id"] for record in found] == ids[2::-1]
    assert (found[1]["from"], found[1]["text"], found[2]["incomplete"], found[2]["withheld"]) == (
        "+48500600700",
        rows[1]["text"],
        False,
        None,
    )
    assert found[0]["received_at"].endswith(("+01:00", "+02:00"))


async def test_filters_hold_for_the_file_too(house: House) -> None:
    await fill(house)
    anna = await house.browse(OWNER)
    for query, number in (
        ("kind=eco", 1),
        ("q=informacje", 1),
        ("contact=1", 3),
        ("kind=mms&q=zzz", 0),
        ("to=2000-01-01", 0),
        ("unseen=1", 18),
    ):
        assert (query, len(json.loads((await anna.get(f"/inbox/export.json?{query}")).body))) == (query, number)
        assert len(table(await anna.get(f"/inbox/export.csv?{query}"))) == number
        page = await anna.get(f"/inbox/export?{query}")
        assert (f"{number} message" in page.shown) == (number > 0)
        assert ("Nothing to export" in page.shown) == (number == 0)
    for query in ("kind=unclaimed", "kind=x", "contact=99"):
        assert [(await anna.get(f"/inbox/export{form}?{query}")).status for form in ("", ".csv", ".json")] == [404] * 3
    assert [(await anna.get(f"/inbox/export{form}?from=x")).status for form in ("", ".csv", ".json")] == [422, 404, 404]


async def test_only_the_account_s_own_and_numbers_as_they_may_be_seen(house: House) -> None:
    await fill(house)
    bob, ewa = await house.browse(OTHER), await house.browse(MASKED)
    assert [row["text"] for row in table(await bob.get("/inbox/export.csv"), ";")] == ["GLOBEX cześć"]
    for form in ("csv", "json"):
        body = (await ewa.get(f"/inbox/export.{form}")).body.decode()
        assert "500600" not in body
        assert "+48500***700" in body
    assert "masked in the file too" in (await ewa.get("/inbox/export")).shown
    assert (await ewa.get("/inbox/export.csv?q=48500600702")).status == 404
    assert (await ewa.get("/inbox/export.csv?sender=500600702")).status == 404


async def test_no_cell_is_a_formula(house: House) -> None:
    await house.bring(*[house.arrival(text) for text in (*HOSTILE, "\tx", "-1+1")], house.arrival("a", sender="=cmd|x"))
    anna = await house.browse(OWNER)
    rows = table(await anna.get("/inbox/export.csv"))
    assert len(rows) == len(HOSTILE) + 3
    for row in rows:
        assert not [value for value in row.values() if value.startswith(FORMULA)]
    assert {"'" + text if text.startswith(FORMULA) else text for text in HOSTILE} <= {row["text"] for row in rows}


async def test_what_is_over_one_window_is_all_there_once(house: House) -> None:
    ids = await house.bring(*[house.arrival(str(number)) for number in range(1_203)])
    anna = await house.browse(OWNER)
    assert [int(row["id"]) for row in table(await anna.get("/inbox/export.csv"))] == ids[::-1]
    assert [record["id"] for record in json.loads((await anna.get("/inbox/export.json")).body)] == ids[::-1]
    page = (await anna.get("/inbox/export")).shown
    assert "1,000+ messages" in page
    assert "It is a large one" in page


@given(st.one_of(st.text(), st.integers(), st.none(), st.booleans()))
def test_a_cell_begins_no_formula_and_loses_nothing(value: Any) -> None:
    kept = cell(value)
    assert not kept.startswith(FORMULA)
    if isinstance(value, str):
        assert kept.removeprefix("'") == value.removeprefix("'") or kept == value


@pytest.mark.parametrize(("value", "kept"), [("=1", "'=1"), ("\r", "'\r"), (-1, "'-1"), (True, "yes"), (None, ""), ("'=1", "'=1")])
def test_cells(value: Any, kept: str) -> None:
    assert cell(value) == kept

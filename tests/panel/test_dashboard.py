"""The dashboard: numbers that lead to their lists, a chart that is a table too, first steps of a new account."""

from __future__ import annotations

import json
import re
from html import unescape

from odzew.clock import DAY, HOUR, FixedClock
from odzew.model import KINDS
from tests.panel.house import MASKED, OPERATOR, OTHER, OWNER, House


async def test_it_counts_what_came_and_links_each_number_to_its_list(full_house: House) -> None:
    anna = await full_house.browse(OWNER)
    seen = await anna.get("/")
    assert "Received today 18" in seen.shown
    assert "Unread 18" in seen.shown
    links = re.findall(r'<a class="card card-link tile[^"]*" href="/panel([^"]+)"', seen.text)
    assert len(links) == 4
    assert {(await anna.get(unescape(link))).status for link in links} == {200}


async def test_the_chart_has_each_kind_in_its_hour(house: House, clock: FixedClock) -> None:
    await house.bring(house.arrival("first"))
    clock.advance(3 * HOUR / 1_000_000)
    await house.bring(house.arrival("second"), house.arrival("ACME third", recipient="+48799448855"))
    anna = await house.browse(OWNER)
    seen = await anna.get("/")
    hourly, daily = (json.loads(unescape(found)) for found in re.findall(r"data-chart='([^']*)'", seen.text))
    assert len(hourly["steps"]) == 48
    assert len(daily["steps"]) == 30
    assert [one["kind"] for one in hourly["series"]] == [kind for kind in KINDS if kind in ("nd", "ndi")]
    values = {one["kind"]: one["values"] for one in hourly["series"]}
    assert (values["ndi"][-4], values["ndi"][-1], values["nd"][-1]) == (1, 1, 1)
    assert sum(sum(one["values"]) for one in daily["series"]) == 3
    assert "As a table" in seen.shown


async def test_an_old_message_is_in_the_month_and_not_in_the_hours(house: House, clock: FixedClock) -> None:
    await house.bring(house.arrival("old"))
    clock.advance(5 * DAY / 1_000_000)
    anna = await house.browse(OWNER)
    hourly, daily = (json.loads(unescape(found)) for found in re.findall(r"data-chart='([^']*)'", (await anna.get("/")).text))
    assert hourly["series"] == []
    assert daily["series"][0]["values"][-6] == 1


async def test_a_new_account_is_told_its_first_steps(house: House) -> None:
    ops = await house.browse(OPERATOR)
    account = {"name": "new", "time_zone": "Europe/Warsaw", "language": "en", "active": "1", "login": "new@new.example"}
    assert (await ops.post("/operator/accounts/new", account | {"password": "correct horse battery"})).status == 303
    fresh = await house.browse("new@new.example")
    assert "First steps" in (await fresh.get("/")).shown
    assert "First steps" not in (await (await house.browse(OWNER)).get("/")).shown


async def test_the_live_part_is_a_part(house: House) -> None:
    bob = await house.browse(OTHER)
    part = await bob.get("/", hx_request="true")
    assert part.status == 200
    assert "<html" not in part.text
    assert "Odebrane dzisiaj 0" in part.shown
    assert (await (await house.browse(MASKED)).get("/")).status == 200


async def test_sources_are_told_in_words(house: House) -> None:
    anna = await house.browse(OWNER)
    assert "Networks : all are connected" in (await anna.get("/")).shown.replace("Networks:", "Networks :")


async def test_an_operator_without_an_account_has_an_overview(house: House) -> None:
    ops = await house.browse(OPERATOR)
    assert (await ops.get("/")).location == "/operator"

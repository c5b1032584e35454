"""Every page in Chromium, in a house full of hostile texts: nothing of them runs, the page is whole, and axe-core finds no barrier."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from odzew.clock import Clock
from odzew.panel.pages.export import COLUMNS, FORMULA
from odzew.panel.routes import PAGES
from tests.databases import migrated_file
from tests.panel.attacks import NAMES, answering, attack
from tests.panel.browser import DESK, PHONE, Window, chromium, window
from tests.panel.conftest import together
from tests.panel.examples import path_to
from tests.panel.house import HOSTILE, NOBODY, OPERATOR, OWNER, House, running

AXE: Final = Path(__file__).parents[1].joinpath("vendor", "axe.min.js").read_text("utf-8")
RUN: Final = """async (only) => {
    const found = await axe.run(document, only ? {runOnly: {type: 'rule', values: only}} : {resultTypes: ['violations']});
    return found.violations.map(one => [one.id, one.nodes.slice(0, 3).map(node => node.target.join(' ') + ': ' + node.html.slice(0, 160)
        + ' ' + (node.any[0]?.message ?? ''))]);
}"""
WRITTEN: Final = """() => [...document.querySelectorAll(
    'script:not([src]), style, iframe, object, embed, [onerror], [onload], [onclick], a[href^="javascript:" i]'
)].map(one => one.outerHTML.slice(0, 200))"""
WIDER: Final = """() => {
    const width = document.documentElement.clientWidth;
    return document.documentElement.scrollWidth <= width ? [] : [...document.querySelectorAll('main *')]
        .filter(one => one.getBoundingClientRect().right > width).slice(0, 5).map(one => one.outerHTML.slice(0, 200));
}"""
SIDEWAYS: Final = """() => [...document.querySelectorAll('.table-responsive')]
    .filter(one => one.checkVisibility() && !one.closest('details:not([open])') && one.scrollWidth > one.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 200))"""
WIDE: Final = ("contact.preview",)
"""Pages that show a table of a stranger's as it is, with as many columns as that has."""
NAMES_OF_PAGES: Final = sorted(page.name for page in PAGES if "GET" in page.methods and page.name not in ("static", "code", "media"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attacked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that was attacked everywhere; its clients' URLs answer with attacks too."""
    folder = tmp_path_factory.mktemp("house")
    async with answering() as client, running(f"sqlite:///{migrated_file(folder / 'house.db')}", folder, Clock(), client) as house:
        house.asked = await attack(house)
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def windows(browser: Browser, attacked: House) -> dict[str, Window]:
    return {who: await window(browser, attacked, who) for who in (OWNER, OPERATOR, NOBODY)}


def who_opens(name: str) -> str:
    page = next(page for page in PAGES if page.name == name)
    return {"anybody": NOBODY, "operator": OPERATOR}.get(page.who, OWNER)


@together
@pytest.mark.parametrize("name", NAMES_OF_PAGES)
async def test_a_page_runs_nothing_of_strangers_and_has_no_barrier(attacked: House, windows: dict[str, Window], name: str) -> None:
    who = who_opens(name)
    path = path_to(attacked, name)
    answer = await (await attacked.enter(who)).get(path)
    if not answer.headers.get("content-type", "").startswith("text/html") or answer.status != 200:
        assert answer.status in (200, 204), answer.shown
        return
    found = windows[who]
    found.faults.clear()
    await found.page.set_viewport_size(DESK)
    await found.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await found.open(path)
    assert await found.page.evaluate(WRITTEN) == []
    if answer.text.lstrip().lower().startswith("<!doctype"):
        assert await _barriers(found) == []
        await found.page.set_viewport_size(PHONE)
        await found.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await found.open(path)
        assert await _barriers(found, "color-contrast") == []
        assert await found.page.evaluate(WIDER) == [], "the page is wider than a phone"
        assert name in WIDE or await found.page.evaluate(SIDEWAYS) == [], "a table must be moved sideways on a phone"
    assert found.faults == []


async def _barriers(found: Window, *only: str) -> Any:
    """What axe-core finds, of all its rules or of these alone."""
    await found.page.evaluate(AXE + ";0")
    return await found.page.evaluate(RUN, list(only) or None)


@together
async def test_the_attacks_were_stored_or_refused_and_broke_nothing(attacked: House) -> None:
    assert not [one for one in attacked.asked if one[2] not in (200, 303, 422, 404)]
    assert {path for path, _, status in attacked.asked if status == 303} >= {"/contacts/new", "/groups", "/account"}


@together
@pytest.mark.parametrize("kind", ["", "?kind=mms", "?q=alert"])
async def test_a_table_has_a_cell_for_everything_and_no_formula(attacked: House, kind: str) -> None:
    answer = await (await attacked.enter(OWNER)).get(f"/inbox/export.csv{kind}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
    as_json = json.loads((await (await attacked.enter(OWNER)).get(f"/inbox/export.json{kind}")).body)
    assert len(as_json) == len(rows) - 1
    if not kind:
        assert set(HOSTILE) <= {record["text"] for record in as_json}, "the text of the network is kept as it was"


@together
async def test_the_contacts_leave_as_a_table_without_formulas(attacked: House) -> None:
    answer = await (await attacked.enter(OWNER)).get("/contacts/export.csv")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    assert len(rows) > len(HOSTILE)
    assert len({len(row) for row in rows}) == 1
    assert not [
        cell
        for row in rows
        for cell in row
        if cell.startswith(("=", "@", "\t", "\r")) or (cell.startswith(("+", "-")) and not cell[1:].isdigit())
    ]


@together
async def test_an_attachment_is_never_run(attacked: House, browser: Browser) -> None:
    anna = await attacked.enter(OWNER)
    found = await window(browser, attacked, OWNER)
    seen = []
    for key in range(1, 40):
        answer = await anna.get(f"/media/{key}")
        if answer.status == 404:
            break
        seen.append(answer.headers["content-disposition"])
        kind = answer.headers["content-type"]
        assert kind in ("application/octet-stream", "image/png", "audio/mpeg"), kind
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        if kind == "application/octet-stream":
            assert answer.headers["content-disposition"].startswith("attachment; ")
        else:
            await found.open(f"/media/{key}")
    assert len(seen) >= len(NAMES)
    assert not [name for name in seen if "/" in name or "<" in name or "\u202e" in name]
    assert [fault for fault in found.faults if "alert" in fault or "dialog" in fault] == []


@together
async def test_what_a_client_answered_is_shown_and_not_run(attacked: House, browser: Browser) -> None:
    found = await window(browser, attacked, OWNER)
    target = next(one.id for one in attacked.server.present.directory.targets.values() if one.url and "/eco" in one.url)
    await found.open(f"/targets/{target}")
    await found.page.locator(f"form[action='{path_of_test(target)}'] button").first.click()
    await found.page.wait_for_load_state("load")
    text = await found.text()
    assert "<script>alert(11)</script>" in text
    assert await found.page.evaluate(WRITTEN) == []
    assert found.faults == []


def path_of_test(target: int) -> str:
    return f"/panel/targets/{target}/test"

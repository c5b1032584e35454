"""Pictures of the panel's pages: `python -m tests.panel.pictures --out FOLDER [name of a page ...]`.

Each page at the width of a desk (1280) and of a phone (390), light and dark, of a server with messages of every kind.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from odzew.clock import Clock
from odzew.panel.page import Page as PanelPage
from odzew.panel.routes import PAGES, url_of
from odzew.simulate.client import Client
from tests.panel.examples import values_of
from tests.panel.house import OPERATOR, OWNER, PASSWORD, House, fill, running

SIZES: Final = {"desk": (1280, 900), "phone": (390, 844)}
SCHEMES: Final = ("light", "dark")


async def log_in(page: Page, url: str, login: str) -> None:
    """Logs in as a person does."""
    await page.goto(f"{url}/panel/login")
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main form button.btn-primary")
    await page.wait_for_load_state("load")


async def launch(playwright: Any) -> Browser:
    """Debian's Chromium."""
    browser: Browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    return browser


async def shoot(house: House, out: Path, names: list[str]) -> None:
    """Takes the pictures of the pages named, of all where none are."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        for size, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                for who in (OWNER, OPERATOR):
                    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
                    page = await context.new_page()
                    page.on("console", _tell)
                    if who == OWNER and (not names or "login" in names):
                        await page.goto(f"{house.url}/panel/login")
                        await page.screenshot(path=out / f"login-{size}-{scheme}.png", full_page=True)
                    await log_in(page, house.url, who)
                    for one in PAGES:
                        if _wanted(one, who, names):
                            await page.goto(house.url + url_of(one.name, **values_of(house, one.name)))
                            await page.screenshot(path=out / f"{one.name}-{size}-{scheme}.png", full_page=True)
                    await context.close()
        await browser.close()


def _tell(line: ConsoleMessage) -> None:
    sys.stderr.write(f"console: {line.text}\n")


def _wanted(page: PanelPage, who: str, names: list[str]) -> bool:
    if "GET" not in page.methods or page.who == "anybody" or (names and page.name not in names):
        return False
    return (page.who == "operator") == (who == OPERATOR)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        client = Client()
        await client.start()
        async with running(f"sqlite:///{folder}/pictures.db", Path(folder), Clock(), client.url) as house:
            await fill(house)
            await shoot(house, asked.out, asked.names)
        await client.stop()


if __name__ == "__main__":
    asyncio.run(main())

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
from typing import Any, Final, Literal

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from odzew.clock import Clock
from odzew.panel.page import Page as PanelPage
from odzew.panel.routes import PAGES
from odzew.panel.visit import ROOT
from odzew.simulate.client import Client
from tests.panel.examples import path_to
from tests.panel.house import OPERATOR, OWNER, PASSWORD, House, fill, running

SIZES: Final = {"desk": (1280, 900), "phone": (390, 844)}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
LONGEST: Final = 2_400  # pixels of a picture


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
            for who in (OWNER, OPERATOR):
                context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-GB")
                page = await context.new_page()
                page.on("console", _complain)
                if who == OWNER and (not names or "login" in names):
                    await page.goto(f"{house.url}/panel/login")
                    await _both(page, out, f"login-{size}")
                await log_in(page, house.url, who)
                for one in PAGES:
                    url = house.url + ROOT + path_to(house, one.name)
                    if _wanted(one, who, names) and await _is_page(page, url):
                        await page.goto(url)
                        await _both(page, out, f"{one.name}-{size}")
                await context.close()
        await browser.close()


def _complain(line: ConsoleMessage) -> None:
    sys.stderr.write(f"console: {line.text}\n")


async def _is_page(page: Page, url: str) -> bool:
    """Whether it is a whole page, and neither a part of one nor a file."""
    answer = await page.request.get(url)
    return answer.ok and answer.headers.get("content-type", "").startswith("text/html") and (await answer.body()).startswith(b"<!doctype")


async def _both(page: Page, out: Path, name: str) -> None:
    """Light and dark, as much of the page as a reader looks at."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        height = min(LONGEST, await page.evaluate("document.documentElement.scrollHeight"))
        width = page.viewport_size["width"] if page.viewport_size else 0
        clip: Any = {"x": 0, "y": 0, "width": width, "height": height}
        await page.screenshot(path=out / f"{name}-{scheme}.png", full_page=True, clip=clip)


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
            await fill(house, hostile=False)
            await shoot(house, asked.out, asked.names)
        await client.stop()


if __name__ == "__main__":
    asyncio.run(main())

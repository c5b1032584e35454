"""Chromium with somebody logged in, and a watch over all that a page must not do: run what strangers wrote, err, or ask elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request, ViewportSize, async_playwright

from tests.panel.house import House

DESK: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}


@dataclass
class Window:
    """A page of the browser. `faults`: what it did that no page may do."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Opens a path behind `/panel`."""
        await self.page.goto(f"{self.url}/panel{path}")

    async def text(self) -> str:
        """What can be read on the page."""
        return " ".join((await self.page.inner_text("body")).split())


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "these tests need Chromium: `make test` installs it on Debian"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def window(browser: Browser, house: House, who: str = "", **options: Any) -> Window:
    """A window of somebody who is logged in ('' nobody), in English unless `locale` says otherwise."""
    context: BrowserContext = await browser.new_context(**{"viewport": DESK, "locale": "en-GB", "color_scheme": "light"} | options)
    if who:
        cookies = (await house.enter(who)).cookies()
        await context.add_cookies(
            [{"name": name, "value": value, "url": f"{house.url}/panel/"} for name, value in cookies.items() if name != "odzew_notice"]
        )
    page = await context.new_page()
    page.set_default_timeout(20_000)
    found = Window(page, house.url)
    page.on("dialog", lambda dialog: _asked(found, dialog))
    page.on("pageerror", lambda error: found.faults.append(f"error: {error}"))
    page.on("console", lambda line: _said(found, line))
    context.on("request", lambda request: _sent(found, request))
    return found


async def _asked(found: Window, dialog: Dialog) -> None:
    """The panel's own questions are answered with yes; whatever else opens a dialog was written by a stranger."""
    (found.questions if dialog.type == "confirm" else found.faults).append(f"{dialog.type}: {dialog.message}")
    await dialog.accept()


def _said(found: Window, line: ConsoleMessage) -> None:
    if line.type == "error":
        found.faults.append(f"console: {line.text}")


def _sent(found: Window, request: Request) -> None:
    if not request.url.startswith((f"{found.url}/panel/", "data:")):
        found.faults.append(f"request: {request.url}")

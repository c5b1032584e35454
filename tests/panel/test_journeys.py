"""What people come for, end to end: Chromium, the real server on both engines, simulated networks and clients, and a clock
that the test moves."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from odzew.clock import Clock, FixedClock
from odzew.simulate.aggregator import Aggregator
from odzew.simulate.client import Client, never
from proof.stand import another_database
from tests.panel.browser import PHONE, Window, chromium, window
from tests.panel.conftest import together
from tests.panel.house import MEMBER, OPERATOR, OWNER, PASSWORD, PUSH, House, mms, running

ENGINES: Final = ("sqlite", "postgres")
LOOKS: Final = 31.0  # seconds until the engine has looked at all that is owed
REPEATED: Final = 3.0  # seconds until a failed call is repeated
PEOPLE: Final = "Telefon;Imię;Nazwisko\n+48500111001;Łucja;Żak\n+48500111002;Ola;Nowak\n;Kto;To\n"


@dataclass
class Stage:
    """A running house with a client's URL, and the browser that looks at it."""

    house: House
    client: Client
    clock: Clock
    browser: Browser

    async def window(self, who: str = OWNER) -> Window:
        return await window(self.browser, self.house, who)

    def later(self, seconds: float) -> None:
        """Moves the clock, where it stands still; PostgreSQL has a clock of its own, which goes on by itself."""
        if isinstance(self.clock, FixedClock):
            self.clock.advance(seconds)

    async def push(self, text: str, recipient: str = "+48664078059", sender: str = "+48500600700") -> int:
        """A message from the network; its id."""
        network = Aggregator(self.clock, ("127.0.0.1", self.house.server.addresses[0][1]), "push", PUSH)
        return int((await network.push([{"from": sender, "to": recipient, "text": text}]))[0]["id"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Stage]:
    folder, client = tmp_path_factory.mktemp("house"), await Client().start()
    clock: Clock = FixedClock()
    url = f"sqlite:///{folder}/house.db"
    if request.param == "postgres":
        clock = Clock()
        url = await another_database(request.getfixturevalue("pg_server"), f"journeys_{client.port}")
    async with running(url, folder, clock, client.url) as house:
        found = Stage(house, client, clock, browser)
        await _hurry(found)
        yield found
    await client.stop()


@together
async def test_somebody_logs_in_and_out(stage: Stage) -> None:
    found = await stage.window("")
    page = found.page
    await found.open("/inbox")
    await expect(page).to_have_url(re.compile("/panel/login"))
    await page.get_by_label("Login").fill(MEMBER)
    await page.get_by_label("Password").fill("a guess")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_text("The login or the password is wrong.")).to_be_visible()
    await expect(page.get_by_label("Login")).to_have_value(MEMBER)
    found.faults.clear()  # the browser notes that the answer was 401
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("All messages")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_text("You are logged out.")).to_be_visible()
    await found.open("/inbox")
    await expect(page).to_have_url(re.compile("/panel/login"))
    assert found.faults == []


@together
async def test_a_message_appears_by_itself_and_is_found(stage: Stage) -> None:
    await stage.push("Proszę o kontakt w sprawie rowerów")
    found = await stage.window()
    page = found.page
    await found.open("/inbox")
    await expect(page.locator("#mails")).to_contain_text("w sprawie rowerów")
    await stage.push("Drugie przyszło samo")
    await expect(page.locator("#mails > li").first).to_contain_text("Drugie przyszło samo")
    await page.get_by_role("searchbox").fill("rowerow kontakt")
    await page.keyboard.press("Enter")
    await expect(page.locator("#mails > li")).to_have_count(1)
    await expect(page.locator("#mails > li")).to_have_class(re.compile("mail-unseen"))
    await page.locator("#mails a").click()
    await expect(page.locator("main")).to_contain_text("Proszę o kontakt w sprawie rowerów")
    await found.open("/inbox?q=rowerow")
    await expect(page.locator("#mails > li")).not_to_have_class(re.compile("mail-unseen"))
    assert found.faults == []


@together
async def test_the_same_without_any_script(stage: Stage) -> None:
    await stage.push("Bez skryptów też działa")
    plain = await window(stage.browser, stage.house, OWNER, java_script_enabled=False)
    await plain.open("/inbox")
    await plain.page.get_by_role("searchbox").fill("skryptow")
    await plain.page.get_by_role("button", name="Search").click()
    await plain.page.locator("#mails a").first.click()
    await expect(plain.page.locator("main")).to_contain_text("Bez skryptów też działa")
    assert plain.faults == []


@together
async def test_an_mms_is_read(stage: Stage) -> None:
    await stage.house.bring(mms(stage.house))
    found = await stage.window()
    page = found.page
    await found.open("/inbox/mms")
    await page.locator("#mails a").first.click()
    picture = page.locator("main figure img").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 1
    await expect(page.locator("main")).to_contain_text("Pozdrowienia z gór")
    await expect(page.locator("audio")).to_have_count(1)
    async with page.expect_download() as download:
        await page.locator("main figure").first.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "photo.png"
    assert found.faults == []


@together
async def test_a_forward_is_set_and_tested(stage: Stage) -> None:
    found = await stage.window()
    page = found.page
    await found.open("/interface")
    await page.get_by_role("link", name="All forwards").first.click()
    await page.get_by_role("link", name="Add a forward").first.click()
    await page.get_by_label("For", exact=True).select_option("nd")
    await page.get_by_label("URL", exact=True).fill(f"{stage.client.url}/journey?tekst=")
    await page.get_by_text("Placeholders", exact=True).click()
    await page.get_by_role("button", name="#WIADOMOSC#").click()
    await expect(page.get_by_label("URL", exact=True)).to_have_value(f"{stage.client.url}/journey?tekst=#WIADOMOSC#")
    await expect(page.locator("#preview")).to_contain_text("/journey?tekst=")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#notices")).not_to_be_empty()
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Test")
    await expect(page.locator("main")).to_contain_text("GET /journey?tekst=")
    await expect(page.locator("main")).to_contain_text("HTTP/1.1 200 OK")
    assert [call for call in stage.client.calls if call.path == "/journey"]
    assert found.faults == []


@together
async def test_a_repeat_is_watched(stage: Stage) -> None:
    stage.client.fails = lambda called: "status" if called.path == "/keyword" else None
    key = await stage.push("ACME powtórka", "+48799448855")
    found = await stage.window()
    page = found.page
    await found.open(f"/messages/{key}")
    await _until(stage, found, "next attempt")
    await expect(page.locator("main")).to_contain_text("500")
    stage.client.fails = never
    stage.later(REPEATED)
    await _until(stage, found, "delivered")
    assert [call.query["t"] for call in stage.client.calls if call.path == "/keyword"].count("ACME powtórka") == 2
    assert found.faults == []


@together
async def test_a_delivered_message_is_sent_again(stage: Stage) -> None:
    key = await stage.push("ACME jeszcze raz", "+48799448855")
    found = await stage.window()
    await found.open(f"/messages/{key}")
    await _until(stage, found, "delivered")
    await found.page.get_by_role("button", name="Send again").first.click()
    await expect(found.page.locator("#notices")).to_contain_text("1 delivery is sent again.")
    assert found.questions == ["confirm: It was delivered already. Send it again all the same?"]
    stage.later(LOOKS)
    await _until(stage, found, "delivered")
    assert [call.query["t"] for call in stage.client.calls if call.path == "/keyword"].count("ACME jeszcze raz") == 2
    assert found.faults == []


@together
async def test_a_token_is_made_and_used(stage: Stage) -> None:
    await stage.push("dla programu")
    found = await stage.window()
    page = found.page
    await found.open("/interface/tokens")
    await page.get_by_label("Name").fill("journey")
    await page.get_by_role("button", name="Make a token").click()
    token = await page.get_by_label("The token", exact=True).input_value()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(f"{stage.house.url}/messages/recived", json={"order": "desc"}) as answer,
    ):
        assert answer.status == 200
        assert "dla programu" in await answer.text()
    await found.open("/interface/tokens")
    assert token not in await page.content(), "it is shown once"
    await found.open("/interface/console")
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Call").click()
    await expect(page.locator("main")).to_contain_text("dla programu")
    assert token not in await page.content()
    assert found.faults == []


@together
async def test_contacts_are_imported(stage: Stage) -> None:
    found = await stage.window()
    page = found.page
    await found.open("/contacts")
    await page.get_by_role("link", name="Import").first.click()
    await page.locator("input[type=file]").set_input_files(
        {"name": "ludzie.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode("cp1250")}
    )
    await page.get_by_role("button", name="Send the file").click()
    await expect(page.locator("main")).to_contain_text("Łucja")
    await expect(page.locator("main")).to_contain_text("1 row is left out")
    await page.get_by_role("button", name="Import 2 contacts").click()
    await page.get_by_role("link", name="To the contacts").click()
    await page.get_by_role("searchbox").fill("zak")
    await page.keyboard.press("Enter")
    await expect(page.locator("main table tbody tr")).to_have_count(1)
    await expect(page.locator("main table")).to_contain_text("Łucja")
    assert found.faults == []


@together
async def test_an_unclaimed_message_is_given_to_an_account(stage: Stage) -> None:
    await stage.push("NIKT nie zna tego słowa", "+48799448855", "+48500600788")
    found = await stage.window(OPERATOR)
    page = found.page
    await found.open("/operator")
    await page.get_by_role("link", name="Unclaimed messages").first.click()
    row = page.locator("tr", has_text="NIKT nie zna tego słowa")
    await row.get_by_role("checkbox").check()
    await page.get_by_label("Give the chosen ones to").select_option(label="Acme sp. z o.o.")
    await page.get_by_role("button", name="Give").click()
    await expect(page.locator("#notices")).not_to_be_empty()
    await expect(page.locator("tr", has_text="NIKT nie zna tego słowa")).to_have_count(0)
    own = await stage.window()
    await own.open("/inbox")
    await expect(own.page.locator("#mails")).to_contain_text("NIKT nie zna tego słowa")
    assert found.faults == []


@together
async def test_the_language_is_switched_on_a_phone(stage: Stage) -> None:
    person = await stage.house.browse(MEMBER)
    found = await window(stage.browser, stage.house, "", viewport=PHONE)
    await found.page.context.add_cookies([
        {"name": name, "value": value, "url": f"{stage.house.url}/panel/"} for name, value in person.cookies().items()
    ])  # fmt: skip
    page = found.page
    await found.open("/inbox")
    await expect(page.locator("#menu")).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Polski").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Wszystkie wiadomości")
    await expect(page.locator("html")).to_have_attribute("lang", "pl")
    await found.open("/contacts")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Kontakty")
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Contacts")
    assert found.faults == []


async def _hurry(stage: Stage) -> None:
    """The keyword's forward is repeated after three seconds, as the owner wants it."""
    target = next(one for one in stage.house.server.present.directory.targets.values() if one.url and "/keyword" in one.url)
    fields = {
        "active": "1",
        "way": "url",
        "url": target.url,
        "own_schedule": "1",
        "retry_minutes": f"{REPEATED / 60}",
        "retry_basis": "previous",
    }
    anna = await stage.house.enter(OWNER)
    await anna.get(f"/targets/{target.id}")
    answer = await anna.post(f"/targets/{target.id}", fields)
    assert answer.status == 303, answer.shown


async def _until(stage: Stage, found: Window, text: str) -> None:
    """Looks at the page again until it says so."""
    badge = found.page.locator("main .fate", has_text=text)
    for _ in range(40):
        if await badge.count():
            return
        stage.later(0.5)
        await found.page.reload()
    raise AssertionError(f"{text!r} does not appear in: {await found.text()}")

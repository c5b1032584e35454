"""A whole server with two accounts, users of every kind and messages of every kind, and a client that fills forms as a browser does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final

import aiohttp
from yarl import URL

from odzew.access.passwords import Cost, hash_password
from odzew.access.sealing import new_key
from odzew.access.tokens import make_token
from odzew.clock import Clock
from odzew.model import Arrival, Attachment
from odzew.panel.session import digest
from odzew.serve import Server
from odzew.settings import read
from odzew.setup.apply import apply
from odzew.setup.document import read_file
from odzew.store import uploads
from odzew.store.engines import open_database
from odzew.store.panel_sessions import look_at

PASSWORD: Final = "correct horse battery"
OWNER, MEMBER, MASKED = "anna@acme.example", "jan@acme.example", "ewa@acme.example"
OTHER, OPERATOR = "bob@globex.example", "ops@operator.example"
"""An owner, a user without the right `owner`, one without `numbers`, another account's owner, an operator."""
NOBODY: Final = ""
LOOKING: Final = "operator who looks at the account"
PUSH: Final = "a123456789abcdef0123456789abcdef"
TOKEN: Final = "b123456789abcdef0123456789abcdef"
ENVIRONMENT: Final = {"ODZEW_KEY": new_key(), "HOOK": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)  # fmt: skip

SETUP: Final = """
[[operator]]
login = "ops@operator.example"
password = "{password}"

[[account]]
name = "acme"
company = "Acme sp. z o.o."
forward_allow = ["127.0.0.0/8"]
  [[account.user]]
  login = "anna@acme.example"
  password = "{password}"
  roles = ["panel", "owner", "numbers"]
  [[account.user]]
  login = "jan@acme.example"
  password = "{password}"
  roles = ["panel", "numbers"]
  [[account.user]]
  login = "ewa@acme.example"
  password = "{password}"
  roles = ["panel"]
  [[account.user]]
  login = "webapi_acme"
  password = "{password}"
  roles = ["api", "numbers"]
  [[account.token]]
  name = "crm"
  value = "{token}"
  [[account.forward]]
  for = "eco"
  url = "{client}/eco?nr=#NUMER#&t=#WIADOMOSC#&id=#ID#"
  verify = "OK"
  secret = "env:HOOK"
  [[account.forward]]
  for = "sms"
  name = "second"
  url = "{client}/sms?nr=#NUMER#&t=#WIADOMOSC#&id=#ID#"
  [[account.forward]]
  for = "mms"
  url = "{client}/mms"
  [[account.contact]]
  phone = "+48500600700"
  first_name = "Jan"
  last_name = "Kowalski"
  company = "Kowalski i Synowie"
  group = "customers"
  [[account.contact]]
  phone = "+48500600701"
  first_name = "Zofia"
  last_name = "Łęcka"
  group = "friends"
  [[account.blacklisted]]
  phone = "+48500600799"

[[account]]
name = "globex"
company = "Globex S.A."
language = "pl"
  [[account.user]]
  login = "bob@globex.example"
  password = "{password}"
  roles = ["panel", "owner", "numbers"]
  [[account.forward]]
  for = "sms"
  url = "https://globex.example/in?n=#NUMER#"

[[number]]
address = "+48799448855"
service = "nd"
  [[number.keyword]]
  word = "ACME"
  account = "acme"
    [[number.keyword.forward]]
    url = "{client}/keyword?t=#WIADOMOSC#"
  [[number.keyword]]
  word = "GLOBEX"
  account = "globex"

[[number]]
address = "+48664078059"
service = "ndi"
account = "acme"
mms = true

[[number]]
address = "71200"
service = "pr"
  [[number.keyword]]
  word = "AUTO"
  account = "acme"

[[number]]
address = "+48500500501"
service = "eco"
account = "acme"

[[source]]
name = "push"
protocol = "http"
token = "{push}"
"""


@dataclass
class House:
    """The running server. `url` is its address; `browse` gives a client of one person."""

    server: Server
    url: str
    clients: list[Person] = field(default_factory=list)
    entered: dict[str, Person] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def browse(self, login: str = NOBODY, password: str = PASSWORD) -> Person:
        """Somebody with a browser, logged in unless nobody."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Accept-Language": "en"})
        person = Person(self.url, session)
        self.clients.append(person)
        if login:
            answer = await person.post("/login", {"login": login, "password": password})
            assert answer.status == 303, answer.text
        return person

    async def enter(self, who: str) -> Person:
        """Who is logged in already, else somebody who logs in: a login, NOBODY, or LOOKING."""
        if who not in self.entered:
            self.entered[who] = await self.browse(OPERATOR if who == LOOKING else who)
            if who == LOOKING:
                await self.server.db.write(look_at, digest(self.entered[who].cookies()["odzew_panel"]), self.account_id())
        return self.entered[who]

    def account_id(self, name: str = "acme") -> int:
        return self.server.present.directory.account_named(name).id

    async def bring(self, *arrivals: Arrival) -> list[int | None]:
        """Receives arrivals as a source would; ids of their messages."""
        return [receipt.message_id for receipt in await self.server.inbox.receive(list(arrivals))]

    def arrival(self, text: str, sender: str = "+48500600700", recipient: str = "+48664078059", **more: Any) -> Arrival:
        """An arrival over the HTTP push."""
        source = self.server.present.directory.sources["push"].id
        return Arrival(source, sender, recipient, text.encode("utf-8", "replace"), text, **more)


@dataclass
class Seen:
    """An answer of the panel."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    cookies: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Where a redirect leads, behind `/panel`."""
        return self.headers.get("location", "").removeprefix("/panel")

    @property
    def shown(self) -> str:
        """The text of the page as it is read: tags left out, white space folded."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|style).*?</\1>", " ", self.text))).split())


Fields = Mapping[str, Any] | aiohttp.FormData | None


@dataclass
class Person:
    """A client that keeps cookies and takes the token for a form from the page that it saw last, as a browser does."""

    url: str
    session: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Seen:
        """A page behind `/panel`; redirects are not followed."""
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, fields: Fields = None, *, csrf: str | None = None, **headers: str) -> Seen:
        """Sends a form with the token (`csrf` another one, '' none). Values that are lists are sent several times."""
        if not self.csrf and (await self.get("/login")).status == 303:  # logged in already
            await self.get("/account")
        token = self.csrf if csrf is None else csrf
        if isinstance(fields, aiohttp.FormData):
            fields.add_field("csrf", token)
            return await self._ask("POST", path, fields, headers)
        several = {name: value if isinstance(value, list | tuple) else [value] for name, value in (fields or {}).items()}
        pairs = [(name, str(one)) for name, values in several.items() for one in values]
        return await self._ask("POST", path, [("csrf", token), *pairs], headers)

    async def follow(self, answer: Seen) -> Seen:
        """The page that a redirect leads to."""
        assert answer.status in (302, 303, 307), (answer.status, answer.shown)
        return await self.get(answer.location)

    def cookies(self) -> dict[str, str]:
        return {name: morsel.value for name, morsel in self.session.cookie_jar.filter_cookies(URL(f"{self.url}/panel/")).items()}

    async def _ask(self, method: str, path: str, data: Any, headers: Mapping[str, str]) -> Seen:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, URL(f"{self.url}/panel{path}", encoded=True), data=data, headers=sent, allow_redirects=False
        ) as answer:  # fmt: skip
            body = await answer.read()
            seen = Seen(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body, path, answer.cookies)
        if found := re.search(r'name="csrf" value="([0-9a-f]{64})"', seen.text):
            self.csrf = found.group(1)
        elif method == "POST" and answer.status in (302, 303):
            self.csrf = ""  # perhaps another session by now
        return seen


@asynccontextmanager
async def running(url: str, folder: Path, clock: Clock, client: str = "http://127.0.0.1:9", **settings: str) -> AsyncIterator[House]:
    """Sets up, starts, yields and stops. `client`: where the targets of acme are."""
    file = folder / "setup.toml"
    file.write_text(SETUP.format(password=PASSWORD, client=client, push=PUSH, token=TOKEN))
    db = open_database(url, clock)
    await db.migrate()
    await apply(read_file(file, ENVIRONMENT), db, hash_password=lambda word: hash_password(word, Cost(8, 1, 1)), make_token=make_token)
    await db.close()
    server = Server(read({"db": url, "listen": "127.0.0.1:0", "log_level": "error"} | settings, {}), clock, ENVIRONMENT)
    await server.start()
    house = House(server, f"http://127.0.0.1:{server.addresses[0][1]}")
    try:
        yield house
    finally:
        for person in house.clients:
            await person.session.close()
        await server.stop()


def mms(house: House) -> Arrival:
    """An MMS with a picture, a sound and a text."""
    return house.arrival(
        "", mms=True, title="Wakacje", attachments=(
            Attachment("photo.png", "image/png", PNG), Attachment("words.txt", "text/plain; charset=utf-8", "Pozdrowienia z gór".encode()),
            Attachment("song.mp3", "audio/mpeg", b"ID3" + bytes(400)),
        ),
    )  # fmt: skip


HOSTILE: Final = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}} {% raw %} ${7*7}",
    "=HYPERLINK(\"http://evil\";\"x\")", "+1+1", "@SUM(A1)",
    "\u202eobrót\u2066 ukryte\u200b", "a\x07b\x1b[31mc", "javascript:alert(1)", "' OR 1=1 --", "</textarea></title><svg onload=alert(1)>",
)  # fmt: skip
"""Texts that must do nothing wherever they are shown."""


CONTACTS: Final = "phone,first_name,last_name\n+48500600710,Adam,Nowy\n<b>no number</b>,=1+1,x\n"
"""A file of contacts that waits to be imported, one line of it wrong."""


async def fill(house: House, hostile: bool = True) -> None:
    """Messages of every kind, for pictures and for tests that need a full inbox."""
    texts = [
        ("ACME Chcę wziąć udział w konkursie", "+48500600700", "+48799448855"), ("Przyjadę o 16", "+48500600700", "+48500500501"),
        ("Dziękuję za informację", "+48500600701", "+48664078059"), ("AUTO 1", "+48500600702", "71200"),
        ("Czy przesyłka dotrze jutro? Proszę o kontakt po 15:00.", "+48500600703", "+48664078059"),
        ("GLOBEX cześć", "+48500600704", "+48799448855"),
        ("nobody's keyword", "+48500600705", "+48799448855"), ("🎉 Super! Zażółć gęślą jaźń", "INFO", "+48664078059"),
    ]  # fmt: skip
    for text, sender, recipient in texts:
        await house.bring(house.arrival(text, sender, recipient))
    for text in HOSTILE if hostile else ():
        await house.bring(house.arrival(text, "+48500600799"))
    await house.bring(mms(house))
    upload = await house.server.db.write(uploads.begin, house.account_id(), OWNER, "people.csv", house.server.clock.now())
    await house.server.db.write(uploads.add, upload, 0, CONTACTS.encode())

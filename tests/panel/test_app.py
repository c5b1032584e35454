"""What holds for every page: its headers, its cookies, the tokens of its forms, the methods it has; made from the pages' list."""

from __future__ import annotations

import io
import re
from typing import Any, Final

import aiohttp
import pytest
from lxml import html
from starlette.routing import Match, Route

from odzew.panel.app import BODY, HEADERS, LARGE_BODY
from odzew.panel.routes import PAGES
from odzew.panel.visit import ROOT
from tests.panel.conftest import together
from tests.panel.examples import path_to
from tests.panel.house import LOOKING, NOBODY, OPERATOR, OTHER, OWNER, PASSWORD, House, Seen

POLICY: Final = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
    "form-action": "'self'", "object-src": None,
}  # fmt: skip
"""What the policy says of what could run or be run in; None: falls back to the default."""
OPENED: Final = [page.name for page in PAGES if "GET" in page.methods]
SENT: Final = [page.name for page in PAGES if "POST" in page.methods]
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROUTES: Final = [Route(ROOT + page.path, lambda _: None, methods=list(page.methods)) for page in PAGES]


def who_opens(name: str) -> str:
    """Somebody to whom the page is open."""
    page = next(page for page in PAGES if page.name == name)
    return {"anybody": NOBODY, "operator": OPERATOR}.get(page.who, OWNER)


async def opened(house: House, name: str) -> Seen:
    person = await house.enter(who_opens(name))
    return await person.get(path_to(house, name))


def matches(path: str, method: str) -> bool:
    """Whether a page answers a path (with `/panel`) and method."""
    scope = {"type": "http", "path": path, "method": method, "root_path": ""}
    return any(route.matches(scope)[0] == Match.FULL for route in ROUTES)


def tree(seen: Seen) -> Any:
    """The page's elements."""
    return html.document_fromstring(seen.body.decode(), parser=html.HTMLParser(encoding="utf-8"))


def is_html(seen: Seen) -> bool:
    return seen.headers.get("content-type", "").startswith("text/html") and bool(seen.body.strip())


@pytest.mark.parametrize("name", OPENED)
@together
async def test_a_page_has_the_headers_of_all(open_house: House, name: str) -> None:
    seen = await opened(open_house, name)
    headers = dict(HEADERS)
    if name == "media":  # has a policy of its own, which lets nothing run at all
        assert seen.headers["content-security-policy"] == "sandbox; default-src 'none'"
        del headers["content-security-policy"]
    assert {key: seen.headers.get(key) for key in headers} == headers
    assert seen.headers["cache-control"] == ("public, max-age=300" if name == "static" else "no-store")
    assert "server" not in seen.headers or "uvicorn" not in seen.headers["server"]


async def test_the_policy_lets_nothing_of_others_run() -> None:
    said = dict(piece.strip().split(" ", 1) for piece in HEADERS["content-security-policy"].split(";"))
    assert {key: said.get(key) for key in POLICY} == POLICY
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize("name", OPENED)
@together
async def test_a_page_is_well_made(open_house: House, name: str) -> None:
    """No script or style of its own within, one heading, a language, forms with their token, links that stay here."""
    seen = await opened(open_house, name)
    if not is_html(seen):
        assert seen.status in (200, 204, 303)
        return
    page = tree(seen)
    assert not page.xpath("//@style | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')] | //iframe | //object | //base")
    for form in page.xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
        token = form.xpath(".//input[@name='csrf']/@value")
        assert len(token) == 1, (html.tostring(form)[:300], token)
        assert re.fullmatch("[0-9a-f]{64}", token[0]), html.tostring(form)[:300]
    for link in page.xpath("//@href | //@src | //@action | //@formaction"):
        assert link.startswith((f"{ROOT}/", "#", "data:image/", "?", "/openapi.json")), link
    if seen.body.lstrip().lower().startswith(b"<!doctype"):
        assert len(page.xpath("//h1")) == 1
        assert page.get("lang") == "en"
        assert page.xpath("//title")[0].text.strip()
        assert len(page.xpath("//main")) == 1


@pytest.mark.parametrize("name", OPENED)
@together
async def test_the_ids_of_a_page_are_its_own(open_house: House, name: str) -> None:
    """An id twice breaks labels, and what names another element names one that is there."""
    seen = await opened(open_house, name)
    if not is_html(seen):
        assert seen.status in (200, 204, 303)
        return
    page = tree(seen)
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    if seen.body.lstrip().lower().startswith(b"<!doctype"):
        named = {
            word
            for value in page.xpath("//@for | //@aria-describedby | //@aria-controls | //@form | //@data-copy")
            for word in value.split()
        }
        assert named <= set(ids), named - set(ids)


@pytest.mark.parametrize("name", SENT)
@pytest.mark.parametrize(
    ("csrf", "headers"),
    [
        ("", {}),
        ("0" * 64, {}),
        ("é\udcff", {}),
        (None, {"sec_fetch_site": "cross-site"}),
        (None, {"sec_fetch_site": "same-site"}),
        (None, {"origin": "https://evil.example"}),
        (None, {"origin": "http://127.0.0.1.evil.example"}),
    ],
)
@together
async def test_a_form_of_another_site_is_refused(open_house: House, name: str, csrf: str | None, headers: dict[str, str]) -> None:
    person = await open_house.enter(who_opens(name))
    await person.get("/account" if who_opens(name) else "/login")
    fields = {} if csrf is None else {"x": "1"}
    answer = await person.post(path_to(open_house, name), fields, csrf=csrf if csrf != "é\udcff" else "é", **headers)
    assert answer.status == 403


@together
async def test_the_token_of_one_session_is_worth_nothing_in_another(open_house: House) -> None:
    anna, bob = await open_house.enter(OWNER), await open_house.enter(OTHER)
    await anna.get("/account")
    await bob.get("/account")
    assert anna.csrf != bob.csrf
    assert (await bob.post("/theme", {"theme": "dark"}, csrf=anna.csrf)).status == 403
    assert (await bob.post("/theme", {"theme": "dark"})).status == 303


@pytest.mark.parametrize("name", sorted({page.name for page in PAGES}))
@together
async def test_a_method_that_a_page_does_not_have_is_refused(open_house: House, name: str) -> None:
    page = next(page for page in PAGES if page.name == name)
    path = ROOT + path_to(open_house, name)
    person = await open_house.enter(who_opens(name))
    for method in METHODS:
        if method in page.methods or matches(path, method):
            continue
        async with person.session.request(method, open_house.url + path, allow_redirects=False) as answer:
            assert answer.status == 405, method


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/messages/x",
        "/messages/-1",
        "/messages/9223372036854775808",
        "/inbox/%00",
        "/%ff",
        "/..%2f..",
        "//",
        "/static/../app.py",
    ],
)
@together
async def test_what_is_not_there_is_a_page_that_says_so(open_house: House, path: str) -> None:
    answer = await (await open_house.enter(OWNER)).get(path)
    assert answer.status == 404
    assert HEADERS.items() <= answer.headers.items()
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("octets", "content_type", "status"),
    [
        (b"csrf=" + b"a" * (BODY + 1), "application/x-www-form-urlencoded", 413),
        (b"a=1&" * 3_000, "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded", 403),
        (b"--x\r\nnot a part", "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data", 400),
        (b"{}", "application/json", 403),
    ],
)
@together
async def test_a_body_that_is_no_form_of_ours_is_refused(open_house: House, octets: bytes, content_type: str, status: int) -> None:
    person = await open_house.enter(OWNER)
    address = f"{open_house.url}/panel/inbox/change"
    async with person.session.post(
        address, data=io.BytesIO(octets), headers={"Content-Type": content_type}, allow_redirects=False
    ) as answer:
        assert answer.status == status
        assert "Traceback" not in await answer.text()


async def test_only_an_import_may_be_large() -> None:
    assert {page.name for page in PAGES if page.large} <= {"contacts.import", "operator.sent", "operator.drift"}
    assert LARGE_BODY == 32 * BODY


async def test_every_cookie_is_for_the_panel_alone_and_for_no_script(house: House) -> None:
    person = await house.browse()
    answers = [await person.get("/login"), await person.post("/login", {"login": OWNER, "password": PASSWORD})]
    await person.get("/account")
    answers.append(await person.post("/language", {"language": "en"}))
    await person.get("/account")
    answers.append(await person.post("/theme", {"theme": "dark"}))
    await person.get("/account")
    answers.append(await person.post("/inbox/change", {"do": "seen"}))
    found = {name: morsel for answer in answers for name, morsel in answer.cookies.items()}
    assert set(found) == {"odzew_visit", "odzew_panel", "odzew_language", "odzew_theme", "odzew_notice"}
    for name, morsel in found.items():
        assert (bool(morsel["httponly"]), morsel["samesite"].lower(), morsel["path"]) == (True, "lax", ROOT), name


@pytest.mark.parametrize("value", ["", "x" * 5_000, "%00", "W10=", "WzFd", "not base64 ===", "é"])
@together
async def test_cookies_of_any_content_are_borne(open_house: House, value: str) -> None:
    names = ("odzew_panel", "odzew_visit", "odzew_language", "odzew_theme", "odzew_notice")
    headers = {"Cookie": "; ".join(f"{name}={value}" for name in names)}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.get(f"{open_house.url}/panel/login", headers=headers, allow_redirects=False) as answer,
    ):
        assert answer.status == 200


@together
async def test_an_operator_who_looks_at_an_account_is_told_so_and_can_leave(open_house: House) -> None:
    answer = await (await open_house.enter(LOOKING)).get("/inbox")
    assert "You look at Acme sp. z o.o. Leave" in answer.shown

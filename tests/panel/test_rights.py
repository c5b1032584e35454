"""The rights table: every page and method against everybody, made from the pages' list, so that a new page cannot be forgotten."""

from __future__ import annotations

from typing import Final

import pytest

from odzew.panel.page import Page
from odzew.panel.routes import PAGES
from odzew.panel.visit import Who
from tests.panel.conftest import together
from tests.panel.examples import EXAMPLES, path_to
from tests.panel.house import LOOKING, MASKED, MEMBER, NOBODY, OPERATOR, OTHER, OWNER, House

EVERYBODY: Final = (OWNER, MEMBER, MASKED, OTHER, OPERATOR, LOOKING, NOBODY)
OPEN: Final[dict[Who, tuple[str, ...]]] = {
    "anybody": EVERYBODY,
    "user": (OWNER, MEMBER, MASKED, OTHER, OPERATOR, LOOKING),
    "member": (OWNER, MEMBER, MASKED, OTHER, LOOKING),
    "owner": (OWNER, OTHER, LOOKING),
    "operator": (OPERATOR, LOOKING),
}
"""Who may open what. Whatever has an id of the account is not there for OTHER."""
ANSWERS: Final = {
    ("login", "in"): 303,  # who is logged in is sent on
    ("code", "all"): 303,  # nobody here has begun to log in with a code
    ("dashboard", OPERATOR): 303,  # has one of their own
    ("keyword.new", OTHER): 200,  # the number is everybody's
    ("contacts.export", MASKED): 404,  # a file of numbers is for who may see them
    **{("contact.preview", who): 404 for who in (MEMBER, MASKED, LOOKING)},  # a file is shown to who sent it
    ("media", OPERATOR): 200,  # unclaimed messages are looked at without an account
}
"""Where the answer is another one than the table says."""
FINE: Final = (200, 204, 303, 404, 422)
"""What a form with nothing in it may be answered."""


def rows(method: str) -> list[tuple[str, str]]:
    """(page, who) of every page with a method."""
    return [(page.name, who) for page in PAGES if method in page.methods for who in EVERYBODY]


def has_id(page: Page) -> bool:
    """Whether the page shows something of one account."""
    return ":int}" in page.path and page.who != "operator"


def expected(page: Page, who: str) -> int:
    """The status of a page that is asked for with the id of something of the account `acme`."""
    for key in ((page.name, "all"), (page.name, who), (page.name, "in" if who else "")):
        if key in ANSWERS:
            return ANSWERS[key]
    if who not in OPEN[page.who]:
        return 303 if who in (NOBODY, OPERATOR) else 403
    return 404 if who == OTHER and has_id(page) else 200


def page_named(name: str) -> Page:
    return next(page for page in PAGES if page.name == name)


async def test_every_page_with_a_parameter_has_an_example() -> None:
    names = {page.name for page in PAGES}
    assert not [page.name for page in PAGES if "{" in page.path and page.name not in EXAMPLES]
    assert not [name for name in EXAMPLES if name not in names]
    assert len(names) == len(PAGES), "two pages have the same name"


@pytest.mark.parametrize(("name", "who"), rows("GET"))
@together
async def test_a_page_is_open_to_whom_it_is_for(open_house: House, name: str, who: str) -> None:
    page = page_named(name)
    person = await open_house.enter(who)
    answer = await person.get(path_to(open_house, name))
    wanted = expected(page, who)
    assert answer.status in ((200, 204) if wanted == 200 else (wanted,)), answer.shown[:300]
    if wanted == 303 and who == NOBODY and page.who != "anybody":
        assert answer.location.startswith("/login?next=")
    if wanted == 303 and who == OPERATOR and page.who in ("member", "owner"):
        assert answer.location == "/operator/accounts"


@pytest.mark.parametrize(("name", "who"), rows("POST"))
@together
async def test_a_form_is_refused_to_whom_it_is_not_for(open_house: House, name: str, who: str) -> None:
    page = page_named(name)
    person = await open_house.enter(who)
    refused = who not in OPEN[page.who]
    if page.who == "anybody" or (not refused and not (who == OTHER and has_id(page))):
        answer = await person.post(path_to(open_house, name), csrf="")
        assert answer.status == 403, "a form without its token is refused to everybody"
        return
    answer = await person.post(path_to(open_house, name))
    assert answer.status in (*((422,) if expected(page, who) == 200 else ()), expected(page, who)), answer.shown[:300]
    if refused and who == NOBODY:
        assert answer.location == "/login"


@pytest.mark.parametrize("who", [OWNER, OPERATOR, LOOKING])
async def test_an_empty_form_breaks_nothing(full_house: House, who: str) -> None:
    faults = []
    for page in sorted(PAGES, key=lambda page: (page.name.endswith(("remove", "leave")), page.path)):
        if "POST" not in page.methods or who not in OPEN[page.who] or page.name == "logout":
            continue
        answer = await (await full_house.enter(who)).post(path_to(full_house, page.name))
        if answer.status not in (*FINE, *((401,) if page.name == "login" else ())):
            faults.append((page.name, answer.status, answer.shown[:200]))
    assert not faults

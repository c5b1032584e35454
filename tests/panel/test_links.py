"""No page names another one that is not there: by name, by path, or by a link on the page itself."""

from __future__ import annotations

import ast
import re
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from lxml import html

from odzew.panel.navigation import CUSTOMER, OPERATOR, Entry
from odzew.panel.routes import BY_NAME, PAGES, url_of
from odzew.panel.visit import ROOT
from tests.panel.conftest import together
from tests.panel.examples import path_to
from tests.panel.house import LOOKING, MASKED, OWNER, House
from tests.panel.house import OPERATOR as OPERATOR_LOGIN
from tests.panel.test_app import matches
from tests.panel.texts import PANEL, SOURCES, TEMPLATES

NAMED: Final = re.compile(r"""\burl\(\s*'([^']+)'""").findall
NAMED_IN_PYTHON: Final = re.compile(r"""\burl_of\(\s*["']([^"']+)["']""").findall
MOST: Final = 400  # links of one visitor that are followed


def test_every_name_of_a_page_is_one() -> None:
    names = [(path, name) for path in TEMPLATES for name in NAMED(path.read_text("utf-8"))]
    names += [(path, name) for path in SOURCES for name in NAMED_IN_PYTHON(path.read_text("utf-8"))]
    names += [(PANEL / "navigation.py", entry.page) for entry in _entries()]
    names += [(PANEL / "navigation.py", name) for entry in _entries() for name in entry.also]
    assert len(names) > 100, "the templates are read"
    assert not [f"{path.relative_to(PANEL)}: {name}" for path, name in names if name not in BY_NAME]


def test_every_path_that_a_handler_goes_to_is_a_page() -> None:
    calls = [(path, node) for path in SOURCES for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    gone = [(path, node) for path, node in calls if _goes(node)]
    wrong = []
    for path, node in gone:
        target = _path(node.args[0])
        if target is not None and not matches(ROOT + urlsplit(target).path, "GET"):
            wrong.append(f"{path.relative_to(PANEL)}:{node.lineno}: {target}")
    assert gone
    assert not wrong


def test_a_page_that_is_not_there_has_no_url() -> None:
    with pytest.raises(KeyError):
        url_of("no such page")


@together
@pytest.mark.parametrize("who", [OWNER, MASKED, LOOKING, OPERATOR_LOGIN])
async def test_every_link_of_every_page_leads_somewhere(open_house: House, who: str) -> None:
    """Every page is opened, every link on it followed once, every form's address looked up."""
    person = await open_house.enter(who)
    pages = [page for page in PAGES if "GET" in page.methods and page.who != "anybody" and page.name != "contact.preview"]
    seen = {path_to(open_house, page.name): "the list of pages" for page in pages}
    todo, wrong = list(seen), []
    while todo:
        path = todo.pop(0)
        answer = await person.get(path)
        if answer.status >= 500 or (answer.status == 404 and seen[path] != "the list of pages"):
            wrong.append(f"{path} ({answer.status}), named by {seen[path]}")
        if answer.status != 200 or not answer.headers["content-type"].startswith("text/html") or not answer.body.strip():
            continue
        tree: Any = html.document_fromstring(answer.text)
        wrong += [f"{address} ({method}), a form of {path}" for method, address in _forms(tree, path) if not matches(address, method)]
        for link in tree.xpath("//a/@href | //@hx-get | //img/@src | //source/@src | //link/@href | //script/@src"):
            target = _inside(link, path)
            if target is not None and target not in seen and len(seen) < MOST:
                seen[target] = path
                todo.append(target)
    assert len(seen) > 10
    assert not wrong


def _forms(tree: Any, path: str) -> list[tuple[str, str]]:
    """(method, address without its query) of the forms and of the buttons with an address of their own."""
    found = [(form.get("method", "get").upper(), form.get("action") or ROOT + path) for form in tree.xpath("//form")]
    found += [("POST", button.get("formaction")) for button in tree.xpath("//button[@formaction]")]
    return [(method, urlsplit(address).path) for method, address in found]


def _inside(link: str, path: str) -> str | None:
    """A link as a path behind `/panel`; None: it leads elsewhere or to a place on the page."""
    if link.startswith("?"):
        return path.partition("?")[0] + link
    return link.removeprefix(ROOT).partition("#")[0] if link.startswith(f"{ROOT}/") else None


def _entries() -> list[Entry]:
    return [one for entry in (*CUSTOMER, *OPERATOR) for one in (entry, *entry.under)]


def _goes(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "go" and bool(node.args)


def _path(node: ast.expr) -> str | None:
    """The path as it would be, with 1 for what is filled in; None: it comes from elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)
    return None

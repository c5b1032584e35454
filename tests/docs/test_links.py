"""Links lead somewhere, and every page can be reached from the README."""

from __future__ import annotations

import pytest

from tests.docs.pages import DOCS, README, ROOT, Page, all_pages, anchor, page
from tests.shape import words

PAGES = all_pages()
ABROAD = ("https://",)


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_links_resolve(one: Page) -> None:
    here = (ROOT / one.name).parent
    broken = []
    for link in one.links:
        if link.startswith(ABROAD):
            continue
        path, _, place = link.partition("#")
        target = (here / path).resolve() if path else ROOT / one.name
        if not target.is_file() or (place and place not in Page(path, target.read_text("utf-8")).anchors):
            broken.append(link)
    assert not broken


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {link.partition("#")[0] for link in page(README).links}
    assert {f"docs/{path.name}" for path in DOCS.glob("*.md")} <= linked


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_no_page_names_one_machine_or_a_registry(one: Page) -> None:
    assert not words.machine_paths(one.text) + words.registry_hosts(one.text)


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_page_has_one_title_and_closed_blocks(one: Page) -> None:
    assert one.text.startswith("# ")
    assert "```" not in one.prose, "a fenced block is not closed"
    assert sum(line.startswith("# ") for line in one.prose.splitlines()) == 1


@pytest.mark.parametrize(
    ("title", "expected"),
    (
        ("Is it alive?", "is-it-alive"),
        ("`[[account.user]]`", "accountuser"),
        ("Several processes", "several-processes"),
        ("Why does the API not return my message?", "why-does-the-api-not-return-my-message"),
    ),
)
def test_anchors_are_spelled_as_github_does(title: str, expected: str) -> None:
    assert anchor(title) == expected

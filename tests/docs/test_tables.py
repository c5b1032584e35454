"""What the program has in a table, the pages have in the same table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.docs import tables
from tests.docs.pages import page


@pytest.mark.parametrize(
    ("name", "title", "table"),
    (
        ("settings.md", "The table", tables.settings_table),
        ("forwarding.md", "Placeholders", tables.placeholders_table),
        ("pull-api.md", "Errors", tables.errors_table),
        ("troubleshooting.md", "Outcomes", tables.outcomes_table),
    ),
)
def test_the_page_holds_the_table(name: str, title: str, table: Callable[[], str]) -> None:
    assert table() in page(name).section(title), f"docs/{name}, {title}, should hold:\n{table()}"


@pytest.mark.parametrize(("name", "command"), tables.verbs(), ids=[name for name, _ in tables.verbs()])
def test_every_verb_is_told_as_its_help_tells_it(name: str, command: Any) -> None:
    told = tables.verb_section(name, command)
    assert told in page("command-line.md").text, f"docs/command-line.md should hold:\n{told}"


def test_no_verb_is_told_that_is_not_there() -> None:
    told = {line.removeprefix("## ") for line in page("command-line.md").text.splitlines() if line.startswith("## ")}
    assert told == {name for name, _ in tables.verbs()}

"""Writes into the pages what `tests.docs.tables` makes of the program: `python -m tests.docs.write`. The tests judge the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.docs import tables
from tests.docs.pages import DOCS

TABLES: Final[tuple[tuple[str, str, Callable[[], str]], ...]] = (
    ("settings.md", "The table", tables.settings_table),
    ("forwarding.md", "Placeholders", tables.placeholders_table),
    ("pull-api.md", "Errors", tables.errors_table),
    ("troubleshooting.md", "Outcomes", tables.outcomes_table),
    ("metrics.md", "Every metric", tables.metrics_table),
)
"""Page, heading of the section, and the table that stands there."""

VERBS: Final = "command-line.md"


def with_table(text: str, table: str) -> str:
    """The page with the table of the same first line taken out and this one in its place."""
    lines = text.split("\n")
    start = lines.index(table.split("\n", 1)[0])
    end = next(place for place in range(start, len(lines) + 1) if place == len(lines) or not lines[place].startswith("|"))
    return "\n".join([*lines[:start], *table.split("\n"), *lines[end:]])


def with_verbs(text: str) -> str:
    """The page of the command line: its introduction, then a section for each verb."""
    introduction = text.partition("## odzew ")[0]
    return introduction + "\n".join(tables.verb_section(name, command) for name, command in tables.verbs())


def write() -> None:
    """Brings all pages up to date."""
    for name, _, table in TABLES:
        path = DOCS / name
        path.write_text(with_table(path.read_text("utf-8"), table()), "utf-8")
    path = DOCS / VERBS
    path.write_text(with_verbs(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write()

"""What the program has in a table, the pages have in the same table."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs import tables
from tests.docs.curl import lines_of
from tests.docs.pages import all_pages, page
from tests.docs.write import TABLES, VERBS, with_table, with_verbs


@pytest.mark.parametrize(("name", "title", "table"), TABLES, ids=[name for name, _, _ in TABLES])
def test_the_page_holds_the_table(name: str, title: str, table: Callable[[], str]) -> None:
    assert table() in page(name).section(title), f"docs/{name}, {title}, should hold this (python -m tests.docs.write):\n{table()}"


@pytest.mark.parametrize(("name", "command"), tables.verbs(), ids=[name for name, _ in tables.verbs()])
def test_every_verb_is_told_as_its_help_tells_it(name: str, command: Any) -> None:
    told = tables.verb_section(name, command)
    assert told in page(VERBS).text, f"docs/{VERBS} should hold this (python -m tests.docs.write):\n{told}"


def test_no_verb_is_told_that_is_not_there() -> None:
    told = {line.removeprefix("## ") for line in page(VERBS).text.splitlines() if line.startswith("## ")}
    assert told == {name for name, _ in tables.verbs()}


def test_every_command_in_the_pages_can_be_given() -> None:
    options = {name: {word for one in command.params for word in one.opts + one.secondary_opts} for name, command in tables.verbs()}
    for one in all_pages():
        lines = [line for block in one.in_language("sh") for line in lines_of(block)] + re.findall(r"`(odzew [^`]+)`", one.prose)
        for command in filter(None, (re.search(r"(?:^|[ |])(odzew [a-z].*)", line) for line in lines)):
            told = next((name for name in options if f"{command[1]} ".startswith(f"{name} ")), None)
            assert told, f"{one.name}: {command[1]} is no verb"
            unknown = {word for word in shlex.split(command[1]) if word.startswith("--")} - options[told] - {"--help"}
            assert not unknown, f"{one.name}: {command[1]}"


def test_what_is_written_stays_when_it_is_written_again() -> None:
    assert with_verbs(page(VERBS).text) == page(VERBS).text
    for name, _, table in TABLES:
        assert with_table(page(name).text, table()) == page(name).text


def test_a_table_takes_the_place_of_the_one_with_its_head() -> None:
    assert with_table("# a\n\n| x |\n|---|\n| old |\n\n| y |\n", "| x |\n|---|\n| new |") == "# a\n\n| x |\n|---|\n| new |\n\n| y |\n"

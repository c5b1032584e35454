"""Every verb and every option explains itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from odzew import __version__
from odzew.cli.main import app
from odzew.settings import SETTINGS
from tests.cli.house import House

VERBS = {
    "serve", "demo", "apply", "check", "key", "openapi", "inbox list", "inbox show", "inbox assign", "inbox redecode",
    "inbox release", "source list", "target list", "target test", "target states", "target resume",
    "deliveries list", "deliveries show", "deliveries why", "deliveries resend",
    "sent import", "alarm list", "account list", "account show", "token list", "token create", "token revoke", "simulate client",
    "simulate smsc", "simulate mmsc",
}  # fmt: skip


def verbs(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each command with its words."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path.strip(), command
        return
    for name, one in inner.items():
        yield from verbs(one, f"{path} {name}")


COMMANDS = dict(verbs(typer.main.get_command(app)))


def test_these_are_the_verbs() -> None:
    assert set(COMMANDS) == VERBS


@pytest.mark.parametrize("words", sorted(VERBS))
def test_help_tells_what_it_does_and_gives_an_example(words: str, empty_house: House) -> None:
    told = empty_house.says(*words.split(), "--help")
    assert "Example" in told
    assert f"odzew {words}" in " ".join(told.split())


@pytest.mark.parametrize("words", sorted(VERBS))
def test_every_option_has_a_help_text(words: str) -> None:
    silent = [parameter.name for parameter in COMMANDS[words].params if parameter.name != "help" and not getattr(parameter, "help", None)]
    assert silent == []


def test_serve_has_an_option_for_every_setting() -> None:
    options = {option for parameter in COMMANDS["serve"].params for option in parameter.opts}
    assert {f"--{setting.name.replace('_', '-')}" for setting in SETTINGS} <= options


@pytest.mark.parametrize("words", sorted(VERBS - {"demo", "key", "openapi", "simulate client", "simulate smsc", "simulate mmsc"}))
def test_every_verb_that_opens_a_database_takes_its_address_and_a_settings_file(words: str) -> None:
    options = {option for parameter in COMMANDS[words].params for option in parameter.opts}
    assert {"--db", "--settings"} <= options


@pytest.mark.parametrize("words", ["", "inbox", "deliveries", "sent", "account", "token", "simulate"])
def test_a_group_alone_lists_what_it_has(words: str, empty_house: House) -> None:
    assert "Commands:" in empty_house.run(*words.split()).output


def test_version(empty_house: House) -> None:
    assert empty_house.says("--version") == f"{__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["inbox", "nosuch"],
        ["inbox", "show"],
        ["inbox", "show", "x"],
        ["inbox", "show", "0"],
        ["inbox", "show", "-1"],
        ["inbox", "show", "99999999999999999999999"],
        ["inbox", "show", "٣"],
        ["inbox", "list", "--limit", "0"],
        ["inbox", "list", "--after", "x"],
        ["deliveries", "list", "--nosuch"],
        ["simulate", "client", "--port", "65536"],
        ["demo", "--seconds", "-1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_why(words: list[str], house: House) -> None:
    assert "Error" in house.refuses(*words, code=2)

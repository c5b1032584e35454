"""The nouns, kinds, actions, parameters and log events are where a reader looks for them."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from odzew import model
from odzew.api.routes import ACTIONS
from odzew.setup.tables import Role
from odzew.wire.published import ATTACHMENT_FIELDS, CONTACT_FIELDS, FIELDS, LIST_PARAMETERS, SEND_ACTIONS
from tests.docs.pages import ROOT, page

NOT_NOUNS = {"Owed", "Receipt"}  # a delivery in memory, and the answer to a source
NOUNS = sorted(
    re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    for name, thing in vars(model).items()
    if dataclasses.is_dataclass(thing) and name not in NOT_NOUNS
)
LEVELS = ("debug", "info", "warning", "error", "exception")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_is_in_the_glossary(noun: str) -> None:
    assert re.search(rf"^\| {noun}(,| \|)", page("words.md").section("The nouns"), re.MULTILINE)


@pytest.mark.parametrize("word", sorted({*model.KINDS, model.UNCLAIMED, *model.SERVICES, *get_args(model.DeliveryState)}))
def test_every_word_of_the_model_is_in_the_glossary(word: str) -> None:
    assert f"`{word}`" in page("words.md").text


@pytest.mark.parametrize("role", get_args(Role))
def test_every_role_is_documented(role: str) -> None:
    assert f"`{role}`: " in page("setup-file.md").section("`[[account.user]]`")


@pytest.mark.parametrize("action", sorted(ACTIONS.keys() - SEND_ACTIONS))
def test_every_action_is_documented(action: str) -> None:
    assert f"`{action}`" in page("pull-api.md").section("Actions")


@pytest.mark.parametrize("parameter", LIST_PARAMETERS)
def test_every_parameter_is_documented(parameter: str) -> None:
    assert f"`{parameter}`" in page("pull-api.md").section("messages/recived")


@pytest.mark.parametrize("field", sorted({*CONTACT_FIELDS, *ATTACHMENT_FIELDS, *(name for names in FIELDS.values() for name in names)}))
def test_every_field_is_documented(field: str) -> None:
    section = page("pull-api.md").section("messages/recived")
    assert f"`{field}`" in section or f'"{field}":' in section


def test_every_log_event_is_documented() -> None:
    told = set(re.findall(r"`(\w+)`", page("troubleshooting.md").section("Log events")))
    missing = {event for path in sorted((ROOT / "src").rglob("*.py")) for event in events_of(path)} - told
    assert not missing


def test_no_log_event_is_told_that_is_not_there() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", page("troubleshooting.md").section("Log events"), re.MULTILINE)
    told = {event for row in rows for event in re.findall(r"`(\w+)`", row)}
    assert told == {event for path in (ROOT / "src").rglob("*.py") for event in events_of(path)}


def events_of(path: Path) -> Iterator[str]:
    """What each call of a logger, or of a function of the file that hands one on, names first: one literal, or one of two."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _logs(node.func):
            first = [literals for one in node.args if (literals := _literals(one))]
            yield from (word for word in first[0] if re.fullmatch(r"\w+", word)) if first else ()


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _logs(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        return ast.unparse(called.value) in ("log", "self._log") and called.attr in LEVELS
    return isinstance(called, ast.Name) and called.id in ("tell", "_tell")


def test_events_are_found_however_they_are_logged(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('log.info("a", x="b")\nself._log.warning("c")\ntell("d" if x else "e", y=1)\nother.info("f")\nlog.info(1)\n')
    assert list(events_of(file)) == ["a", "c", "d", "e"]

"""The texts that the panel says, found in its source: what templates and handlers translate, and what stands in tables for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment

from odzew.panel.navigation import CUSTOMER, OPERATOR, Entry

PANEL: Final = Path(str(files("odzew.panel")))
TEMPLATES: Final = sorted((PANEL / "templates").rglob("*.html"))
SOURCES: Final = sorted(PANEL.rglob("*.py"))
PROGRAM: Final = sorted(PANEL.parent.rglob("*.py"))
TAKES: Final = {"t": 0, "_t": 0, "gettext": 0, "fault": 1}
"""Calls whose argument of this place is a text to translate."""
COUNTS: Final = {"counted": (1, 2), "ngettext": (0, 1)}
SENTENCE: Final = re.compile(r"[A-ZĄĆĘŁŃÓŚŹŻ][^\n<>{}=;]*[a-z)] [^\n<>{}=;]+").fullmatch
"""What looks like a text for people, where it stands in a table."""


def in_templates() -> Iterator[tuple[Path, str | tuple[str, ...]]]:
    """Every text of `_()`, `trans` and `ngettext`; a pair where it is counted."""
    environment = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    for path in TEMPLATES:
        for _, _, found in environment.extract_translations(path.read_text("utf-8")):  # type: ignore[attr-defined]  # added by the extension
            if isinstance(found, str):
                yield path, found
            elif found is not None and (texts := tuple(one for one in found if isinstance(one, str))):
                yield path, texts if len(texts) > 1 else texts[0]


def in_sources() -> Iterator[tuple[Path, str | tuple[str, ...]]]:
    """Every literal text that Python hands to a translator."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if name in TAKES and len(node.args) > TAKES[name]:
                for text in _literals(node.args[TAKES[name]]):
                    yield path, text
            elif name in COUNTS and len(node.args) > COUNTS[name][1]:
                pair = [text for place in COUNTS[name] for text in _literals(node.args[place])]
                if len(pair) == 2:
                    yield path, tuple(pair)


def in_tables() -> Iterator[tuple[Path, str]]:
    """Sentences in tables of constants, and the menu's."""
    for path in SOURCES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and not isinstance(node.value, ast.Constant):
                for one in ast.walk(node.value):
                    if isinstance(one, ast.Constant) and isinstance(one.value, str) and SENTENCE(one.value):
                        yield path, one.value
    for entry in (*CUSTOMER, *OPERATOR):
        yield from ((PANEL / "navigation.py", text) for text in _menu(entry))


def in_judges() -> Iterator[tuple[Path, str]]:
    """Every template of a `Sentence`, which other parts of the program say and forms show."""
    for path in PROGRAM:
        for call in sentences(path):
            for text in _literals(call.args[0]):
                yield path, text


def sentences(path: Path) -> list[ast.Call]:
    """Every `Sentence(...)` of a file."""
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Sentence" and call.args]


def everywhere() -> set[str]:
    """Every string of the program and its templates: whatever a text could come from."""
    roots = (
        PANEL,
        PANEL.parent / "forward",
        PANEL.parent / "wire",
        PANEL.parent / "ingest",
        PANEL.parent / "access",
        PANEL.parent / "setup",
    )
    found: set[str] = set()
    for path in (*(path for root in roots for path in root.rglob("*.py")), PANEL.parent / "settings.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for _, texts in in_templates():
        found |= {texts} if isinstance(texts, str) else set(texts)
    return found


def _menu(entry: Entry) -> Iterator[str]:
    yield entry.text
    for under in entry.under:
        yield from _menu(under)


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)

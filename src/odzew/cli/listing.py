"""How lists are printed: columns for people, JSON for programs.

What is shown may have been written by strangers (texts, senders, answers of a client's server), so a control character never
reaches the terminal as itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

from odzew.clock import to_datetime

WIDEST: Final = 48  # characters of one column; the whole text is in `show` and in --json

# Control characters, separators of lines, and signs that turn the direction of writing.
_unprintable = re.compile("[\0-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text on one line, with escapes in place of what would move the cursor or hide something."""
    return _unprintable.sub(_escape, text)


def instant(at: int | None) -> str | None:
    """An instant as it is listed, RFC 3339 in UTC to the second; None for none."""
    return None if at is None else f"{to_datetime(at).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def print_json(value: Any) -> None:
    """One JSON document. Control characters are escaped in it too."""
    typer.echo(visible_json(json.dumps(value, ensure_ascii=False, indent=2)))


def visible_json(text: str) -> str:
    """JSON whose strings hold no control character as itself; line ends between its lines stay."""
    return "\n".join(_unprintable.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, nothing: str) -> None:
    """A list of things with the same names: as a table, or with `as_json` as it is. `nothing` is said where there is none."""
    if as_json:
        print_json(list(rows))
    elif not rows:
        typer.echo(nothing, err=True)
    else:
        for line in table(rows):
            typer.echo(line)


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of a table with a heading; columns are as wide as their widest cell, at most 48 characters."""
    names = list(rows[0])
    cells = [names, *([cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def print_fields(fields: Mapping[str, Any]) -> None:
    """One thing: a line for each of its fields that has something in it; of a list, a line for each of its members."""
    shown = {name: value if isinstance(value, list) else [value] for name, value in fields.items() if value not in (None, "", [])}
    width = max(map(len, shown), default=0)
    for name, values in shown.items():
        for place, value in enumerate(values):
            typer.echo(f"{('' if place else name).ljust(width)}  {visible(_text(value))}")


def cell(value: Any) -> str:
    """A value in a column."""
    text = visible(_text(value))
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or f"\\u{ord(character):04x}"

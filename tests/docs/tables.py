"""The tables that the pages hold, made from the tables of the program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from odzew.cli.main import app
from odzew.clock import FixedClock
from odzew.forward.outcome import OUTCOMES
from odzew.settings import BY_NAME, SETTINGS, Setting
from odzew.wire.published import ERRORS, PLACEHOLDERS
from tests.operations.metrics_house import without_database

_TYPES = {
    "text": "text", "whole": "whole number", "number": "number", "flag": "yes or no", "list": "list of texts", "numbers": "list of numbers",
}  # fmt: skip
_OF_SERVE = "It has an option for each of the [settings](settings.md): `--listen` for `listen`, `--retry-minutes` for `retry_minutes`."


def settings_table() -> str:
    rows = ((f"`{s.name}`", f"`ODZEW_{s.name.upper()}`", _TYPES[s.type], _default(s), s.help) for s in SETTINGS)
    return _table(("setting", "environment", "type", "default", "meaning"), rows)


def placeholders_table() -> str:
    rows = (
        (f"`#{name}#`", _sentence(row.description), " ".join(f"`#{alias}#`" for alias in row.aliases)) for name, row in PLACEHOLDERS.items()
    )
    return _table(("placeholder", "value", "also spelled"), rows)


def errors_table() -> str:
    rows = ((str(code), f"`{row.type}`", row.english, row.polish) for code, row in ERRORS.items())
    return _table(("code", "type", "English", "Polish"), rows)


def outcomes_table() -> str:
    return _table(("outcome", "meaning"), ((f"`{word}`", meaning.text) for word, meaning in OUTCOMES.items()))


def metrics_table() -> str:
    rows = (
        (f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), _sentence(one.help))
        for one in without_database(FixedClock()).metrics.described()
    )
    return _table(("metric", "type", "labels", "meaning"), rows)


def verbs() -> list[tuple[str, Any]]:
    """Every verb with its whole name, in the order of the help."""
    return list(_leaves("odzew", typer.main.get_command(app)))


def verb_section(name: str, command: Any) -> str:
    """What the page says of a verb: its help, and a row for each argument and option."""
    parts = [f"## {name}", *map(_paragraph, (command.help or "").strip().split("\n\n"))]
    options = [parameter for parameter in command.params if parameter.name != "help"]
    settings = {s.name for s in SETTINGS}
    if name == "odzew serve":
        options = [option for option in options if option.name not in settings]
        parts.append(_OF_SERVE)
    if options:
        parts.append(_table(("argument or option", "meaning"), ((f"`{_spelled(o)}`", _meaning(o)) for o in options)))
    return "\n\n".join(parts) + "\n"


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from _leaves(f"{name} {word}", one)


def _paragraph(text: str) -> str:
    words = " ".join(text.split())
    kind, colon, rest = words.partition(": ")
    if colon and kind in ("Example", "Examples"):
        return "```sh\n" + "\n".join(example.strip() for example in rest.split("·")) + "\n```"
    if colon and kind == "A line":
        return f"A line:\n\n```json\n{rest}\n```"
    return words.replace("<", "\\<")


def _spelled(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return str(parameter.metavar or parameter.name.upper()).strip("[]")
    if getattr(parameter, "is_flag", False):
        return str(parameter.opts[0])
    return f"{parameter.opts[0]} {parameter.metavar or 'N'}"


def _meaning(parameter: Any) -> str:
    default = parameter.default
    told = f" Default: {default}." if isinstance(default, int) and not isinstance(default, bool) else ""
    return _sentence(" ".join(str(parameter.help or "").split())) + told


def _sentence(text: str) -> str:
    return text.replace("|", "\\|")


def _default(setting: Setting) -> str:
    value = BY_NAME[setting.name].default
    if isinstance(value, bool):
        return "no" if not value else "yes"
    if isinstance(value, tuple):
        return f"`{','.join(f'{one:g}' if isinstance(one, float) else one for one in value)}`"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text}`" if text else "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first, *rest = (f"| {' | '.join(line)} |" for line in (head, *rows))
    return "\n".join((first, "|" + "---|" * len(head), *rest))

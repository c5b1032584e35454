"""Options that many verbs take, and those that are made from the table of settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from odzew.settings import SETTINGS, Setting, Settings, read

LARGEST_ID: Final = (1 << 62) - 1


def read_id(text: str) -> int:
    """An id as it stands on the command line. Wrong usage if no thing can have it."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= LARGEST_ID):
        raise typer.BadParameter(f"{text[:40]!r} is no id: an id is a whole number from 1 up")
    return int(text)


DbOption = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="The database: sqlite:///file.db or postgresql://user:password@host/name.  [ODZEW_DB]"),
]
FileOption = Annotated[str | None, typer.Option("--settings", metavar="FILE", help="Settings file (TOML).  [ODZEW_SETTINGS]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Most lines that are listed.")]
AfterOption = Annotated[
    int | None, typer.Option("--after", metavar="ID", parser=read_id, help="Go on after this id, the last of the page before.")
]
AccountOption = Annotated[str | None, typer.Option("--account", metavar="NAME", help="Of this account only.")]

Option = Any  # the value of an option that is made from a setting; None: not given

_ONE: Final[dict[str, Any]] = {"text": str, "whole": int, "number": float, "flag": bool, "numbers": str}


def settings_of(db: str | None, file: str | None) -> Settings:
    """The settings of a verb that takes only `--db` and `--settings`. SettingError."""
    return read({"db": db}, file=file)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command one option for each setting, beside those of its own; it is handed them by name, None for what was not given."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    plain = [parameter for parameter in own if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    made = [
        inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(setting))
        for setting in SETTINGS
    ]

    def wrapper(*args: Any, **kwargs: Any) -> None:
        command(*args, **kwargs)

    wrapper.__doc__ = command.__doc__
    wrapper.__name__ = command.__name__
    wrapper.__signature__ = inspect.Signature([*plain, *made])  # type: ignore[attr-defined]  # what inspect reads, unknown to the types
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in (*plain, *made)}
    return wrapper


def _annotation(setting: Setting) -> Any:
    name = f"--{setting.name.replace('_', '-')}"
    help_text = f"{setting.help}  [ODZEW_{setting.name.upper()}; default: {_default(setting)}]"
    if setting.type == "list":
        help_text += " May be given several times."
        return Annotated[list[str] | None, typer.Option(name, metavar="TEXT", help=help_text, show_default=False)]
    if setting.type == "flag":
        return Annotated[bool | None, typer.Option(f"{name}/--no-{name[2:]}", help=help_text, show_default=False)]
    return Annotated[_ONE[setting.type] | None, typer.Option(name, metavar=_METAVARS[setting.type], help=help_text, show_default=False)]


_METAVARS: Final = {"text": "TEXT", "whole": "N", "number": "N", "numbers": "N,N,..."}


def _default(setting: Setting) -> str:
    if isinstance(setting.default, tuple):
        return ",".join(f"{one:g}" if isinstance(one, float) else one for one in setting.default)
    if isinstance(setting.default, bool):
        return "yes" if setting.default else "no"
    return str(setting.default) or "none"

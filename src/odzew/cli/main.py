"""The command line `odzew`: one file for each verb."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Final, TextIO

import typer

from odzew import __version__
from odzew.cli import account, alarm, apply, check, deliveries, demo, inbox, key, openapi, sent, serve, simulate, source, target, token
from odzew.clock import Clock
from odzew.logs import configure

app = typer.Typer(
    name="odzew",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: Final[tuple[tuple[str, Callable[..., None], str], ...]] = (
    ("serve", serve.serve, "Run the service."),
    ("demo", demo.demo, "Try everything on a throw-away database."),
    ("apply", apply.apply_file, "Set up what a file names."),
    ("check", check.check_setup, "Tell what is wrong with the set-up."),
    ("key", key.print_key, "Make a key for secrets that are kept."),
    ("openapi", openapi.openapi, "Print the description of the pull API."),
)
GROUPS: Final[tuple[tuple[str, typer.Typer, str], ...]] = (
    ("inbox", inbox.app, "The messages that came in."),
    ("source", source.app, "The ways in, and how they are."),
    ("target", target.app, "Where messages go, and one test call of it."),
    ("deliveries", deliveries.app, "What is owed to clients' URLs."),
    ("alarm", alarm.app, "What was alarmed about."),
    ("sent", sent.app, "The record of sent messages."),
    ("account", account.app, "The accounts."),
    ("token", token.app, "Bearer tokens."),
    ("simulate", simulate.app, "Counterparts to try a set-up against."),
)
for name, command, short in COMMANDS:
    app.command(name, short_help=short)(command)
for name, group, short in GROUPS:
    app.add_typer(group, name=name, short_help=short)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def odzew(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version.")] = False,
) -> None:
    """Receives SMS and MMS from the networks and hands them to applications: by a pull API and by calls to clients' URLs.

    Begin with `odzew demo`, which needs nothing; then `odzew apply setup.toml` and `odzew serve`.
    """


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        _tolerant(stream)
    # Verbs other than serve speak for themselves; of the log only what went wrong is shown.
    configure("text", "warning", Clock())
    app()


def _tolerant(stream: TextIO) -> None:
    """A terminal that cannot show a letter gets an escape in its place, not a traceback."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()

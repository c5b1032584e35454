"""The command line `odzew`: one file for each verb."""

from __future__ import annotations

import sys
from typing import Annotated, TextIO

import typer

from odzew import __version__
from odzew.cli import account, apply, check, deliveries, demo, inbox, openapi, sent, serve, simulate, token
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
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("apply")(apply.apply_file)
app.command("check")(check.check_setup)
app.add_typer(inbox.app, name="inbox")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(sent.app, name="sent")
app.add_typer(account.app, name="account")
app.add_typer(token.app, name="token")
app.add_typer(simulate.app, name="simulate")
app.command("openapi")(openapi.openapi)


@app.callback()
def odzew(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=lambda asked: _version(asked), help="Print the version.")] = False,
) -> None:
    """Receives SMS and MMS from the networks and hands them to applications: by a pull API and by calls to clients' URLs.

    Begin with `odzew demo`, which needs nothing; then `odzew apply setup.toml` and `odzew serve`.
    """


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


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

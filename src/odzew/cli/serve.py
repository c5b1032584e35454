"""`odzew serve`: runs the service."""

from __future__ import annotations

import typer

from odzew.cli.options import FileOption, Option, with_settings
from odzew.cli.verb import FAILED, WRONG_USAGE, complain
from odzew.errors import OdzewError, SettingError
from odzew.serve import run_until_stopped
from odzew.settings import read


@with_settings
def serve(settings: FileOption = None, **given: Option) -> None:
    """Runs the service: takes messages in, answers the API, calls clients' URLs. Ends in order at SIGTERM or Ctrl-C.

    A database that does not exist is made, an older one is brought up to date. Every option can also stand in the environment (ODZEW_...)
    or in the settings file; the command line wins.

    Examples:  odzew serve   ·   odzew serve --db postgresql://odzew@db/odzew --listen 0.0.0.0:8080 --log-format text
    """
    try:
        run_until_stopped(read(given, file=settings))
    except OdzewError as error:
        complain(error)
        raise typer.Exit(WRONG_USAGE if isinstance(error, SettingError) else FAILED) from None

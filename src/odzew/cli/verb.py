"""What every verb of the command line has in common: it runs to its end, and an error of ours is a sentence, never a traceback."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec

import typer

from odzew.cli.listing import visible
from odzew.errors import OdzewError, SettingError, SetupError

P = ParamSpec("P")

FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130


def verb(work: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Makes a command of a coroutine function. Exit code 1 for an error of ours, 2 for a wrong setting or option."""

    @functools.wraps(work)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            asyncio.run(_whole(work, *args, **kwargs))
            sys.stdout.flush()
        except OdzewError as error:
            complain(error)
            raise typer.Exit(WRONG_USAGE if isinstance(error, SettingError) else FAILED) from None
        except BrokenPipeError:
            # Whoever read our lines has seen enough. What is left must not fail again while the program ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None

    return command


async def _whole(work: Callable[P, Awaitable[None]], *args: P.args, **kwargs: P.kwargs) -> None:
    await work(*args, **kwargs)


def complain(error: OdzewError) -> None:
    """Prints what is wrong on the standard error: a line for each fault of a set-up file, else one sentence."""
    if isinstance(error, SetupError):
        for fault in error.faults:
            typer.echo(f"odzew: {visible(fault)}", err=True)
    else:
        typer.echo(f"odzew: {visible(str(error))}", err=True)

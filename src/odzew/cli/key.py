"""`odzew key`: a key for secrets that are kept."""

from __future__ import annotations

import typer

from odzew.access.sealing import new_key
from odzew.cli.verb import verb


@verb
async def print_key() -> None:
    """Prints a new key for ODZEW_KEY, with which the secrets that are written in the panel are encrypted.

    Keep it where the service reads its environment, and apart from the database's copies. To change it, put the new one before the
    old one, with a comma between them: the first one encrypts, all of them decrypt.

    Example:  export ODZEW_KEY=$(odzew key)
    """
    typer.echo(new_key())

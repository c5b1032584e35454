"""`odzew apply`: makes the database hold what a set-up file names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from odzew.access.passwords import hash_password
from odzew.access.tokens import make_token
from odzew.cli.listing import visible
from odzew.cli.opening import opened_or_empty, opened_or_made
from odzew.cli.options import DbOption, FileOption, settings_of
from odzew.cli.verb import verb
from odzew.setup.apply import Applied, apply
from odzew.setup.document import read_file
from odzew.setup.prune import Surplus, surplus
from odzew.store.directory import load

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The set-up file (TOML).")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]
ResetOption = Annotated[bool, typer.Option("--reset-passwords", help="Set the passwords in the file also for users that exist.")]

PruneOption = Annotated[
    bool, typer.Option("--prune", help="Also take away what FILE does not name; asks first. Never messages, contacts or blacklists.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="With --prune: do not ask.")]


@verb
async def apply_file(
    file: FileArgument,
    dry_run: DryRunOption = False,
    reset_passwords: ResetOption = False,
    prune: PruneOption = False,
    yes: YesOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Creates and updates what FILE names, and says what it changed. What the file does not name stays as it is.

    With --prune it goes: targets, keywords, numbers, tokens and users are removed, accounts and sources switched off. Operators' log-ins
    go only if FILE names an operator. What would go is shown, and asked for, first.

    A database that does not exist yet is made. A running server takes the change over within a second. A token without a value is
    made here and printed once.

    Examples:  odzew apply setup.toml --dry-run   ·   odzew apply setup.toml   ·   odzew apply setup.toml --prune
    """
    chosen = settings_of(db, settings)
    document = read_file(file, os.environ, chosen["country"])
    async with (opened_or_empty if dry_run else opened_or_made)(chosen["db"]) as database:
        if prune and not (dry_run or yes):
            _ask(surplus(document, await database.read(load)))
        done = await apply(
            document, database, hash_password=hash_password, make_token=make_token, reset_passwords=reset_passwords, dry_run=dry_run,
            prune_rest=prune,
        )  # fmt: skip
    tell(done, dry_run)


def _ask(gone: Surplus) -> None:
    """Shows what would go and asks; typer.Abort if the answer is no."""
    for change in gone.changes:
        typer.echo(f"would {visible(str(change))}")
    if gone.changes:
        typer.confirm("FILE does not name these. Go on?", abort=True)


def tell(done: Applied, dry_run: bool) -> None:
    """Prints each change, and each token that was made."""
    for change in done.changes:
        typer.echo(f"{'would ' if dry_run else ''}{visible(str(change))}")
    if not done.changes:
        typer.echo("Nothing to change: everything is as the file says.")
    for made in done.made:
        typer.echo(f"token {visible(made.name)}: {made.value}")
    if done.made:
        typer.echo("Tokens are shown this once; only their hashes are kept.", err=True)

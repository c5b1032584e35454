"""`odzew sent`: the record of sent messages, by which a reply finds what it answers."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, BinaryIO, Final

import typer

from odzew.cli.listing import visible
from odzew.cli.opening import opened
from odzew.cli.options import DbOption, FileOption, settings_of
from odzew.cli.verb import FAILED, verb
from odzew.errors import SettingError
from odzew.inbox.correct import Corrected, record_sent
from odzew.model import SentMessage
from odzew.operations.sent import lines_of, read_sent_lines
from odzew.store.db import Database
from odzew.store.directory import Directory, StaleDirectory, load

app = typer.Typer(no_args_is_help=True, help="The record of sent messages, by which a reply finds what it answers.")

AT_ONCE: Final = 1_000  # records in one transaction: a running server gets its turn between two
MOST_TOLD: Final = 20  # lines that were not taken, told one by one


@app.command("import")
@verb
async def import_sent(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines, as of POST /operator/sent; - reads the standard input.")],
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Stores sent messages from a file of JSON lines. To bring a line again is harmless.

    A line: {"account":"acme","message_id":"eba39e4fe1","phone":"+48500600700","from_number":"+48500500501",
    "sent_at":"2014-10-21T09:18:03Z","text":"When will you come?"}

    Ends with 1 if a line could not be taken; the others are stored all the same.

    Examples:  odzew sent import sent.jsonl   ·   zcat sent.jsonl.gz | odzew sent import -
    """
    chosen = settings_of(db, settings)
    stored, claimed, failed = 0, 0, 0
    async with opened(chosen["db"]) as database:
        with _lines(file) as octets:
            lines = lines_of(octets)
            while batch := list(itertools.islice(lines, AT_ONCE)):
                directory: Directory = await database.read(load)
                records, failures = read_sent_lines(batch, directory, chosen["country"])
                for failure in failures[: max(0, MOST_TOLD - failed)]:
                    typer.echo(f"line {failure.line}: {visible(failure.message)}", err=True)
                failed += len(failures)
                done = await record_all(database, records, directory)
                stored, claimed = stored + done.stored, claimed + len(done.messages)
    typer.echo(f"Stored {stored} sent messages; {claimed} waiting replies found their owner.")
    if failed:
        typer.echo(f"{failed} lines were not taken.", err=True)
        raise typer.Exit(FAILED)


async def record_all(db: Database, records: list[SentMessage], directory: Directory) -> Corrected:
    """Stores one batch; if the set-up changed meanwhile, with the directory as it is then."""
    while records:
        try:
            done: Corrected = await db.write(record_sent, records, directory)
        except StaleDirectory:
            directory = await db.read(load)
            continue
        return done
    return Corrected()


@contextmanager
def _lines(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        opened_file = open(file, "rb")  # noqa: SIM115  # closed below; what is read from it may raise errors that are not of opening
    except (OSError, ValueError) as error:
        raise SettingError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    with opened_file:
        yield opened_file

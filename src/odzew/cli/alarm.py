"""`odzew alarm`: what was alarmed about, and whether the letter was taken."""

from __future__ import annotations

from typing import Any

import typer

from odzew.cli.listing import instant, print_rows
from odzew.cli.opening import opened
from odzew.cli.options import AccountOption, AfterOption, DbOption, FileOption, JsonOption, LimitOption, settings_of
from odzew.cli.verb import verb
from odzew.store.alarms import AlarmRow, Letter, page
from odzew.store.directory import Directory, load
from odzew.store.inbox_lines import EVERYBODY

app = typer.Typer(no_args_is_help=True, help="Alarms of the last 90 days: targets that failed, and deliveries that were exhausted.")


@app.command("list")
@verb
async def list_alarms(
    account: AccountOption = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Lists alarms, the newest first: when, about what, how often, and of each letter to whom it went, whether the mail server took it
    and what it had against it.

    Examples:  odzew alarm list --account acme   ·   odzew alarm list --limit 1000 --json
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        whose = EVERYBODY if account is None else directory.account_named(account).id
        rows, _ = await database.read(page, whose, after, limit)
    print_rows([_row(row, directory, as_json) for row in rows], as_json, "There are no alarms.")


def _row(row: AlarmRow, directory: Directory, as_json: bool) -> dict[str, Any]:
    account = directory.accounts.get(row.account_id or 0)
    return {
        "id": row.id,
        "at": instant(row.at),
        "account": account.name if account else None,
        "kind": row.kind,
        "about": row.about,
        "words": row.words,
        "times": row.times,
        "letters": [_letter(one) if as_json else _told(one) for one in row.letters.values()],
    }


def _letter(letter: Letter) -> dict[str, Any]:
    return {
        "whose": letter.whose,
        "to": list(letter.addresses),
        "state": letter.state,
        "at": instant(letter.at),
        "tries": letter.tries,
        "said": letter.said or None,
    }


def _told(letter: Letter) -> str:
    """A letter in a column."""
    return f"{letter.state} ({letter.whose}){f': {letter.said}' if letter.said else ''}"

"""`odzew account`: the customers and what belongs to them. They are made and changed by `odzew apply`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from odzew.cli.listing import print_fields, print_json, print_rows
from odzew.cli.opening import opened
from odzew.cli.options import DbOption, FileOption, JsonOption, settings_of
from odzew.cli.verb import verb
from odzew.model import Account, Target
from odzew.setup.check import target_place
from odzew.store.directory import Directory, load

app = typer.Typer(no_args_is_help=True, help="The accounts: list them, look at one. `odzew apply` makes and changes them.")


@app.command("list")
@verb
async def list_accounts(as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None) -> None:
    """Lists the accounts with how many numbers, users, tokens and targets each has.

    Example:  odzew account list
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
    accounts = sorted(directory.accounts.values(), key=lambda account: account.name)
    print_rows([_row(account, directory) for account in accounts], as_json, "There is no account.")


@app.command("show")
@verb
async def show_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")],
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Shows one account: its settings, numbers, keywords, users, tokens and targets. No password and no token is shown.

    Example:  odzew account show acme
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
    whole = _whole(directory.account_named(name), directory)
    if as_json:
        print_json(whole)
    else:
        print_fields(whole)


def _row(account: Account, directory: Directory) -> dict[str, Any]:
    whole = _whole(account, directory)
    return {
        "name": account.name,
        "company": account.company,
        "active": account.active,
        **{name: len(whole[name]) for name in ("numbers", "keywords", "users", "tokens", "targets")},
    }


def _whole(account: Account, directory: Directory) -> dict[str, Any]:
    keywords = [keyword for keyword in directory.keywords_by_id.values() if keyword.account_id == account.id]
    targets = [target for target in directory.targets.values() if target.account_id == account.id]
    return {
        "name": account.name,
        "company": account.company,
        "active": account.active,
        "time_zone": account.time_zone,
        "language": account.language,
        "reply_window_days": account.reply_window_days,
        "allow_from": list(account.allow_from),
        "forward_allow": list(account.forward_allow),
        "alarm_to": list(account.alarm_to),
        "per_second": account.per_second,
        "numbers": [f"{number.address} ({number.service})" for number in directory.numbers.values() if number.account_id == account.id],
        "keywords": [f"{directory.numbers_by_id[keyword.number_id].address}/{keyword.word}" for keyword in keywords],
        "users": [f"{user.login} ({' '.join(user.roles)})" for user in directory.users.values() if user.account_id == account.id],
        "tokens": [token.name for token in directory.tokens.values() if token.account_id == account.id],
        "targets": [
            f"{target_place(directory, target).removeprefix('target ')} {_address(target)}{'' if target.active else ' (off)'}"
            for target in targets
        ],
    }


def _address(target: Target) -> str:
    return target.url or f"mailto:{','.join(target.mail_to)}"

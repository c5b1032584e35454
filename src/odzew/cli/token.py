"""`odzew token`: bearer tokens of accounts and of the operator. A token is shown once, when it is made; only its hash is kept."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, Final

import typer

from odzew.access.addresses import read_network
from odzew.access.tokens import hash_token, make_token
from odzew.cli.listing import print_json, print_rows, visible
from odzew.cli.opening import opened
from odzew.cli.options import AccountOption, DbOption, FileOption, JsonOption, settings_of
from odzew.cli.verb import verb
from odzew.errors import NotOurs, SettingError
from odzew.model import Token
from odzew.setup.judges import name as judge_name
from odzew.store.changes import bump
from odzew.store.db import Request
from odzew.store.directory import Directory, load
from odzew.store.people import remove_token, save_tokens

app = typer.Typer(no_args_is_help=True, help="Bearer tokens of accounts and of the operator: list, make, take away.")

ROLES: Final = ("api", "numbers")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the token, unique within its account.")]
OperatorOption = Annotated[bool, typer.Option("--operator", help="A token of the operator: for /operator/sent, not for the API.")]


@app.command("list")
@verb
async def list_tokens(account: AccountOption = None, as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None) -> None:
    """Lists the tokens by name; the tokens themselves are nowhere to be read.

    Example:  odzew token list --account acme
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
    owner = None if account is None else directory.account_named(account).id
    tokens = [token for token in directory.tokens.values() if account is None or token.account_id == owner]
    rows = [
        {
            "account": directory.accounts[token.account_id].name if token.account_id is not None else "(operator)",
            "name": token.name,
            "roles": list(token.roles) if token.account_id is not None else [],
            "allow_from": list(token.allow_from),
        }
        for token in tokens
    ]
    print_rows(sorted(rows, key=lambda row: (row["account"], row["name"])), as_json, "There is no token.")


@app.command("create")
@verb
async def create_token(
    name: NameArgument,
    account: AccountOption = None,
    operator: OperatorOption = False,
    allow_from: Annotated[
        list[str] | None, typer.Option("--allow-from", metavar="NETWORK", help="Only from these addresses. May be given several times.")
    ] = None,
    without_numbers: Annotated[bool, typer.Option("--without-numbers", help="Without the right to see whole telephone numbers.")] = False,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Makes a token and prints it, once. A running server knows it at once.

    Examples:  odzew token create crm --account acme   ·   odzew token create sending-platform --operator
    """
    if operator == (account is not None):
        raise SettingError("say whose it is: --account NAME, or --operator")
    _judge(name, allow_from or ())
    value = make_token()
    roles = ROLES[:1] if without_numbers else ROLES
    token = Token(0, None, name, hash_token(value), tuple(allow_from or ()), roles)
    async with opened(settings_of(db, settings)["db"]) as database:
        await database.write(_create, token, account)
    if as_json:
        print_json({"account": account, "name": name, "token": value})
    else:
        typer.echo("The token is shown this once; only its hash is kept.", err=True)
        typer.echo(value)


@app.command("revoke")
@verb
async def revoke_token(
    name: NameArgument, account: AccountOption = None, operator: OperatorOption = False, db: DbOption = None, settings: FileOption = None
) -> None:
    """Takes a token away for good. A running server refuses it within a second.

    Example:  odzew token revoke crm --account acme
    """
    if operator == (account is not None):
        raise SettingError("say whose it is: --account NAME, or --operator")
    _judge(name, ())
    async with opened(settings_of(db, settings)["db"]) as database:
        await database.write(_revoke, name, account)
    typer.echo(f"The token {visible(name)} is no longer valid.")


def _judge(name: str, networks: list[str] | tuple[str, ...]) -> None:
    try:
        judge_name(name, "")
    except ValueError as error:
        raise SettingError(f"{name!r} is no name of a token: it {error}") from None
    for network in networks:
        read_network(network)


def _create(token: Token, account: str | None) -> Generator[Request, Any, None]:
    directory: Directory = yield from load()
    owner = None if account is None else directory.account_named(account).id
    if any(known.account_id == owner and known.name == token.name for known in directory.tokens.values()):
        raise NotOurs(f"there is a token {token.name!r} already: revoke it, or choose another name")
    token = Token(0, owner, token.name, token.sha256, token.allow_from, token.roles)
    yield from save_tokens([token])
    yield from bump("directory")


def _revoke(name: str, account: str | None) -> Generator[Request, Any, None]:
    directory: Directory = yield from load()
    owner = None if account is None else directory.account_named(account).id
    if not (yield from remove_token(owner, name)):
        raise NotOurs(f"there is no token {name!r}")
    yield from bump("directory")

"""`odzew inbox`: the messages that came in, as the operator sees them."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from odzew.cli.listing import instant, print_json, print_rows
from odzew.cli.opening import opened
from odzew.cli.options import AccountOption, AfterOption, DbOption, FileOption, JsonOption, LimitOption, read_id, settings_of
from odzew.cli.redecode import redecode_messages, release_copies
from odzew.cli.show import message_story, print_story
from odzew.cli.verb import verb
from odzew.errors import SettingError
from odzew.inbox.correct import Corrected, assign
from odzew.model import KINDS, Kind, Message, Role
from odzew.store.arrivals import AsideRow, aside
from odzew.store.db import Database
from odzew.store.directory import Directory, StaleDirectory, load
from odzew.store.lookup import messages_of
from odzew.store.messages import flagged, newest, unclaimed

app = typer.Typer(no_args_is_help=True, help="The messages that came in: list them, look at one, correct what is wrong.")

ASIDE: Final[dict[Role, str]] = {
    "unreadable": "There is nothing unreadable.",
    "copy": "There is no suspected copy.",
    "receipt": "There is no delivery receipt.",
    "report": "There is no report.",
}
"""What is set aside and can be listed, and how it is said that there is none."""
MOST_ASSIGNED: Final = 1_000
SHOWN_RAW: Final = 2_048  # octets of what is set aside
KindOption = Annotated[
    str | None,
    typer.Option("--kind", metavar="KIND", help=f"What they are: {', '.join(KINDS)}. Needed where their address is no number of ours."),
]


@app.command("list")
@verb
async def list_messages(
    unclaimed_only: Annotated[bool, typer.Option("--unclaimed", help="Those that belong to nobody, oldest first.")] = False,
    flagged_only: Annotated[bool, typer.Option("--flagged", help="Those with a part missing, or not decoded.")] = False,
    unreadable_only: Annotated[bool, typer.Option("--unreadable", help="What came and could not be read, oldest first.")] = False,
    copies_only: Annotated[bool, typer.Option("--copies", help="Suspected copies after a lost session, oldest first.")] = False,
    receipts_only: Annotated[bool, typer.Option("--receipts", help="Delivery receipts of networks, oldest first.")] = False,
    reports_only: Annotated[bool, typer.Option("--reports", help="Reports on sent MMS, oldest first.")] = False,
    account: AccountOption = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Lists messages, the newest first; or those of them, or what else came, that waits for somebody to look at it.

    Examples:  odzew inbox list --account acme   ·   odzew inbox list --unclaimed --json   ·   odzew inbox list --flagged
    """
    roles = {"unreadable": unreadable_only, "copy": copies_only, "receipt": receipts_only, "report": reports_only}
    if sum(roles.values()) + unclaimed_only + flagged_only + (account is not None) > 1:
        raise SettingError("choose one of --unclaimed, --flagged, --unreadable, --copies, --receipts, --reports and --account")
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        for role in (one for one in ASIDE if roles[one]):
            rows = await database.read(aside, role, after or 0, limit)
            print_rows([_aside_row(row, role, directory) for row in rows], as_json, ASIDE[role])
            return
        if unclaimed_only:
            messages = await database.read(unclaimed, after or 0, limit)
        elif flagged_only:
            messages = await database.read(flagged, after, limit)
        elif account is not None:
            messages = await database.read(messages_of, directory.account_named(account).id, after, limit)
        else:
            messages = await database.read(newest, after, limit)
        print_rows([message_row(message, directory) for message in messages], as_json, "There are no such messages.")


@app.command("show")
@verb
async def show_message(
    key: Annotated[int, typer.Argument(metavar="ID", parser=read_id, help="The id of the message.")],
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Shows one message: whose it is and why, what came off the wire, to whom it is owed, and every call that was made.

    Example:  odzew inbox show 1042
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        story = await message_story(database, key)
    if as_json:
        print_json(story)
    else:
        print_story(story)


@app.command("assign")
@verb
async def assign_messages(
    keys: Annotated[list[int], typer.Argument(metavar="ID", parser=read_id, help="The ids of unclaimed messages.")],
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="The account that gets them.")],
    kind: KindOption = None,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Gives unclaimed messages to an account. They are then forwarded and offered by the API as if they were new.

    All of them or none: if one does not exist or belongs to somebody, nothing is changed.

    Examples:  odzew inbox assign 1042 --account acme   ·   odzew inbox assign 7 8 9 --account acme --kind nd
    """
    if kind is not None and kind not in KINDS:
        raise SettingError(f"{kind!r} is no kind of message: use one of {', '.join(KINDS)}")
    if len(keys) > MOST_ASSIGNED:
        raise SettingError(f"at most {MOST_ASSIGNED} messages at once")
    async with opened(settings_of(db, settings)["db"]) as database:
        done = await assign_to(database, keys, account, kind)
    for message in done.messages:
        typer.echo(f"Message {message.id} is now {account}'s, of kind {message.kind}.")
    if done.owed:
        typer.echo(f"Deliveries owed: {len(done.owed)}.")


app.command("redecode")(redecode_messages)
app.command("release")(release_copies)


async def assign_to(db: Database, keys: list[int], account: str, kind: Kind | None) -> Corrected:
    """Assigns in one transaction, against the directory as it is then. NotOurs for what cannot be assigned."""
    while True:
        directory: Directory = await db.read(load)
        try:
            done: Corrected = await db.write(assign, keys, directory.account_named(account), kind, directory)
        except StaleDirectory:
            continue  # somebody changed the set-up between the two
        return done


def message_row(message: Message, directory: Directory) -> dict[str, Any]:
    """A message as it is listed."""
    return {
        "id": message.id,
        "received": instant(message.received_at),
        "kind": message.kind,
        "account": account_name(directory, message.account_id),
        "from": message.sender,
        "to": message.recipient,
        "flags": flags_of(message),
        "text": message.text if message.title is None else message.title,
    }


def account_name(directory: Directory, account_id: int | None) -> str | None:
    """The account's name; None for nobody's."""
    if account_id is None:
        return None
    account = directory.accounts.get(account_id)
    return account.name if account else f"({account_id})"


def flags_of(message: Message) -> list[str]:
    """What is unusual about a message: `incomplete`, `withheld`, and its form where that is not plain text."""
    named = ["incomplete"] * bool(message.incomplete) + ["withheld"] * (message.withheld is not None)
    return named + [message.form] * (message.form != "text")


def _aside_row(row: AsideRow, role: Role, directory: Directory) -> dict[str, Any]:
    """What is no message, or not one of its own; `says` is what its network told, `repeats` the message that a copy repeats."""
    known = directory.sources_by_id.get(row.source_id)
    told: dict[str, Any] = {"fault": row.fault} if role == "unreadable" else {"repeats": row.message_id} if role == "copy" else {}
    return {
        "arrival": row.id,
        "stored": instant(row.stored_at),
        "source": known.name if known else f"({row.source_id})",
        "from": row.sender,
        "to": row.recipient,
        **(told or {"says": row.extra}),
        "raw": row.raw[:SHOWN_RAW].hex(),
    }

"""`odzew inbox redecode` and `odzew inbox release`: what is made of stored octets after the fact."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final

import typer

from odzew.cli.listing import visible
from odzew.cli.opening import opened
from odzew.cli.options import DbOption, FileOption, read_id, settings_of
from odzew.cli.verb import verb
from odzew.errors import NotOurs, SettingError, WireError
from odzew.inbox.batch import Received
from odzew.inbox.redecode import Redecoded, redecode, release
from odzew.inbox.segments import READABLE
from odzew.store.db import Database
from odzew.store.directory import Directory, StaleDirectory, load
from odzew.store.lookup import over_source
from odzew.wire.localtime import parse_rfc3339

MOST: Final = 1_000  # named on one command line, and changed in one transaction
PAGE: Final = 500  # looked at in one page of a filter: a running server gets its turn between two
EVER: Final = 1 << 62

IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", parser=read_id, help="The ids of messages.")]
SourceOption = Annotated[str | None, typer.Option("--source", metavar="NAME", help="All messages that came over this source.")]
SinceOption = Annotated[
    str | None, typer.Option("--from", metavar="WHEN", help="Of those the ones received from then on: 2026-11-23 or 2026-11-23T14:00:00Z.")
]
UntilOption = Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Of those the ones received before then.")]
OfferOption = Annotated[
    bool, typer.Option("--offer", help="Offer what changes to the API again, and forward it again where the target wants completions.")
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


@verb
async def redecode_messages(
    keys: IdsArgument = None,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    offer: OfferOption = False,
    dry_run: DryOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Decodes messages that came over SMPP again, with the alphabets that their source has now. What arrived stays as it is; what the
    message was before is kept as a revision.

    Give the ids of messages, or a source and perhaps a time. Named messages: all of them or none. Those of a source are done in small
    transactions, so that a running server goes on meanwhile.

    Examples:  odzew inbox redecode 1042 --dry-run   ·   odzew inbox redecode --source carrier-a --from 2026-11-23 --offer
    """
    if bool(keys) == (source is not None):
        raise SettingError("give either the ids of messages or --source NAME")
    if source is None and (since or until):
        raise SettingError("--from and --to go with --source")
    if keys is not None and len(keys) > MOST:
        raise SettingError(f"at most {MOST} messages at once")
    between = (_instant(since, "--from", 0), _instant(until, "--to", EVER))
    changed = same = owed = 0
    async with opened(settings_of(db, settings)["db"]) as database:
        async for ids in _pages(database, keys, source, between):
            done = await _redecode(database, ids, offer, dry_run)
            _tell(done)
            changed, same, owed = changed + len(done.changed), same + done.same, owed + len(done.owed)
    if dry_run:
        typer.echo(f"Would change: {changed}. Would stay the same: {same}. Nothing was written.")
    else:
        typer.echo(f"Changed: {changed}. The same as before: {same}. Deliveries owed: {owed}.")


@verb
async def release_copies(
    keys: Annotated[list[int], typer.Argument(metavar="ARRIVAL", parser=read_id, help="The ids of arrivals, as the list has them.")],
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Makes suspected copies messages of their own, as if they had just come. Of a long message name all its parts together.

    `odzew inbox list --copies` lists them. All of them or none.

    Example:  odzew inbox release 2077
    """
    if len(keys) > MOST:
        raise SettingError(f"at most {MOST} arrivals at once")
    chosen = settings_of(db, settings)
    async with opened(chosen["db"]) as database:
        received: Received = await with_directory(database, lambda directory: database.write(release, keys, directory, chosen["country"]))
        directory: Directory = await database.read(load)
    for key, receipt in zip(dict.fromkeys(keys), received.receipts, strict=True):
        if receipt.message_id is None:
            typer.echo(f"Arrival {key} is now {'a part that waits for others' if receipt.kind == 'part' else f'a {receipt.kind}'}.")
            continue
        message = next((one for one in received.messages if one.id == receipt.message_id), None)
        account = directory.accounts.get((message and message.account_id) or 0)
        typer.echo(f"Arrival {key} is now message {receipt.message_id}, {visible(account.name) if account else 'unclaimed'}.")
    if received.owed:
        typer.echo(f"Deliveries owed: {len(received.owed)}.")


async def _redecode(db: Database, ids: list[int], offer: bool, dry_run: bool) -> Redecoded:
    run = db.read if dry_run else db.write
    done: Redecoded = await with_directory(db, lambda directory: run(redecode, ids, directory, offer, dry_run))
    return done


async def with_directory(db: Database, work: Callable[[Directory], Any]) -> Any:
    """Does the work against the directory as it is then."""
    while True:
        try:
            return await work(await db.read(load))
        except StaleDirectory:
            continue  # somebody changed the set-up between the two


async def _pages(db: Database, keys: list[int] | None, source: str | None, between: tuple[int, int]) -> AsyncIterator[list[int]]:
    """The ids of messages: those that were named at once, those of a source page by page."""
    if keys:
        yield keys
        return
    directory: Directory = await db.read(load)
    known = directory.sources.get(source or "")
    if known is None:
        raise NotOurs(f"there is no source {source!r}")
    if known.protocol not in READABLE:
        raise NotOurs(f"source {known.name} is of protocol {known.protocol}: only what came over SMPP can be decoded again")
    after: int | None = 0
    while after is not None:
        ids, after = await db.read(over_source, known.id, *between, after, PAGE)
        if ids:
            yield ids


def _instant(text: str | None, option: str, none: int) -> int:
    if text is None:
        return none
    try:
        return parse_rfc3339(text if "T" in text or "t" in text else f"{text}T00:00:00Z")
    except WireError:
        raise SettingError(f"{option} is a day such as 2026-11-23 (UTC), or a time such as 2026-11-23T14:00:00+01:00") from None


def _tell(done: Redecoded) -> None:
    for message, before in done.changed:
        flagged = "" if message.form == "text" else f" ({message.form})"
        typer.echo(f"Message {message.id}{flagged}")
        typer.echo(f"  before: {visible(before)}")
        typer.echo(f"  after:  {visible(message.text)}")

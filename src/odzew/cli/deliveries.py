"""`odzew deliveries`: what is owed to clients' URLs, how each call ended, why something was not forwarded, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final, get_args

import typer

from odzew.cli.listing import print_fields, print_json, print_rows, visible
from odzew.cli.opening import opened
from odzew.cli.options import AccountOption, AfterOption, DbOption, FileOption, JsonOption, LimitOption, read_id, settings_of
from odzew.cli.show import delivery_row, delivery_story, print_story
from odzew.cli.verb import verb
from odzew.clock import Clock
from odzew.errors import SettingError
from odzew.forward.outcome import meaning_of
from odzew.model import DeliveryState
from odzew.operations.resend import LEAST_RATE, MOST_RATE, RATE, STATES, Order, read_order, read_wanted, send_again
from odzew.operations.why import Fate, Why, why, why_arrival
from odzew.store.db import Database
from odzew.store.delivery_list import Wanted, page
from odzew.store.directory import Directory, load
from odzew.store.lookup import DeliveryRow
from odzew.store.resend import Resent
from odzew.store.target_states import TargetState, states

app = typer.Typer(no_args_is_help=True, help="What is owed to clients' URLs: list deliveries, look at one, ask why, send again.")

ALL_STATES: Final[tuple[str, ...]] = get_args(DeliveryState)
SHOWN: Final = 10_000  # deliveries between two words of how far it is

TargetOption = Annotated[str | None, typer.Option("--target", metavar="NAME", help="Of this target only: its name, or its id.")]
SinceOption = Annotated[
    str | None, typer.Option("--from", metavar="WHEN", help="Ended (pending: due) from then on: 2026-11-23 or 2026-11-23T14:00:00Z.")
]
UntilOption = Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Ended (pending: due) before then.")]


@app.command("list")
@verb
async def list_deliveries(
    state: Annotated[str | None, typer.Option("--state", metavar="STATE", help=f"Only these: {', '.join(ALL_STATES)}.")] = None,
    account: AccountOption = None,
    target: TargetOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Lists deliveries, the newest first. What is exhausted or cancelled comes by when it ended, the latest first; what is pending by
    when it is due, the soonest first.

    Examples:  odzew deliveries list --state exhausted --account acme   ·   odzew deliveries list --state pending --target crm --json
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        given = {"state": state, "account": account, "target": target, "from": since, "to": until}
        rows = await _rows(database, read_wanted(given, directory), after, limit)
        known: dict[int, TargetState] = await database.read(states, sorted({row.target_id for row in rows}))
    print_rows([delivery_row(row, known.get(row.target_id)) for row in rows], as_json, "There are no such deliveries.")


@app.command("show")
@verb
async def show_delivery(
    key: Annotated[int, typer.Argument(metavar="ID", parser=read_id, help="The id of the delivery.")],
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Shows one delivery and every call that was made for it.

    Example:  odzew deliveries show 77
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        story = await delivery_story(database, key)
    if as_json:
        print_json(story)
    else:
        print_story(story)


@app.command("why")
@verb
async def why_not(
    message: Annotated[int | None, typer.Argument(metavar="[MESSAGE]", parser=read_id, help="The id of the message.")] = None,
    arrival: Annotated[
        int | None, typer.Option("--arrival", metavar="ID", parser=read_id, help="Of what came, also where it is no message.")
    ] = None,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Tells why a message was forwarded or not: whose it is and by which rule, which level applies, and what became of it at each target.

    Examples:  odzew deliveries why 1042   ·   odzew deliveries why --arrival 2077 --json
    """
    if (message is None) == (arrival is None):
        raise SettingError("give either the id of a message or --arrival ID")
    async with opened(settings_of(db, settings)["db"]) as database:
        if message is not None:
            answer = await why(database, message, meaning_of)
        else:
            answer = await why_arrival(database, arrival or 0, meaning_of)
    if as_json:
        print_json(asdict(answer))
    else:
        _print_why(answer)


@app.command("resend")
@verb
async def resend_deliveries(
    keys: Annotated[list[int] | None, typer.Argument(metavar="[DELIVERY]...", parser=read_id, help="The ids of deliveries.")] = None,
    message: Annotated[int | None, typer.Option("--message", metavar="ID", parser=read_id, help="Those of this message.")] = None,
    account: AccountOption = None,
    target: TargetOption = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help=f"Those in this state: {', '.join(STATES)}; else: exhausted.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    rate: Annotated[
        float, typer.Option("--rate", metavar="N", min=LEAST_RATE, max=MOST_RATE, help=f"So many a second. Default: {RATE:g}.")
    ] = RATE,
    again: Annotated[bool, typer.Option("--again", help="Also what was delivered.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Sends deliveries again: each gets a new round of attempts, with the same webhook-id. What is still owed is left as it is.

    Name deliveries, or a message, or a filter. The work is done in small transactions beside a running server, and the calls are
    spread by the rate, behind fresh messages.

    Examples:  odzew deliveries resend 77 78   ·   odzew deliveries resend --target crm --from 2026-11-23T14:00:00Z --rate 50
    """
    given = {
        "deliveries": list(keys or ()), "message": message, "account": account, "target": target, "state": state, "from": since,
        "to": until, "rate": rate, "again": again, "dry_run": dry_run,
    }  # fmt: skip
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        order = read_order(given, directory)
        done = await send_again(database, order, _Told(), Clock())
    if as_json:
        print_json(asdict(done) | {"dry_run": dry_run})
    else:
        _print_resent(done, order)


class _Told:
    """Says now and then how far it is."""

    def __init__(self) -> None:
        self._next = SHOWN

    def __call__(self, count: int) -> None:
        if count >= self._next:
            typer.echo(f"{count} ...", err=True)
            self._next = count + SHOWN


async def _rows(db: Database, wanted: Wanted, after: int | None, limit: int) -> list[DeliveryRow]:
    """Pages until there are enough rows: each is read for itself, so that nobody waits for a long one."""
    found: list[DeliveryRow] = []
    while len(found) < limit:
        rows, after = await db.read(page, wanted, after, limit - len(found))
        found += rows
        if after is None:
            break
    return found


def _print_resent(done: Resent, order: Order) -> None:
    typer.echo(f"{'Would be sent again' if order.dry_run else 'Sent again'}: {done.sent_again}, {order.rate:g} a second.")
    for count, words in (
        (done.paused, "of them wait: their target is paused, see `odzew target resume`"),
        (done.target_off, "were left: their target is switched off or removed"),
        (done.still_owed, "were left: they are still owed"),
        (done.delivered, "were left: they were delivered; --again sends them all the same"),
        (done.unknown, "do not exist"),
    ):
        if count:
            typer.echo(f"{count} {words}.")


def _print_why(answer: Why) -> None:
    fields: dict[str, Any] = {
        name: getattr(answer, name) for name in ("arrival", "message", "account", "kind", "rule", "level")
    } | {"answer": answer.words}  # fmt: skip
    print_fields(fields)
    _print_fates(answer.targets)


def _print_fates(fates: Sequence[Fate]) -> None:
    for fate in fates:
        delivery = f", delivery {fate.delivery}" if fate.delivery is not None else ""
        typer.echo("")
        typer.echo(visible(f"target {fate.target} ({fate.target_id}){delivery}: {fate.words}"))
        for one in fate.tries:
            status = "" if one.status is None else f"  status {one.status}"
            typer.echo(visible(f"  {one.number}  {one.started}  {one.outcome}{status}  {one.took_ms} ms  {one.address}  {one.means}"))

"""`odzew deliveries`: what is owed to clients' URLs, and how each call ended."""

from __future__ import annotations

from typing import Annotated, Final, get_args

import typer

from odzew.cli.listing import print_json, print_rows
from odzew.cli.opening import opened
from odzew.cli.options import AfterOption, DbOption, FileOption, JsonOption, LimitOption, read_id, settings_of
from odzew.cli.show import delivery_row, delivery_story, print_story
from odzew.cli.verb import verb
from odzew.errors import SettingError
from odzew.model import DeliveryState
from odzew.store.lookup import deliveries

app = typer.Typer(no_args_is_help=True, help="What is owed to clients' URLs: list deliveries, look at one with all its calls.")

STATES: Final[tuple[str, ...]] = get_args(DeliveryState)


@app.command("list")
@verb
async def list_deliveries(
    state: Annotated[str | None, typer.Option("--state", metavar="STATE", help=f"Only these: {', '.join(STATES)}.")] = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
    as_json: JsonOption = False,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Lists deliveries, the newest first.

    Examples:  odzew deliveries list --state exhausted   ·   odzew deliveries list --state pending --json
    """
    if state is not None and state not in STATES:
        raise SettingError(f"{state!r} is no state of a delivery: use one of {', '.join(STATES)}")
    async with opened(settings_of(db, settings)["db"]) as database:
        rows = await database.read(deliveries, state, after, limit)
    print_rows([delivery_row(row) for row in rows], as_json, "There are no such deliveries.")


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

"""`odzew target resume` and `odzew target states`: targets that fail for long, and those that are paused because of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from odzew.cli.listing import instant, print_rows
from odzew.cli.opening import opened
from odzew.cli.options import AccountOption, DbOption, FileOption, JsonOption, settings_of
from odzew.cli.verb import verb
from odzew.errors import NotOurs, SettingError
from odzew.forward.health import health_of
from odzew.forward.outcome import meaning_of
from odzew.operations.resend import LEAST_RATE, MOST_RATE, RATE, find_target
from odzew.store.directory import Directory, load
from odzew.store.resend import drop_all, put_off_all
from odzew.store.target_states import TargetState, resume, states


@verb
async def list_states(as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None) -> None:
    """Lists the targets that fail or are paused. Servers note it every 5 seconds; a target that is not listed is well.

    Example:  odzew target states
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        known: dict[int, TargetState] = await database.read(states)
    troubled = [state for key, state in sorted(known.items()) if health_of(state) != "well" and key in directory.targets]
    print_rows([_row(state, directory) for state in troubled], as_json, "All targets are well.")


@verb
async def resume_target(
    words: Annotated[list[str], typer.Argument(metavar="TARGET...", help="The target as it is listed, such as: acme sms. Or its id.")],
    send_missed: Annotated[bool, typer.Option("--send-missed", help="What came during the pause is sent now.")] = False,
    drop_missed: Annotated[bool, typer.Option("--drop-missed", help="What is owed is cancelled; what comes from now on is sent.")] = False,
    rate: Annotated[
        float, typer.Option("--rate", metavar="N", min=LEAST_RATE, max=MOST_RATE, help=f"Send so many a second. Default: {RATE:g}.")
    ] = RATE,
    account: AccountOption = None,
    db: DbOption = None,
    settings: FileOption = None,
) -> None:
    """Lets a paused target be called again, and says what becomes of what was missed. What was dropped can be sent again later.

    Examples:  odzew target resume acme sms --send-missed   ·   odzew target resume 7 --drop-missed
    """
    name = " ".join(words)
    if send_missed == drop_missed:
        raise SettingError("say what becomes of what was missed: --send-missed or --drop-missed")
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        owner = directory.account_named(account).id if account is not None else None
        target = find_target(directory, name, owner)
        known: dict[int, TargetState] = await database.read(states, [target])
        if target not in known or known[target].paused_at is None:
            raise NotOurs(f"target {name} is not paused")
        missed = await (drop_all(database, target) if drop_missed else put_off_all(database, target, rate))
        await database.write(resume, target)
    typer.echo(f"Target {name} is called again. {'Cancelled' if drop_missed else 'To be sent'}: {missed}.")


def _row(state: TargetState, directory: Directory) -> dict[str, Any]:
    target = directory.targets[state.target_id]
    account = directory.accounts.get(target.account_id)
    return {
        "id": target.id,
        "target": target.name,
        "account": account.name if account else None,
        "state": health_of(state),
        "failing_since": instant(state.failing_since),
        "failures": state.failures,
        "last_success": instant(state.last_success_at),
        "last_failure": instant(state.last_failure_at),
        "paused_since": instant(state.paused_at),
        "last_outcome": meaning_of(state.last_outcome),
    }

"""`odzew source`: the ways in, and how each of them is."""

from __future__ import annotations

from typing import Any, Final

import typer

from odzew.cli.binds import Bind, binds_of
from odzew.cli.listing import instant, print_json, visible
from odzew.cli.opening import opened
from odzew.cli.options import DbOption, FileOption, JsonOption, settings_of
from odzew.cli.verb import verb
from odzew.model import Source
from odzew.store.directory import Directory, load
from odzew.store.parts import waiting
from odzew.store.tallies import Tally, tallies

_PUSHED: Final = ("messages", "reports", "refused")
_COUNTED: Final = ("messages", "receipts", "refused", "malformed")

app = typer.Typer(no_args_is_help=True, help="The ways in: list them and see how they are. `odzew apply` makes and changes them.")


@app.command("list")
@verb
async def list_sources(as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None) -> None:
    """Lists the sources. Of an SMPP source each bind is told: since when it is bound, to which host and by which process, what came
    over it, and where it is not bound, why its last session ended. Of a source over HTTP it is told what was pushed. Servers note
    these figures every 5 seconds.

    Example:  odzew source list
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
        binds = await binds_of(database, directory)
        parts: dict[int, int] = await database.read(waiting)
        counted: list[Tally] = await database.read(tallies)
    sources = sorted(directory.sources.values(), key=lambda source: source.name)
    if as_json:
        print_json(
            [
                _source(source, parts)
                | {"pushed": _pushed(source, counted), "binds": [_bind(one) for one in binds if one.source is source]}
                for source in sources
            ]
        )
        return
    if not sources:
        typer.echo("There is no source.", err=True)
    for source in sources:
        _print_source(source, parts.get(source.id, 0), _pushed(source, counted))
        for one in binds:
            if one.source is source:
                _print_bind(one)


def _source(source: Source, parts: dict[int, int]) -> dict[str, Any]:
    return {
        "name": source.name,
        "protocol": source.protocol,
        "active": source.active,
        "parts_waiting": parts.get(source.id, 0),
    }


def _pushed(source: Source, counted: list[Tally]) -> dict[str, Any] | None:
    """What was pushed over HTTP, to all processes together; None where nothing was."""
    own = [tally for tally in counted if tally.source_id == source.id]  # the newest process first
    if not own:
        return None
    return {
        "since": instant(min(tally.since for tally in own)),
        "last_message": instant(max((tally.last_message_at for tally in own if tally.last_message_at is not None), default=None)),
        **{name: sum(getattr(tally, name) for tally in own) for name in _PUSHED},
        "last_fault": next((tally.fault for tally in own if tally.fault), None),
    }


def _bind(bind: Bind) -> dict[str, Any]:
    """One bind; the figures are those of its present session, or of its last one."""
    told: dict[str, Any] = {"bind": bind.number, "bound": bind.bound, "why_not": bind.why or None}
    session = bind.session
    if session is None:
        return told
    return told | {
        "since": instant(session.opened_at),
        "until": instant(session.ended_at),
        "host": session.host,
        "process": session.process,
        "last_message": instant(session.last_message_at),
        "last_enquire_link": instant(session.last_link_at),
        "messages": session.messages,
        "receipts": session.receipts,
        "refused": session.refused,
        "malformed": session.malformed,
        "last_fault": session.fault or None,
    }


def _print_source(source: Source, parts: int, pushed: dict[str, Any] | None) -> None:
    words = [source.name, source.protocol, "on" if source.active else "off"]
    if parts:
        words.append(f"parts waiting: {parts}")
    typer.echo(visible("  ".join(words)))
    if pushed is not None:
        counts = ", ".join(f"{name} {pushed[name]}" for name in _PUSHED)
        typer.echo(f"  since {pushed['since']}: {counts}; last message: {pushed['last_message'] or 'none'}")
        if pushed["last_fault"]:
            typer.echo(f"  last fault: {visible(pushed['last_fault'])}")


def _print_bind(bind: Bind) -> None:
    session = bind.session
    if bind.bound and session is not None:
        state = f"bound since {instant(session.opened_at)} to {session.host} by {session.process}"
    else:
        state = f"not bound: {bind.why}"
    typer.echo(visible(f"  bind {bind.number}: {state}"))
    if session is None:
        return
    for name, at in (("message", session.last_message_at), ("enquire_link", session.last_link_at)):
        typer.echo(f"    last {name}: {instant(at) or 'none'}")
    typer.echo(f"    {', '.join(f'{name} {getattr(session, name)}' for name in _COUNTED)}")
    if session.fault:
        typer.echo(f"    last fault: {visible(session.fault)}")

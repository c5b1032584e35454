"""`odzew target`: where messages go, and one test call of it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

import typer

from odzew.cli.check import listeners_of
from odzew.cli.listing import cell, print_json, visible
from odzew.cli.opening import opened
from odzew.cli.options import DbOption, FileOption, JsonOption, read_id, settings_of
from odzew.cli.target_state import list_states, resume_target
from odzew.cli.verb import FAILED, verb
from odzew.clock import Clock
from odzew.errors import NotOurs, SettingError
from odzew.forward.call import SenderLimits
from odzew.forward.exchange import Exchange
from odzew.forward.guard import Guard
from odzew.forward.mail import MailServer, SmtpSender, mail_tls
from odzew.forward.resolver import SystemResolver
from odzew.forward.sender import HttpSender, tls_context
from odzew.forward.trial import Trial, trial
from odzew.forward.trust import Trusts
from odzew.model import Message, Target
from odzew.settings import Settings
from odzew.setup.check import target_place
from odzew.setup.reading import did_you_mean
from odzew.store.db import Database
from odzew.store.directory import Directory, load
from odzew.store.messages import get

_PASSWORD = re.compile(r"(://[^/?#:@]*):[^/?#@]*@")
_FILTERS: Final = ("only_keywords", "only_senders", "only_text")

app = typer.Typer(no_args_is_help=True, help="Where messages go: list targets, make one test call. `odzew apply` makes and changes them.")

TargetWords = Annotated[
    list[str], typer.Argument(metavar="TARGET...", help="The target as it is listed, such as: acme sms. Or its id.", show_default=False)
]
MessageOption = Annotated[
    int | None, typer.Option("--message", metavar="ID", parser=read_id, help="Send this message and not a sample.")
]


@app.command("list")
@verb
async def list_targets(as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None) -> None:
    """Lists the targets: where each stands, what it is for, by which way it is reached, and what its filters let through.

    Example:  odzew target list
    """
    async with opened(settings_of(db, settings)["db"]) as database:
        directory: Directory = await database.read(load)
    rows = [_row(directory, target) for target in sorted(directory.targets.values(), key=lambda one: (place_of(directory, one), one.id))]
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo("There is no target.", err=True)
    for row in rows:
        words = [f"{row['id']}", row["name"], f"for {row['for']}", row["way"], row["to"], *([] if row["active"] else ["off"])]
        typer.echo("  ".join(visible(str(word)) for word in words))
        for name in _FILTERS:
            if row[name]:
                typer.echo(f"    {name}: {cell(row[name])}")


@app.command("test")
@verb
async def try_target(
    name: TargetWords, message: MessageOption = None, as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None
) -> None:
    """Makes one call of a target now, as a delivery would make it, and shows the whole exchange: what was sent, which addresses the host
    has and which was called, how long it took, and what came back. A sample is sent, with the id 0 and a `webhook-id` that begins
    with `msg_test_`. Nothing is recorded, nothing is owed, and filters do not count. Ends with 1 where a delivery would not be done.

    Secrets of targets (`env:NAME`) are taken from the environment of this command.

    Examples:  odzew target test acme sms   ·   odzew target test +48799448855/AUTO sms --message 1042   ·   odzew target test 3 --json
    """
    chosen = settings_of(db, settings)
    async with opened(chosen["db"]) as database:
        directory: Directory = await database.read(load)
        target = found(directory, name)
        account = directory.accounts[target.account_id]
        stored = None if message is None else await _stored(database, message, account.id)
        async with AsyncExitStack() as closing:
            exchange, clock = _exchange(database, chosen, closing)
            result = await trial(exchange, clock, target, account, stored)
    told = _told(result)
    if as_json:
        print_json(told)
    else:
        _print(result)
    if not result.success:
        raise typer.Exit(FAILED)


def found(directory: Directory, words: Sequence[str]) -> Target:
    """The target of these words: as it is listed, or its id. NotOurs with the nearest name; SettingError where they mean several."""
    asked = " ".join(words).removeprefix("target ").strip()
    if asked.isascii() and asked.isdigit() and (one := directory.targets.get(int(asked[:19]))) is not None:
        return one
    named = [target for target in directory.targets.values() if place_of(directory, target) == asked]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(f"{one.id} (for {one.for_kind})" for one in named)
        raise SettingError(f"{asked!r} are several targets: name one by its id: {ids}")
    near = did_you_mean(asked, [place_of(directory, target) for target in directory.targets.values()])
    raise NotOurs(f"there is no target {asked!r}{near or '; `odzew target list` lists them'}")


def place_of(directory: Directory, target: Target) -> str:
    """A target as it is listed: `acme eco`, `+48799448855/SERWERSMS sms`."""
    return target_place(directory, target).removeprefix("target ")


async def _stored(database: Database, key: int, account: int) -> Message:
    messages: dict[int, Message] = await database.read(get, [key])
    if key not in messages or messages[key].account_id != account:
        raise NotOurs(f"the account of this target has no message {key}")
    return messages[key]


def _exchange(database: Database, chosen: Settings, closing: AsyncExitStack) -> tuple[Exchange, Clock]:
    """Calls as the server makes them."""
    clock = Clock()
    resolver = SystemResolver(clock)
    closing.callback(resolver.close)
    limits = SenderLimits(connect=chosen["connect_seconds"], total=chosen["answer_seconds"])
    extra = chosen["extra_ca"] or None
    try:
        tls = tls_context(extra)
    except (OSError, ValueError) as error:
        raise SettingError(f"extra_ca {extra} is no readable PEM file of certificate authorities: {error}") from None
    sender = HttpSender(clock, resolver, Guard(listeners_of(chosen["listen"])), limits, tls)
    closing.push_async_callback(sender.close)
    mail = None
    if chosen["smtp_host"]:
        server = MailServer(*(chosen[name] for name in ("smtp_host", "mail_from", "smtp_port", "smtp_user", "smtp_password", "smtp_tls")))
        mail = SmtpSender(clock, resolver, server, mail_tls(extra))
    return Exchange(database, clock, sender, lambda reference: os.environ.get(reference.removeprefix("env:")), mail, Trusts(extra)), clock


def _row(directory: Directory, target: Target) -> dict[str, Any]:
    account = directory.accounts.get(target.account_id)
    return {
        "id": target.id,
        "name": place_of(directory, target),
        "account": account.name if account else None,
        "for": target.for_kind,
        "way": target.way,
        "to": "mailto:" + ",".join(target.mail_to) if target.way == "email" else _PASSWORD.sub(r"\1:(hidden)@", target.url),
        "active": target.active,
        "signed": target.secret is not None,
        **{name: list(getattr(target, name)) for name in _FILTERS},
    }


def _told(result: Trial) -> dict[str, Any]:
    return {
        "outcome": result.outcome,
        "success": result.success,
        "means": result.detail or result.meaning,
        "url": result.url,
        "addresses": [{"address": address, "verdict": verdict} for address, verdict in result.addresses],
        "called": result.address or None,
        "request": {"head": result.request, "body": _text(result.body), "body_octets": result.body_octets},
        "status": result.status,
        "answer": {"head": result.answer_head, "body": _text(result.answer)},
        "timings_us": result.timings,
    }


def _print(result: Trial) -> None:
    typer.echo(visible(result.url))
    for address, verdict in result.addresses:
        typer.echo(visible(f"  {address}: {verdict}{' (called)' if address == result.address else ''}"))
    cut = f"\n({result.body_octets} octets in all)" if result.body_octets > len(result.body) else ""
    for title, text in (
        ("sent", f"{result.request}\n\n{_text(result.body)}{cut}" if result.request else ""),
        ("came", f"{result.answer_head}\n\n{_text(result.answer)}" if result.answer_head else ""),
    ):
        if text:
            typer.echo(f"\n{title}:")
            for line in text.strip("\n").replace("\r\n", "\n").split("\n"):
                typer.echo(f"  {visible(line)}".rstrip())
    typer.echo("")
    if result.timings:
        typer.echo(", ".join(f"{name.removesuffix('_us')} {took / 1000:.1f} ms" for name, took in result.timings.items()))
    typer.echo(visible(f"{result.outcome}: {result.meaning}" + (f" {result.detail}" if result.detail else "")))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


app.command("states")(list_states)
app.command("resume")(resume_target)

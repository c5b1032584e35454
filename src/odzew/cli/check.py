"""`odzew check`: what is wrong with a set-up, in plain words."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from odzew.cli.binds import binds_of
from odzew.cli.listing import print_json, visible
from odzew.cli.opening import exists, opened
from odzew.cli.options import DbOption, FileOption, JsonOption, settings_of
from odzew.cli.verb import FAILED, verb
from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.forward.allowance import parse_allowance
from odzew.forward.guard import Guard
from odzew.forward.literal import read_host
from odzew.forward.resolver import Resolver, SystemResolver
from odzew.ingest.smpp.probe import probe
from odzew.model import Account, Source
from odzew.setup.after import after
from odzew.setup.check import Finding, Reach, TryBind, check
from odzew.setup.compare import compare
from odzew.setup.document import read_file
from odzew.store.directory import Directory, load
from odzew.wire.template import Template

PATIENCE: Final = 3.0  # seconds that a name may take to be resolved, as when it is called
BINDING: Final = 30.0  # seconds for all hosts of one source

FileArgument = Annotated[Path | None, typer.Argument(metavar="FILE", help="A set-up file to judge as if it were applied.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Do not look up the hosts of targets, and try no bind.")]


@verb
async def check_setup(
    file: FileArgument = None, offline: OfflineOption = False, as_json: JsonOption = False, db: DbOption = None, settings: FileOption = None
) -> None:
    """Tells in plain words what is wrong with the set-up in the database, or with what FILE would make of it. Nothing is written.

    Hosts of targets are looked up, and it is told which of them would not be called. Each SMPP source that is switched on is connected,
    bound and unbound again at each of its hosts. Ends with 1 if there is an error; warnings alone end with 0.

    Examples:  odzew check   ·   odzew check setup.toml   ·   odzew check --offline
    """
    chosen = settings_of(db, settings)
    directory, bound = await _present(chosen["db"], file is not None)
    if file is not None:
        document = read_file(file, os.environ, chosen["country"])
        directory = after(directory, compare(document, directory))
    clock = Clock()
    resolver = SystemResolver(clock)
    taken: list[str] = []
    try:
        reach = None if offline else reach_by(resolver, Guard(listeners_of(chosen["listen"])))
        try_bind = None if offline else try_bind_by(os.environ, clock, taken)
        findings = await check(directory, os.environ, reach, try_bind, bound, can_mail=bool(chosen["smtp_host"]))
    finally:
        resolver.close()
    _tell(findings, taken, as_json)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(FAILED)


def try_bind_by(environment: Mapping[str, str], clock: Clock, taken: list[str], seconds: float = BINDING) -> TryBind:
    """Tries a source's bind at the network itself. Names of sources that were taken in are added to `taken`."""

    async def try_bind(source: Source) -> str | None:
        try:
            async with clock.deadline(seconds):
                reason = await probe(source, environment, clock)
        except TimeoutError:
            return f"it took more than {seconds:g} s"
        if reason is None:
            taken.append(source.name)
        return reason

    return try_bind


def reach_by(resolver: Resolver, guard: Guard) -> Reach:
    """Judges a target's host as a call to it would be judged, and connects to nothing."""

    async def reach(template: Template, account: Account) -> str | None:
        try:
            host = read_host(template.host)
            addresses = (host.address,) if host.address else await resolver.resolve(host.name, account.id, PATIENCE)
            guard.judge(addresses, template.port, [parse_allowance(text) for text in account.forward_allow])
        except OdzewError as error:
            return str(error)
        return None

    return reach


async def _present(url: str, may_be_missing: bool) -> tuple[Directory, set[str]]:
    """The set-up that is there, and the sources of which a server holds binds now."""
    if may_be_missing and not exists(url):
        return Directory(), set()
    async with opened(url) as database:
        directory: Directory = await database.read(load)
        return directory, {one.source.name for one in await binds_of(database, directory) if one.bound}


def listeners_of(listen: Iterable[str]) -> list[tuple[str, int]]:
    """Our own addresses that are written as numbers; a name among them is known only to a running server."""
    found = []
    for one in listen:
        host, _, port = one.rpartition(":")
        try:
            address = read_host(host).address
        except OdzewError:
            continue
        if address is not None and port.isascii() and port.isdigit():
            found.append((address, int(port)))
    return found


def _tell(findings: list[Finding], taken: list[str], as_json: bool) -> None:
    if as_json:
        print_json([{"severity": f.severity, "place": f.place, "sentence": f.sentence, "advice": f.advice} for f in findings])
        return
    for name in sorted(taken):
        typer.echo(f"source {name}: the bind was tried and accepted")
    for finding in findings:
        typer.echo(visible(str(finding)))
    count = Counter(finding.severity for finding in findings)
    typer.echo(f"Errors: {count['error']}, warnings: {count['warning']}." if findings else "Everything is in order.")

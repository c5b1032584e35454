"""`odzew demo`: the whole service on a throw-away database, with simulated networks and a simulated client's URL."""

from __future__ import annotations

import asyncio
import itertools
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Final

import typer

from odzew.cli.demo_bring import bring
from odzew.cli.demo_lines import Lines
from odzew.cli.demo_messages import CASES, sent_record
from odzew.cli.demo_once import walk
from odzew.cli.demo_stage import ACCOUNT, LOGIN, OPERATOR, PERSON, PREFERRED, Stage, staged
from odzew.cli.stopping import asked_to_stop
from odzew.cli.verb import verb
from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.simulate.client import every
from odzew.wire.published import LIST_ACTION

MINUTES: Final = [0.05, 0.1, 0.25, 1.0]
BETWEEN: Final = 2.0  # seconds between two messages
FAIL_EVERY: Final = 4


@verb
async def demo(
    once: Annotated[bool, typer.Option("--once", help="Walk one message of each kind, judge every step, end with 0 if all held.")] = False,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, max=1e9, help="Stop after so many seconds.")] = None,
) -> None:
    """Runs the whole service on a throw-away database, with simulated networks and a simulated client's URL that fails now and then.

    SMS come over SMPP, also long ones with their parts out of order, and MMS over MM7. Prints what happens as it happens, and
    ready-made calls of the pull API. Nothing is needed and nothing is kept.

    Examples:  odzew demo   ·   odzew demo --once
    """
    clock = Clock()
    if once:
        await walk(clock)
        return
    lines = Lines(clock)
    # A call that hangs would hold the eye for seconds, so here the client only fails in the quick ways.
    async with staged(clock, every(FAIL_EVERY, "status", "body", "close"), lines.called, MINUTES, PREFERRED, lines.say) as stage:
        stage.server.on_attempt.append(lines.attempted)
        _introduce(stage)
        bringing = asyncio.create_task(_bring_for_ever(stage, lines))
        try:
            await asked_to_stop(clock, seconds)
        finally:
            bringing.cancel()
            with suppress(asyncio.CancelledError):
                await bringing
    typer.echo("Ended; the database is gone.")


def _introduce(stage: Stage) -> None:
    api, token = f"{stage.url}/{LIST_ACTION}.json", stage.environment["TOKEN"]
    # As it was called: in a fresh checkout it is not on the path.
    program = sys.argv[0] if sys.argv[0].endswith("odzew") else "odzew"
    login = f"username={LOGIN} password={stage.environment['PASSWORD']}".split()
    for line in (
        "",
        f"  Listening on {stage.url}; the client's URL is {stage.client.url}. Ctrl-C ends it all.",
        "",
        f"  The Customer Panel: {stage.url}/panel/   as {PERSON}, or as {OPERATOR} who runs it all;",
        f"    the password of both: {stage.environment['PANEL_PASSWORD']}",
        "  What came in, by the pull API:",
        f"    curl -s -X POST -H 'Authorization: Bearer {token}' '{api}'",
        f"    curl -s -d {login[0]} -d {login[1]} -d limit=5 -d order=desc '{api}'",
        "  Read it, so that it is given out once:",
        f"    curl -s -H 'Authorization: Bearer {token}' -d read=true '{api}'",
        "  Push a message as an aggregator does, over HTTP:",
        f"    curl -s -H 'Authorization: Bearer {stage.environment['SOURCE_TOKEN']}' '{stage.url}/ingest/aggregator' \\",
        """      -d '{"from":"+48600700800","to":"+48799448855","text":"demo hello"}'""",
        "  Look at it all from the side, and give an owner to what nobody claims:",
        f"    {program} inbox list --db {stage.db_url}",
        f"    {program} deliveries list --db {stage.db_url}",
        f"    {program} inbox assign ID --account {ACCOUNT} --db {stage.db_url}",
        f"  Health: {stage.url}/healthz · {stage.url}/readyz · the API described: {stage.url}/openapi.json",
        "",
    ):
        typer.echo(line)


async def _bring_for_ever(stage: Stage, lines: Lines) -> None:
    """Messages of each kind in turn, from ever other people; before a reply the message that it answers."""
    for number in itertools.count():
        case = CASES[number % len(CASES)]
        phone = f"+4850{number // len(CASES) % 9000000 + 1000000:07d}"
        try:
            if case.answers is not None:
                record = sent_record(stage.clock.now(), phone, f"{number:010x}")
                await stage.post("/operator/sent", record, stage.environment["OPERATOR_TOKEN"])
                lines.say("sent", f"message {record['message_id']} to {record['phone']} is on record")
            await bring(stage, lines, replace(case, sender=phone))
        except OdzewError as error:
            lines.say("wrong", str(error))
        await stage.clock.sleep(BETWEEN)

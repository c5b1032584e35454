"""`odzew simulate mmsc`: an MMSC that brings messages to a source of the protocol `mm7`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from odzew.cli.listing import visible
from odzew.cli.verb import verb
from odzew.clock import Clock
from odzew.errors import OdzewError, SettingError
from odzew.model import Attachment
from odzew.simulate.mmsc import Mmsc, Sent
from odzew.simulate.mmsc_shapes import SHAPES, samples
from odzew.wire.mime_sniff import media_type_of

EACH: Final = "each"
ENV: Final = "env:"
_SHAPES: Final = "; ".join(f"{name}: {shape.words}" for name, shape in SHAPES.items())


class NotTaken(OdzewError):
    """Something was refused."""


@verb
async def simulate_mmsc(
    url: Annotated[str, typer.Argument(metavar="URL", help="The source: http://127.0.0.1:8080/ingest/NAME.")],
    username: Annotated[str, typer.Option("--username", metavar="NAME", help="What the source expects (HTTP Basic).")] = "",
    password: Annotated[str, typer.Option("--password", metavar="PASSWORD", help="The same; env:NAME takes it from the environment.")] = "",
    sender: Annotated[str, typer.Option("--from", metavar="NUMBER", help="The subscriber who sends.")] = "+48500600700",
    recipient: Annotated[
        list[str] | None, typer.Option("--to", metavar="NUMBER", help="A number of yours; several: one message to all of them.")
    ] = None,
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT", help="Subject of the message.")] = "Pozdrowienia z gór",
    attach: Annotated[
        list[Path] | None, typer.Option("--attach", metavar="FILE", help="A part of the message; none: a text, a picture, a sound, a film.")
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", metavar="SHAPE", help=f"How it is put together; {EACH}: one message of each. {_SHAPES}.")
    ] = "nested",
    count: Annotated[int, typer.Option("--count", min=1, max=1_000_000, metavar="N", help="So many messages, one after the other.")] = 1,
    report: Annotated[str, typer.Option("--report", metavar="ID", help="A delivery report and a read reply on this message instead.")] = "",
    patience: Annotated[
        float,
        typer.Option("--patience", min=0, max=1e9, metavar="N", help="Seconds for which it is tried again while it is not taken for now."),
    ] = 30.0,
) -> None:
    """Brings MMS to a source as an MMSC does, and says how each was answered. Ends with 0 if all were taken.

    Examples:  odzew simulate mmsc http://127.0.0.1:8080/ingest/mmsc --username vasp --password env:MMSC_PASSWORD   ·
    odzew simulate mmsc http://127.0.0.1:8080/ingest/mmsc --to 71200 --attach cat.jpg --shape each
    """
    mmsc = Mmsc(Clock(), url, username, _secret(password), patience)
    numbers = recipient or ["+48664078059"]
    sent: list[Sent] = []
    if report:
        sent.append(_tell("delivery report", await mmsc.delivery_report(report, numbers[0], sender)))
        sent.append(_tell("read reply", await mmsc.read_reply(report, numbers[0], sender)))
    else:
        parts = _parts(attach or [])
        for _ in range(count):
            for one in SHAPES if shape == EACH else [shape]:
                sent.append(_tell(one, await mmsc.deliver(sender, numbers, subject, parts, one)))
    refused = sum(not one.taken for one in sent)
    if refused:
        raise NotTaken(f"{refused} of {len(sent)} refused")


def _tell(what: str, sent: Sent) -> Sent:
    tries = "" if sent.tries == 1 else f" after {sent.tries} tries"
    typer.echo(f"{what}  transaction {sent.transaction}  -> {sent.status.code} {visible(sent.status.text)}{tries}")
    return sent


def _secret(password: str) -> str:
    if not password.startswith(ENV):
        return password
    name = password.removeprefix(ENV)
    if name not in os.environ:
        raise SettingError(f"the variable {name} is not set")
    return os.environ[name]


def _parts(files: Sequence[Path]) -> tuple[Attachment, ...]:
    try:
        read = [(path.name, path.read_bytes()) for path in files]
    except OSError as error:
        raise SettingError(f"{error.filename} cannot be read: {error.strerror}") from None
    return tuple(Attachment(name, media_type_of(data, name), data) for name, data in read) or samples()

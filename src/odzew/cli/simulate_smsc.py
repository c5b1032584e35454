"""`odzew simulate smsc`: a network to bind to, which sends messages and says how each was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Final

import typer

from odzew.cli.listing import visible
from odzew.cli.stopping import asked_to_stop
from odzew.cli.verb import verb
from odzew.clock import Clock
from odzew.errors import OdzewError, SettingError
from odzew.simulate.smsc import PAUSE, WINDOW, Smsc, server_tls
from odzew.simulate.smsc_faults import told
from odzew.simulate.smsc_ledger import Entry, Totals
from odzew.simulate.smsc_messages import ShortText, pdus
from odzew.simulate.smsc_samples import every
from odzew.simulate.smsc_shapes import words
from odzew.wire.status import status_words

EVERY: Final = "every"
NUMBER: Final = "{n}"  # in a text: which message it is
SHOWN: Final = 20  # messages that are told of one by one
PATIENCE: Final = 2.0  # seconds for an unbind in order


class NotTaken(OdzewError):
    """Not every message was answered with ESME_ROK."""


def _list(asked: bool) -> None:
    """Prints what --shape and --fault take."""
    if not asked:
        return
    typer.echo("Words of a shape, joined by + in any order; what is not said is chosen by the text:")
    for word, about in words():
        typer.echo(f"  {word:<24} {about}")
    typer.echo(f"  {EVERY:<24} by itself: one message of every shape, with texts of its own")
    typer.echo("Faults:")
    for name, about in told():
        typer.echo(f"  {name:<24} {about}")
    raise typer.Exit


@verb
async def simulate_smsc(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 2775,
    system_id: Annotated[str, typer.Option("--system-id", metavar="TEXT", help="What a bind must give; empty: any will do.")] = "",
    password: Annotated[str, typer.Option("--password", metavar="TEXT", help="What a bind must give; empty: any will do.")] = "",
    tls_cert: Annotated[str, typer.Option("--tls-cert", metavar="FILE", help="Speak TLS with this certificate (PEM).")] = "",
    tls_key: Annotated[str, typer.Option("--tls-key", metavar="FILE", help="The certificate's key (PEM).")] = "",
    count: Annotated[int, typer.Option("--count", min=0, max=1_000_000, help="Messages of each shape; 0: only take binds.")] = 1,
    shape: Annotated[
        list[str] | None,
        typer.Option("--shape", metavar="WORDS", help="Words joined by +, such as ucs2+udh16; several: in turn. See --list."),
    ] = None,
    text: Annotated[str, typer.Option("--text", help=f"The text; {NUMBER} in it becomes the number of the message.")] = "demo {n}",
    sender: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Who sends: +digits, digits, or a name.")] = "+48600700800",
    recipient: Annotated[str, typer.Option("--to", metavar="NUMBER", help="The number that is written to.")] = "+48799448855",
    ton: Annotated[int | None, typer.Option("--ton", min=0, max=255, help="Type of number of the sender.")] = None,
    order: Annotated[str, typer.Option("--order", metavar="N,N,...", help="The parts in this order; repeat or leave out at will.")] = "",
    window: Annotated[int, typer.Option("--window", min=1, max=100_000, help="Most messages out and not answered.")] = WINDOW,
    rate: Annotated[float, typer.Option("--rate", min=0, max=100_000, help="Messages a second, whatever is answered; 0: no pace.")] = 0,
    pause: Annotated[float, typer.Option("--pause", min=0, max=3600, help="Seconds before one refused for now is sent again.")] = PAUSE,
    binds: Annotated[int, typer.Option("--binds", min=1, max=1000, help="Binds to wait for before it begins.")] = 1,
    links: Annotated[float | None, typer.Option("--links", min=0.1, max=3600, help="Seconds between its own enquire_links.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="NAME[=N]", help="Misbehave, such as unbind=20; may be given several times. See --list."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, max=1e9, help="Stop after so many seconds in any case.")] = 60.0,
    listing: Annotated[bool, typer.Option("--list", is_eager=True, callback=_list, help="List shapes and faults, and end.")] = False,
) -> None:
    """Runs a network's SMSC: takes binds, sends messages, tells how each was answered, unbinds and ends.

    What is refused for now, or unanswered when a connection is lost, is sent again, as a network does. Ends with 1 if not all was taken.

    Examples:  odzew simulate smsc --count 10   ·   odzew simulate smsc --shape every --fault unbind=20
    """
    clock = Clock()
    if bool(tls_cert) != bool(tls_key):
        raise SettingError("--tls-cert and --tls-key belong together")
    like = ShortText(sender, recipient, text, order=_order(order), ton=ton)
    shapes = shape or ["auto"]
    for message in _messages(shapes, 1, like):
        pdus(message, 1)  # what cannot be sent is said before anybody binds
    messages = _messages(shapes, count, like)
    smsc = Smsc(
        clock, port=port, system_id=system_id, password=password, window=window, rate=rate, pause=pause, links=links,
        faults=fault or (), tls=server_tls(tls_cert, tls_key) if tls_cert else None, told=_tell,
    )  # fmt: skip
    await smsc.start()
    try:
        when = "when all is answered, " if messages else ""
        typer.echo(f"An SMSC at 127.0.0.1:{smsc.port}{', TLS' if tls_cert else ''}. It ends {when}after {seconds:g} s, or by Ctrl-C.")
        await _whichever_ends(_run(smsc, messages, binds), asked_to_stop(clock, seconds))
    finally:
        await smsc.stop()
    _account(smsc.ledger.totals(), list(smsc.ledger), len(messages))


async def _whichever_ends(*works: Coroutine[None, None, None]) -> None:
    """Returns when one has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


async def _run(smsc: Smsc, messages: list[ShortText], binds: int) -> None:
    """Sends everything once enough are bound. Without messages it only takes binds, until it is stopped."""
    await smsc.bound(binds)
    smsc.post(*messages)
    await smsc.until(lambda: bool(messages) and smsc.ledger.settled == len(smsc.ledger))
    try:
        async with smsc.clock.deadline(PATIENCE):
            await smsc.unbind()
    except TimeoutError:
        typer.echo("An unbind was not answered.")


def _messages(shapes: list[str], count: int, like: ShortText) -> list[ShortText]:
    """The messages in the order in which they are sent: of each shape one, and then again."""
    made: list[ShortText] = []
    for _ in range(count):
        for shape in shapes:
            number = str(len(made) + 1)
            if shape == EVERY:
                made += every(like.sender, like.recipient)
            else:
                text = like.text.replace(NUMBER, number)
                made.append(ShortText(like.sender, like.recipient, text, shape, like.order, ton=like.ton))
    return made


def _order(text: str) -> tuple[int, ...]:
    numbers = text.split(",") if text else []
    if not all(number.isascii() and number.isdigit() and len(number) < 4 for number in numbers):
        raise SettingError(f"--order is numbers of parts with commas between them, not {text!r}")
    return tuple(int(number) for number in numbers)


def _tell(what: str, about: str) -> None:
    typer.echo(f"{what:<8} {visible(about)}")


def _account(totals: Totals, entries: list[Entry], messages: int) -> None:
    """Prints what was answered. NotTaken if anything else than ESME_ROK was the end of it."""
    for entry in entries[:SHOWN]:
        part = f" part {entry.part} of {entry.total}" if entry.total > 1 else ""
        again = f", sent {entry.tries} times" if entry.tries > 1 else ""
        took = f" in {entry.took * 1000:.1f} ms" if entry.settled and entry.took is not None else ""
        typer.echo(f"{entry.number:>6}  {entry.message.shape}{part}: {_answer(entry)}{took}{again}")
    if len(entries) > SHOWN:
        typer.echo(f"        and {len(entries) - SHOWN} more")
    typer.echo(f"messages: {messages}, PDUs: {totals.pdus}; {totals.taken} taken, {totals.refused} refused, {totals.open} not answered")
    for status, number in sorted(totals.answers.items()):
        typer.echo(f"  {number} x {status_words(status)}")
    if totals.again:
        typer.echo(f"  {totals.again} were sent again")
    if totals.taken < totals.pdus or len(entries) < messages:
        raise NotTaken("not every message was taken")


def _answer(entry: Entry) -> str:
    if entry.tries == 0:
        return "not sent"
    if entry.status is None:
        return "not answered"
    return status_words(entry.status)

"""`odzew simulate`: counterparts to try a set-up against."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from odzew.cli.listing import visible
from odzew.cli.simulate_mmsc import simulate_mmsc
from odzew.cli.simulate_smsc import simulate_smsc
from odzew.cli.stopping import asked_to_stop
from odzew.cli.verb import verb
from odzew.clock import Clock
from odzew.simulate.client import FAILURES, Called, Client, every, read_failure

app = typer.Typer(no_args_is_help=True, help="Counterparts to try a set-up against, on this machine alone.")
app.command("smsc")(simulate_smsc)
app.command("mmsc")(simulate_mmsc)

SHOWN_BODY: Final = 300  # octets
_WAYS: Final = "; ".join(f"{how}: {meaning}" for how, meaning in FAILURES.items())


@app.command("client")
@verb
async def simulate_client(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8090,
    fail_every: Annotated[int, typer.Option("--fail-every", min=0, metavar="N", help="Let every N-th call fail; 0: none.")] = 0,
    fail_by: Annotated[
        list[str] | None,
        typer.Option("--fail-by", metavar="HOW", help=f"How they fail, in turn. {_WAYS}."),
    ] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0, max=1e9, help="Stop after so many seconds.")] = None,
) -> None:
    """Runs a client's URL: prints each call and answers OK, until Ctrl-C. The account needs forward_allow = ["127.0.0.1:PORT"].

    Examples:  odzew simulate client   ·   odzew simulate client --port 8090 --fail-every 3 --fail-by status --fail-by close
    """
    client = Client(every(fail_every, *[read_failure(word) for word in fail_by or ("status",)]), _tell, port)
    await client.start()
    typer.echo(f"A client's URL at {client.url}/ : the path does not matter. Ctrl-C ends it.")
    try:
        await asked_to_stop(Clock(), seconds)
    finally:
        await client.stop()


def _tell(called: Called) -> None:
    answered = "OK" if called.failure is None else FAILURES[called.failure]
    attempt = visible(called.headers.get("x-attempt", "?"))
    typer.echo(f"{called.number}  {called.method} {visible(called.target)}  attempt {attempt}  -> {answered}")
    if called.body:
        typer.echo(f"   {visible(called.body[:SHOWN_BODY].decode('utf-8', 'backslashreplace'))}")

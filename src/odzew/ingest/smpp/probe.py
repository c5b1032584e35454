"""A try of a source's bind, for people who ask whether their set-up is right."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from odzew.clock import Clock
from odzew.errors import OdzewError, StoreUnavailable
from odzew.ingest.smpp.connect import connect
from odzew.ingest.smpp.options import Host, SmppOptions
from odzew.ingest.smpp.session import Session
from odzew.model import Arrival, Receipt, Source
from odzew.wire.coding import Reading


async def probe(source: Source, environment: Mapping[str, str], clock: Clock) -> str | None:
    """Connects to each host of the source, binds and unbinds. A sentence on what went wrong, None if all is well.

    What the network sends meanwhile is refused for the time being, so that it sends it again.
    """
    try:
        options = SmppOptions.of(source)
        secret = options.secret(environment)
        faults = [fault for host in options.addresses() if (fault := await _try(source, options, host, secret, clock))]
    except OdzewError as error:
        return f"{error}."
    return "; ".join(faults) + "." if faults else None


async def _try(source: Source, options: SmppOptions, host: Host, secret: str, clock: Clock) -> str:
    session = Session(clock, source, options, Reading.of(source.options), _refuse)
    try:
        await connect(clock, options, host, session, secret)
    except OdzewError as error:
        return f"{host}: {error}"
    await session.stop(options.answer_seconds)
    return "" if session.orderly else f"{host}: bound, but not unbound in order: {session.why}"


def _refuse(_arrivals: list[Arrival]) -> asyncio.Future[list[Receipt]]:
    raise StoreUnavailable("this is only a try")

"""An SMSC simulator that runs for one test, and messages for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from odzew.clock import FixedClock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_messages import ShortText
from odzew.wire import deliver
from odzew.wire.segment import Reading

PHONE, OURS = "+48600700800", "+48799448855"


def texts(count: int) -> list[ShortText]:
    return [ShortText(PHONE, OURS, f"text {number}") for number in range(1, count + 1)]


def read(pdu: bytes) -> str:
    return deliver.read(pdu, Reading()).text


@asynccontextmanager
async def running(clock: FixedClock, **options: Any) -> AsyncIterator[Smsc]:
    """A simulator that listens; it is stopped after the test."""
    smsc = await Smsc(clock, **options).start()
    try:
        yield smsc
    finally:
        await smsc.stop()

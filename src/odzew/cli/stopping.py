"""Waits for the end that a person asks for."""

from __future__ import annotations

import asyncio
import signal

from odzew.clock import Clock


async def asked_to_stop(clock: Clock, seconds: float | None = None) -> None:
    """Returns at SIGINT or SIGTERM, or after `seconds` where they are given."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, asked.set)
    try:
        if seconds is None:
            await asked.wait()
        else:
            await clock.wait(asked, seconds)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)

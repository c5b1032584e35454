"""Runs the service until it is asked to stop."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import signal

from odzew.clock import Clock
from odzew.serve.server import Server
from odzew.settings import Settings
from odzew.web import collect_less_often, raise_file_limit


async def run(settings: Settings, clock: Clock) -> None:
    """Serves until SIGTERM or SIGINT and then stops in order."""
    server = Server(settings, clock)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    await server.start()
    collect_less_often()
    await asked.wait()
    await server.stop()


def run_until_stopped(settings: Settings) -> None:
    """`run` on uvloop where it is installed, on asyncio's own loop where not."""
    raise_file_limit()
    fast = importlib.util.find_spec("uvloop") is not None
    with asyncio.Runner(loop_factory=importlib.import_module("uvloop").new_event_loop if fast else None) as runner:
        runner.run(run(settings, Clock()))

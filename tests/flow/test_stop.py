"""SIGTERM under load: what was taken is stored, answered and recorded; nothing is lost and nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from odzew.clock import Clock
from proof.kills import Run
from proof.server import Server

CALLS = 100


async def test_a_stop_answers_what_it_took_and_loses_nothing(tmp_path: Path, real_clock: Clock) -> None:
    trial = Run(f"sqlite:///{tmp_path / 'odzew.db'}", "sqlite", tmp_path, real_clock)
    await trial.prepare()
    enough = asyncio.Event()
    trial.sink.told = lambda called: enough.set() if len(trial.sink.calls) > CALLS else None
    server = await Server(trial.url, real_clock).start()
    load = asyncio.create_task(trial.network.push_until(server.port, asyncio.Event()))
    assert await real_clock.wait(enough, 20.0)
    code = await server.stop()
    await load
    acknowledged = len(trial.network.acknowledged)
    assert code == 0
    assert '"stopped"' in server.written[-1]
    trial.network.again.clear()  # these were never taken: what is found below was stored by what was answered
    found = await trial.settle()
    assert found.acknowledged == acknowledged > 0
    assert found.missing == 0
    assert found.stored == acknowledged
    assert found.not_forwarded == 0
    assert found.duplicates == 0

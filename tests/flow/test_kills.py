"""Acknowledged means committed: `kill -9` in the midst of pushes and calls loses nothing and repeats at most what was in flight."""

from __future__ import annotations

from pathlib import Path

from odzew.clock import Clock
from proof.kills import Run

KILLS = 3


async def test_kills_lose_nothing(tmp_path: Path, real_clock: Clock) -> None:
    trial = Run(f"sqlite:///{tmp_path / 'odzew.db'}", "sqlite", tmp_path, real_clock)
    await trial.prepare()
    for _ in range(KILLS):
        await trial.kill_once()
    found = await trial.settle()
    assert len(found.kills) == KILLS
    assert found.acknowledged > KILLS
    assert found.missing == 0
    assert found.not_forwarded == 0
    assert found.stored_twice <= found.may_be_twice
    assert found.duplicates <= found.in_flight


async def test_the_count_of_what_is_missing_can_fail(tmp_path: Path, real_clock: Clock) -> None:
    trial = Run(f"sqlite:///{tmp_path / 'odzew.db'}", "sqlite", tmp_path, real_clock)
    await trial.prepare()
    await trial.kill_once()
    trial.network.acknowledged[10**9] = 10**9  # an answer to a message that was never stored
    found = await trial.settle()
    assert found.missing == 1

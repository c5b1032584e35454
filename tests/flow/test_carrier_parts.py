"""Parts of long messages over two processes, and over restarts between them; small runs of the proof `carrier-parts`."""

from __future__ import annotations

from pathlib import Path

from odzew.clock import Clock
from proof.smpp_parts import BINDS, at, restarted

MESSAGES = 40
PERMUTATIONS = 24


async def test_parts_over_two_binds_of_two_processes(pg_database: str, tmp_path: Path, real_clock: Clock) -> None:
    async with at(pg_database, tmp_path, real_clock) as trial:
        first, second = await trial.servers(2, BINDS)
        await trial.smsc.send(*(trial.long() for _ in range(MESSAGES)))
        assert (await first.stop(), await second.stop()) == (0, 0)
        found = await trial.find()
    judged = found.judged
    assert found.holders == 2
    assert judged.messages == judged.long == MESSAGES
    assert (judged.not_taken, judged.missing, judged.twice, judged.other, found.incomplete) == (0, 0, 0, 0, 0)


async def test_restarts_between_the_parts(tmp_path: Path, real_clock: Clock) -> None:
    async with at(f"sqlite:///{tmp_path / 'odzew.db'}", tmp_path, real_clock, binds=1) as trial:
        found = await restarted(trial, PERMUTATIONS)
    judged = found.judged
    assert found.restarts == 4
    assert judged.messages == PERMUTATIONS
    assert judged.pdus == 5 * PERMUTATIONS
    assert (judged.not_taken, judged.missing, judged.twice, judged.other, found.incomplete) == (0, 0, 0, 0, 0)

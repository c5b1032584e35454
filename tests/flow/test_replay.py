"""Acknowledged means committed: a machine that loses its power at any moment of a run loses no acknowledged message (SQLite)."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.clock import Clock
from proof.order import UNSAFE
from proof.replay import DATABASE, HASTY, WAL, played
from proof.replay_log import Recording, record
from proof.server import SERVE

CONNECTIONS = 3
PUSHES = 4
SOME = 24  # of so many cuts one is tried


async def _recorded(clock: Clock, place: Path, program: tuple[str, ...]) -> Recording:
    recording = await record(clock, place, CONNECTIONS, PUSHES, program)
    assert recording.acknowledged == recording.pushed > 0
    return recording


@pytest.mark.parametrize("program", [SERVE, HASTY], ids=["as it is", "many checkpoints"])
async def test_no_crash_loses_what_was_acknowledged(tmp_path: Path, real_clock: Clock, program: tuple[str, ...]) -> None:
    recording = await _recorded(real_clock, tmp_path, program)
    found = await played(recording, real_clock, SOME)
    assert found.kinds["nothing"] == found.cuts > 1
    assert (found.lost, found.losing, found.damaged, found.first_fault) == (set(), 0, 0, "")
    for ending in (WAL, DATABASE):  # had the server not synced one of the two
        found = await played(recording.without_syncs(ending), real_clock, SOME)
        assert found.losing > 0, ending
        assert found.first_fault


async def test_a_database_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, real_clock: Clock) -> None:
    recording = await _recorded(real_clock, tmp_path, UNSAFE)
    found = await played(recording, real_clock, SOME * 4)
    assert len(found.lost) == recording.acknowledged

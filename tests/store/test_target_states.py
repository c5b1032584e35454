"""How targets do, as it is stored, on both engines."""

from __future__ import annotations

from collections.abc import Callable

from odzew.store.changes import counters
from odzew.store.db import Database
from odzew.store.target_states import FAILING, TargetState, resume, save, states

FAILS = TargetState(3, 10, 5, 1, 5, 70, "http_5xx")
PAUSED = TargetState(4, 10, 50, 6, None, 900, "dns", 900, FAILING)


async def moved(db: Database, work: Callable[[], object]) -> set[str]:
    before = await db.read(counters)
    await work()  # type: ignore[misc]  # a coroutine function
    after = await db.read(counters)
    return {name for name in after if after[name] != before[name]}


async def test_they_are_read_back_as_they_were(db: Database) -> None:
    await db.write(save, [PAUSED, FAILS])
    assert await db.read(states) == {3: FAILS, 4: PAUSED}
    assert await db.read(states, [4, 5]) == {4: PAUSED}
    assert await db.read(states, []) == {}


async def test_the_newest_counts(db: Database) -> None:
    await db.write(save, [FAILS])
    well = TargetState(3, last_success_at=99, last_outcome="ok")
    await db.write(save, [well])
    assert await db.read(states) == {3: well}


async def test_all_processes_hear_of_a_pause_and_of_its_end_and_of_nothing_else(db: Database) -> None:
    assert await moved(db, lambda: db.write(save, [FAILS])) == set()
    assert await moved(db, lambda: db.write(save, [FAILS, PAUSED])) == {"targets"}
    assert await moved(db, lambda: db.write(save, [PAUSED])) == set()
    assert await moved(db, lambda: db.write(save, [TargetState(4, last_success_at=1)])) == {"targets"}


async def test_resuming_begins_anew(db: Database) -> None:
    await db.write(save, [FAILS, PAUSED])
    assert await db.write(resume, 4)
    assert (await db.read(states))[4] == TargetState(4, None, 0, 0, None, 900, "dns")
    assert (await db.read(states))[3] == FAILS


async def test_resuming_tells_everybody(db: Database) -> None:
    await db.write(save, [PAUSED])
    assert await moved(db, lambda: db.write(resume, 4)) == {"targets", "due"}


async def test_what_is_not_paused_is_not_resumed(db: Database) -> None:
    await db.write(save, [FAILS])
    for target in (3, 99):
        assert not await db.write(resume, target)
    assert await db.read(states) == {3: FAILS}

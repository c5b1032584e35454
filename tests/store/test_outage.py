"""A database that cannot be used is told of once, and once that it is back."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from odzew.clock import FixedClock
from odzew.errors import StoreError, StoreUnavailable
from odzew.store.db import Database, statement
from odzew.store.measured import Measured
from odzew.store.outage import CALM
from tests.forward.builders import Watched


class Desk:
    """A database that can be away, watched."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.clock = clock
        self.inner = Watched(db)
        self.db = Measured(self.inner, clock, {}, lambda error: None)

    async def use(self, kind: str) -> None:
        run = self.db.write if kind == "write" else self.db.read
        if kind in self.inner.away:
            with pytest.raises(StoreUnavailable):
                await run(statement, "SELECT 1")
        else:
            await run(statement, "SELECT 1")


@pytest.fixture
def desk(db: Database, clock: FixedClock) -> Desk:
    return Desk(db, clock)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_an_outage_is_two_lines_however_often_it_is_tried(kind: str, desk: Desk) -> None:
    with capture_logs() as log:
        desk.inner.away = {kind}
        for _ in range(100):
            await desk.use(kind)
            desk.clock.advance(0.5)
        desk.inner.away = set()
        desk.clock.advance(CALM)
        for _ in range(3):
            await desk.use(kind)
    assert log == [
        {"event": "store_unavailable", "log_level": "error", "kind": kind, "error": "the database is away"},
        {"event": "store_available", "log_level": "warning", "kind": kind, "seconds": 49.5, "failures": 100},
    ]


async def test_one_that_comes_and_goes_is_one_outage(desk: Desk) -> None:
    with capture_logs() as log:
        for _ in range(20):
            for away in ({"write"}, set[str]()):
                desk.inner.away = away
                await desk.use("write")
                desk.clock.advance(CALM / 2 - 0.1)
        desk.clock.advance(CALM)
        await desk.use("write")
    assert [line["event"] for line in log] == ["store_unavailable", "store_available"]


async def test_reads_that_work_say_nothing_of_writes(desk: Desk) -> None:
    with capture_logs() as log:
        desk.inner.away = {"write"}
        await desk.use("write")
        desk.clock.advance(10)
        await desk.use("read")
        await desk.use("write")
    assert [line["event"] for line in log] == ["store_unavailable"]


async def test_the_next_outage_is_told_again(desk: Desk) -> None:
    with capture_logs() as log:
        for _ in range(2):
            desk.inner.away = {"write"}
            await desk.use("write")
            desk.inner.away = set()
            desk.clock.advance(CALM)
            await desk.use("write")
    assert [line["event"] for line in log] == ["store_unavailable", "store_available"] * 2


async def test_what_would_fail_again_is_no_outage(desk: Desk) -> None:
    with capture_logs() as log, pytest.raises(StoreError):
        await desk.db.write(statement, "INSERT INTO nowhere VALUES (1)")
    assert log == []

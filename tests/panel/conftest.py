"""One server for the tests of a module that only look, one of its own for those that change things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import Clock, FixedClock
from tests.panel.house import House, fill, running


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock()


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    """A server of its own, empty, on a clock that stands still."""
    async with running(f"sqlite:///{tmp_path}/house.db", tmp_path, clock) as found:
        yield found


@pytest.fixture
async def full_house(tmp_path: Path) -> AsyncIterator[House]:
    """A server of its own with messages of every kind."""
    async with running(f"sqlite:///{tmp_path}/house.db", tmp_path, Clock()) as found:
        await fill(found)
        yield found

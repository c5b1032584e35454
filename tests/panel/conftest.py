"""One server for the tests of a module that only look, one of its own for those that change things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from odzew.clock import Clock, FixedClock
from tests.databases import migrated_file
from tests.panel.house import House, fill, running

together: Final = pytest.mark.asyncio(loop_scope="module")
"""Marks the tests that share `open_house`."""


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still."""
    return FixedClock()


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    """A server of its own, empty, on a clock that stands still."""
    async with running(f"sqlite:///{migrated_file(tmp_path / 'house.db')}", tmp_path, clock) as found:
        yield found


@pytest.fixture
async def full_house(tmp_path: Path) -> AsyncIterator[House]:
    """A server of its own with messages of every kind."""
    async with running(f"sqlite:///{migrated_file(tmp_path / 'house.db')}", tmp_path, Clock()) as found:
        await fill(found)
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One server with messages of every kind for all tests of a module, which leave it as it is."""
    folder = tmp_path_factory.mktemp("house")
    async with running(f"sqlite:///{migrated_file(folder / 'house.db')}", folder, Clock()) as found:
        await fill(found)
        yield found

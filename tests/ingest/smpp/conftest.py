"""An SMSC with sessions to it, on each event loop: they differ in what a closed or paused socket does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import uvloop

from odzew.clock import FixedClock
from odzew.store.db import Database
from odzew.store.engines import open_database
from tests.databases import migrated_file
from tests.ingest.smpp.certificates import Authority
from tests.ingest.smpp.rig import Rig

Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Loops:
    loops: Loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return loops if item.path.name.startswith(("test_session", "test_tls")) else {"asyncio": asyncio.new_event_loop}


@pytest.fixture
async def rig(clock: FixedClock) -> AsyncIterator[Rig]:
    rig = Rig(clock)
    await rig.smsc.start()
    yield rig
    await rig.close()


@pytest.fixture
async def file_db(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Database]:
    """A migrated database in a file."""
    database = open_database(f"sqlite:///{migrated_file(tmp_path / 'odzew.db')}", clock, fixed=True)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))

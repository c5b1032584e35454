"""The product on each engine, or on SQLite alone where the engine does not matter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import Clock
from tests.databases import migrated_file
from tests.hostile.server import Product, running


@pytest.fixture
async def product(tmp_path: Path) -> AsyncIterator[Product]:
    async with running(f"sqlite:///{migrated_file(tmp_path / 'odzew.db')}", tmp_path, Clock()) as running_product:
        yield running_product


@pytest.fixture
async def on_each_engine(database_url: str, tmp_path: Path) -> AsyncIterator[Product]:
    async with running(database_url, tmp_path, Clock()) as running_product:
        yield running_product

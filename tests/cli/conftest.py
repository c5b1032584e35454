"""The house of the command line, empty and set up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.house import House


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A verb that runs in the test's own process sends the log to an output that is closed when the verb has ended."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture
def empty_house(tmp_path: Path) -> House:
    """A directory without a database."""
    return House(tmp_path)


@pytest.fixture(scope="session")
def first_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The set-up is applied once; every test gets a copy, for hashing a password takes its time."""
    return House(tmp_path_factory.mktemp("house")).apply()


@pytest.fixture
def house(empty_house: House, first_house: House) -> House:
    """A database with `house.SETUP` applied."""
    shutil.copytree(first_house.directory, empty_house.directory, dirs_exist_ok=True)
    return empty_house

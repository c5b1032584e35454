"""The house of the command line, empty and set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.house import House


@pytest.fixture
def empty_house(tmp_path: Path) -> House:
    """A directory without a database."""
    return House(tmp_path)


@pytest.fixture
def house(empty_house: House) -> House:
    """A database with `house.SETUP` applied."""
    return empty_house.apply()

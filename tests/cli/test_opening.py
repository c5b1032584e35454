"""Which databases a verb opens, and what it says of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odzew.cli.opening import exists, opened, opened_or_empty, opened_or_made
from odzew.errors import OdzewError, SettingError, StoreError, StoreVersion
from odzew.store.db import statement
from odzew.store.migrate import MIGRATIONS, NEWEST
from tests.cli.house import SETUP, House

READERS = (["inbox", "list"], ["deliveries", "list"], ["account", "list"], ["token", "list"], ["check"], ["inbox", "show", "1"])


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_database_that_does_not_exist_is_not_made_by_looking(words: list[str], empty_house: House) -> None:
    assert "there is no database" in empty_house.refuses(*words)
    assert list(empty_house.directory.iterdir()) == []


def test_what_to_do_is_said(empty_house: House) -> None:
    assert "`odzew apply FILE` makes it" in empty_house.refuses("inbox", "list")


async def test_a_database_that_apply_makes_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/odzew.db"
    async with opened_or_made(url) as db:
        assert await db.version() == NEWEST
    names = [name for _, name, _ in MIGRATIONS["sqlite"]]
    assert capsys.readouterr().err == "".join(f"The database got migration {name}.\n" for name in names)
    async with opened_or_made(url) as db, opened(url) as second:
        assert await second.version() == NEWEST
    assert capsys.readouterr().err == ""


async def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    (tmp_path / "odzew.db").touch()
    with pytest.raises(StoreVersion, match="empty"):
        async with opened(f"sqlite:///{tmp_path}/odzew.db"):
            pass


@pytest.mark.parametrize("opening", [opened, opened_or_made, opened_or_empty])
async def test_a_database_of_a_newer_program_is_left_alone(opening: type, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/odzew.db"
    async with opened_or_made(url) as db:
        await db.write(statement, "INSERT INTO migrations (number, name) VALUES (?, 'later')", NEWEST + 1)
    with pytest.raises(StoreVersion, match="newer"):
        async with opening(url):
            pass


async def test_a_database_of_an_older_program_is_not_used_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/odzew.db"
    async with opened_or_made(url) as db:
        await db.write(statement, "UPDATE migrations SET number = -number")
    with pytest.raises(StoreVersion, match=r"migration -1 of \d+"):
        async with opened(url):
            pass


async def test_a_dry_run_leaves_nothing_behind(tmp_path: Path) -> None:
    async with opened_or_empty(f"sqlite:///{tmp_path}/odzew.db") as db:
        assert await db.version() == NEWEST
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("sqlite:////no/such/directory/odzew.db", StoreError, "no directory /no/such/directory"),
        ("mysql://root@localhost/odzew", SettingError, "is no database"),
        ("odzew.db", SettingError, "is no database"),
        ("", SettingError, "is no database"),
        ("postgresql://127.0.0.1:1/odzew", StoreError, "cannot be used now"),
        ("postgresql://127.0.0.1:port/odzew", OdzewError, "address"),
    ],
)
async def test_an_address_that_is_no_database(url: str, error: type[OdzewError], says: str) -> None:
    with pytest.raises(error, match=says):
        async with opened_or_made(url):
            pass


async def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "odzew.db").write_text("not a database, but long enough to be taken for something" * 100)
    with pytest.raises(StoreError):
        async with opened(f"sqlite:///{tmp_path}/odzew.db"):
            pass


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    assert not exists(f"sqlite:///{tmp_path}")
    assert exists("postgresql://127.0.0.1/odzew")


def test_the_option_wins_over_the_environment_and_that_over_the_file(empty_house: House) -> None:
    settings = empty_house.directory / "settings.toml"
    settings.write_text('db = "sqlite:////from-file/odzew.db"')
    words = ("account", "list", "--settings", settings)
    assert "/from-file/odzew.db" in empty_house.refuses(*words, ODZEW_DB=None)
    assert str(empty_house.directory) in empty_house.refuses(*words)
    assert "/from-option/odzew.db" in empty_house.refuses(*words, "--db", "sqlite:////from-option/odzew.db")


def test_a_settings_file_that_is_wrong_is_wrong_usage(house: House) -> None:
    (house.directory / "settings.toml").write_text('colour = "blue"')
    assert "unknown settings: colour" in house.refuses("account", "list", "--settings", house.directory / "settings.toml", code=2)
    assert "cannot be read" in house.refuses("account", "list", "--settings", house.directory / "none.toml", code=2)


def test_the_same_verbs_work_on_postgres(empty_house: House, pg_database: str) -> None:
    assert "is empty" in empty_house.refuses("inbox", "list", "--db", pg_database)
    (empty_house.directory / "setup.toml").write_text(SETUP)
    assert "create account acme" in empty_house.says("apply", empty_house.directory / "setup.toml", "--db", pg_database)
    assert "acme" in empty_house.says("account", "list", "--db", pg_database)
    assert len(empty_house.says("token", "create", "x", "--account", "acme", "--db", pg_database).strip()) == 32
    assert "no longer valid" in empty_house.says("token", "revoke", "x", "--account", "acme", "--db", pg_database)

"""Files between upload and import, on each engine."""

from __future__ import annotations

import pytest

from odzew.store import uploads
from odzew.store.db import Database, statement
from odzew.store.uploads import KEPT, Upload
from tests.builders import an_account


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    return key


async def kept(db: Database) -> tuple[int, int]:
    """(uploads, pieces) that are stored."""
    tables = ("contact_uploads", "contact_upload_pieces")
    files, pieces = [(await db.read(statement, f"SELECT count(*) FROM {table}"))[0][0] for table in tables]
    return files, pieces


async def upload(db: Database, account: int, login: str, now: int, *pieces: bytes) -> int:
    key: int = await db.write(uploads.begin, account, login, "lista.csv", now)
    for number, data in enumerate(pieces):
        await db.write(uploads.add, key, number, data)
    return key


async def test_a_file_is_kept_piece_by_piece_for_its_user(db: Database, account: int) -> None:
    key = await upload(db, account, "anna", 1_000, b"\x00one", b"two\xff")
    assert await db.read(uploads.find, account, "anna", key, 1_000) == Upload(key, "lista.csv", 2)
    assert [await db.read(uploads.piece, key, number) for number in range(3)] == [b"\x00one", b"two\xff", b""]
    stranger = await db.write(an_account, "other")
    for asked in (
        (stranger, "anna", key, 1_000), (account, "jan", key, 1_000), (account, "anna", key + 1, 1_000),
        (account, "anna", key, 1_000 + KEPT),
    ):  # fmt: skip
        assert await db.read(uploads.find, *asked) is None


async def test_a_user_has_one_and_what_is_over_goes(db: Database, account: int) -> None:
    first = await upload(db, account, "anna", 0, b"1", b"2")
    await upload(db, account, "jan", 5, b"1")
    second = await upload(db, account, "anna", 10, b"1")
    assert (await kept(db), await db.read(uploads.find, account, "anna", first, 10)) == ((2, 2), None)
    assert await db.write(uploads.sweep, KEPT + 4) == 0
    assert (await db.write(uploads.sweep, KEPT + 5), await kept(db)) == (1, (1, 1))
    await db.write(uploads.drop, second)
    assert await kept(db) == (0, 0)

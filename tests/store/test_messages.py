"""Messages: stored whole, listed for the operator, corrected with a revision of what they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.model import Attachment, Message
from odzew.store import attachments, messages
from odzew.store.db import Database, statement
from tests.builders import RECEIVED, a_message, store_messages

WHOLE = Message(7, "eco", 1, "+48500600700", "+48799000001", "Dziękuję\n😀", RECEIVED, 3, 4, "AUTO", "eba39e4fe1", "Temat", "why")


async def test_a_message_is_read_back_as_it_was_stored(db: Database) -> None:
    bare = Message(8, "unclaimed", None, "INFO", "unknown", "", 0)
    await db.write(messages.add, [WHOLE, bare])
    assert await db.read(messages.get, [8, 7, 9, 7]) == {7: WHOLE, 8: bare}
    assert await db.read(messages.get, []) == {}
    assert await db.write(messages.get, [7], True) == {7: WHOLE}


async def test_unclaimed_ones_are_listed_page_by_page(db: Database) -> None:
    await store_messages(db, *(a_message(n, account_id=None if n % 2 else 1) for n in range(1, 10)))
    assert [message.id for message in await db.read(messages.unclaimed, 0, 3)] == [1, 3, 5]
    assert [message.id for message in await db.read(messages.unclaimed, 5, 3)] == [7, 9]


async def test_what_a_late_record_may_claim(db: Database) -> None:
    await store_messages(
        db,
        a_message(1, account_id=None, received_at=99),
        a_message(2, account_id=None, received_at=100),
        a_message(3, account_id=1, received_at=100),
        a_message(4, account_id=None, received_at=101, sender="+48111"),
        a_message(5, account_id=None, received_at=101, sender="other"),
    )
    found = await db.write(messages.unclaimed_from, ["+48500600700", "+48111"], 100)
    assert [message.id for message in found] == [2, 4]
    assert await db.write(messages.unclaimed_from, [], 0) == []


async def test_the_newest_first(db: Database) -> None:
    await store_messages(db, *(a_message(n) for n in range(1, 6)))
    assert [message.id for message in await db.read(messages.newest, None, 2)] == [5, 4]
    assert [message.id for message in await db.read(messages.newest, 4, 9)] == [3, 2, 1]


async def test_a_message_changes_only_by_a_correction_that_is_kept_as_a_revision(db: Database) -> None:
    await db.write(messages.add, [WHOLE, replace(WHOLE, id=8)])
    await db.write(statement, "UPDATE messages SET pulled_at = 5, pull_id = 6")
    changed = replace(WHOLE, kind="nd", account_id=2, text="new", number_id=None, keyword_id=9, keyword="MOTO")
    corrected = replace(changed, answers=None, rule="by hand")
    await db.write(messages.correct, corrected, 123, "assigned by hand", '{"kind": "eco"}')
    assert await db.read(messages.get, [7]) == {7: corrected}
    assert [tuple(row) for row in await db.read(statement, "SELECT id, pulled_at, pull_id FROM messages ORDER BY id")] == [
        (7, None, None), (8, 5, 6),
    ]  # fmt: skip
    revisions = await db.read(statement, "SELECT message_id, at, why, before FROM revisions")
    assert [tuple(row) for row in revisions] == [(7, 123, "assigned by hand", '{"kind": "eco"}')]


SLICE = messages.SLICE


@pytest.mark.parametrize("size", [0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE])
async def test_attachments_are_cut_in_slices_and_read_back_slice_by_slice(db: Database, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    other = Attachment("other", "text/plain", b"x")
    both = [other, Attachment("a.bin", "application/x", data)]
    await store_messages(db, a_message(1, attachments=both), a_message(2, attachments=[other]))
    heads = await db.read(attachments.of_messages, [2, 1, 3])
    assert [(head.name, head.content_type, head.size) for head in heads[1]] == [(a.name, a.content_type, len(a.data)) for a in both]
    assert [head.name for head in heads[2]] == ["other"]
    assert len({head.id for found in heads.values() for head in found}) == 3
    pieces: list[bytes] = []
    while (piece := await db.read(attachments.slice_of, heads[1][1].id, len(pieces))) is not None:
        pieces.append(piece)
    assert b"".join(pieces) == data
    assert [len(piece) for piece in pieces[:-1]] == [SLICE] * (len(pieces) - 1)


KEEPABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(KEEPABLE, KEEPABLE, KEEPABLE, KEEPABLE), st.integers(0, (1 << 63) - 1))
async def test_any_words_are_read_back_as_they_were(db: Database, words: tuple[str, str, str, str], at: int) -> None:
    sender, text, title, rule = words
    wanted = replace(WHOLE, sender=sender, text=text, title=title, rule=rule, received_at=at)
    await db.write(statement, "DELETE FROM messages")
    await db.write(messages.add, [wanted])
    assert await db.read(messages.get, [7]) == {7: wanted}

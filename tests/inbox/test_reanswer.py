"""What a reply answers, said by hand: kept as a revision, told to nobody again, and only what its account sent to its writer."""

from __future__ import annotations

import json

import pytest

from odzew.clock import HOUR, MINUTE, FixedClock
from odzew.errors import NotOurs
from odzew.inbox.correct import reanswer
from odzew.store.db import statement
from odzew.store.sent import find, sent_to
from tests.inbox.directory import OWN, POOL, SENDER, A, B, a_sent, an_arrival, send
from tests.inbox.house import House


async def test_another_answer_is_written_and_the_old_one_kept(house: House, clock: FixedClock) -> None:
    await send(house.db, a_sent("aa", A, clock.now() - 2 * HOUR), a_sent("ab", A, clock.now() - HOUR))
    (receipt,) = await house.receive(an_arrival("Przyjade", to=POOL))
    await house.db.write(statement, "UPDATE messages SET pulled_at = 5")
    for answers, rule in (("aa", "answers aa, chosen by hand"), (None, "answers none of the sent messages, chosen by hand")):
        await house.db.write(reanswer, receipt.message_id, A, answers)
        message = await house.message(receipt)
        assert (message.answers, message.rule, message.account_id, message.kind) == (answers, rule, A, "eco")
    rows = await house.rows("SELECT why, before FROM revisions ORDER BY id")
    assert [(why, json.loads(before)["rule"]) for why, before in rows] == [
        ("what it answers was chosen by hand", f"answers ab, sent from {POOL}"),
        ("what it answers was chosen by hand", "answers aa, chosen by hand"),
    ]
    assert await house.rows("SELECT pulled_at FROM messages") == [(5,)]
    assert await house.rows("SELECT count(*) FROM deliveries") == [(0,)]


# message (0: that of A), account, sent message
WRONG = ((0, A, "bb"), (0, A, "ac"), (0, A, "none"), (0, B, "bb"), (0, B, None), (999, A, None))


@pytest.mark.parametrize(("key", "account", "answers"), WRONG)
async def test_only_what_the_account_sent_to_the_writer_is_taken(
    house: House, clock: FixedClock, key: int, account: int, answers: str | None
) -> None:
    await send(
        house.db, a_sent("aa", A, clock.now() - MINUTE), a_sent("bb", B, clock.now() - HOUR),
        a_sent("ac", A, clock.now() - HOUR, phone="+48500600999"),
    )  # fmt: skip
    (receipt,) = await house.receive(an_arrival("Przyjade", to=POOL))
    with pytest.raises(NotOurs):
        await house.db.write(reanswer, key or receipt.message_id, account, answers)
    assert (await house.message(receipt)).answers == "aa"
    assert await house.rows("SELECT count(*) FROM revisions") == [(0,)]


async def test_what_was_sent_is_found_newest_first(house: House, clock: FixedClock) -> None:
    at = clock.now()
    await send(house.db, a_sent("a1", A, at - 3), a_sent("a2", A, at - 2), a_sent("a3", A, at - 1), a_sent("b1", B, at - 2))
    await send(house.db, a_sent("a4", A, at - 2, phone="+48500600999"), a_sent("a5", A, at - 2, from_number=OWN))
    found = await house.db.read(sent_to, A, SENDER, at - 3, at - 2, 10)
    assert [record.message_id for record in found] == ["a5", "a2", "a1"]
    assert [record.message_id for record in await house.db.read(sent_to, A, SENDER, 0, at, 2)] == ["a3", "a5"]
    assert await house.db.read(find, A, "a1") == found[-1]
    assert await house.db.read(find, B, "a1") is None

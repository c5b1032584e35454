"""Why was this message not forwarded? Each reason is a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import NotOurs
from odzew.model import Attempt, Target
from odzew.operations.why import Fate, Try, Why, why, why_arrival
from odzew.store import deliveries, parts, targets
from odzew.store.db import Database, statement
from odzew.store.deliveries import Ending
from odzew.store.parts import Held, PartSet
from odzew.store.resend import Pace, resend
from odzew.store.target_states import TargetState, save
from tests.builders import RECEIVED, a_keyword, a_message, a_number, an_account, store_messages
from tests.store.owing import attempt, owe

SHARED, OWN = "+48799448855", "+48664078059"
AT = "2014-10-21T09:18:03Z"


def meaning_of(outcome: str) -> str:
    return {"http_5xx": "The server failed.", "ok": "It answered."}.get(outcome, outcome)


def a_target(level: str = "account", key: int = 1, name: str = "crm", **fields: Any) -> Target:
    return Target(0, 1, level, key, fields.pop("for_kind", "sms"), name, f"https://{name}.example/", **fields)  # type: ignore[arg-type]  # a level


@pytest.fixture
async def house(db: Database) -> Database:
    """Account acme with keyword AUTO on a shared number and a number of its own; message 1001 to the keyword, 1002 to its own number."""
    account = await db.write(an_account)
    shared = await db.write(a_number, SHARED, "nd")
    own = await db.write(a_number, OWN, "ndi", account)
    keyword = await db.write(a_keyword, shared, account, "AUTO", "auto")
    await store_messages(
        db,
        a_message(1001, rule="keyword AUTO", number_id=shared, keyword_id=keyword, keyword="AUTO", text="AUTO 1"),
        a_message(1002, kind="ndi", rule="own number", number_id=own, recipient=OWN, text="hello"),
    )
    return db


async def set_up(db: Database, *wanted: Target) -> None:
    await db.write(targets.save_targets, wanted)


async def ask(db: Database, key: int = 1001) -> Why:
    return await why(db, key, meaning_of)


async def fate(db: Database, key: int = 1001) -> Fate:
    (found,) = (await ask(db, key)).targets
    return found


# --- never owed ------------------------------------------------------------------------------------------------------


async def test_nobody_claimed_it(house: Database) -> None:
    await store_messages(house, a_message(1, None, "unclaimed", rule="no keyword matches", incomplete=True))
    found = await ask(house, 1)
    words = "unclaimed, so nobody is owed it: no keyword matches. A part of it is missing, and the text shows where"
    assert found == Why(None, 1, "unclaimed", words, None, "unclaimed", "no keyword matches")


async def test_no_level_has_a_forward(house: Database) -> None:
    await set_up(house, a_target(for_kind="mms"))
    found = await ask(house)
    assert (found.verdict, found.account, found.rule, found.level, found.targets) == ("no_forward", "acme", "keyword AUTO", None, ())
    assert found.words == "no keyword, number or account of acme has a forward for it"


NEVER: tuple[tuple[str, list[Target], str, list[tuple[str, str]], str], ...] = (
    ("set up later", [a_target()], "not_owed", [("not_owed", "set up, or switched on, after the message came")], "account acme"),
    ("switched off", [a_target(active=False)], "switched_off", [("switched_off", "the forward is switched off")], "account acme"),
    (
        "a level that is off hides the next", [a_target("keyword", 1, active=False), a_target()], "switched_off",
        [("switched_off", "the forward is switched off")], f"keyword AUTO on {SHARED}",
    ),
    ("filtered", [a_target(only_text=("urgent",))], "filtered", [("filtered", "filters leave the message out")], "account acme"),
    (
        "one off, one filtered", [a_target(active=False), a_target(name="b", only_senders=("+48999",))], "filtered",
        [("switched_off", "switched off"), ("filtered", "filters")], "account acme",
    ),
    (
        "one off, one new", [a_target(active=False), a_target(name="b")], "not_owed",
        [("switched_off", "switched off"), ("not_owed", "after the message came")], "account acme",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("name", "wanted", "verdict", "fates", "level"), NEVER, ids=[row[0] for row in NEVER])
async def test_never_owed(name: str, wanted: list[Target], verdict: str, fates: list[tuple[str, str]], level: str, house: Database) -> None:
    await set_up(house, *wanted)
    found = await ask(house)
    assert (found.verdict, found.level) == (verdict, level)
    assert [one.state for one in found.targets] == [state for state, _ in fates]
    for one, (_, words) in zip(found.targets, fates, strict=True):
        assert words in one.words
        assert (one.delivery, one.due, one.tries) == (None, None, ())


async def test_the_level_of_a_number(house: Database) -> None:
    await set_up(house, a_target("number", 2), a_target())
    assert (await ask(house, 1002)).level == f"number {OWN}"
    assert (await ask(house, 1001)).level == "account acme"


# what withheld it, by whose option, whether that has it now
WITHHELD = ((1001, f"keyword AUTO on {SHARED}", True), (1002, f"number {OWN}", True), (1002, f"number {OWN}", False))


@pytest.mark.parametrize(("key", "option", "now"), WITHHELD)
async def test_withheld_for_its_sender(house: Database, key: int, option: str, now: bool) -> None:
    await house.write(statement, "UPDATE messages SET withheld = 'blacklist', pulled_at = 5, incomplete = 1")
    for table in ("keywords", "numbers"):
        await house.write(statement, f"UPDATE {table} SET drop_blacklisted = ?", int(now))
    words = f"withheld: its sender was on the blacklist, and {option} had the option drop_blacklisted"
    words += ". A part of it is missing, and the text shows where"
    assert (await ask(house, key)).words == words  # also without any forward
    await set_up(house, a_target(), a_target(name="b", active=False))
    found = await ask(house, key)
    assert (found.verdict, found.words, found.level) == ("withheld", words, "account acme")
    never = ("withheld", "never owed: the message is withheld", None)
    assert [(one.state, one.words, one.delivery) for one in found.targets] == [never, never]


async def test_withheld_once_and_then_offered_to_the_api(house: Database) -> None:
    await set_up(house, a_target())
    await house.write(statement, "UPDATE numbers SET drop_blacklisted = 1")
    found = await ask(house, 1002)
    assert found.verdict == "not_owed"
    assert found.words.endswith(f", or it was withheld then, for number {OWN} has the option drop_blacklisted")
    assert found.targets[0].words.endswith("after the message came, or the message was withheld then")
    assert "withheld" not in (await ask(house, 1001)).words


# --- owed ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def owing(house: Database) -> Database:
    """Message 1001 is owed to the target crm of the account as delivery 1."""
    await set_up(house, a_target())
    await owe(house, [1], due=RECEIVED)
    return house


async def test_waiting_for_the_first_attempt(owing: Database) -> None:
    found = await ask(owing)
    assert (found.verdict, found.words) == ("owed", "owed: 1 waiting")
    assert found.targets == (Fate("crm", 1, 1, "waiting", f"waiting: the first attempt is due at {AT}.", AT),)


async def test_only_what_came_of_it_later_is_withheld(owing: Database) -> None:
    await owing.write(statement, "UPDATE messages SET withheld = 'blacklist', pulled_at = 5")
    found = await ask(owing)
    assert (found.verdict, [one.state for one in found.targets]) == ("owed", ["waiting"])
    assert found.words == (
        "owed: 1 waiting. What came of it later is withheld: its sender was on the blacklist, "
        f"and keyword AUTO on {SHARED} had the option drop_blacklisted"
    )


async def test_waiting_for_the_next(owing: Database) -> None:
    await attempt(owing, 1, 1, "pending", RECEIVED)
    found = await fate(owing)
    assert (found.state, found.due) == ("waiting", AT)
    assert found.words == f"waiting: 1 attempt failed, the next is due at {AT}. The last one: The server failed."
    assert found.tries == (Try(1, "2014-10-21T09:18:02Z", 0, "http_5xx", "The server failed.", None, ""),)


async def test_delivered(owing: Database) -> None:
    await attempt(owing, 1, 1, "pending", RECEIVED)
    await attempt(owing, 1, 2, "delivered", RECEIVED)
    found = await fate(owing)
    assert (found.state, found.words, found.due) == ("delivered", f"delivered at {AT}, at attempt 2", None)
    assert [one.outcome for one in found.tries] == ["http_5xx", "ok"]


async def test_exhausted_with_the_last_outcome_in_words(owing: Database) -> None:
    await attempt(owing, 1, 1, "exhausted", RECEIVED)
    assert (await fate(owing)).words == f"exhausted at {AT} after 1 attempt: The server failed."


async def test_what_the_attempt_says_itself_comes_before_its_general_meaning(owing: Database) -> None:
    made = Attempt(1, 1, RECEIVED, 0, "http_5xx", detail="no more room")
    await owing.write(deliveries.record, [deliveries.Result(made, 1, "exhausted", RECEIVED, 0, None)])
    assert (await fate(owing)).words.endswith("after 1 attempt: no more room")


ENDS = (
    ("exhausted", "cut_short", "exhausted at {at} after 0 attempts: it was owed for too long while its target was being served"),
    ("exhausted", "no_more_attempts", "exhausted at {at} after 0 attempts: the target's schedule was made shorter"),
    ("cancelled", "switched_off", "cancelled at {at} after 0 attempts: the target was switched off or removed"),
    ("cancelled", "dropped", "cancelled at {at} after 0 attempts: it was dropped when the target was resumed"),
    ("cancelled", "of a newer program", "cancelled at {at} after 0 attempts: of a newer program"),
)


@pytest.mark.parametrize(("state", "outcome", "words"), ENDS)
async def test_ended_without_an_attempt(state: Any, outcome: str, words: str, owing: Database) -> None:
    await owing.write(deliveries.end, [Ending(1, 1, state, outcome, RECEIVED)])
    found = await fate(owing)
    assert found.state == state
    assert found.words.startswith(words.format(at=AT))


async def test_a_paused_target(owing: Database) -> None:
    await owing.write(save, [TargetState(1, 1, 50, 6, None, 2, "dns", RECEIVED, "failing")])
    found = await fate(owing)
    assert (found.state, found.words) == ("paused", f"waiting: the target is paused since {AT}, it has failed for days")


async def test_a_failing_target_is_still_called(owing: Database) -> None:
    await owing.write(save, [TargetState(1, 1, 50, 1, None, 2, "dns")])
    assert (await fate(owing)).state == "waiting"


async def test_what_was_sent_again(owing: Database, clock: FixedClock) -> None:
    await attempt(owing, 1, 1, "exhausted", RECEIVED)
    await owing.write(resend, [1], Pace(0, 100))
    assert (await fate(owing)).words == f"waiting: the first attempt is due at {AT}. It was sent again."
    await attempt(owing, 1, 2, "pending", RECEIVED, earlier=1)
    found = await fate(owing)
    assert found.words.startswith("waiting: 1 attempt failed, the next is due")
    assert [one.number for one in found.tries] == [1, 2]


async def test_several_targets_each_with_its_own(owing: Database) -> None:
    await set_up(owing, a_target(name="late"), a_target(name="off", active=False))
    await attempt(owing, 1, 1, "delivered", RECEIVED)
    found = await ask(owing)
    assert (found.verdict, found.words) == ("owed", "owed: 1 delivered")
    assert [(one.target, one.state) for one in found.targets] == [("crm", "delivered"), ("late", "not_owed"), ("off", "switched_off")]


async def test_a_target_that_was_removed_since(owing: Database) -> None:
    await owing.write(targets.remove_targets, [1])
    found = await ask(owing)
    assert (found.verdict, found.level) == ("owed", None)
    assert found.targets[0].target == "crm (removed, 1)"


# --- of an arrival ---------------------------------------------------------------------------------------------------


async def arrived(db: Database, key: int, role: str = "message", message: int | None = 1001, fault: str | None = None) -> None:
    sql = """INSERT INTO arrivals (id, source_id, message_id, stored_at, sender, recipient, raw, role, fault)
             VALUES (?, 1, ?, 5, '+48500600700', '+48799448855', ?, ?, ?)"""
    await db.write(statement, sql, key, message, b"x", role, fault)


async def test_an_arrival_leads_to_its_message(owing: Database) -> None:
    await arrived(owing, 7)
    assert await why_arrival(owing, 7, meaning_of) == replace(await ask(owing), arrival=7)


ASIDE = (
    ("copy", 1001, None, "suspected_copy", "a suspected copy of message 1001, sent again after a lost session"),
    ("copy", None, None, "suspected_copy", "a suspected copy, sent again"),
    ("repeat", 1001, None, "repetition", "a part that was there already of message 1001"),
    ("receipt", None, None, "receipt", "a delivery receipt about a sent message"),
    ("report", None, None, "report", "a report on a sent MMS"),
    ("unreadable", None, "no such coding", "unreadable", "it could not be read: no such coding"),
    ("unreadable", None, None, "unreadable", "it could not be read: no reason was noted"),
)


@pytest.mark.parametrize(("role", "message", "fault", "verdict", "words"), ASIDE)
async def test_an_arrival_that_is_no_message(
    role: str, message: int | None, fault: str | None, verdict: str, words: str, house: Database
) -> None:
    await arrived(house, 7, role, message, fault)
    found = await why_arrival(house, 7, meaning_of)
    assert (found.arrival, found.message, found.verdict) == (7, message, verdict)
    assert found.words.startswith(words)


async def test_a_part_that_waits_for_others(house: Database) -> None:
    await arrived(house, 7, "part", None)
    waiting = PartSet(1, "k", 1, "a", "b", 3, due_at=RECEIVED, parts={1: Held(7, "x")})
    await house.write(parts.save, [waiting], [])
    await house.write(parts.add, [(1, 1, 7, "part", "x")])
    found = await why_arrival(house, 7, meaning_of)
    words = f"waiting for parts: 1 of 3 came. At {AT} it becomes a message with a gap"
    assert (found.verdict, found.message, found.words) == ("waiting_for_parts", None, words)


async def test_a_part_without_a_set(house: Database) -> None:
    await arrived(house, 7, "part", None)
    assert (await why_arrival(house, 7, meaning_of)).verdict == "waiting_for_parts"


async def test_what_does_not_exist(house: Database) -> None:
    with pytest.raises(NotOurs, match="there is no message 5"):
        await ask(house, 5)
    with pytest.raises(NotOurs, match="there is no arrival 5"):
        await why_arrival(house, 5, meaning_of)

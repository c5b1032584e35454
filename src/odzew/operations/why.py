"""Why was this message not forwarded? The answer as a value: whose it is, which level applied, and what became of it at each target.

The words are for people; `verdict` and `state` are for programs, each one word of a closed list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from odzew.clock import to_datetime
from odzew.errors import NotOurs
from odzew.inbox.owe import level_of, wants
from odzew.inbox.withhold import drops, option_of
from odzew.model import Account, Attempt, Message, Target
from odzew.store.arrivals import ArrivalHead, head
from odzew.store.db import Database
from odzew.store.deliveries import attempts
from odzew.store.directory import Directory, load
from odzew.store.lookup import DeliveryRow, deliveries_of
from odzew.store.messages import get
from odzew.store.parts import PartSet, of_arrival
from odzew.store.target_states import TargetState, states

MeaningOf = Callable[[str], str]
"""An outcome of an attempt in a sentence."""
Verdict = Literal[
    "owed", "unclaimed", "withheld", "no_forward", "switched_off", "filtered", "not_owed",
    "waiting_for_parts", "suspected_copy", "repetition", "receipt", "report", "unreadable",
]  # fmt: skip
State = Literal["delivered", "waiting", "paused", "exhausted", "cancelled", "withheld", "switched_off", "filtered", "not_owed"]

ENDINGS: Final = {
    "switched_off": "the target was switched off or removed",
    "cut_short": "it was owed for too long while its target was being served",
    "no_more_attempts": "the target's schedule was made shorter than the attempts already made",
    "dropped": "it was dropped when the target was resumed",
}
"""Why a delivery ended without a further attempt."""
_PAUSES: Final = {"failing": "it has failed for days"}
_ASIDE: Final[dict[str, tuple[Verdict, str]]] = {
    "copy": ("suspected_copy", "a suspected copy{of}, sent again after a lost session: `odzew inbox release` makes it a message"),
    "repeat": ("repetition", "a part that was there already{of}"),
    "receipt": ("receipt", "a delivery receipt about a sent message, never forwarded"),
    "report": ("report", "a report on a sent MMS, never forwarded"),
    "unreadable": ("unreadable", "it could not be read: {fault}"),
}


@dataclass(slots=True, frozen=True)
class Try:
    """One attempt."""

    number: int
    started: str
    took_ms: int
    outcome: str
    means: str
    status: int | None
    address: str


@dataclass(slots=True, frozen=True)
class Fate:
    """What became of a message at one target. `delivery` None: it was never owed there. Instants are RFC 3339 in UTC."""

    target: str
    target_id: int
    delivery: int | None
    state: State
    words: str
    due: str | None
    tries: tuple[Try, ...] = ()


@dataclass(slots=True, frozen=True)
class Why:
    """The answer. `level` is the one that applies by the present set-up; `message` None: what came is no message, or not yet."""

    arrival: int | None
    message: int | None
    verdict: Verdict
    words: str
    account: str | None = None
    kind: str | None = None
    rule: str = ""
    level: str | None = None
    targets: tuple[Fate, ...] = ()


async def why_arrival(db: Database, key: int, meaning_of: MeaningOf, directory: Directory | None = None) -> Why:
    """Of an arrival: of its message, or why there is none. NotOurs if there is no such arrival."""
    found: ArrivalHead | None = await db.read(head, key)
    if found is None:
        raise NotOurs(f"there is no arrival {key}")
    if found.role in _ASIDE:
        verdict, words = _ASIDE[found.role]
        of = f" of message {found.message_id}" if found.message_id else ""
        return Why(key, found.message_id, verdict, words.format(of=of, fault=found.fault or "no reason was noted"))
    if found.message_id is None:
        parts: PartSet | None = await db.read(of_arrival, key)
        return Why(key, None, "waiting_for_parts", _waiting(parts))
    return await why(db, found.message_id, meaning_of, directory, key)


async def why(db: Database, key: int, meaning_of: MeaningOf, directory: Directory | None = None, arrival: int | None = None) -> Why:
    """Of a message. NotOurs if there is no such message."""
    message: Message | None = (await db.read(get, [key])).get(key)
    if message is None:
        raise NotOurs(f"there is no message {key}")
    present: Directory = directory or await db.read(load)
    rows: list[DeliveryRow] = await db.read(deliveries_of, key)
    known: dict[int, TargetState] = await db.read(states, sorted({row.target_id for row in rows}))
    fates = []
    for row in rows:
        fates.append(_fate(row, await db.read(attempts, row.id), known.get(row.target_id), meaning_of))
    level = level_of(message, present)
    owed = {row.target_id for row in rows}
    fates += [_never_owed(target, message, present) for target in level if target.id not in owed]
    account = present.accounts.get(message.account_id or 0)
    verdict, words = _judge(message, account, fates, bool(rows), drops(message, present))
    return Why(
        arrival, key, verdict, words, account.name if account else None, message.kind, message.rule, _level(level, present), tuple(fates)
    )


def _judge(message: Message, account: Account | None, fates: Sequence[Fate], owed: bool, dropping: bool) -> tuple[Verdict, str]:
    gap = ". A part of it is missing, and the text shows where" if message.incomplete else ""
    if owed:
        counts: dict[str, int] = {}
        for fate in fates:
            if fate.delivery is not None:
                counts[fate.state] = counts.get(fate.state, 0) + 1
        late = "" if message.withheld is None else f". What came of it later is {_withheld(message)}"
        return "owed", f"owed: {', '.join(f'{count} {state}' for state, count in counts.items())}{gap}{late}"
    if message.account_id is None:
        return "unclaimed", f"unclaimed, so nobody is owed it: {message.rule}{gap}"
    if message.withheld is not None:
        return "withheld", f"{_withheld(message)}{gap}"
    if not fates:
        return "no_forward", f"no keyword, number or account of {account.name if account else 'its owner'} has a forward for it{gap}"
    if all(fate.state == "switched_off" for fate in fates):
        return "switched_off", f"every forward of the level that applies is switched off{gap}"
    if all(fate.state in ("switched_off", "filtered") for fate in fates):
        return "filtered", f"the filters of the forwards that apply leave it out{gap}"
    perhaps = f", or it was withheld then, for {option_of(message)} has the option drop_blacklisted" if dropping else ""
    return "not_owed", f"when it came, no forward was set up for it or switched on{perhaps}{gap}"


def _withheld(message: Message) -> str:
    return f"withheld: its sender was on the blacklist, and {option_of(message)} had the option drop_blacklisted"


def _fate(row: DeliveryRow, tried: Sequence[Attempt], state: TargetState | None, meaning_of: MeaningOf) -> Fate:
    name = row.target or f"({row.target_id})"
    last = _means(tried[-1], meaning_of) if tried else None
    paused = state is not None and state.paused_at is not None
    verdict: State = _STATES[row.state] if row.state != "pending" or not paused else "paused"
    tries = _counted(row.attempts)
    words = {
        "delivered": f"delivered at {instant(row.ended_at)}, at attempt {row.attempts}",
        "waiting": _still_waiting(row, last),
        "paused": f"waiting: the target is paused since {instant(state.paused_at if state else None)}, {_pause_of(state)}",
        "exhausted": f"exhausted at {instant(row.ended_at)} after {tries}: {ENDINGS.get(row.outcome) or last or row.outcome}",
        "cancelled": f"cancelled at {instant(row.ended_at)} after {tries}: {ENDINGS.get(row.outcome, row.outcome)}",
    }[verdict]
    return Fate(name, row.target_id, row.id, verdict, words, instant(row.due_at), tuple(_try(one, meaning_of) for one in tried))


_STATES: Final[dict[str, Any]] = {"pending": "waiting", "delivered": "delivered", "exhausted": "exhausted", "cancelled": "cancelled"}


def _still_waiting(row: DeliveryRow, last: str | None) -> str:
    again = " It was sent again." if row.earlier else ""
    if row.attempts == row.earlier:
        return f"waiting: the first attempt is due at {instant(row.due_at)}.{again}"
    failed = _counted(row.attempts - row.earlier)
    return f"waiting: {failed} failed, the next is due at {instant(row.due_at)}.{again} The last one: {last}"


def _counted(number: int) -> str:
    return f"{number} attempt" if number == 1 else f"{number} attempts"


def _pause_of(state: TargetState | None) -> str:
    why_paused = state.paused_why if state else ""
    return _PAUSES.get(why_paused, why_paused)


def _never_owed(target: Target, message: Message, directory: Directory) -> Fate:
    state: State = "not_owed"
    perhaps = ", or the message was withheld then" if drops(message, directory) else ""
    words = f"never owed: the forward was set up, or switched on, after the message came{perhaps}"
    if message.withheld is not None:
        state, words = "withheld", "never owed: the message is withheld"
    elif not target.active:
        state, words = "switched_off", "never owed: the forward is switched off"
    elif not wants(target, message):
        state, words = "filtered", "never owed: the forward's filters leave the message out"
    return Fate(target.name, target.id, None, state, words, None)


def _try(attempt: Attempt, meaning_of: MeaningOf) -> Try:
    return Try(
        attempt.number, instant(attempt.started_at) or "", attempt.took_us // 1000, attempt.outcome, _means(attempt, meaning_of),
        attempt.status, attempt.address,
    )  # fmt: skip


def _means(attempt: Attempt, meaning_of: MeaningOf) -> str:
    return attempt.detail or meaning_of(attempt.outcome)


def _level(targets: Sequence[Target], directory: Directory) -> str | None:
    """The level in words: `keyword AUTO on +48799448855`, `number +48799448855`, `account acme`."""
    if not targets:
        return None
    level, key = targets[0].level, targets[0].level_id
    if level == "account":
        account = directory.accounts.get(key)
        return f"account {account.name if account else key}"
    keyword = directory.keywords_by_id.get(key) if level == "keyword" else None
    number = directory.numbers_by_id.get(keyword.number_id if keyword is not None else key)
    address = number.address if number is not None else "?"
    return f"keyword {keyword.word} on {address}" if keyword is not None else f"{level} {address}"


def _waiting(parts: PartSet | None) -> str:
    if parts is None:
        return "a part of a long message that waits for others"
    return f"waiting for parts: {len(parts.parts)} of {parts.total} came. At {instant(parts.due_at)} it becomes a message with a gap"


def instant(at: int | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return None if at is None else f"{to_datetime(at).replace(microsecond=0, tzinfo=None).isoformat()}Z"

"""Giving a message an owner after the fact: by hand, or because the record of a sent message came after its reply.

What is corrected is kept as a revision; the message is then owed and offered as if new (contract section 6).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import DAY
from odzew.errors import NotOurs
from odzew.inbox.classify import Claim, needs_answer
from odzew.inbox.complete import revision_of
from odzew.inbox.meaning import case_of, claim, claims_of, owe_for
from odzew.inbox.withhold import withhold
from odzew.model import KIND_OF_SERVICE, Account, Kind, Message, Owed, SentMessage
from odzew.store import inbox_index
from odzew.store import messages as store_messages
from odzew.store import sent as store_sent
from odzew.store.changes import bump
from odzew.store.db import Lock, Now, Request
from odzew.store.directory import Directory, check_present

CLAIM_WITHIN: Final = DAY


@dataclass(slots=True)
class Corrected:
    """What one transaction gave to its owners. `stored`: how many sent records it wrote."""

    stored: int = 0
    messages: list[Message] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)


def record_sent(records: Sequence[SentMessage], directory: Directory) -> Generator[Request, Any, Corrected]:
    """Stores sent messages and lets them claim replies of the last 24 hours that came before them and that nobody claimed.

    StaleDirectory if the directory has changed (so do the others here).
    """
    yield from check_present(directory)
    phones = sorted({record.phone for record in records})
    yield Lock(phones)
    yield from store_sent.record(records)
    now: int = yield Now()
    candidates = yield from store_messages.unclaimed_from(phones, now - CLAIM_WITHIN)
    replies = [message for message in candidates if needs_answer(case_of(message), directory)]
    if not replies:
        return Corrected(len(records))
    claims = yield from claims_of(replies, directory)
    won = [(message, claimed) for message, claimed in zip(replies, claims, strict=True) if claimed.account_id is not None]
    done = yield from _correct(won, now, "its sent message became known", directory)
    done.stored = len(records)
    return done


def assign(ids: Sequence[int], account: Account, kind: Kind | None, directory: Directory) -> Generator[Request, Any, Corrected]:
    """Gives unclaimed messages to an account. `kind` is needed for what came to an address that is no number of ours.

    NotOurs if one of them does not exist, is claimed already, or needs a kind; then nothing is changed.
    """
    yield from check_present(directory)
    found = yield from store_messages.get(ids, hold=True)
    won = []
    for key in dict.fromkeys(ids):
        message = found.get(key)
        if message is None:
            raise NotOurs(f"there is no message {key}")
        if message.account_id is not None:
            owner = directory.accounts[message.account_id].name
            raise NotOurs(f"message {key} is not unclaimed: it belongs to {owner}")
        won.append((message, Claim(_kind_by_hand(message, kind, directory), account.id, "assigned by hand")))
    now: int = yield Now()
    return (yield from _correct(won, now, "assigned by hand", directory))


def reanswer(key: int, account_id: int, message_id: str | None) -> Generator[Request, Any, Message]:
    """Says which message of its account a reply answers; None: none of them. Neither the API nor the targets are told again.

    NotOurs if the account has no such message, or sent none of that id to the one who replied; nothing is changed then.
    """
    message: Message | None = (yield from store_messages.get([key], hold=True)).get(key)
    if message is None or message.account_id != account_id:
        raise NotOurs(f"there is no message {key}")
    record = None if message_id is None else (yield from store_sent.find(account_id, message_id))
    if message_id is not None and (record is None or record.phone != message.sender):
        raise NotOurs(f"{message_id} was not sent to the one who wrote message {key}")
    now: int = yield Now()
    before = revision_of(message)
    message.answers = message_id
    message.rule = "answers none of the sent messages, chosen by hand" if message_id is None else f"answers {message_id}, chosen by hand"
    yield from store_messages.correct(message, now, "what it answers was chosen by hand", before, offer=False)
    return message


def _kind_by_hand(message: Message, kind: Kind | None, directory: Directory) -> Kind:
    if kind is not None:
        return kind
    if case_of(message).mms:
        return "mms"
    number = directory.numbers.get(message.recipient)
    if number is None:
        raise NotOurs(f"message {message.id} came to {message.recipient}, which is no number of ours: say its kind")
    return KIND_OF_SERVICE[number.service]


def _correct(won: Sequence[tuple[Message, Claim]], now: int, why: str, directory: Directory) -> Generator[Request, Any, Corrected]:
    corrected = [message for message, _ in won]
    befores = [revision_of(message) for message in corrected]
    for message, claimed in won:
        number_id = message.number_id
        claim(message, claimed)
        message.number_id = message.number_id or number_id
    yield from withhold(corrected, directory)
    for message, before in zip(corrected, befores, strict=True):
        yield from store_messages.correct(message, now, why, before)
    yield from inbox_index.changed([message.id for message in corrected])
    owed = yield from owe_for(corrected, now, directory)
    if corrected:
        yield from bump("messages", "due")
    return Corrected(0, corrected, owed)

"""From arrivals to messages: what each means, before anything is stored. Pure but for the questions it yields."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any, Protocol

from odzew.clock import DAY
from odzew.inbox.classify import Case, Claim, classify, is_alike, needs_answer
from odzew.inbox.owe import owed_to
from odzew.model import Arrival, Message, Owed
from odzew.store import deliveries, sent
from odzew.store.db import Lock, Request, reserve
from odzew.store.directory import Directory
from odzew.wire import alphabet, clean, folding, msisdn

Addresses = tuple[str, str]
"""Sender and recipient as they are spelled here."""


class Addressed(Protocol):
    """Anything that came from somebody to one of our numbers."""

    sender: str
    recipient: str


def addresses_of(arrival: Arrival, country: str) -> Addresses:
    """The one spelling of an arrival's addresses. WireError if one cannot be read."""
    return msisdn.sender(arrival.sender, country), msisdn.sender(arrival.recipient, country)


def message_of(arrival: Arrival, now: int, country: str) -> Message:
    """The message of one arrival, with nobody's name on it yet and without an id. WireError if an address cannot be read."""
    received = now
    if arrival.trust_time and arrival.network_time is not None and arrival.network_time >= 0:
        received = min(arrival.network_time, now + DAY)  # a source's clock is trusted, but not with next year
    sender, recipient = addresses_of(arrival, country)
    # In the order of the fields: names cost as much again as all the rest, and every message is made here.
    message = Message(0, "unclaimed", None, sender, recipient, clean.text(arrival.text), received)
    message.form = arrival.form
    if arrival.mms:
        message.kind, message.text = "mms", clean.text(first_text(arrival))
        # An MMS always has one, an empty one if need be: by it an unclaimed MMS is still known as such.
        message.title = clean.text(arrival.title or "")
    return message


def first_text(arrival: Arrival) -> str:
    """The first text part of an MMS (contract 5.2), or what its source gave as its text."""
    if arrival.text:
        return arrival.text
    for attachment in arrival.attachments:
        if attachment.content_type.lower().startswith("text/plain"):
            charset = attachment.content_type.lower().partition("charset=")[2].partition(";")[0]
            return alphabet.decode(attachment.data, charset.strip(" \"'") or "utf-8", None)[0]
    return ""


def locks_of(addressed: Iterable[Addressed], directory: Directory) -> set[str]:
    """What `claims_of` will lock for these, so that a unit that locks more can name all of it at once."""
    found = set()
    for one in addressed:
        number = directory.numbers.get(one.recipient)
        if number is not None and number.service == "eco":
            found.add(one.sender)
    return found


def claims_of(messages: Sequence[Message], directory: Directory) -> Generator[Request, Any, list[Claim]]:
    """Whose each message is. Replies ask the record of sent messages, all of them in one question."""
    if alike := _alike(messages, directory):
        return [alike[message.recipient] for message in messages]
    cases = [case_of(message) for message in messages]
    replies = [index for index, case in enumerate(cases) if needs_answer(case, directory)]
    if replies:
        questions = [sent.Question(messages[i].recipient, messages[i].sender, messages[i].received_at) for i in replies]
        # Held until the commit by whoever stores a reply or a sent record of this telephone, so that neither misses the other.
        yield Lock(sorted({question.sender for question in questions}))
        for index, answer in zip(replies, (yield from sent.answered(questions)), strict=True):
            cases[index].answer = answer
        open_ones = [(index, question) for index, question in zip(replies, questions, strict=True) if cases[index].answer is None]
        if open_ones:
            answers = yield from sent.only_writer([question for _, question in open_ones])
            for (index, _), answer in zip(open_ones, answers, strict=True):
                cases[index].only_writer = answer
    return [classify(case, directory) for case in cases]


def _alike(messages: Sequence[Message], directory: Directory) -> dict[str, Claim]:
    """{recipient: whose all of its messages are}; empty where it depends on more than the recipient for one of them."""
    claims: dict[str, Claim] = {}
    for message in messages:
        if message.title is not None:
            return {}
        if message.recipient not in claims:
            if not is_alike(message.recipient, directory):
                return {}
            claims[message.recipient] = classify(case_of(message), directory)
    return claims


def case_of(message: Message) -> Case:
    """What the rules look at in a message."""
    mms = message.title is not None
    texts = (message.title or "", message.text) if mms else (message.text,)
    return Case(message.recipient, texts, mms)


def claim(message: Message, claimed: Claim) -> None:
    """Writes the claim's name on the message; the keyword is left out of the text where its option says so."""
    message.kind, message.account_id, message.rule, message.answers = claimed.kind, claimed.account_id, claimed.rule, claimed.answers
    message.number_id = None if claimed.number is None else claimed.number.id
    if claimed.keyword is not None:
        message.keyword_id, message.keyword = claimed.keyword.id, claimed.keyword.word
        if claimed.keyword.strip_keyword:
            message.text = folding.strip_keyword(message.text, claimed.keyword.words)


def owe_for(messages: Sequence[Message], now: int, directory: Directory, completion: bool = False) -> Generator[Request, Any, list[Owed]]:
    """Owes each message to its targets, in the transaction that stores the messages.

    `completion`: they were owed before with a part missing; a target may not want them again (contract 5.12).
    """
    wanted = owed_to(messages, directory)
    if completion:
        wanted = [(message, target) for message, target in wanted if target.completions]
    if not wanted:
        return []
    ids = yield from reserve("deliveries", len(wanted))
    owed = [
        Owed(key, target.id, target.account_id, message.id, now, 0, None, 0, message, completion)
        for key, (message, target) in zip(ids, wanted, strict=True)
    ]
    yield from deliveries.owe(owed)
    return owed

"""Whose message it is: ordered rules over values, the first that matches wins (contract section 6).

Pure. What the rules need beside the directory, the sent message that a reply answers, is looked up before and handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from odzew.model import KIND_OF_SERVICE, UNCLAIMED, Keyword, Kind, Number
from odzew.store.directory import Directory
from odzew.store.sent import Answer
from odzew.wire import folding


@dataclass(slots=True)
class Case:
    """What the rules look at. `text` is what a keyword is looked for in (MMS: the subject, then the first text)."""

    recipient: str
    texts: tuple[str, ...]
    mms: bool
    answer: Answer | None = None
    only_writer: Answer | None = None


class Claim(NamedTuple):
    """Whose it is, and why. `account_id` None: nobody claims it."""

    kind: Kind
    account_id: int | None
    rule: str
    number: Number | None = None
    keyword: Keyword | None = None
    answers: str | None = None


Rule = Callable[[Case, Directory, Number], Claim | None]


def classify(case: Case, directory: Directory) -> Claim:
    """The claim of the first rule that matches."""
    number = directory.numbers.get(case.recipient)
    if number is None:
        return Claim(UNCLAIMED, None, f"{case.recipient} is not one of our numbers")
    for rule in RULES:
        claim = rule(case, directory, number)
        if claim is not None:
            return claim
    return Claim(UNCLAIMED, None, f"{number.address} belongs to nobody and the text starts with no keyword of it", number)


def needs_answer(case: Case, directory: Directory) -> bool:
    """Whether the record of sent messages must be asked for this one."""
    number = directory.numbers.get(case.recipient)
    return number is not None and number.service == "eco" and not case.mms


def is_alike(recipient: str, directory: Directory) -> bool:
    """Whether all SMS to this address are claimed alike, whoever sent them and whatever they say."""
    number = directory.numbers.get(recipient)
    return number is None or (number.service != "eco" and not directory.keywords.get(number.id))


def _mms_not_enabled(case: Case, _directory: Directory, number: Number) -> Claim | None:
    if case.mms and not number.mms:
        return Claim(UNCLAIMED, None, f"{number.address} is not enabled for MMS", number)
    return None


def _keyword(case: Case, directory: Directory, number: Number) -> Claim | None:
    if number.service == "eco" and not case.mms:
        return None  # an answer belongs to whom it answers, whatever its first word
    for text in case.texts:
        keyword = keyword_of(text, number, directory)
        if keyword is not None:
            return Claim(_kind(case, number), keyword.account_id, f"keyword {keyword.word} on {number.address}", number, keyword)
    return None


def _reply(case: Case, _directory: Directory, number: Number) -> Claim | None:
    if number.service != "eco" or case.mms or case.answer is None:
        return None
    account, message = case.answer
    return Claim("eco", account, f"answers {message}, sent from {number.address}", number, None, message)


def _owner(case: Case, _directory: Directory, number: Number) -> Claim | None:
    if number.account_id is None:
        return None
    return Claim(_kind(case, number), number.account_id, f"{number.address} is the account's own", number)


def _only_writer(case: Case, _directory: Directory, number: Number) -> Claim | None:
    if number.service != "eco" or case.mms or case.only_writer is None:
        return None
    return Claim("eco", case.only_writer.account_id, "the only account that wrote to the sender in 90 days", number)


RULES: Final[tuple[Rule, ...]] = (_mms_not_enabled, _keyword, _reply, _owner, _only_writer)


def keyword_of(text: str, number: Number, directory: Directory) -> Keyword | None:
    """The longest keyword of the number that the text starts with."""
    keywords = directory.keywords.get(number.id)
    if not keywords:
        return None
    words = folding.words(text, directory.longest_keyword[number.id])
    for length in range(len(words), 0, -1):
        found = keywords.get(words[:length])
        if found is not None:
            return found
    return None


def _kind(case: Case, number: Number) -> Kind:
    return "mms" if case.mms else KIND_OF_SERVICE[number.service]

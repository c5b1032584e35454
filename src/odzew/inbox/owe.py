"""To whom a message is owed: the most specific level that has a forward for its kind, and its filters (contract section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from odzew.model import Message, Target
from odzew.store.directory import Directory
from odzew.wire import folding

SEARCHED: Final = 40_000
"""Characters of a text that `only_text` looks at: more than the longest SMS has; the text part of an MMS may have millions."""
ANY: Final = "*"

Words = tuple[str, ...]


def targets_of(message: Message, directory: Directory) -> list[Target]:
    """The targets that are switched on and want it, of the level that applies: keyword, then number, then account.

    Levels never add up. A level that has only switched-off forwards for the kind applies too, and so does one whose filters all
    leave the message out: nothing is then owed. A message that is withheld is owed to none.
    """
    if message.withheld is not None:
        return []
    return [target for target in level_of(message, directory) if target.active and wants(target, message)]


def owed_to(messages: Iterable[Message], directory: Directory) -> list[tuple[Message, Target]]:
    """Each message with each of its targets. Messages that are alike in all that a level is chosen by share one choice."""
    levels: dict[tuple[int | None, str, int | None, int | None], list[Target]] = {}
    wanted = []
    for message in messages:
        if message.withheld is not None:
            continue
        key = (message.account_id, message.kind, message.keyword_id, message.number_id)
        level = levels.get(key)
        if level is None:
            level = levels[key] = [target for target in level_of(message, directory) if target.active]
        for target in level:
            if wants(target, message):
                wanted.append((message, target))
    return wanted


def level_of(message: Message, directory: Directory) -> list[Target]:
    """All targets of the level that applies to a message, switched on or off; none where no level has one for its kind."""
    if message.account_id is None:
        return []
    family = "mms" if message.kind == "mms" else "sms"
    levels = (
        ("keyword", message.keyword_id, (family,)),
        ("number", message.number_id, (family,)),
        ("account", message.account_id, (message.kind,) if family == "mms" else (message.kind, family)),
    )
    for level, key, kinds in levels:
        if key is None:
            continue
        found = [t for t in directory.levels.get((level, key), ()) if t.for_kind in kinds and t.account_id == message.account_id]
        if found:
            return found
    return []


def wants(target: Target, message: Message) -> bool:
    """Whether the target's filters let the message through: each that is set has an entry that fits."""
    if target.only_senders and not any(fits_sender(entry, message.sender) for entry in target.only_senders):
        return False
    if target.only_keywords and not any(_has_keyword(message, folding.words(entry)) for entry in target.only_keywords):
        return False
    return not target.only_text or _has_text(message, target.only_text)


def fits_sender(entry: str, sender: str) -> bool:
    """A number or name as it is stored; with a `*` at its end, what begins so."""
    return sender.startswith(entry[:-1]) if entry.endswith(ANY) else sender == entry


def _has_keyword(message: Message, keyword: Words) -> bool:
    """By the number's keyword that matched, or, where it has none, by the first words of the text (contract 6)."""
    if folding.words(message.keyword) == keyword:
        return True
    return any(folding.starts_with(folding.words(text, len(keyword)), keyword) for text in _texts(message))


def _has_text(message: Message, entries: tuple[str, ...]) -> bool:
    said = [folding.words(text[:SEARCHED]) for text in _texts(message)]
    return any(_contains(words, *_phrase(entry)) for entry in entries for words in said)


@lru_cache(maxsize=4096)
def _phrase(entry: str) -> tuple[Words, bool]:
    """The folded words of an entry, and whether the last one need only begin so."""
    return folding.words(entry), entry.rstrip().endswith(ANY)


def _contains(words: Words, phrase: Words, open_end: bool) -> bool:
    """Whether the words of the phrase stand in the text, one after the other."""
    size = len(phrase)
    if not size:
        return False
    for start in range(len(words) - size + 1):
        part = words[start : start + size]
        if part == phrase or (open_end and part[:-1] == phrase[:-1] and part[-1].startswith(phrase[-1])):
            return True
    return False


def _texts(message: Message) -> Iterator[str]:
    if message.title:
        yield message.title
    yield message.text

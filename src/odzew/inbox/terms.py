"""By which words and properties a message is found, and whether it is what somebody looks for. Pure.

Words are folded as keywords are, and a word ends at whatever is no letter and no digit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from odzew.store.inbox_index import Item
from odzew.store.inbox_lines import EVERYBODY, SEARCHED, Found, Wanted
from odzew.store.inbox_words import PROPERTY, WORD, Term
from odzew.wire import folding

MOST: Final = 2_000  # words of a message that are kept; nobody writes so many different ones
ASKED: Final = 20  # words of a question that count

_letters = re.compile(r"[^\W_]+").findall


def words_of(text: str) -> list[str]:
    """The folded words of a text, each once, in order."""
    return list(dict.fromkeys(_letters(" ".join(folding.words(text[:SEARCHED])))))


def terms_of(item: Item) -> list[str]:
    """All by which a message is to be found."""
    words = _words(item.sender, item.title, item.text)
    properties = [PROPERTY + "t" + item.kind, PROPERTY + "s" + _plain(item.sender)]
    properties += [PROPERTY + "k" + str(item.keyword_id)] if item.keyword_id is not None else []
    properties += [PROPERTY + "n" + str(item.number_id)] if item.number_id is not None else []
    properties += [PROPERTY + "i"] if item.incomplete else []
    return properties + [WORD + word for word in words]


def asked(wanted: Wanted) -> tuple[list[Term], list[str]] | None:
    """What to look for, and the words among it; nothing where the lists of the index are enough. None: such a question finds nothing."""
    words = words_of(wanted.words[: SEARCHED // 10])[:ASKED]
    if wanted.words.strip() and not words:
        return None
    terms = [Term(WORD + word, open=True) for word in words]
    for sign, value in (("s", wanted.sender), ("k", wanted.keyword_id), ("n", wanted.number_id)):
        if value is not None:
            terms.append(Term(f"{PROPERTY}{sign}{_plain(str(value))}"))
    if wanted.incomplete:
        terms.append(Term(PROPERTY + "i"))
    if len(wanted.kinds) == 1 and (terms or wanted.account_id == EVERYBODY):
        terms.append(Term(PROPERTY + "t" + _plain(wanted.kinds[0])))
    return terms, words


def fits(wanted: Wanted, words: Sequence[str], found: Found) -> bool:
    """Whether a message is wanted; `words` as `asked` gave them."""
    line = found.line
    return (
        wanted.account_id in (EVERYBODY, line.account_id)
        and (not wanted.kinds or line.kind in wanted.kinds)
        and not (wanted.unseen and line.seen)
        and not (wanted.incomplete and not line.incomplete)
        and wanted.sender in (None, line.sender)
        and wanted.keyword_id in (None, found.keyword_id)
        and wanted.number_id in (None, found.number_id)
        and (wanted.since is None or line.received_at >= wanted.since)
        and (wanted.until is None or line.received_at < wanted.until)
        and (not words or _has(_words(line.sender, line.title, found.text), words))
    )


def _words(sender: str, title: str | None, text: str) -> list[str]:
    return words_of(f"{sender} {title or ''} {text}")[:MOST]


def _has(words: Sequence[str], beginnings: Sequence[str]) -> bool:
    return all(any(word.startswith(beginning) for word in words) for beginning in beginnings)


def _plain(text: str) -> str:
    """What a term can hold of it; what is lost is compared by `fits`."""
    return "".join(_letters(folding.fold(text)))

"""One spelling for every word: keyword and text are folded by the same function (contract 6, "Keyword matching").

Each character is folded by itself, so a place in the folded text is a place in the text as it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

HEAD: Final = 1024
"""Characters of a text that are looked at for its first words; no keyword begins later."""

# Letters that Unicode does not take apart.
_LETTERS: Final = {
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ɨ": "i", "ɫ": "l", "ƀ": "b",
    "æ": "ae", "œ": "oe", "þ": "th", "ß": "ss",
}  # fmt: skip

_PUNCTUATION: Final = frozenset(".,:;-_/#*!?")
# What folds to nothing but white space and punctuation: spacing accents, dots in a row, full-width and small forms.
_LOOKALIKES: Final = (
    "\xa8\xaf\xb4\xb8\u02d8-\u02dd\u037e\u0384\u0385\u1fbd\u1fbf-\u1fc1\u1fcd-\u1fcf\u1fdd-\u1fdf\u1fed\u1fee\u1ffd\u1ffe"
    "\u2017\u2024-\u2026\u203c\u203e\u2047-\u2049\u309b\u309c\ufc5e-\ufc63\ufe10\ufe13-\ufe16\ufe19\ufe30\ufe33\ufe34"
    "\ufe49-\ufe50\ufe52\ufe54-\ufe57\ufe5f\ufe61\ufe63\ufe70\ufe72\ufe74\ufe76\ufe78\ufe7a\ufe7c\ufe7e"
    "\uff01\uff03\uff0a\uff0c-\uff0f\uff1a\uff1b\uff1f\uff3f\uffe3"
)
_CLASS: Final = r"\s.,:;\-_/#*!?" + _LOOKALIKES
_WORD = re.compile(f"[^{_CLASS}]+")
_SEPARATORS = re.compile(f"[{_CLASS}]*")


def fold(word: str) -> str:
    """`word` case folded, without diacritics, marks, invisible characters and separators."""
    return word.lower() if word.isascii() and word.isalnum() else "".join(map(_fold_character, word))


def words(text: str, limit: int | None = None) -> tuple[str, ...]:
    """The folded words of `text`. With a `limit`, the first so many, and only those within the first 1,024 characters."""
    if limit is None:
        return tuple(word for word, _ in _scan(text, len(text)))
    return tuple(word for word, _ in islice(_scan(text, HEAD), max(0, limit)))


def searchable(*texts: str | None) -> str:
    """The folded words of several texts, separated by blanks: what a search of folded words looks through."""
    return " ".join(word for text in texts if text for word, _ in _scan(text, len(text)))


def starts_with(text_words: tuple[str, ...], keyword_words: tuple[str, ...]) -> bool:
    """Whether a text of these words starts with that keyword. A keyword without words starts nothing."""
    return bool(keyword_words) and text_words[: len(keyword_words)] == keyword_words


def strip_keyword(text: str, keyword_words: tuple[str, ...]) -> str:
    """`text` after its leading keyword and the separators behind it; `text` itself when it does not start with it."""
    if not keyword_words:
        return text
    found = list(islice(_scan(text, HEAD), len(keyword_words)))
    if tuple(word for word, _ in found) != keyword_words:
        return text
    end = found[-1][1]
    separators = _SEPARATORS.match(text, end)
    return text[separators.end() if separators else end :]


def _scan(text: str, end: int) -> Iterator[tuple[str, int]]:
    """Each folded word of `text[:end]` with the place where it stops. A word cut by `end` is left out."""
    cut = end if end < len(text) else -1
    for found in _WORD.finditer(text, 0, end):
        # A cut word might fold to somebody's keyword that the whole one does not.
        if found.end() == cut and _WORD.match(text, cut, cut + 1):
            return
        folded = fold(found[0])
        if folded:
            yield folded, found.end()


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    """One character folded. Cached; by itself it also keeps the work linear, which normalising long texts is not."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(
        _LETTERS.get(part, part)
        for part in plain
        if unicodedata.category(part) not in ("Mn", "Me", "Cf") and part not in _PUNCTUATION and not part.isspace()
    )

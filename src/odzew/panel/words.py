"""The panel's languages. A text is its own name in English; `translations/<language>.toml` has the others.

A translation file holds `[texts]` ("English" = "translated") and `[counted]` ("%(num)d message" = [one, few, many]), by the plural rule
of its language. A test keeps the files whole: what a page says and a file lacks is red, and so is what no page says any more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from odzew.errors import Sentence

ENGLISH: Final = "en"
LANGUAGES: Final = {"en": "English", "pl": "Polski"}


def _polish(number: int) -> int:
    """One, few (2 to 4, 22 to 24, ... but not 12 to 14), many: the rule of the Unicode CLDR."""
    if number == 1:
        return 0
    return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2


PLURALS: Final[dict[str, Callable[[int], int]]] = {"pl": _polish}


@dataclass(slots=True, frozen=True)
class Translation:
    """One language's texts."""

    texts: Mapping[str, str] = field(default_factory=dict)
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Words:
    """All languages of the panel."""

    def __init__(self) -> None:
        self._languages = {name: _read(name) for name in LANGUAGES if name != ENGLISH}

    def of(self, language: str, text: str) -> str:
        """`text`, written in English, in a language; English where it lacks the text."""
        found = self._languages.get(language)
        return found.texts.get(text, text) if found else text

    def counted(self, language: str, one: str, many: str, number: int) -> str:
        """The form of a counted text for `number`: `one` and `many` are the English ones."""
        found = self._languages.get(language)
        forms = found.counted.get(one) if found else None
        if forms is None:
            return one if number == 1 else many
        return forms[PLURALS[language](number)]

    def translation(self, language: str) -> Translation:
        """All of one language, for the test that keeps it whole."""
        return self._languages[language]


def spoken(t: Callable[..., str], sentence: str) -> str:
    """What another part of the program says, in the language of the translator `t`; a text that is no `Sentence` as it is."""
    if not isinstance(sentence, Sentence):
        return sentence
    values = {name: spoken(t, value) if isinstance(value, Sentence) else value for name, value in sentence.values.items()}
    return t(sentence.template, **values)


def best_language(accepted: str) -> str:
    """The first language of an `Accept-Language` header that the panel has (its weights are in order in all browsers)."""
    for piece in accepted.split(",")[:20]:
        name = piece.split(";")[0].strip().lower()[:2]
        if name in LANGUAGES:
            return name
    return ENGLISH


def _read(language: str) -> Translation:
    """A language's files: `<language>.toml` and, page by page, `<language>.*.toml`."""
    texts: dict[str, str] = {}
    counted: dict[str, tuple[str, ...]] = {}
    for found in sorted(files("odzew.panel").joinpath("translations").iterdir(), key=lambda entry: entry.name):
        if found.name.startswith(f"{language}.") and found.name.endswith(".toml"):
            content: dict[str, Any] = tomllib.loads(found.read_text(encoding="utf-8"))
            texts |= content.get("texts", {})
            counted |= {name: tuple(forms) for name, forms in content.get("counted", {}).items()}
    return Translation(texts, counted)

"""The panel in Polish: every text that it says has one, none is left over, each has the same places to fill, and counts have all forms."""

from __future__ import annotations

import re
from typing import Final

import pytest

from odzew.panel.words import LANGUAGES, PLURALS, Words
from tests.panel.texts import PANEL, everywhere, in_judges, in_sources, in_tables, in_templates

PLACES: Final = re.compile(r"%(?:\((\w+)\))?\.?[0-9]*[dfgrs%]").findall
FORMS: Final = {"pl": 3}
OTHERS: Final = [language for language in LANGUAGES if language != "en"]
_words: Final = Words()


@pytest.mark.parametrize("language", OTHERS)
def test_everything_that_is_said_is_translated(language: str) -> None:
    translation = _words.translation(language)
    spoken = (*in_templates(), *in_sources(), *in_tables(), *in_judges())
    counted = {one for _, said in spoken if isinstance(said, tuple) for one in said}
    missing = []
    for path, said in spoken:
        known = said in translation.texts or said in counted if isinstance(said, str) else said[0] in translation.counted
        if not known:
            missing.append(f"{path.relative_to(PANEL.parent)}: {said!r}")
    assert not missing, "\n" + "\n".join(sorted(set(missing)))


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    translation, said = _words.translation(language), everywhere()
    assert not [text for text in (*translation.texts, *translation.counted) if text not in said]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    translation = _words.translation(language)
    pairs = [*translation.texts.items(), *((one, form) for one, forms in translation.counted.items() for form in forms)]
    assert not [(text, other) for text, other in pairs if not other.strip() or set(PLACES(text)) != set(PLACES(other))]


@pytest.mark.parametrize("language", OTHERS)
def test_a_counted_text_has_every_form(language: str) -> None:
    assert set(FORMS) == set(PLURALS)
    assert not [one for one, forms in _words.translation(language).counted.items() if len(forms) != FORMS[language]]


def test_each_text_is_translated_in_one_file_or_alike() -> None:
    """The same English in two files must be the same Polish: only one of them is taken."""
    found: dict[str, set[str]] = {}
    for path in (PANEL / "translations").glob("*.toml"):
        for text, other in re.findall(r'^"((?:[^"\\]|\\.)+)" = "((?:[^"\\]|\\.)*)"$', path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(text, set()).add(other)
    assert len(found) > 50, "the files are read"
    assert not {text: others for text, others in found.items() if len(others) > 1}


@pytest.mark.parametrize(
    ("number", "form"),
    [(0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (14, 2), (21, 2), (22, 1), (101, 2), (102, 1), (112, 2), (1_000_000, 2)],
)
def test_polish_counts_as_polish_does(number: int, form: int) -> None:
    assert PLURALS["pl"](number) == form

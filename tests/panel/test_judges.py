"""What the judges of the set-up say, in the language of who typed it: every sentence can be translated, and forms show it so."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from odzew.errors import Sentence, SetupError, WireError, sentence_of
from odzew.panel.words import Words, spoken
from odzew.setup.document import read_document
from odzew.setup.edit import by_field, entry
from odzew.setup.reading import placed
from tests.panel.house import OPERATOR, OTHER, OWNER, PASSWORD, House
from tests.panel.texts import PANEL, PROGRAM, sentences
from tests.setup.test_judges import REFUSED

SETUP: Final = PANEL.parent / "setup"
WIRE: Final = PANEL.parent / "wire"
JUDGES: Final = (
    *(SETUP / f"{name}.py" for name in ("judges", "reading", "document", "edit", "consistency", "ways")),
    *sorted(SETUP.glob("compare*.py")),
    *(WIRE / f"{name}.py" for name in ("template", "authority", "mailbox", "msisdn")),
)
"""Where faults come from that a form may show."""
WORDS: Final = re.compile(r"[A-Za-z]{2,} [a-z]{2,}").search
_words: Final = Words()
polish: Final = partial(spoken, lambda text, **values: _words.of("pl", text) % values if values else _words.of("pl", text))
english: Final = partial(spoken, lambda text, **values: text % values if values else text)


def said_plainly(source: str) -> Iterator[str]:
    """Texts for people in a source that are no `Sentence`, and so have no translation."""
    tree = ast.parse(source)
    within = {id(one) for call in ast.walk(tree) if isinstance(call, ast.Call) and _is_sentence(call) for one in ast.walk(call)}
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within | described and WORDS(node.value):
            yield node.value


def _is_sentence(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "Sentence"


@pytest.mark.parametrize("path", JUDGES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_judge_says_nothing_but_sentences(path: Path) -> None:
    assert not list(said_plainly(path.read_text("utf-8")))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise ValueError("must be less")', ["must be less"]),
        ('raise ValueError(f"has {n} too many")', [" too many"]),
        ('yield "url", "is missing"', ["is missing"]),
        ('raise ValueError(Sentence("must be less"))', []),
        ('def f():\n    """What this does."""', []),
        ('kinds = ", ".join(names)', []),
    ],
)
def test_what_is_said_plainly_is_found(source: str, found: list[str]) -> None:
    assert list(said_plainly(source)) == found


def test_a_template_stands_where_it_is_said() -> None:
    """Only so the test of the translations can find it."""
    calls = [(path, call) for path in PROGRAM for call in sentences(path)]
    assert len(calls) > 100
    assert not [(path, ast.unparse(call)) for path, call in calls if not isinstance(call.args[0], ast.Constant)]


@pytest.mark.parametrize(("judge", "value", "words"), REFUSED)
def test_each_refusal_has_polish_words_and_the_english_of_the_command_line(judge: Callable[..., Any], value: Any, words: str) -> None:
    with pytest.raises((ValueError, WireError)) as caught:
        judge(value, "PL")
    sentence = sentence_of(caught.value)
    assert isinstance(sentence, Sentence)
    assert (english(sentence), words in str(caught.value)) == (str(caught.value), True)
    assert polish(sentence) != str(caught.value)


SAID = [
    (Sentence("is missing"), "is missing", "brak wartości"),
    (Sentence("%(typed)s is no port", typed="100%"), "100% is no port", "100% to nie numer portu"),
    (Sentence("must be from %(least)g to %(most)g", least=0.1, most=600), "must be from 0.1 to 600", "wymagana liczba od 0.1 do 600"),
    (
        placed("account[0].time_zone", Sentence("there is no time zone %(typed)r%(near)s", typed="Warsaw", near="")),
        "account[0].time_zone: there is no time zone 'Warsaw'", "account[0].time_zone: nie ma strefy czasowej 'Warsaw'",
    ),
    (
        Sentence("%(typed)r is no alphabet%(near)s", typed="utf-8", near=Sentence("; did you mean %(near)r?", near="utf8")),
        "'utf-8' is no alphabet; did you mean 'utf8'?", "'utf-8' to nie alfabet; czy chodziło o 'utf8'?",
    ),
    (Sentence("a sentence nobody has translated"), "a sentence nobody has translated", "a sentence nobody has translated"),
    ("a text of a client: 100%s", "a text of a client: 100%s", "a text of a client: 100%s"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "in_english", "in_polish"), SAID)
def test_a_sentence_is_said_in_both_languages(sentence: str, in_english: str, in_polish: str) -> None:
    assert (str(sentence), english(sentence), polish(sentence)) == (in_english, in_english, in_polish)


ENTRIES = [
    ("account", {"name": "x", "time_zone": "Europe/Warsav"}, "time_zone", "nie ma strefy czasowej 'Europe/Warsav'; czy chodziło o "),
    ("account", {"name": "x", "active": "yes"}, "active", "oczekiwano: true albo false, podano: tekst"),
    ("account", {"name": "x", "allow_from": ["10.0.0.0/8", "x"]}, "allow_from", "'x' to nie adres ani sieć"),
    ("account", {"name": "x", "user": [{"password": "p"}]}, "login", "brak wartości"),
    ("number", {"address": "+48500600700", "service": "nx"}, "service", "dozwolone wartości to: eco, nd, "),
    ("source", {"name": "x", "protocol": "smtp"}, "protocol", "dozwolone wartości to: http, "),
    ("number", {"address": "x\n: y", "service": "nd"}, "address", "to nie numer telefonu"),
]


@pytest.mark.parametrize(("section", "values", "field", "words"), ENTRIES)
def test_a_fault_of_an_entry_goes_to_its_field(section: Any, values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(SetupError) as caught:
        entry(section, values, "PL")
    found = [(name, polish(sentence)) for name, sentence in by_field(caught.value.faults)]
    assert [name for name, _ in found] == [field]
    assert found[0][1].startswith(words)


@pytest.mark.parametrize("fault", ["x", "the file: is odd", Sentence("the file is nested too deeply")])
def test_a_fault_without_a_place_is_of_the_whole_form(fault: str) -> None:
    assert by_field([fault]) == [("", fault)]


FILES = [
    (b"\xff", "plik nie jest poprawnym UTF-8 (bajt 0)"),
    (b"x = ", "plik nie jest poprawnym TOML: "),
    (b"[[account]]\ncolour = 1", "account[0].colour: tu nie ma takiego klucza"),
    (b'[[number]]\naddress = "71200"\nservice = "nd"\n' * 2, "number[1].address: '71200' jest już w "),
]


@pytest.mark.parametrize(("octets", "words"), FILES)
def test_a_file_that_cannot_be_applied_is_told_in_polish(octets: bytes, words: str) -> None:
    with pytest.raises(SetupError) as caught:
        read_document(octets, {})
    assert any(polish(fault).startswith(words) for fault in caught.value.faults)


FORM: Final = {"way": "url", "for": "eco", "active": "1", "url": "https://a.example/?t=#WIADOMOSC#"}
TYPED = [
    ({"url": "ftp://a.example/"}, "the scheme must be http or https, not ftp", "musi zaczynać się od http albo https, nie od ftp"),
    ({"url": ""}, "is missing", "brak wartości"),
    ({"url": "https://a.example/#NOPE#"}, "unknown placeholder #NOPE#", "nieznany znacznik #NOPE#"),
    ({"way": "email", "mail_to": "<b>"}, "'<b>' is no address such as jan@acme.example", "'<b>' to nie adres e-mail"),
    ({"own_schedule": "1", "retry_minutes": "5, 1"}, "must grow, for they count from the first", "wartości muszą rosnąć"),
    ({"only_senders": "48500*"}, "is written with + and the country's code", "zapisuje się z + i kodem kraju"),
]


@pytest.mark.parametrize(("typed", "in_english", "in_polish"), TYPED)
async def test_a_form_shows_it_in_the_visitors_language(house: House, typed: dict[str, str], in_english: str, in_polish: str) -> None:
    anna, bob = await house.enter(OWNER), await house.enter(OTHER)
    seen = await anna.post("/targets/new", FORM | typed)
    assert (seen.status, in_english in seen.shown, "<b>'" in seen.text) == (422, True, False)
    seen = await bob.post("/targets/new", FORM | typed)
    assert (seen.status, in_polish in seen.shown, in_english in seen.shown, "<b>'" in seen.text) == (422, True, False, False)


async def test_what_is_typed_is_judged_in_polish_at_once_too(house: House) -> None:
    bob = await house.enter(OTHER)
    seen = await bob.get("/targets/preview?url=https://a.example/%23NOPE%23")
    assert "nieznany znacznik #NOPE#" in seen.shown


async def test_an_operators_forms_and_files_are_told_in_polish(house: House) -> None:
    ops = await house.enter(OPERATOR)
    await ops.post("/language", {"language": "pl"})
    values = {"name": "x", "time_zone": "Mars", "language": "pl", "active": "1", "login": "bob@globex.example", "password": PASSWORD}
    seen = await ops.post("/operator/accounts/new", values)
    assert (seen.status, "nie ma strefy czasowej 'Mars'" in seen.shown) == (422, True)
    seen = await ops.post("/operator/accounts/new", values | {"time_zone": "UTC", "reply_window_days": "7"})
    assert (seen.status, "należy do innego konta; loginy nie mogą się powtarzać" in seen.shown) == (422, True)
    seen = await ops.post("/operator/drift", {"text": "[[account]]\nname = 7"})
    assert (seen.status, "account[0].name: oczekiwano: tekst, podano: liczba całkowita" in seen.shown) == (422, True)

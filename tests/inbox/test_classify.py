"""Whose message it is: contract 6 as a table of cases."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.inbox.classify import RULES, Case, classify, keyword_of, needs_answer
from odzew.model import KINDS, UNCLAIMED, Number
from odzew.store.sent import Answer
from tests.inbox.directory import CODE, GIVEN, KEYWORDS, OWN, POOL, SHARED, A, B, C, a_directory

DIRECTORY = a_directory()


class Expected(NamedTuple):
    """What comes out: the kind, whose, the keyword as it was reserved, the sent message that it answers."""

    kind: str
    account: int | None
    keyword: str | None = None
    answers: str | None = None


NOBODY = Expected(UNCLAIMED, None)
ANSWER = Answer(B, "eba39e4fe1")

# what is meant, to which number, the text, whose
SMS = (
    ("ND: the keyword's account", SHARED, "SERWERSMS czesc", Expected("nd", A, "SERWERSMS")),
    ("the contract's sample", SHARED, "SerwerSMS.pl", Expected("nd", B, "SERWERSMS.PL")),
    ("the longest wins", SHARED, "serwersms pl tak", Expected("nd", B, "SERWERSMS.PL")),
    ("the shorter takes what the longer does not", SHARED, "SERWERSMS.COM", Expected("nd", A, "SERWERSMS")),
    ("a keyword is a whole word", SHARED, "SERWERSMSX", NOBODY),
    ("diacritics are taken off", SHARED, "LODZ 5", Expected("nd", C, "Łódź")),
    ("on both sides", SHARED, "łÓdŹ, 5", Expected("nd", C, "Łódź")),
    ("split at punctuation", SHARED, "lodz:5", Expected("nd", C, "Łódź")),
    ("punctuation before it", SHARED, " #!Łódź", Expected("nd", C, "Łódź")),
    ("several words", SHARED, "do  kina, na siódmą", Expected("nd", B, "DO KINA")),
    ("several words, however they are split", SHARED, "DO-KINA", Expected("nd", B, "DO KINA")),
    ("only the first of several words", SHARED, "DO DOMU", NOBODY),
    ("not in the middle", SHARED, "ja SERWERSMS", NOBODY),
    ("no keyword on a shared number", SHARED, "czesc", NOBODY),
    ("no text on a shared number", SHARED, "", NOBODY),
    ("only punctuation", SHARED, "...", NOBODY),
    ("another number's keyword", SHARED, "KONKURS", NOBODY),
    ("SC: as ND", "7055", "konkurs 7", Expected("nd", A, "KONKURS")),
    ("SC: nobody's", "7055", "inny", NOBODY),
    ("NDI: the number's account", OWN, "cokolwiek", Expected("ndi", A)),
    ("NDI: without a text", OWN, "", Expected("ndi", A)),
    ("NDI: a keyword of its own", OWN, "stop!", Expected("ndi", A, "STOP")),
    ("SCI: as NDI", "7066", "x", Expected("ndi", B)),
    ("PR: the keyword's account", CODE, "AUTO 1", Expected("pre", A, "AUTO")),
    ("PR: the longest keyword", CODE, "auto moto 1", Expected("pre", B, "AUTO MOTO")),
    ("PR: nobody's", CODE, "MOTO", NOBODY),
    ("PRI: the number's account", "71300", "1", Expected("pre", B)),
    ("PRI: a keyword of its own", "71300", "HIT 1", Expected("pre", B, "HIT")),
    ("a catch-all: a keyword first", "+48664000003", "BILET 2", Expected("nd", B, "BILET")),
    ("a catch-all: the rest", "+48664000003", "x", Expected("nd", A)),
    ("an unknown number", "+48111222333", "SERWERSMS", NOBODY),
    ("an unknown number, alphanumeric", "Odzew", "SERWERSMS", NOBODY),
    ("ECO: nothing sent", POOL, "Przyjade o 16", NOBODY),
    ("ECO: the pool number's account", GIVEN, "Przyjade o 16", Expected("eco", C)),
)


@pytest.mark.parametrize(("number", "text", "expected"), [row[1:] for row in SMS], ids=[row[0] for row in SMS])
def test_sms(number: str, text: str, expected: Expected) -> None:
    assert outcome(Case(number, (text,), mms=False)) == expected


# what is meant, the pool number, what was sent from it within the window, who alone wrote in 90 days, whose
REPLIES = (
    ("the sent message is answered", POOL, ANSWER, None, Expected("eco", B, None, "eba39e4fe1")),
    ("the sent message before the pool number's account", GIVEN, ANSWER, None, Expected("eco", B, None, "eba39e4fe1")),
    ("the pool number's account before the only writer", GIVEN, None, Answer(A, None), Expected("eco", C)),
    ("the only writer", POOL, None, Answer(A, None), Expected("eco", A)),
    ("the sent message before the only writer", POOL, ANSWER, Answer(A, None), Expected("eco", B, None, "eba39e4fe1")),
    ("nobody, or more than one, wrote", POOL, None, None, NOBODY),
)


@pytest.mark.parametrize(("number", "answer", "writer", "expected"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES])
def test_replies(number: str, answer: Answer | None, writer: Answer | None, expected: Expected) -> None:
    assert outcome(Case(number, ("tak",), False, answer, writer)) == expected


# what is meant, to which number, (subject, first text), whose
MMS = (
    ("the number's account", OWN, ("", ""), Expected("mms", A)),
    ("the keyword in the subject", SHARED, ("lodz", ""), Expected("mms", C, "Łódź")),
    ("the keyword in the first text", SHARED, ("Temat", "SERWERSMS"), Expected("mms", A, "SERWERSMS")),
    ("the subject before the text", SHARED, ("do kina", "SERWERSMS"), Expected("mms", B, "DO KINA")),
    ("no keyword", SHARED, ("Temat", "tekst"), NOBODY),
    ("a number that is not enabled", CODE, ("AUTO", "AUTO"), NOBODY),
    ("a number of one's own that is not enabled", "7066", ("", ""), NOBODY),
    ("an unknown number", "+48111222333", ("SERWERSMS", ""), NOBODY),
    ("a pool number that is not enabled", GIVEN, ("", "tak"), NOBODY),
)


@pytest.mark.parametrize(("number", "texts", "expected"), [row[1:] for row in MMS], ids=[row[0] for row in MMS])
def test_mms(number: str, texts: tuple[str, ...], expected: Expected) -> None:
    # What was sent does not matter: an MMS answers nothing.
    assert outcome(Case(number, texts, True, ANSWER, Answer(A, None))) == expected


def test_an_mms_to_an_enabled_pool_number_is_an_mms_of_its_account() -> None:
    directory = a_directory()
    directory.numbers[GIVEN] = replace(directory.numbers[GIVEN], mms=True)
    claim = classify(Case(GIVEN, ("", ""), True, ANSWER), directory)
    assert (claim.kind, claim.account_id, claim.answers) == ("mms", C, None)


ASKED = (
    (POOL, False, True), (GIVEN, False, True), (POOL, True, False), (OWN, False, False), (SHARED, False, False),
    ("unknown", False, False),
)


@pytest.mark.parametrize(("number", "mms", "asked"), ASKED)
def test_only_replies_ask_what_was_sent(number: str, mms: bool, asked: bool) -> None:
    assert needs_answer(Case(number, ("x",), mms), DIRECTORY) is asked


def test_the_rule_says_in_words_why() -> None:
    said = {name: classify(Case(number, (text,), False), DIRECTORY).rule for name, number, text, _ in SMS}
    assert said["the contract's sample"] == f"keyword SERWERSMS.PL on {SHARED}"
    assert said["an unknown number"] == "+48111222333 is not one of our numbers"
    assert said["no keyword on a shared number"] == f"{SHARED} belongs to nobody and the text starts with no keyword of it"
    assert said["NDI: the number's account"] == f"{OWN} is the account's own"
    assert "eba39e4fe1" in classify(Case(POOL, ("x",), False, ANSWER), DIRECTORY).rule
    assert "not enabled for MMS" in classify(Case(CODE, ("AUTO",), True), DIRECTORY).rule
    assert all(said.values())


def test_what_is_claimed_by_nobody_still_knows_its_number() -> None:
    assert classify(Case(SHARED, ("x",), False), DIRECTORY).number == DIRECTORY.numbers[SHARED]
    assert classify(Case(CODE, ("x",), True), DIRECTORY).number == DIRECTORY.numbers[CODE]


def outcome(case: Case) -> Expected:
    claim = classify(case, DIRECTORY)
    assert claim.number == DIRECTORY.numbers.get(case.recipient)
    return Expected(claim.kind, claim.account_id, None if claim.keyword is None else claim.keyword.word, claim.answers)


# --- properties ------------------------------------------------------------------------------------------------------

ADDRESSES = st.sampled_from([*DIRECTORY.numbers, "unknown"])
ANSWERS = st.none() | st.builds(Answer, st.sampled_from([A, B, C]), st.none() | st.just("eba39e4fe1"))


@given(st.builds(Case, ADDRESSES, st.tuples(st.text(), st.text()), st.booleans(), ANSWERS, ANSWERS))
def test_any_case_has_one_claim(case: Case) -> None:
    claim = classify(case, DIRECTORY)
    assert (claim.kind in KINDS) == (claim.account_id is not None)
    assert claim.rule
    found = [answer for rule in RULES if claim.number and (answer := rule(case, DIRECTORY, claim.number)) is not None]
    assert not found or claim == found[0]


@given(st.sampled_from(KEYWORDS), st.sampled_from(["", " ", ".", "\n", " 5", ": tak"]), st.sampled_from([str.upper, str.lower, str.title]))
def test_a_keyword_takes_a_text_that_starts_with_it(keyword: tuple[str, int, str], rest: str, spelling: object) -> None:
    address, account, word = keyword
    assert callable(spelling)
    found = keyword_of(spelling(word) + rest, DIRECTORY.numbers[address], DIRECTORY)
    assert found is not None
    assert (found.word, found.account_id) == (word, account)


def test_a_number_without_keywords_has_none() -> None:
    assert keyword_of("SERWERSMS", Number(99, "7000", "sc"), DIRECTORY) is None

"""One spelling for every telephone number: E.164 with `+`; short codes as bare digits (contract 1, "numbers")."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import phonenumbers

from odzew.errors import NumberError, Sentence
from odzew.wire import clean

LONGEST: Final = 64
"""Characters that a number or a sender may have at most."""

_E164 = re.compile(r"\+[1-9][0-9]{7,14}").fullmatch
_WRITTEN = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_SHORT_CODE: Final = range(3, 9)
_INTERNATIONAL: Final = range(8, 16)
_SEPARATORS: Final = frozenset(" \t\u00a0\u202f-.()/\u2010\u2011\u2012\u2013\u2014\u2212")
_PLUS: Final = frozenset("+\uff0b")
_ESCAPED_PLUS = re.compile(r"%2b", re.IGNORECASE | re.ASCII).match


def is_country(country: str) -> bool:
    """Whether `country` is the two capital letters of a country whose numbers are known."""
    return country in phonenumbers.SUPPORTED_REGIONS


def normalise(raw: str, country: str = "PL") -> str:
    """`raw` as `+` and 7 to 15 digits, or a short code of 3 to 8 digits as it stands. NumberError when it is neither.

    `country` is the two letters of the country whose numbers are written without a code.
    """
    if _E164(raw):
        return raw
    number = _read(raw, country) if len(raw) <= LONGEST else None
    if number is None:
        raise NumberError(Sentence("not a telephone number"))
    return number


def sender(raw: str, country: str = "PL") -> str:
    """Who sent it: `normalise(raw)`; what is no number (an alphanumeric sender) exactly as received.

    NumberError when it is empty, longer than 64 characters or has control characters.
    """
    if _E164(raw):
        return raw
    if len(raw) > LONGEST:
        raise NumberError(Sentence("a sender of more than 64 characters"))
    number = _read(raw, country)
    return number if number is not None else _as_received(raw)


def filter_value(raw: str, country: str = "PL") -> str:
    """What the parameter `phone` looks for: as `sender`, but digits that are no number are NumberError (contract 2)."""
    value = sender(raw, country)
    if _is_number_like(value) and not _E164(value) and _read(value, country) is None:
        raise NumberError(Sentence("not a telephone number"))
    return value


def _as_received(raw: str) -> str:
    if not raw.strip():
        raise NumberError(Sentence("an empty sender"))
    if any(unicodedata.category(character) == "Cc" for character in raw):
        raise NumberError(Sentence("a sender with control characters"))
    return clean.text(raw)


def _is_number_like(value: str) -> bool:
    return _ESCAPED_PLUS(value) is not None or all(
        character in _SEPARATORS or character in _PLUS or character.isdecimal() for character in value
    )


@lru_cache(maxsize=16_384)
def _read(raw: str, country: str) -> str | None:
    """The number that `raw` spells, or None. Cached, for few senders send most messages."""
    spelled = raw.strip()
    if _ESCAPED_PLUS(spelled):
        spelled = "+" + spelled[3:]
    plus = spelled[:1] in _PLUS
    digits = _digits(spelled[1:] if plus else spelled)
    if digits is None:
        return None
    if plus:
        return _international(digits, written=spelled)
    if digits.startswith("00"):
        return _international(digits[2:], written="+" + spelled.lstrip("0"))
    if len(digits) in _SHORT_CODE:
        return _possible(digits, country, phonenumbers.PhoneNumberType.MOBILE) or digits
    if len(digits) < _SHORT_CODE.start:
        return None
    national = _possible(digits, country, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return national or _possible("+" + digits, None, phonenumbers.PhoneNumberType.UNKNOWN)


def _digits(spelled: str) -> str | None:
    """The digits of `spelled` in ASCII, separators left out; None when anything else is in it."""
    out: list[str] = []
    for character in spelled:
        if character in _SEPARATORS:
            continue
        value = unicodedata.decimal(character, None)
        if value is None:
            return None
        out.append(str(value))
    return "".join(out)


def _international(digits: str, written: str) -> str | None:
    """The number behind a `+` or `00`. A few digits are a short code that somebody put a plus before."""
    # `+44 (0)20 ...`: the library knows which countries leave that zero out.
    if "(0)" in written:
        return _possible(written, None, phonenumbers.PhoneNumberType.UNKNOWN)
    if digits.startswith("0"):
        return None
    if len(digits) in _INTERNATIONAL:
        return "+" + digits
    known = _possible("+" + digits, None, phonenumbers.PhoneNumberType.UNKNOWN)
    return known or (digits if len(digits) in _SHORT_CODE else None)


def _possible(number: str, country: str | None, kind: int) -> str | None:
    """`number` in E.164 if a number of that kind may have this many digits, else None."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        verdict = phonenumbers.is_possible_number_with_reason(parsed)
    else:
        verdict = phonenumbers.is_possible_number_for_type_with_reason(parsed, kind)
    if verdict != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    written: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    # The library knows numbers of more digits than E.164 allows.
    return written if _WRITTEN(written) else None

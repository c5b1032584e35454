"""The values of MIME header fields: parameters (RFC 2045 s.5.1, RFC 2231) and encoded words (RFC 2047), read as they really come.

Charsets are those of `wire.alphabet` alone: a codec's name that somebody else wrote never reaches Python's own list.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from odzew.wire import alphabet

LONGEST: Final = 8_192  # characters of one value that are looked at

_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_RUBBISH: Final = bytes(octet for octet in range(256) if octet not in _BASE64)

# A quoted value, or up to the next semicolon: names with blanks and quotes that nobody closed are both common.
_parameter = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL).finditer
_escaped = re.compile(r'\\(["\\])')
_section = re.compile(r"([^*]+)\*(?:([0-9]{1,3})(\*?))?").fullmatch  # RFC 2231 s.3 and s.4
_word = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=").finditer


@dataclass(slots=True, frozen=True)
class Field:
    """`word` is what stands before the first semicolon, in lower case; names of parameters are in lower case too."""

    word: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def parse(value: str) -> Field:
    """The word and the parameters of a field such as Content-Type. Of two alike the first counts; nothing is ever refused."""
    value = value[:LONGEST]
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    for found in _parameter(value):
        name = found[1].lower()
        text = _escaped.sub(r"\1", found[2]) if found[2] is not None else found[3].strip().strip('"')
        if section := _section(name):
            # `name*` is a single section; its star says that it is extended (RFC 2231 s.4), as that of `name*0*` does.
            sections.setdefault(section[1], {}).setdefault(int(section[2] or 0), (section[2] is None or bool(section[3]), text))
        else:
            plain.setdefault(name, text)
    continued = {name: joined for name, pieces in sections.items() if (joined := _joined(pieces)) is not None}
    return Field(value.partition(";")[0].strip().lower(), plain | continued)


def _joined(pieces: dict[int, tuple[bool, str]]) -> str | None:
    """The value of a parameter in sections 0, 1, 2 ...; what follows a gap is left out. None where the first is missing."""
    if 0 not in pieces:
        return None
    extended, first = pieces[0]
    charset = ""
    if extended and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
    octets = _octets(extended, first)
    number = 1
    while number in pieces:
        octets += _octets(*pieces[number])
        number += 1
    text = text_of(octets, charset or "utf-8")
    return octets.decode("latin-1") if text is None else text


def _octets(extended: bool, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogatepass")
    return unquote_to_bytes(octets) if extended else octets


def words(value: str) -> str:
    """`value` with its encoded words decoded; a word of an unknown charset stays as it came."""
    out: list[str] = []
    run, charset = b"", ""  # neighbouring words of one charset: a letter may be cut in two between them
    at = 0
    for found in _word(value):
        named = found[1].partition("*")[0].lower()  # RFC 2231 s.5: a language may follow
        if text_of(b"", named) is None:
            continue
        between = value[at : found.start()]
        neighbour = at > 0 and not between.strip()  # blanks between two encoded words are none (RFC 2047 s.6.2)
        if run and not (neighbour and named == charset):
            out.append(text_of(run, charset) or "")
            run = b""
        if not neighbour:
            out.append(between)
        run, charset, at = run + _word_octets(found[2], found[3]), named, found.end()
    if run:
        out.append(text_of(run, charset) or "")
    return "".join(out) + value[at:]


def _word_octets(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogatepass")
    return base64(octets) if encoding in "bB" else binascii.a2b_qp(octets, header=True)


def text_of(octets: bytes, charset: str) -> str | None:
    """The octets in a charset; None if it is no charset that we know."""
    text, binary = alphabet.decode(octets, charset, None)
    return None if binary else text


def base64(octets: bytes | memoryview) -> bytes:
    """What `octets` encode, up to the padding: signs that are not base64 are passed over, and padding may be missing."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        pass
    # Only now a copy: the signs alone, without half an octet at the end.
    signs = bytes(octets).partition(b"=")[0].translate(None, _RUBBISH)
    signs = signs[: len(signs) - (len(signs) % 4 == 1)]
    return binascii.a2b_base64(signs + b"=" * (-len(signs) % 4))

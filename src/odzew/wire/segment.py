"""User data to a segment, and the segments of a message to its text (architecture, the path of one message, step 3)."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from odzew.errors import WireError
from odzew.model import Form, Part, Segment
from odzew.wire import coding, gsm7, published, septets, udh
from odzew.wire.clean import REPLACEMENT
from odzew.wire.coding import Reading

__all__ = ["Decoded", "Reading", "UserData", "decode", "read"]


class UserData(NamedTuple):
    """One short message's user data, read. `faults` are sentences for people: what was wrong, yet did not stop the reading."""

    segment: Segment
    ports: udh.Ports | None = None
    message_class: int | None = None
    faults: tuple[str, ...] = ()


class Decoded(NamedTuple):
    """A message's text, how it is to be read, and sentences for people on what could not be decoded.

    NUL and lone surrogates may still be in the text (`wire.clean`).
    """

    text: str
    form: Form
    faults: tuple[str, ...] = ()


_NO_HEADER = udh.UserDataHeader()


def read(octets: bytes, udhi: bool, data_coding: int, reading: Reading, sar: Part | None = None) -> UserData:
    """The segment in `octets`. `udhi`: a header comes first. `sar`: what the SAR parameters say of parts; a header wins.

    Nothing is raised: where the header cannot be told from the text, the coding is `unknown` and all octets are kept.
    """
    word, message_class, packed = coding.of(data_coding, reading)
    header, end = _NO_HEADER, 0
    if udhi:
        try:
            header, end = udh.parse(octets)
        except WireError as fault:
            return UserData(Segment(coding.UNKNOWN if octets else word, octets, part=sar), None, message_class, (str(fault),))
        octets = octets[end:]
    if word != coding.GSM7:
        return UserData(Segment(word, octets, part=header.part or sar), header.ports, message_class, header.faults)
    if packed:
        octets = septets.unpack(octets, septets.fill_bits(end))
    segment = Segment(word, octets, header.locking, header.single, header.part or sar)
    return UserData(segment, header.ports, message_class, header.faults)


def decode(segments: Sequence[Segment | None], total: int) -> Decoded:
    """The text of `segments`, in order; None is a part that is missing, and so is what is left up to `total`.

    Neighbours of one coding and the same tables are joined first, so that a character cut in two is whole again. Bad octets
    become U+FFFD where the rest can be read; what cannot be read at all becomes upper-case hex, and so does binary data.
    """
    if len(segments) == 1 == total and segments[0] is not None:
        return _run(segments[0], segments[0].octets)
    out: list[str] = []
    forms: set[Form] = set()
    faults: list[str] = []
    number = 1
    for key, group in groupby((*segments, *(None,) * (total - len(segments))), _alike):
        run = list(group)
        first = run[0]
        if key is None or first is None:
            out.append(published.gap(number, number + len(run) - 1, total))
        else:
            text, form, wrong = _run(first, b"".join(segment.octets for segment in run if segment is not None))
            out.append(text)
            forms.add(form)
            faults.extend(wrong)
        number += len(run)
    if len(forms) > 1 and "undecoded" not in forms:
        faults.append("some parts are binary, others text")
    form = forms.pop() if len(forms) == 1 else "undecoded" if forms else "text"
    return Decoded("".join(out), form, tuple(faults))


def _alike(segment: Segment | None) -> tuple[str, int, int] | None:
    return None if segment is None else (segment.coding, segment.locking, segment.single)


def _run(first: Segment, octets: bytes) -> Decoded:
    """The text of `octets`, which are coded as `first` says."""
    word = first.coding
    if word == coding.GSM7:
        text = gsm7.decode(octets, first.locking, first.single)
        return _judged(text, word)
    if word == coding.BINARY:
        return Decoded(octets.hex().upper(), "binary")
    if word.startswith("utf-16"):
        return _utf_16(octets, word)
    if word not in coding.WORDS or word == coding.UNKNOWN:
        return Decoded(octets.hex().upper(), "undecoded", ("the coding of the text is unknown",))
    if word == "utf8":
        octets = octets.removeprefix(codecs.BOM_UTF8)
    try:
        return Decoded(octets.decode(word), "text")
    except UnicodeDecodeError:
        return _judged(octets.decode(word, "replace"), word)


def _utf_16(octets: bytes, word: str) -> Decoded:
    # RFC 2781 4.3: a mark at the start tells the order, whatever the network announces; it is no character of the text.
    for mark, order in ((codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        if octets.startswith(mark):
            word, octets = order, octets[2:]
            break
    text = octets[: len(octets) & ~1].decode(word, "surrogatepass")
    if len(octets) % 2:
        return Decoded(text + REPLACEMENT, "undecoded", (f"{word}: the number of octets is odd",))
    return Decoded(text, "text")


def _judged(text: str, word: str) -> Decoded:
    """The text with what is wrong with it, once a decoder has put U+FFFD for what it could not read."""
    if REPLACEMENT not in text:
        return Decoded(text, "text")
    return Decoded(text, "undecoded", (f"{word}: {text.count(REPLACEMENT)} characters could not be decoded",))

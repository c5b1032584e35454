"""A text cut into the user data of as many short messages as it takes: what a phone and its network do before we see it."""

from __future__ import annotations

from typing import Final, NamedTuple

from odzew.errors import WireError
from odzew.wire import coding, gsm7, septets, udh

OCTETS: Final = 140
"""What one short message holds (3GPP 23.040 9.2.3.24)."""
_PARTS: Final = 255


class Piece(NamedTuple):
    """One part: its header (empty: none), its text (for `gsm7` one septet in each octet), and its place among `total`."""

    header: bytes
    octets: bytes
    number: int = 1
    total: int = 1

    def user_data(self, *, packed: bool = False) -> bytes:
        """Header and text as they go on the wire. `packed`: the text is septets, and starts at a septet after the header."""
        return self.header + (septets.pack(self.octets, septets.fill_bits(len(self.header))) if packed else self.octets)


def encode(text: str, word: str, locking: int = 0, single: int = 0) -> bytes:
    """The octets of `text` in a coding of `wire.coding`; for `binary` and `unknown` the text is hex. WireError: it has no such octets."""
    if word == coding.GSM7:
        return gsm7.encode(text, locking, single)
    try:
        if word in (coding.BINARY, coding.UNKNOWN):
            return bytes.fromhex(text)
        return text.encode(word, "surrogatepass" if word.startswith("utf") else "strict")
    except ValueError:
        raise WireError(f"the text cannot be written as {word}") from None


def split(
    text: str,
    word: str = coding.GSM7,
    *,
    locking: int = 0,
    single: int = 0,
    bits: int = 8,
    reference: int = 0,
    size: int | None = None,
    anywhere: bool = False,
) -> list[Piece]:
    """`text` in as few parts as hold it, cut between characters; with `anywhere` also within an escape or a surrogate pair.

    `bits`: 8 or 16 of the reference in a concatenation header; 0 for no such header (the parts are told by other means).
    `size`: octets of text in a part, where it is not what 140 octets hold; then even one that would fit is cut. WireError: the
    coding has no such characters, or there are more than 255 parts.
    """
    octets = encode(text, word, locking, single)
    shifts = [(name, bytes((table,))) for name, table in ((udh.LOCKING_SHIFT, locking), (udh.SINGLE_SHIFT, single)) if table]
    alone = udh.encode(shifts) if shifts else b""
    if len(octets) <= (_room(word, len(alone)) if size is None else size):
        return [Piece(alone, octets)]
    headed = len(udh.encode([udh.concatenation(0, 1, 1, wide=bits == 16), *shifts])) if bits else len(alone)
    texts = _cut(octets, _room(word, headed) if size is None else size, "" if anywhere else word)
    if len(texts) > _PARTS:
        raise WireError(f"the text needs {len(texts)} parts; there can be no more than {_PARTS}")
    total = len(texts)
    if not bits:
        return [Piece(alone, piece, number, total) for number, piece in enumerate(texts, 1)]
    return [
        Piece(udh.encode([udh.concatenation(reference, total, number, wide=bits == 16), *shifts]), piece, number, total)
        for number, piece in enumerate(texts, 1)
    ]


def _room(word: str, header: int) -> int:
    """How many octets (`gsm7`: septets) of text fit beside a header of `header` octets."""
    free = OCTETS - header
    return free * 8 // 7 if word == coding.GSM7 else free & ~1 if word.startswith("utf-16") else free


def _cut(octets: bytes, size: int, word: str) -> list[bytes]:
    out: list[bytes] = []
    at = 0
    while at < len(octets):
        end = at + size
        while at < end < len(octets) and _within(octets, end, word):
            end -= 1
        if end == at:
            end = at + size  # a character is longer than a part
        out.append(octets[at:end])
        at = end
    return out


def _within(octets: bytes, at: int, word: str) -> bool:
    """Whether a cut before octet `at` would go through a character."""
    if word == coding.GSM7:
        return octets[at - 1] == gsm7.ESCAPE
    if word.startswith("utf-16"):
        first = at + (word == coding.UTF_16["little"])
        return at % 2 == 1 or 0xDC <= octets[first] <= 0xDF
    return word == "utf8" and octets[at] & 0xC0 == 0x80

"""What is fuzzed: each target takes any octets and gives a value or a WireError, nothing else."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from odzew.errors import WireError
from odzew.ingest.mm7 import Message
from odzew.model import Part, Segment
from odzew.wire import coding, deliver, gsm7, mime, mm7, pdu, receipt, segment, septets, tlv, udh
from odzew.wire.coding import Reading
from proof import fuzz_octets

READINGS: Final = tuple(
    Reading(default, order, {8: "utf8", 3: "cp1250"} if default == "latin1" else {}, prefix, text_receipts)
    for (default, order), (prefix, text_receipts) in itertools.product(
        itertools.product(coding.DEFAULT_ALPHABETS, coding.UTF_16), (("", False), ("+48", True))
    )
)
MOST_SEGMENTS: Final = 6

Act = Callable[[bytes, random.Random], object]


class NotKept(AssertionError):
    """A value came back that breaks what its function promises."""


@dataclass(slots=True, frozen=True)
class Target:
    """`act` is called with octets and a source of chance for its other arguments. `good`: examples that are changed."""

    name: str
    act: Act
    good: Callable[[], Sequence[bytes]]


def _framer(octets: bytes, chance: random.Random) -> None:
    """Cut anywhere, the same PDUs come out as in one piece."""
    pieces, start = [], 0
    while start < len(octets):
        end = start + chance.randint(1, 40)
        pieces.append(octets[start:end])
        start = end
    found: list[bytes] = []
    framer, whole = pdu.Framer(4096), pdu.Framer(4096)
    with suppress(WireError):
        for piece in pieces:
            found += framer.feed(piece)
            if framer.waiting > 4096:
                raise NotKept(f"the framer holds {framer.waiting} octets")
    at_once: list[bytes] = []
    with suppress(WireError):
        at_once = whole.feed(octets)
    if found != at_once or any(pdu.header(one).length != len(one) for one in found):
        raise NotKept(f"{len(found)} PDUs in pieces, {len(at_once)} at once")


def _read(octets: bytes, chance: random.Random) -> None:
    message = deliver.read(octets, chance.choice(READINGS))
    if not isinstance(message.text, str) or message.form not in ("text", "binary", "undecoded"):
        raise NotKept(repr(message))
    part = message.segment.part
    if part is not None and not 0 < part.number <= part.total:
        raise NotKept(repr(part))


def _parse(octets: bytes, _chance: random.Random) -> None:
    """What was read is written, and read again it is the same."""
    message = deliver.parse(octets)
    with suppress(WireError):  # what a network sent need not be what we may write
        again = deliver.parse(deliver.encode(message, pdu.header(octets).command))
        if again != message:
            raise NotKept(f"{message} became {again}")


def _control(octets: bytes, _chance: random.Random) -> None:
    for read in (pdu.header, pdu.read_bind, pdu.read_bind_response, partial(tlv.parse, at=16)):
        with suppress(WireError):
            read(octets)


def _receipt(octets: bytes, chance: random.Random) -> None:
    text = octets.decode(chance.choice(("latin-1", "utf-16-be")), "replace")
    receipt.is_written(text)
    receipt.parse(text)
    receipt.parse(text, {0x001E: [octets], 0x0427: [octets[:1]], 0x0423: [octets[:3]]})


def _septets(octets: bytes, chance: random.Random) -> None:
    count = chance.choice((None, chance.randint(0, 200)))
    unpacked = septets.unpack(octets, chance.randint(0, 6), count)
    if max(unpacked, default=0) > 0x7F:
        raise NotKept("a septet of eight bits")
    fill = chance.randint(0, 6)
    if septets.unpack(septets.pack(unpacked, fill), fill, len(unpacked)) != unpacked:
        raise NotKept("septets that were packed are others")


def _gsm7(octets: bytes, chance: random.Random) -> None:
    text = gsm7.decode(octets, chance.randint(0, 15), chance.randint(0, 15))
    with suppress(WireError):
        gsm7.encode(text, chance.randint(0, 13), chance.randint(0, 13))
    with suppress(WireError):
        written = gsm7.encode(octets.decode("utf-8", "replace"))
        if gsm7.encode(gsm7.decode(written)) != written:
            raise NotKept("a text of the GSM alphabet is another")


def _segments(octets: bytes, chance: random.Random) -> None:
    made: list[Segment | None] = []
    reading = chance.choice(READINGS)
    for _ in range(chance.randint(1, MOST_SEGMENTS)):
        size = chance.randint(0, len(octets))
        piece, octets = octets[:size], octets[size:]
        number = chance.randrange(256)
        sar = chance.choice((None, Part("sar:1", 3, 1)))
        made.append(None if chance.random() < 0.2 else segment.read(piece, chance.random() < 0.5, number, reading, sar).segment)
    decoded = segment.decode(made, len(made) + chance.randint(0, 2))
    if decoded.form not in ("text", "binary", "undecoded"):
        raise NotKept(decoded.form)


def _mime(octets: bytes, _chance: random.Random) -> None:
    for leaf in mime.leaves(mime.read(octets)):
        leaf.data()


def _mm7_body(octets: bytes, _chance: random.Random) -> None:
    """As the way in does it: the entity, the envelope in it, the attachments."""
    message = Message(octets)
    message.attachments()
    mm7.write(message.envelope.answer(1000))


def _mm7_xml(octets: bytes, chance: random.Random) -> None:
    envelope = mm7.read(octets, chance.choice(("", "utf-8", "utf-16", "iso-8859-2", "no-such-thing")))
    mm7.read(mm7.write(envelope))
    mm7.write(envelope.fault(2000))


TARGETS: Final = (
    Target("pdu.Framer", _framer, lambda: [b"".join(fuzz_octets.deliveries()[:6]), b"".join(fuzz_octets.control())]),
    Target("pdu and tlv", _control, fuzz_octets.control),
    Target("deliver.read", _read, fuzz_octets.deliveries),
    Target("deliver.parse", _parse, fuzz_octets.deliveries),
    Target("receipt", _receipt, fuzz_octets.receipts),
    Target("udh", lambda octets, _chance: udh.parse(octets), fuzz_octets.user_data),
    Target("septets", _septets, fuzz_octets.user_data),
    Target("gsm7", _gsm7, fuzz_octets.user_data),
    Target("segment", _segments, fuzz_octets.user_data),
    Target("mime", _mime, fuzz_octets.entities),
    Target("mm7 body", _mm7_body, fuzz_octets.entities),
    Target("mm7 envelope", _mm7_xml, fuzz_octets.envelopes),
)

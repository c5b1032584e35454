"""Octets for fuzzing: good examples of every kind, and what chance makes of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from odzew.model import Attachment
from odzew.simulate.mmsc_shapes import SHAPES, put_together
from odzew.simulate.smsc_messages import ShortText, pdus
from odzew.simulate.smsc_samples import every
from odzew.wire import gsm7, mm7, septets, tlv
from odzew.wire.pdu import BindRequest, Command, bind, bind_response, pack, response

LONGEST: Final = 400  # octets that are made by chance alone
MOST_CHANGES: Final = 8
TELLING: Final = (0x00, 0x01, 0x04, 0x05, 0x0F, 0x10, 0x1B, 0x20, 0x40, 0x7F, 0x80, 0xD8, 0xDC, 0xFE, 0xFF)
"""Octets on which something turns: ends, escapes, flags, surrogates."""


def deliveries() -> list[bytes]:
    """PDUs of every shape that a network sends, whole."""
    found = []
    for message in every("+48600700800", "+48799448855", special=True):
        found += [pack(pdu.command, 0, 1, pdu.body) for _, pdu in pdus(message, 7).sent]
    found.append(pack(*_vendor()))
    return found


def _vendor() -> tuple[int, int, int, bytes]:
    (_, pdu), *_ = pdus(ShortText("ACME", "71200", "vendor", "gsm7"), 1).sent
    return pdu.command, 0, 9, pdu.body + tlv.encode({0x1400: [b"x"], 0x0424: [b"", b"twice"], 0x0427: [b"\x02"]})


def control() -> list[bytes]:
    """PDUs that are no messages."""
    request = BindRequest(Command.BIND_RECEIVER, 1, "system", "secret", "", 0x34, 0, 0, "")
    found = [bind(request), bind_response(Command.BIND_TRANSCEIVER, 0, 1, "SMSC", {0x0210: [b"\x34"]})]
    found += [pack(command, 0, 2, b"\0") for command in Command]
    return found + [response(command, 0x0C, 3) for command in (Command.DELIVER_SM, Command.ENQUIRE_LINK, Command.UNBIND)]


def user_data() -> list[bytes]:
    """User data with and without headers, in several alphabets."""
    header = b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x03\x01"
    text = gsm7.encode("Zed {1} € [x] and so on")
    locking = b"\x06\x24\x01\x01\x25\x01\x01"
    return [
        text, header + text, b"\x06\x08\x04\x12\x34\x02\x01" + "zażółć 😀".encode("utf-16-be"), locking + text, septets.pack(text),
        b"\x05\x00\x03\x07\x02\x01" + septets.pack(text, 6), b"\x00" + text, "привет".encode("utf-16-le"), "日本".encode("shift_jis"),
    ]  # fmt: skip


def receipts() -> list[bytes]:
    """Texts of delivery receipts, as the standard writes them and as vendors do."""
    return [
        b"id:1A2B sub:001 dlvrd:001 submit date:1410211115 done date:1410211118 stat:DELIVRD err:000 text:Kiedy?",
        b"id:99 stat:UNDELIV err:0F7 submit date:141021111500 done date:14102111180012",
        b"ID:0000123456 SUB:001 DLVRD:000 SUBMIT DATE: 1410211115 DONE DATE:none STAT:EXPIRED ERR:1 TEXT:id:1 stat:x",
    ]


def envelopes() -> list[bytes]:
    """MM7 requests and answers as XML."""
    to = (mm7.Address("+48799448855", "Number"), mm7.Address("a@mms.example", "RFC2822Address", True))
    body = mm7.Deliver("+48600700800", to, "=?utf-8?q?Ala_ma?= kota", "l-1", "2026-11-23T12:00:00+01:00", "Normal", "relay", "cid:x")
    report = mm7.Report("m-1", "+48600700800", "+48799448855", "2026-11-23T12:00:00Z", "Retrieved", "ok")
    written = [
        mm7.write(mm7.Envelope(kind, "t-1", content))
        for kind, content in (("DeliverReq", body), ("DeliveryReportReq", report), ("ReadReplyReq", report), ("SubmitReq", None))
    ]
    return [*written, mm7.write(mm7.UNKNOWN.fault(4000)), written[0].decode().encode("utf-16")]


def entities() -> list[bytes]:
    """Whole MM7 requests as MIME entities, in every shape."""
    parts = (
        Attachment("pozdrowienia.txt", "text/plain; charset=utf-8", "Zażółć\r\n--\r\n".encode()),
        Attachment("zdjęcie.jpg", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(range(64))),
    )
    found = []
    for shape in SHAPES.values():
        content_type, octets = put_together(shape, envelopes()[0], parts)
        found.append(f"Content-Type: {content_type}\r\n\r\n".encode() + octets)
    return found


class Chance:
    """Makes octets: random ones, or good ones that were changed. The same seed makes the same octets."""

    def __init__(self, seed: str, good: Sequence[bytes]) -> None:
        self.random = random.Random(seed)
        self._good = good

    def octets(self) -> bytes:
        """One in eight is random, the others are changed examples."""
        chance = self.random
        if not self._good or chance.random() < 0.125:
            return chance.randbytes(int(LONGEST * chance.random() ** 2))
        octets = bytearray(chance.choice(self._good))
        for _ in range(1 + int(MOST_CHANGES * chance.random() ** 3)):  # mostly one or two, so that much is read to its end
            _CHANGES[chance.randrange(len(_CHANGES))](octets, chance, self._good)
        return bytes(octets)


def _flip(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    if octets:
        octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)


def _set(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    if octets:
        octets[chance.randrange(len(octets))] = chance.choice(TELLING)


def _random(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    if octets:
        octets[chance.randrange(len(octets))] = chance.randrange(256)


def _insert(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    at = chance.randint(0, len(octets))
    octets[at:at] = chance.randbytes(chance.randint(1, 8))


def _cut(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    at = chance.randint(0, len(octets))
    del octets[at : at + chance.randint(1, 16)]


def _end(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    del octets[chance.randint(0, len(octets)) :]


def _double(octets: bytearray, chance: random.Random, _good: Sequence[bytes]) -> None:
    at = chance.randint(0, len(octets))
    piece = octets[at : at + chance.randint(1, 64)]
    octets[at:at] = piece * chance.randint(1, 4)


def _splice(octets: bytearray, chance: random.Random, good: Sequence[bytes]) -> None:
    other = chance.choice(good)
    del octets[chance.randint(0, len(octets)) :]
    octets += other[chance.randint(0, len(other)) :]


_CHANGES: Final = (_flip, _flip, _set, _set, _random, _insert, _cut, _end, _double, _splice)

"""Messages for an SMSC simulator: a text in a shape, as the bodies of the deliver_sm and data_sm that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from odzew.errors import WireError
from odzew.simulate.smsc_shapes import ALPHABETS, COMMANDS, GSM_OCTETS, ROLES, Alphabet, Shape, read_shape
from odzew.wire import gsm7, receipt, septets, udh
from odzew.wire.deliver import DeliverSm, encode
from odzew.wire.pdu import HEADER
from odzew.wire.receipt import DeliveryReceipt
from odzew.wire.tlv import Tag

UDHI: Final = 0x40
LONGEST_SHORT: Final = 254
"""Octets of a short_message (SMPP 3.4 s.5.2.21)."""
MOST_PARTS: Final = 255
INTERNATIONAL, ALPHANUMERIC = 1, 5
TELEPHONE: Final = 1  # numbering plan of ISDN (SMPP 3.4 s.5.2.6)
SUBMITTED, DONE = "1410211115", "1410211118"

Tlvs = dict[int, list[bytes]]


@dataclass(slots=True, frozen=True)
class ShortText:
    """A message to send. `shape`: see smsc_shapes; of a binary one the octets are the text in UTF-8.

    `order`: the parts that are sent, by number from 1, in this order; a number may repeat or be left out. Empty: each once, in order.
    `part_size`: octets (of a GSM alphabet: septets) of text in each part; 0: as many as it holds. `reference`: of the parts, or the
    id in a receipt; None: the next one. `ton` and `npi` of the sender, `data_coding`: as it says here in place of what would be.
    """

    sender: str
    recipient: str
    text: str
    shape: str = "auto"
    order: tuple[int, ...] = ()
    part_size: int = 0
    reference: int | None = None
    ton: int | None = None
    npi: int | None = None
    data_coding: int | None = None
    service_type: str = ""


class Pdu(NamedTuple):
    """One PDU without its header."""

    command: int
    body: bytes


class Made(NamedTuple):
    """A message as PDUs: how many parts it has, and what is sent: (number of the part, PDU), in the order of sending."""

    total: int
    sent: list[tuple[int, Pdu]]


def pdus(message: ShortText, reference: int) -> Made:
    """The PDUs of a message. SettingError for a shape that there is not; WireError for a text that it cannot carry."""
    shape = read_shape(message.shape)
    reference = reference if message.reference is None else message.reference
    text = _text(message, shape, reference)
    alphabet = _alphabet(text, shape)
    octets = alphabet.encode(text)
    elements = _elements(alphabet, shape)
    # A receipt is made by the network itself, so it may be longer than anything on the air.
    fits = len(octets) <= _room(alphabet, elements) or shape.role not in ("message", "user-ack")
    carriage = shape.carriage or ("single" if fits else "udh8")
    data = _Data(message, shape, alphabet, carriage)
    if carriage in ("single", "payload"):
        parameters = _receipt_parameters(reference) if ROLES[shape.role].parameters else {}
        return Made(1, [(number, data.pdu(elements, octets, parameters)) for number in _order(message, 1)])
    parts = _parts(octets, alphabet, elements, carriage, message.part_size)
    total = len(parts)
    sent: list[tuple[int, Pdu]] = []
    for number in _order(message, total):
        if carriage == "sar":
            pdu = data.pdu(elements, parts[number - 1], _sar_parameters(reference & 0xFFFF, total, number))
        else:
            wide = carriage.endswith("16")
            part = udh.concatenation(reference & (0xFFFF if wide else 0xFF), total, number, wide=wide)
            # Another element comes first: a receiver that takes the first one for the part goes wrong here.
            pdu = data.pdu([*elements[:1], part, *elements[1:]], parts[number - 1], {})
        sent.append((number, pdu))
    return Made(total, sent)


class _Data:
    """What the PDUs of one message have in common."""

    def __init__(self, message: ShortText, shape: Shape, alphabet: Alphabet, carriage: str) -> None:
        self._message = message
        self._shape = shape
        self._alphabet = alphabet
        self._coding = _data_coding(message, shape, alphabet)
        self._in_payload = carriage.startswith("payload") or shape.command == "data_sm"

    def pdu(self, elements: list[tuple[int, bytes]], octets: bytes, parameters: Tlvs) -> Pdu:
        """The PDU that carries these octets behind a header of these elements, and these parameters beside them."""
        header = udh.encode(elements) if elements else b""
        if self._alphabet.packed:
            octets = septets.pack(octets, septets.fill_bits(len(header)))
        data = header + octets
        if self._in_payload:
            parameters = parameters | ({Tag.MESSAGE_PAYLOAD: [data]} if data or not parameters else {})
            data = b""
        elif len(data) > LONGEST_SHORT:
            raise WireError(f"{len(data)} octets do not fit in one short_message: use another shape, such as udh8 or payload")
        ton, npi, sender = _sender(self._message)
        recipient = self._message.recipient
        deliver = DeliverSm(
            service_type=self._message.service_type.encode("latin-1", "replace"),
            source_ton=ton, source_npi=npi, source=sender,
            destination_ton=INTERNATIONAL if recipient.startswith("+") else 0, destination_npi=TELEPHONE,
            destination=recipient.removeprefix("+").encode(),
            esm_class=ROLES[self._shape.role].esm_class | (UDHI if header else 0),
            data_coding=self._coding, short_message=data, tlvs=parameters,
        )  # fmt: skip
        command = COMMANDS[self._shape.command]
        return Pdu(command, encode(deliver, command, 0)[HEADER:])


def _text(message: ShortText, shape: Shape, reference: int) -> str:
    if not ROLES[shape.role].text:
        return message.text
    return receipt.write(DeliveryReceipt(f"{reference:X}", "DELIVRD", text=message.text), (SUBMITTED, DONE))


def _receipt_parameters(reference: int) -> Tlvs:
    return {Tag.RECEIPTED_MESSAGE_ID: [b"%X\0" % reference], Tag.MESSAGE_STATE: [b"\x02"]}


def _sar_parameters(reference: int, total: int, number: int) -> Tlvs:
    return {
        Tag.SAR_MSG_REF_NUM: [reference.to_bytes(2, "big")],
        Tag.SAR_TOTAL_SEGMENTS: [bytes((total,))],
        Tag.SAR_SEGMENT_SEQNUM: [bytes((number,))],
    }


def _alphabet(text: str, shape: Shape) -> Alphabet:
    """The alphabet of the shape, or the one that a handset would take for the text."""
    if shape.alphabet:
        return ALPHABETS[shape.alphabet]
    try:
        gsm7.encode(text)
    except WireError:
        return ALPHABETS["ucs2"]
    return ALPHABETS["gsm7"]


def _data_coding(message: ShortText, shape: Shape, alphabet: Alphabet) -> int:
    if message.data_coding is not None:
        return message.data_coding
    # General data coding with message class 0 (3GPP 23.038 s.4).
    return 0x10 | alphabet.data_coding if "flash" in shape.extras else alphabet.data_coding


def _elements(alphabet: Alphabet, shape: Shape) -> list[tuple[int, bytes]]:
    """What the header holds beside the part."""
    elements = []
    if "ports" in shape.extras:
        elements.append((udh.PORTS_16, (2948).to_bytes(2, "big") + (9200).to_bytes(2, "big")))
    if alphabet.single:
        elements.append((udh.SINGLE_SHIFT, bytes((alphabet.single,))))
    if alphabet.locking:
        elements.append((udh.LOCKING_SHIFT, bytes((alphabet.locking,))))
    return elements


def _room(alphabet: Alphabet, elements: list[tuple[int, bytes]]) -> int:
    """Octets, or septets, of text that a short message with this header holds."""
    left = GSM_OCTETS - (len(udh.encode(elements)) if elements else 0)
    return left * 8 // 7 if alphabet.septets else left


def _parts(octets: bytes, alphabet: Alphabet, elements: list[tuple[int, bytes]], carriage: str, size: int) -> list[bytes]:
    """Cut wherever it comes: as networks do, also through an escape or a surrogate pair."""
    # Parts told by parameters have the room of those with a header: on the air they have one.
    room = _room(alphabet, [*elements, udh.concatenation(0, 1, 1, wide=carriage.endswith("16"))])
    size = size or (room if alphabet.septets else room & ~1)  # no network cuts a UCS-2 character in two
    parts = [octets[at : at + size] for at in range(0, len(octets), size)] or [b""]
    if len(parts) > MOST_PARTS:
        raise WireError(f"the text makes {len(parts)} parts, over {MOST_PARTS}")
    return parts


def _order(message: ShortText, total: int) -> tuple[int, ...]:
    if not all(1 <= number <= total for number in message.order):
        raise WireError(f"the order of the parts names one that is not there: the text makes {total}")
    return message.order or tuple(range(1, total + 1))


def _sender(message: ShortText) -> tuple[int, int, bytes]:
    """Type of number, numbering plan and octets of the sender."""
    digits = message.sender.removeprefix("+")
    ton = message.ton
    if ton is None:
        number = digits.isascii() and digits.isdigit()
        ton = INTERNATIONAL if message.sender.startswith("+") else 0 if number else ALPHANUMERIC
    npi = message.npi if message.npi is not None else 0 if ton == ALPHANUMERIC else TELEPHONE
    return ton, npi, (message.sender if ton == ALPHANUMERIC else digits).encode()

"""deliver_sm and data_sm: their octets, and what they mean (SMPP 3.4 s.4.6, 4.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NoReturn

from odzew.errors import WireError
from odzew.model import Form, Part, Segment
from odzew.wire import address, pdu, receipt, segment, smpptime, tlv
from odzew.wire.pdu import HEADER, Command, MalformedPdu, Status
from odzew.wire.receipt import DeliveryReceipt
from odzew.wire.segment import Reading, UserData
from odzew.wire.tlv import Tag

_command_of = Struct(">4xI").unpack_from
_five = Struct("5B").unpack_from
_LONGEST_TEXT: Final = 255


@dataclass(slots=True)
class DeliverSm:
    """The fields of a deliver_sm, addresses and texts as octets without their NUL. A data_sm has no more than some of them."""

    service_type: bytes = b""
    source_ton: int = 0
    source_npi: int = 0
    source: bytes = b""
    destination_ton: int = 0
    destination_npi: int = 0
    destination: bytes = b""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule: bytes = b""
    validity: bytes = b""
    registered: int = 0
    replace: int = 0
    data_coding: int = 0
    default_id: int = 0
    short_message: bytes = b""
    tlvs: dict[int, list[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class ShortMessage:
    """What a deliver_sm or data_sm means.

    `text` and `form` are there for a message of one part; a part of a long one has them empty until the set is whole.
    `receipt` is set: it is a receipt and no message. `acknowledgement`: the phone's user acknowledged a sent message, with this text.
    `network_time` is in microseconds. `extra` holds what is unusual.
    """

    sender: str
    recipient: str
    segment: Segment
    text: str
    form: Form
    receipt: DeliveryReceipt | None = None
    acknowledgement: bool = False
    network_time: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


# --- octets -----------------------------------------------------------------------------------------------------------


def parse(octets: bytes) -> DeliverSm:
    """The fields of a whole deliver_sm or data_sm. Strings may be longer than the specification allows.

    MalformedPdu when the fields cannot be followed to the end of the PDU.
    """
    end = len(octets)
    if end < HEADER:
        raise MalformedPdu("a PDU of less than 16 octets", Status.RINVCMDLEN)
    command = _command_of(octets)[0]
    index = octets.index
    try:
        # No string is taken out before the next is found: a cut PDU fails early.
        a = index(0, HEADER)
        b = index(0, a + 3)
        c = index(0, b + 3)
        if command == 0x0103:  # data_sm: s.4.7.1
            esm_class, registered, coding, at = octets[c + 1], octets[c + 2], octets[c + 3], c + 4
            protocol = priority = replace = default = 0
            schedule = validity = text = b""
        elif command == 0x05:
            esm_class, protocol, priority = octets[c + 1], octets[c + 2], octets[c + 3]
            d = index(0, c + 4)
            e = index(0, d + 1)
            registered, replace, coding, default, length = _five(octets, e + 1) if e + 6 <= end else _cut_short()
            schedule, validity = octets[c + 4 : d], octets[d + 1 : e]
            at = e + 6 + length
            if at > end:
                raise MalformedPdu(f"sm_length is {length}, but {end - e - 6} octets follow", Status.RINVMSGLEN)
            text = octets[e + 6 : at]
        else:
            raise MalformedPdu("neither deliver_sm nor data_sm", Status.RINVCMDID)
    except (ValueError, IndexError):
        _cut_short()
    return DeliverSm(
        octets[HEADER:a], octets[a + 1], octets[a + 2], octets[a + 3 : b], octets[b + 1], octets[b + 2], octets[b + 3 : c],
        esm_class, protocol, priority, schedule, validity, registered, replace, coding, default, text,
        tlv.parse(octets, at) if at < end else {},
    )  # fmt: skip


def _cut_short() -> NoReturn:
    raise MalformedPdu("the PDU ends within its mandatory fields", Status.RINVCMDLEN) from None


def encode(message: DeliverSm, command: int = Command.DELIVER_SM, sequence: int = 1) -> bytes:
    """The whole PDU. The text of a data_sm goes into its message_payload.

    WireError: a NUL in a string, a text over 255 octets in a deliver_sm, a number over its octet.
    """
    strings = (message.service_type, message.source, message.destination, message.schedule, message.validity)
    if any(0 in string for string in strings):
        raise WireError("a string with a NUL in it")
    if len(message.short_message) > _LONGEST_TEXT and command != Command.DATA_SM:
        raise WireError("a short_message of more than 255 octets")
    try:
        body = b"".join((
            message.service_type, b"\0",
            bytes((message.source_ton, message.source_npi)), message.source, b"\0",
            bytes((message.destination_ton, message.destination_npi)), message.destination, b"\0",
            *(_data_sm(message) if command == Command.DATA_SM else _deliver_sm(message)),
            tlv.encode(message.tlvs),
        ))  # fmt: skip
    except ValueError:
        raise WireError("a number that one octet does not hold") from None
    return pdu.pack(command, 0, sequence, body)


def _deliver_sm(message: DeliverSm) -> tuple[bytes, ...]:
    return (
        bytes((message.esm_class, message.protocol_id, message.priority)),
        message.schedule + b"\0",
        message.validity + b"\0",
        bytes((message.registered, message.replace, message.data_coding, message.default_id, len(message.short_message))),
        message.short_message,
    )


def _data_sm(message: DeliverSm) -> tuple[bytes, ...]:
    payload = tlv.encode({Tag.MESSAGE_PAYLOAD: [message.short_message]}) if message.short_message else b""
    return bytes((message.esm_class, message.registered, message.data_coding)), payload


# --- meaning ----------------------------------------------------------------------------------------------------------

_UDHI: Final = 0x40
_TYPE: Final = 0x3C
# Message types of esm_class (s.5.2.12). What has neither name is a message: a reserved type is no reason to lose a text.
_RECEIPTS: Final = frozenset({0x04, 0x08, 0x20})  # of the network, of the phone itself, of a network on the way
_ACKNOWLEDGEMENTS: Final = frozenset({0x10, 0x18})  # by the user; the end of a conversation
_USUAL_CODINGS: Final = frozenset({0x00, 0x08})
_SAR: Final = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)
_SHOWN: Final = 64
"""Octets of a parameter that are shown, and parameters that are; all of them are in the raw record."""


def read(octets: bytes, reading: Reading) -> ShortMessage:
    """What a whole deliver_sm or data_sm means on a network that is read as `reading`. MalformedPdu, and no other error."""
    message = parse(octets)
    esm_class, tlvs, user_octets = message.esm_class, message.tlvs, message.short_message
    known: tuple[int, ...] = ()
    sar = None
    if tlvs:
        user_octets, sar, known = _from_parameters(message)
    user = segment.read(user_octets, esm_class & _UDHI != 0, message.data_coding, reading, sar)
    own = user.segment
    faults = user.faults
    found: DeliveryReceipt | None = None
    text: str = ""
    form: Form = "text"
    kind = esm_class & _TYPE
    if (kind or tlvs) and _is_receipt(kind, message, own):
        found = receipt.parse(_receipt_text(own), tlvs)
        own.part = None
    elif own.part is None or own.part.total == 1:
        text, form, more = segment.decode((own,), 1)
        faults += more
        if reading.text_receipts and receipt.is_written(text):
            found, text, form = receipt.parse(text, tlvs), "", "text"
    extra = _extra(message, user, faults, known)
    if found is not None:
        extra |= found.words()
    prefix = reading.national_number_prefix
    return ShortMessage(
        address.read(message.source_ton, message.source, prefix),
        address.read(message.destination_ton, message.destination, prefix),
        own,
        text,
        form,
        found,
        kind in _ACKNOWLEDGEMENTS and found is None,
        smpptime.absolute(message.schedule.decode("latin-1")) if message.schedule else None,
        extra,
    )


def _from_parameters(message: DeliverSm) -> tuple[bytes, Part | None, tuple[int, ...]]:
    """The user data, what the SAR parameters say of parts, and the tags of the parameters that this used up."""
    octets, tlvs = message.short_message, message.tlvs
    known: tuple[int, ...] = ()
    payload = tlvs.get(Tag.MESSAGE_PAYLOAD, (b"",))[0]
    if len(payload) > len(octets):
        octets, known = payload, (Tag.MESSAGE_PAYLOAD,)
    reference, total, number = (tlv.number(tlvs, tag) for tag in _SAR)
    if reference is None or total is None or number is None or not 1 <= number <= total <= 255:
        return octets, None, known
    part = Part(f"sar:{reference}", total, number) if total > 1 else None
    return octets, part, (*known, *_SAR)


def _is_receipt(kind: int, message: DeliverSm, own: Segment) -> bool:
    if kind in _RECEIPTS or (Tag.RECEIPTED_MESSAGE_ID in message.tlvs and Tag.MESSAGE_STATE in message.tlvs):
        return True
    if kind in _ACKNOWLEDGEMENTS:
        return not own.octets
    return kind != 0 and receipt.is_written(_receipt_text(own))


def _receipt_text(own: Segment) -> str:
    """The text of a receipt. Networks write it in ASCII whatever data_coding says: an id may have characters that GSM has elsewhere."""
    octets = own.octets
    if own.coding.startswith("utf-16") and 0 in octets[:2]:
        return octets.decode(own.coding, "replace")
    return octets.decode("latin-1")


def _extra(message: DeliverSm, user: UserData, faults: tuple[str, ...], known: tuple[int, ...]) -> dict[str, str]:
    """What is unusual about a message, in words that JSON can have."""
    extra: dict[str, str] = {}
    if message.data_coding not in _USUAL_CODINGS:
        extra["data_coding"] = str(message.data_coding)
    if message.esm_class & ~_UDHI & 0xFC:  # the two lowest bits are how the network carries it (s.5.2.12)
        extra["esm_class"] = f"0x{message.esm_class:02X}"
    if message.protocol_id:
        extra["protocol_id"] = str(message.protocol_id)
    if message.service_type:
        extra["service_type"] = message.service_type[:_SHOWN].decode("latin-1")
    if user.message_class is not None:
        extra["message_class"] = str(user.message_class)
    if user.ports is not None:
        extra["ports"] = f"{user.ports.originator}:{user.ports.destination}"
    if faults:
        extra["faults"] = "; ".join(faults)
    if message.tlvs:
        _add_parameters(extra, message, known)
    return extra


def _add_parameters(extra: dict[str, str], message: DeliverSm, known: tuple[int, ...]) -> None:
    if Tag.MESSAGE_PAYLOAD in known and message.short_message:
        extra["short_message"] = _hex(message.short_message)
    others = [(tag, values) for tag, values in message.tlvs.items() if tag not in known]
    for tag, values in others[:_SHOWN]:
        extra[tlv.name(tag)] = ",".join(map(_hex, values[:4]))
    if len(others) > _SHOWN:
        extra["more_parameters"] = str(len(others) - _SHOWN)


def _hex(octets: bytes) -> str:
    return octets[:_SHOWN].hex().upper() + ("…" if len(octets) > _SHOWN else "")

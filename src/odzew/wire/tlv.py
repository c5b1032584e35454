"""The optional parameters of an SMPP PDU: tag, length, value (SMPP 3.4 s.3.2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from struct import Struct
from typing import Final

from odzew.errors import WireError
from odzew.wire.status import MalformedPdu, Status

_HEAD: Final = Struct(">HH")
_head_at = _HEAD.unpack_from


class Tag(IntEnum):
    """The tags of SMPP 3.4 s.5.3.2."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


_NAMES: Final = {int(tag): tag.name.lower() for tag in Tag}


def name(tag: int) -> str:
    """The specification's name of `tag`; of one that it does not know `0x060D`."""
    return _NAMES.get(tag) or f"0x{tag:04X}"


def parse(octets: bytes, at: int = 0) -> dict[int, list[bytes]]:
    """Tag -> values, in order of arrival, of the parameters from `at` to the end of `octets`. Unknown ones are among them.

    MalformedPdu when one overruns the end. NULs alone are no parameters: some SMSCs fill a PDU up with them.
    """
    found: dict[int, list[bytes]] = {}
    end = len(octets)
    while at < end:
        if end - at < 4:
            if not any(octets[at:]):
                break
            raise MalformedPdu("an optional parameter is cut short", Status.RINVOPTPARSTREAM)
        tag, length = _head_at(octets, at)
        start = at + 4
        at = start + length
        if at > end:
            raise MalformedPdu(f"optional parameter {name(tag)} is longer than the PDU", Status.RINVPARLEN)
        if tag == 0 and length == 0:
            continue
        value = octets[start:at]
        if tag in found:
            found[tag].append(value)
        else:
            found[tag] = [value]
    return found


def encode(tlvs: Mapping[int, Sequence[bytes]]) -> bytes:
    """The octets of `tlvs`, in their order. WireError for a tag or a length above 65,535."""
    out: list[bytes] = []
    for tag, values in tlvs.items():
        for value in values:
            if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
                raise WireError("an optional parameter that is too long, or has a tag that is none")
            out.append(_HEAD.pack(tag, len(value)) + value)
    return b"".join(out)


def number(tlvs: Mapping[int, Sequence[bytes]], tag: int) -> int | None:
    """The integer in the first `tag`, whatever its size; None without one, or with an empty one or one of more than 4 octets."""
    values = tlvs.get(tag)
    return int.from_bytes(values[0], "big") if values and 0 < len(values[0]) <= 4 else None


def words(tlvs: Mapping[int, Sequence[bytes]], tag: int) -> str:
    """The C-octet string in the first `tag`, its NUL there or not; "" without one. What is not ASCII is read as Latin-1."""
    values = tlvs.get(tag)
    return values[0].partition(b"\0")[0].decode("latin-1") if values else ""

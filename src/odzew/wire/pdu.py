"""SMPP 3.4 protocol data units: cutting a stream into them, the header, the binds and the answers.

Everything is octets in and values out; the body of a deliver_sm is in `odzew.wire.deliver`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

from odzew.errors import WireError
from odzew.wire import tlv
from odzew.wire.status import MalformedPdu, Status, status_words

__all__ = [
    "HEADER", "LARGEST", "SMALLEST", "VERSION", "BindRequest", "Command", "Framer", "FramingLost", "Header", "MalformedPdu", "Status",
    "bind", "bind_response", "c_string", "header", "pack", "read_bind", "read_bind_response", "response", "status_words",
]

HEADER: Final = 16
"""Octets of the header: length, command, status and sequence number, 4 octets each (SMPP 3.4 s.3.2)."""
SMALLEST: Final = HEADER
LARGEST: Final = 1 << 20
"""Octets that a PDU may have. A longer command_length means that the framing is lost."""
VERSION: Final = 0x34

_RESPONSE: Final = 0x8000_0000
_header = Struct(">IIII")
_length = Struct(">I").unpack_from
_nul_answer = Struct(">IIIIx").pack


class Command(IntEnum):
    """command_id (SMPP 3.4 s.5.1.2.1)."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x0102
    DATA_SM = 0x0103
    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER_RESP = 0x8000_0002
    QUERY_SM_RESP = 0x8000_0003
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND_RESP = 0x8000_0006
    REPLACE_SM_RESP = 0x8000_0007
    CANCEL_SM_RESP = 0x8000_0008
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    ENQUIRE_LINK_RESP = 0x8000_0015
    SUBMIT_MULTI_RESP = 0x8000_0021
    DATA_SM_RESP = 0x8000_0103


class FramingLost(WireError):
    """A length that no PDU can have: where the next one starts is not known any more."""


class Header(NamedTuple):
    """The four numbers before every body."""

    length: int
    command: int
    status: int
    sequence: int


def header(pdu: bytes) -> Header:
    """The header of `pdu`. MalformedPdu when there are not 16 octets."""
    if len(pdu) < HEADER:
        raise MalformedPdu("a PDU of less than 16 octets", Status.RINVCMDLEN)
    return Header._make(_header.unpack_from(pdu))


class Framer:
    """Cuts what a socket gives into whole PDUs. It holds at most one PDU that is not whole, so at most `limit` octets."""

    __slots__ = ("_limit", "_need", "_rest", "lost")

    def __init__(self, limit: int = LARGEST) -> None:
        self.lost: FramingLost | None = None
        self._limit = limit
        self._rest = bytearray()
        self._need = 0  # octets that `_rest` must have before there is anything to do; 0 while it is empty

    @property
    def waiting(self) -> int:
        """Octets of a PDU that is not whole yet."""
        return len(self._rest)

    def feed(self, octets: bytes) -> list[bytes]:
        """The PDUs, with their headers, that are whole with `octets`.

        FramingLost for a length below 16 or above the limit; but PDUs that came before it are returned first, with `lost` set,
        and the next call raises.
        """
        if self.lost is not None:
            raise self.lost
        if self._need:
            self._rest += octets
            if len(self._rest) < self._need:
                return []
            octets = bytes(self._rest)
            self._rest.clear()
        pdus: list[bytes] = []
        start, end = 0, len(octets)
        self._need = 0
        while start < end:
            if end - start < 4:
                self._need = 4
                break
            length: int = _length(octets, start)[0]
            if not SMALLEST <= length <= self._limit:
                self.lost = FramingLost(f"a command_length of {length} octets")
                break
            if end - start < length:
                self._need = length
                break
            pdus.append(octets[start : start + length])
            start += length
        if self.lost is None:
            if self._need:
                self._rest += octets[start:] if start else octets
        elif not pdus:
            raise self.lost
        return pdus


def pack(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A whole PDU."""
    return _header.pack(HEADER + len(body), command, status, sequence) + body


# The answers whose body is a message_id, which for messages that a network sends is empty (SMPP 3.4 s.4.6.2, 4.7.2).
_NAMED_ANSWERS: Final = frozenset({int(Command.DELIVER_SM_RESP), int(Command.DATA_SM_RESP)})
# An error takes the body of these away (s.4.4.2).
_NAMED_UNLESS_REFUSED: Final = frozenset({int(Command.SUBMIT_SM_RESP)})


def response(command: int, status: int, sequence: int) -> bytes:
    """The answer to `command` (a request, or the number of the answer itself) with the body that it must have."""
    answer = command | _RESPONSE
    if answer in _NAMED_ANSWERS or (answer in _NAMED_UNLESS_REFUSED and not status):
        return _nul_answer(HEADER + 1, answer, status, sequence)
    return _header.pack(HEADER, answer, status, sequence)


def c_string(pdu: bytes, at: int, name: str) -> tuple[bytes, int]:
    """The C-octet string that starts at `at`, without its NUL, and where the next field starts. MalformedPdu without a NUL."""
    end = pdu.find(0, at)
    if end < 0:
        raise MalformedPdu(f"{name} has no end", Status.RINVMSGLEN)
    return pdu[at:end], end + 1


# --- binds (SMPP 3.4 s.4.1) -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class BindRequest:
    """What an ESME says of itself in any of the three binds. `command` tells which."""

    command: int
    sequence: int
    system_id: str
    password: str
    system_type: str = ""
    interface_version: int = VERSION
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""


def bind(request: BindRequest) -> bytes:
    """The PDU of a bind. WireError for a word with a NUL, or outside UTF-8, in it."""
    body = b"".join(_word(word) for word in (request.system_id, request.password, request.system_type))
    body += bytes((request.interface_version & 0xFF, request.addr_ton & 0xFF, request.addr_npi & 0xFF))
    return pack(request.command, 0, request.sequence, body + _word(request.address_range))


def read_bind(pdu: bytes) -> BindRequest:
    """The bind in `pdu`. MalformedPdu when it ends before its interface_version; what may follow that may be missing."""
    head = header(pdu)
    system_id, at = c_string(pdu, HEADER, "system_id")
    password, at = c_string(pdu, at, "password")
    system_type, at = c_string(pdu, at, "system_type")
    numbers = pdu[at : at + 3]
    if not numbers:
        raise MalformedPdu("a bind without interface_version", Status.RINVCMDLEN)
    version, ton, npi = numbers.ljust(3, b"\0")
    return BindRequest(
        command=head.command,
        sequence=head.sequence,
        system_id=_text(system_id),
        password=_text(password),
        system_type=_text(system_type),
        interface_version=version,
        addr_ton=ton,
        addr_npi=npi,
        address_range=_text(pdu[at + 3 :].partition(b"\0")[0]),
    )


def bind_response(command: int, status: int, sequence: int, system_id: str = "", tlvs: dict[int, list[bytes]] | None = None) -> bytes:
    """The answer to a bind. A refused one has no body (SMPP 3.4 s.4.1.2)."""
    body = b"" if status else _word(system_id) + tlv.encode(tlvs or {})
    return pack(command | _RESPONSE, status, sequence, body)


def read_bind_response(pdu: bytes) -> tuple[str, dict[int, list[bytes]]]:
    """The system_id of the SMSC and its TLVs. Bodies that are missing or cut short are read as far as they go."""
    header(pdu)
    system_id, _, rest = pdu[HEADER:].partition(b"\0")
    try:
        return _text(system_id), tlv.parse(rest)
    except MalformedPdu:
        return _text(system_id), {}


def _word(text: str) -> bytes:
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        raise WireError("a word of a bind with a lone surrogate") from None
    if 0 in octets:
        raise WireError("a word of a bind with a NUL")
    return octets + b"\0"


def _text(octets: bytes) -> str:
    """Octets that ought to be ASCII. Some SMSCs have names in Latin-1."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")

"""The ESME of the Python package `smpplib` on a connection to our SMSC simulator, and its reading of what came.

Nothing of `odzew.wire` is used here: octets are understood by smpplib's own parser and tables.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from smpplib import consts, gsm  # type: ignore[import-untyped]  # it has no types
from smpplib.client import Client  # type: ignore[import-untyped]  # it has no types

SILENCE = 20  # seconds after which the library gives up
ESCAPE = 0x1B
UDHI = 0x40
CODECS = {
    consts.SMPP_ENCODING_IA5: "ascii",
    consts.SMPP_ENCODING_ISO88591: "latin-1",
    consts.SMPP_ENCODING_ISO10646: "utf-16-be",
    0x06: "iso8859-5",
    0x07: "iso8859-8",
    0x18: "utf-16-be",
}
GSM = (consts.SMPP_ENCODING_DEFAULT, 0x10)


class Part(NamedTuple):
    """What one PDU says. `header` are the elements of a user data header; `reference` is None where it is no part."""

    pdu: Any
    header: dict[int, bytes]
    octets: bytes
    reference: int | None
    total: int
    number: int


def receive(port: int, count: int, context: Any = None) -> list[Any]:
    """Binds, takes so many messages, unbinds. smpplib blocks, so this is for a thread of its own."""
    got: list[Any] = []
    client = Client("127.0.0.1", port, timeout=SILENCE, allow_unknown_opt_params=True, ssl_context=context)

    def take(pdu: Any) -> None:
        got.append(pdu)

    client.set_message_received_handler(take)
    client.connect()
    try:
        client.bind_transceiver(system_id="me", password="secret")
        while len(got) < count:
            client.read_once(auto_send_enquire_link=False)
        client.unbind()
    finally:
        client.disconnect()
    return got


def read(pdu: Any) -> Part:
    """One PDU, its header taken apart."""
    octets = pdu.message_payload if pdu.message_payload is not None else pdu.short_message or b""
    header: dict[int, bytes] = {}
    if pdu.esm_class & UDHI:
        length, at = octets[0], 1
        while at <= length:
            header[octets[at]] = octets[at + 2 : at + 2 + octets[at + 1]]
            at += 2 + octets[at + 1]
        octets = octets[length + 1 :]
    element = header.get(0x00) or header.get(0x08)
    if element:
        return Part(pdu, header, octets, int.from_bytes(element[:-2], "big"), element[-2], element[-1])
    if pdu.sar_msg_ref_num is not None:
        return Part(pdu, header, octets, pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum)
    return Part(pdu, header, octets, None, 1, 1)


def text_of(parts: list[Part]) -> str:
    """The text of a message by smpplib's own alphabet, its parts put in order."""
    by_number = {part.number: part for part in parts}
    assert sorted(by_number) == list(range(1, parts[0].total + 1))
    octets = b"".join(by_number[number].octets for number in sorted(by_number))
    coding = parts[0].pdu.data_coding
    return _gsm(octets) if coding in GSM else octets.decode(CODECS[coding])


def _gsm(octets: bytes) -> str:
    out, shift = "", 0
    for octet in octets:
        if octet == ESCAPE:
            shift = 0x80
            continue
        # smpplib's table has a grave accent where the alphabet has a section sign (3GPP 23.038 6.2.1).
        out += "§" if octet + shift == 0x5F else gsm.GSM_CHARACTER_TABLE[octet + shift]
        shift = 0
    return out

"""Long messages as a network sends them: real PDUs, read as the carriers read them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from odzew.model import Arrival, Source
from odzew.store.changes import bump
from odzew.store.db import Database
from odzew.store.directory import Present
from odzew.store.numbers import save_sources
from odzew.wire import deliver, split
from odzew.wire.coding import Reading
from odzew.wire.deliver import DeliverSm
from odzew.wire.pdu import HEADER, Command
from odzew.wire.tlv import Tag

PHONE: Final = b"48500600700"
TO: Final = b"48664000002"  # `directory.OWN`
CODINGS: Final = {"gsm7": 0, "latin1": 3, "binary": 4, "utf-16-be": 8}
UDHI: Final = 0x40


def pdus(
    text: str,
    word: str = "gsm7",
    *,
    reference: int = 1,
    form: str = "u8",
    size: int | None = 4,
    sender: bytes = PHONE,
    to: bytes = TO,
    packed: bool = False,
    **cut: Any,
) -> list[bytes]:
    """The deliver_sm of a text in parts of `size` octets; `form` is how they tell of each other: u8, u16 or sar."""
    bits = {"u8": 8, "u16": 16, "sar": 0}[form]
    pieces = split.split(text, word, bits=bits, reference=reference, size=size, **cut)
    return [_pdu(piece, CODINGS[word], reference, form, sender, to, packed) for piece in pieces]


def _pdu(piece: split.Piece, data_coding: int, reference: int, form: str, sender: bytes, to: bytes, packed: bool) -> bytes:
    message = DeliverSm(
        source_ton=1, source=sender, destination_ton=1, destination=to, data_coding=data_coding,
        esm_class=UDHI if piece.header else 0, short_message=piece.user_data(packed=packed),
    )  # fmt: skip
    if form == "sar" and piece.total > 1:
        message.tlvs = {
            Tag.SAR_MSG_REF_NUM: [reference.to_bytes(2, "big")],
            Tag.SAR_TOTAL_SEGMENTS: [bytes((piece.total,))],
            Tag.SAR_SEGMENT_SEQNUM: [bytes((piece.number,))],
        }
    return deliver.encode(message)


def single(text: str, word: str = "gsm7", **fields: Any) -> bytes:
    """The deliver_sm of a text in one part."""
    return pdus(text, word, size=None, **fields)[0]


def raw_pdu(user_data: bytes, sequence: int = 1, **fields: Any) -> bytes:
    """A deliver_sm with these octets as its user data."""
    values: dict[str, Any] = {"source_ton": 1, "source": PHONE, "destination_ton": 1, "destination": TO} | fields
    return deliver.encode(DeliverSm(short_message=user_data, **values), Command.DELIVER_SM, sequence)


def again(pdu: bytes, sequence: int = 77) -> bytes:
    """The same PDU as it comes over another session: with another sequence number."""
    return pdu[:12] + sequence.to_bytes(4, "big") + pdu[HEADER:]


def arrival(
    pdu: bytes, source_id: int = 1, session_id: int | None = None, reading: Reading | None = None, trust_time: bool = False
) -> Arrival:
    """What the carriers make of a PDU."""
    message = deliver.read(pdu, reading or Reading())
    return Arrival(
        source_id, message.sender, message.recipient, pdu, message.text, network_time=message.network_time, form=message.form,
        trust_time=trust_time, extra=message.extra, role="message" if message.receipt is None else "receipt", part=message.segment.part,
        session_id=session_id, digest=sha256(pdu[HEADER:]).digest(),
    )  # fmt: skip


def arrivals(parts: list[bytes], **fields: Any) -> list[Arrival]:
    """All of them."""
    return [arrival(part, **fields) for part in parts]


async def carrier(db: Database, present: Present, name: str = "smsc", trust_time: bool = False, **options: object) -> int:
    """An SMPP source with these options, new or changed: its id."""

    def unit() -> Any:
        yield from save_sources([Source(0, name, "smpp", trust_time=trust_time, options=options)])
        yield from bump("directory")

    await db.write(unit)
    return (await present.refresh()).sources[name].id

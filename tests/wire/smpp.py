"""PDUs for the tests of SMPP."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from odzew.wire import deliver
from odzew.wire.deliver import DeliverSm
from odzew.wire.pdu import Command

CORPUS: Final = Path(__file__).parents[1] / "corpus" / "smpp"
"""See its README.md."""

SENDER: Final = b"48500600700"
RECIPIENT: Final = b"48799448811"


def octets(text: str) -> bytes:
    """Hexadecimal with blanks, and comments after `#`."""
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


def recreated(name: str) -> bytes:
    """The PDU of one file of the corpus."""
    return octets((CORPUS / f"{name}.hex").read_text(encoding="utf-8"))


def a_deliver_sm(
    text: bytes = b"Test",
    *,
    esm_class: int = 0,
    data_coding: int = 0,
    source: tuple[int, bytes] = (1, SENDER),
    destination: tuple[int, bytes] = (1, RECIPIENT),
    tlvs: dict[int, list[bytes]] | None = None,
    command: int = Command.DELIVER_SM,
    **others: bytes | int,
) -> bytes:
    """A whole PDU, of which a test names what it cares about."""
    message = DeliverSm(
        source_ton=source[0],
        source_npi=1,
        source=source[1],
        destination_ton=destination[0],
        destination_npi=1,
        destination=destination[1],
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=text,
        tlvs=tlvs or {},
    )
    for name, value in others.items():
        setattr(message, name, value)
    return deliver.encode(message, command)

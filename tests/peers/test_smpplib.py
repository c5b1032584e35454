"""What our SMSC simulator sends, read by an independent decoder: the Python package `smpplib`, over a real connection."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from smpplib import gsm  # type: ignore[import-untyped]  # it has no types

from odzew.clock import FixedClock
from odzew.simulate.smsc import Smsc, server_tls
from odzew.simulate.smsc_messages import ShortText
from odzew.simulate.smsc_samples import SAMPLES, Sample
from odzew.simulate.smsc_shapes import ALPHABETS, read_shape
from tests.peers.smpplib_esme import Part, read, receive, text_of

PHONE, OURS = "+48600700800", "+48799448855"

# smpplib knows no data_sm, no packed septets, no national tables, and of UCS-2 only the order that the standard names.
READ = tuple(sample for sample in SAMPLES if not {"data_sm", "packed", "ucs2-le"} & set(sample.shape.split("+")))
PLAIN = tuple(sample for sample in READ if not ALPHABETS.get(read_shape(sample.shape).alphabet, ALPHABETS["gsm7"]).single)
MESSAGES = tuple(sample for sample in PLAIN if read_shape(sample.shape).role in ("message", "user-ack") and sample.shape != "binary")


def message(sample: Sample) -> ShortText:
    return ShortText(PHONE, OURS, sample.text, sample.shape, sample.order)


async def sent(*messages: ShortText, **options: Any) -> list[Part]:
    """The messages as smpplib read them; every one was answered by it."""
    smsc = await Smsc(FixedClock(), system_id="me", password="secret", **options).start()
    try:
        entries = smsc.post(*messages)
        context = ssl.create_default_context(cafile=None) if options.get("tls") else None
        if context is not None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # smpplib names no host to verify
        got = await asyncio.to_thread(receive, smsc.port, len(entries), context)
        await smsc.settled()
        assert all(entry.taken and entry.tries == 1 for entry in entries)
        assert [pdu.sequence for pdu in got] == list(range(1, len(entries) + 1))
        return [read(pdu) for pdu in got]
    finally:
        await smsc.stop()


@pytest.mark.parametrize("sample", MESSAGES, ids=lambda sample: f"{sample.shape} {sample.text[:12]!r}")
async def test_texts(sample: Sample) -> None:
    parts = await sent(message(sample))
    assert text_of(parts) == sample.text
    assert [part.number for part in parts] == list(sample.order or range(1, parts[0].total + 1))


@pytest.mark.parametrize("sample", READ, ids=lambda sample: f"{sample.shape} {sample.text[:12]!r}")
async def test_addresses_and_references(sample: Sample) -> None:
    parts = await sent(message(sample))
    for part in parts:
        pdu = part.pdu
        assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (1, 1, b"48600700800")
        assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, b"48799448855")
        assert (part.reference, part.total) in ((1, parts[0].total), (None, 1))


@pytest.mark.parametrize(
    ("shape", "header"),
    [
        ("gsm7+ports", {0x05: b"\x0b\x84\x23\xf0"}),
        ("turkish", {0x24: b"\x01", 0x25: b"\x01"}),
        ("turkish-single", {0x24: b"\x01"}),
        ("portuguese+udh16", {0x24: b"\x03", 0x25: b"\x03", 0x08: b"\x00\x07\x01\x01"}),
    ],
)
async def test_headers(shape: str, header: dict[int, bytes]) -> None:
    (part,) = await sent(ShortText(PHONE, OURS, "abc", shape, reference=7))
    assert (part.header, part.octets) == (header, b"abc")


async def test_binary() -> None:
    (part,) = await sent(ShortText(PHONE, OURS, "\x00\x01ł", "binary"))
    assert (part.pdu.data_coding, part.octets) == (4, b"\x00\x01\xc5\x82")


@pytest.mark.parametrize(
    ("shape", "esm_class", "text", "parameters"),
    [
        ("receipt", 0x04, True, True),
        ("receipt-text", 0x00, True, False),
        ("receipt-tlv", 0x00, False, True),
        ("intermediate", 0x20, True, False),
        ("delivery-ack", 0x08, False, False),
        ("user-ack", 0x10, False, False),
    ],
)
async def test_receipts(shape: str, esm_class: int, text: bool, parameters: bool) -> None:
    (part,) = await sent(ShortText(PHONE, OURS, "", shape, reference=0xAB))
    assert part.pdu.esm_class == esm_class
    assert part.octets.startswith(b"id:AB sub:001 dlvrd:001 ") is text
    assert (part.pdu.receipted_message_id, part.pdu.message_state) == ((b"AB", 2) if parameters else (None, None))


@pytest.mark.parametrize("text", ["Hello", "x" * 160, "x" * 161, "€{}" * 40, "x" * 152 + "€" + "y" * 100, "ż" * 70, "ż" * 71, "👍" * 67])
async def test_our_parts_are_cut_where_smpplib_cuts_them(text: str) -> None:
    parts = await sent(ShortText(PHONE, OURS, text))
    theirs, coding, esm_class = gsm.make_parts(text)
    assert {(part.pdu.data_coding, part.pdu.esm_class) for part in parts} == {(coding, esm_class)}
    header = 6 if len(theirs) > 1 else 0
    assert [part.octets for part in parts] == [one[header:] for one in theirs]


@pytest.mark.parametrize(
    ("sender", "ton", "address"),
    [("+48600700800", 1, b"48600700800"), ("BANK", 5, b"BANK"), ("71200", 0, b"71200")],
)
async def test_senders(sender: str, ton: int, address: bytes) -> None:
    (part,) = await sent(ShortText(sender, "71200", "x"))
    assert (part.pdu.source_addr_ton, part.pdu.source_addr, part.pdu.destination_addr) == (ton, address, b"71200")


@pytest.mark.parametrize("fault", ["vendor-tlvs", "dribble", "pieces", "sequence-high"])
async def test_it_also_reads_what_is_only_unusual(fault: str) -> None:
    if fault == "sequence-high":
        smsc = await Smsc(FixedClock(), faults=[fault]).start()
        smsc.post(ShortText(PHONE, OURS, "x"))
        (pdu,) = await asyncio.to_thread(receive, smsc.port, 1)
        await smsc.stop()
        assert pdu.sequence == 0x7FFF_FFFE
        return
    parts = await sent(ShortText(PHONE, OURS, "Zażółć 👍" * 20), faults=[fault])
    assert text_of(parts) == "Zażółć 👍" * 20


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """A certificate and its key."""
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    subprocess.run([*command, "-subj", "/CN=localhost", "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


async def test_tls(pair: tuple[str, str]) -> None:
    (part,) = await sent(ShortText(PHONE, OURS, "by TLS"), tls=server_tls(*pair))
    assert part.octets == b"by TLS"

"""Any octets that keep their framing cost answers, never the session; any octets at all cost no more than it."""

from __future__ import annotations

import random
from struct import pack_into

from odzew.ingest.smpp.session import Session
from odzew.wire.pdu import Command, Status, pack
from odzew.wire.tlv import Tag
from tests.ingest.smpp.peer import Talk, deliver, receipt, until
from tests.ingest.smpp.rig import Rig

COUNT = 20_000
TOGETHER = 200
OURS = {int(Command.UNBIND), int(Command.UNBIND_RESP)}  # those do end a session
MESSAGES = {int(Command.DELIVER_SM), int(Command.DATA_SM)}

SEEDS = (
    deliver(b"hello"),
    deliver(b"hello", 1, Command.DATA_SM),
    receipt(),
    deliver(b"\x05\x00\x03\x11\x02\x01half", 1, esm_class=0x40),
    deliver(b"\x06\x08\x04\x11\x12\x02\x01half", 1, esm_class=0x40, data_coding=8),
    deliver("zażółć 👋".encode("utf-16-be"), 1, data_coding=8),
    deliver(b"", tlvs={Tag.MESSAGE_PAYLOAD: [b"long"], Tag.SAR_MSG_REF_NUM: [b"\0\1"], 0x1400: [b"vendor"]}),
    pack(Command.ENQUIRE_LINK, 0, 1),
    pack(Command.GENERIC_NACK, 3, 1),
)


def mutated(draw: random.Random, sequence: int) -> bytes:
    """A PDU with a right length and one number of its own; all else may be anything."""
    kind = draw.random()
    if kind < 0.2:
        pdu = bytearray(16 + draw.randrange(300))
        pdu[16:] = draw.randbytes(len(pdu) - 16)
        commands = [*MESSAGES, draw.getrandbits(32), draw.randrange(0x22)]
        pack_into(">I", pdu, 4, draw.choice(commands))
    else:
        pdu = bytearray(draw.choice(SEEDS))
        for _ in range(draw.randrange(6)):
            at = draw.randrange(4, len(pdu))
            pdu[at] = draw.randrange(256)
        if kind < 0.5:
            del pdu[draw.randrange(16, len(pdu) + 1) :]
        elif kind < 0.6:
            pdu += draw.randbytes(draw.randrange(40))
    if int.from_bytes(pdu[4:8], "big") in OURS:
        pack_into(">I", pdu, 4, Command.DELIVER_SM)
    pack_into(">I", pdu, 0, len(pdu))
    pack_into(">I", pdu, 12, sequence)
    return bytes(pdu)


async def test_a_session_survives_what_keeps_its_framing(rig: Rig) -> None:
    session, talk = await rig.bound(text_receipts=True)
    draw = random.Random(3)
    messages = {int(command): set[int]() for command in MESSAGES}
    sequence = 0
    for _ in range(COUNT // TOGETHER):
        pdus = []
        for _ in range(TOGETHER):
            sequence += 1
            pdus.append(mutated(draw, sequence))
            command = int.from_bytes(pdus[-1][4:8], "big")
            if command in messages:
                messages[command].add(sequence)
        talk.say(*pdus)
        await until(lambda: len(rig.shelf.arrivals) == sum(map(len, messages.values())))
        rig.clock.advance(1)
    assert session.state == "bound"
    await until(lambda: all(set(talk.answers(command)) == sent for command, sent in messages.items()))
    progress = session.progress()
    assert progress.messages + progress.receipts + progress.malformed == sum(map(len, messages.values()))
    assert min(progress.messages, progress.receipts, progress.malformed) > 100  # it was not all of one kind
    assert {arrival.fault is None for arrival in rig.shelf.arrivals} == {True, False}
    talk.say(deliver(b"and still", 999_999))
    await talk.answered(999_999)
    assert rig.shelf.arrivals[-1].text == "and still"


async def test_any_octets_at_all(rig: Rig) -> None:
    """The session may be lost, nothing else."""
    draw = random.Random(4)
    for _ in range(60):
        session, talk = await rig.bound()
        talk.say(draw.randbytes(draw.randrange(1, 2000)))
        talk.say(deliver(sequence=1))
        await over_or_answered(session, talk)
        session.abort("next")
        await session.ended.wait()
    assert all(arrival.raw == deliver(sequence=1) for arrival in rig.shelf.arrivals if arrival.fault is None)


async def over_or_answered(session: Session, talk: Talk) -> None:
    def done() -> bool:
        return session.ended.is_set() or talk.answers().get(1) == Status.ROK or session._framer.waiting > 0

    await until(done)

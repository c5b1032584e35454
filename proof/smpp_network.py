"""A network behind an SMSC: short and long messages of many senders, what each should become, and what became of it."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_ledger import Entry
from odzew.simulate.smsc_messages import ShortText
from odzew.store.db import Request, Rows
from odzew.wire.pdu import HEADER
from proof import words
from proof.sink import Called

WINDOW: Final = 50
AT_ONCE: Final = 100  # messages that are made together
REPEATS: Final = 3  # times that an equal message is sent on purpose
SHAPES: Final = ("gsm7", "gsm7", "ucs2", "gsm7+udh8", "ucs2+udh16", "gsm7+sar", "gsm7", "gsm7+payload")
"""In turn: three in eight are long, two of these in UDH parts, one in SAR parts; one more in one long PDU."""
LONG: Final = ("udh8", "udh16", "sar", "payload")

Told = tuple[str, str]
"""Sender and text: what tells one message of the network from all others."""


@dataclass(slots=True)
class Network:
    """`wanted`: how often each message is to be there. Every sender sends one message, so that nothing but that can be mixed up."""

    clock: Clock
    targets: int
    smsc: Smsc
    seed: int = 3
    wanted: Counter[Told] = field(default_factory=Counter)
    repeated: set[Told] = field(default_factory=set)  # those that were sent several times on purpose
    _serials: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def message(self, shape: str | None = None) -> ShortText:
        """A new message, which is wanted from now on."""
        serial = next(self._serials)
        shape = SHAPES[serial % len(SHAPES)] if shape is None else shape
        text = f"serial {serial} of the network"
        if shape.endswith(LONG):
            text += f" - said at some length {{{serial}}}" * self._chance.randint(6, 14)
        if shape.startswith("ucs2"):
            text += ", zażółć 😀"
        sender, recipient = f"+48600{serial % 1_000_000:06d}", words.own_number(1, serial % max(1, self.targets))
        self.wanted[sender, text] += 1
        return ShortText(sender, recipient, text, shape)

    def post(self, count: int) -> list[Entry]:
        """Gives so many new messages to the SMSC."""
        return self.smsc.post(*(self.message() for _ in range(count)))

    async def flow(self) -> None:
        """Keeps the SMSC in messages until cancelled."""
        while True:
            await self.smsc.until(lambda: len(self.smsc.ledger) - self.smsc.ledger.settled < AT_ONCE)
            self.post(AT_ONCE)

    async def repeat(self) -> None:
        """Sends equal messages on purpose, and returns when all of them are answered."""
        message = self.message("gsm7")
        told = (message.sender, message.text)
        self.wanted[told] += REPEATS - 1
        self.repeated.add(told)
        await self.smsc.send(*[message] * REPEATS)


@dataclass(slots=True)
class Judged:
    """What was found. `missing`, `twice`, `other`: messages that are not there, that are there again, that were never sent like this."""

    pdus: int = 0
    sent_again: int = 0
    not_taken: int = 0
    messages: int = 0
    long: int = 0
    missing: int = 0
    twice: int = 0
    other: int = 0
    stored_again: int = 0
    copies: int = 0
    repeats: int = 0
    on_purpose: int = 0
    on_purpose_kept: int = 0

    @property
    def unrecognised(self) -> int:
        """PDUs that were stored again and are no suspected copy, nor a repeated part."""
        return self.stored_again - self.copies - self.repeats


@dataclass(slots=True)
class Stored:
    """All that a database has of what came over SMPP: messages by what they say, arrivals by the octets after the header and role."""

    messages: Counter[Told]
    arrivals: Counter[tuple[bytes, str]]


def stored() -> Generator[Request, Any, Stored]:
    """A unit that reads it all."""
    messages = yield Rows("SELECT sender, text FROM messages")
    arrivals = yield Rows("SELECT raw, role FROM arrivals")
    return Stored(Counter((row[0], row[1]) for row in messages), Counter((digest(bytes(row[0])), row[1]) for row in arrivals))


def digest(pdu: bytes) -> bytes:
    return hashlib.sha256(pdu[HEADER:]).digest()


def judge(network: Network, found: Stored) -> Judged:
    """Compares what is stored with what the SMSC had taken. It counts as acknowledged: the SMSC had an answer to everything."""
    ledger = network.smsc.ledger
    totals = ledger.totals()
    judged = Judged(pdus=totals.pdus, sent_again=totals.again, not_taken=totals.pdus - totals.taken)
    judged.messages = network.wanted.total()
    judged.long = sum(1 for entry in ledger if entry.part == entry.total > 1)
    judged.missing = (network.wanted - found.messages).total()
    more = found.messages - network.wanted
    judged.twice = sum(count for told, count in more.items() if told in network.wanted)
    judged.other = more.total() - judged.twice
    sent = Counter(hashlib.sha256(entry.body).digest() for entry in ledger)
    came: Counter[bytes] = Counter()
    for (octets, _role), count in found.arrivals.items():
        came[octets] += count
    judged.stored_again = (came - sent).total()
    judged.copies = _of_role(found, "copy")
    judged.repeats = _of_role(found, "repeat")
    judged.on_purpose = sum(network.wanted[told] for told in network.repeated)
    judged.on_purpose_kept = sum(found.messages[told] for told in network.repeated)
    return judged


def called_for(calls: Iterable[Called]) -> Counter[Told]:
    """How often the client's URL was told each message, and said OK to it."""
    told: Counter[Told] = Counter()
    for called in calls:
        if not called.failed:
            said = parse_qs(called.query.decode("ascii"), keep_blank_values=True)
            told[said["from"][0], said["text"][0]] += 1
    return told


def _of_role(found: Stored, role: str) -> int:
    return sum(count for (_octets, one), count in found.arrivals.items() if one == role)

"""One test call of a target: it is made now, the whole exchange is given back, and nothing is recorded.

What is sent is what a delivery would send. Its `webhook-id` begins with `msg_test_`, so that a receiver can tell.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.forward.call import Answer, Call, StreamedBody, Trace
from odzew.forward.exchange import Exchange, failed, judged
from odzew.forward.mail import Mail, Written
from odzew.forward.outcome import OUTCOMES, Outcome, is_success
from odzew.forward.ways import Offer, Prepared
from odzew.model import Account, Attachment, ForwardFor, Kind, Message, Target
from odzew.wire import clean

SHOWN: Final = 4096
SENDER: Final = "+48500600700"
TEXT: Final = "Test: zażółć gęślą jaźń + 100% & more"
ID: Final = "msg_test_"
HIDDEN: Final = "(hidden)"

_KINDS: Final[dict[ForwardFor, Kind]] = {"sms": "nd", "mms": "mms", "eco": "eco", "nd": "nd", "ndi": "ndi", "pre": "pre"}
_SECRET = re.compile(r"^(authorization):[^\r\n]*", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Trial:
    """The exchange. Texts are as they came, so they are to be shown escaped; octets are the first 4 KiB.

    `addresses`: all that the host's name gave, each with the verdict in words; `address`: the one that was called. `request`: the head
    of the request, secrets hidden, or the dialogue with the mail server. `meaning`: the outcome in a sentence.
    """

    url: str = ""
    outcome: Outcome = "internal"
    detail: str = ""
    addresses: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    request: str = ""
    body: bytes = b""
    body_octets: int = 0
    status: int | None = None
    answer_head: str = ""
    answer: bytes = b""
    timings: dict[str, int] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether a delivery would be done with this."""
        return is_success(self.outcome)

    @property
    def meaning(self) -> str:
        return OUTCOMES[self.outcome].text


def sample(target: Target, account: Account, now: int, recipient: str = "+48799448855") -> tuple[Message, tuple[Attachment, ...]]:
    """A message of the kind that the target is for, with the id 0, and its attachments."""
    kind = _KINDS[target.for_kind]
    mms = kind == "mms"
    message = Message(
        0, kind, account.id, SENDER, recipient, TEXT, now, keyword="TEST", title="Test" if mms else None,
        answers="0123456789" if kind == "eco" else None,
    )  # fmt: skip
    return message, (Attachment("test.txt", "text/plain; charset=utf-8", TEXT.encode()),) if mms else ()


async def trial(
    exchange: Exchange,
    clock: Clock,
    target: Target,
    account: Account,
    message: Message | None = None,
    attached: Sequence[Attachment] | None = None,
) -> Trial:
    """Makes one call now. Without `message` a sample is sent; of a stored message the attachments are read from the database.

    StoreError where the database is away; everything else is the trial's outcome.
    """
    now = clock.now()
    if message is None:
        message, attached = sample(target, account, now)
    result, trace = Trial(), Trace()
    offer = Offer(message, target, account, f"{ID}{now}", 1, 1, now, attached=attached)
    try:
        prepared = await exchange.prepare(offer)
        result.url = prepared.shown[:SHOWN]
        watch = _watched(prepared, trace)
        answer = await exchange.make(prepared)
        result.body, result.body_octets = bytes(watch.head), watch.octets
        result.outcome, result.detail = judged(answer, target, prepared.values)
        _tell(result, answer, trace)
    except OdzewError as error:
        result.outcome, result.detail = failed(error)
    result.detail = clean.text(result.detail)
    return result


class _Watch:
    """Notes what passes: the first 4 KiB of it, and how much it was."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.octets = 0

    def saw(self, piece: bytes) -> None:
        self.head += piece[: SHOWN - len(self.head)]
        self.octets += len(piece)


class _WatchedLetter:
    """A letter that is watched while it is sent."""

    def __init__(self, letter: Written, watch: _Watch) -> None:
        self.size = letter.size
        self._letter = letter
        self._watch = watch

    async def slices(self, sender: str) -> AsyncIterator[bytes]:
        async for piece in self._letter.slices(sender):
            self._watch.saw(piece)
            yield piece


def _watched(prepared: Prepared[Call | Mail], trace: Trace) -> _Watch:
    """Lets what is sent be watched."""
    watch, sent = _Watch(), prepared.sent
    sent.trace = trace
    if not isinstance(sent, Call):
        sent.letter = _WatchedLetter(sent.letter, watch)
    elif isinstance(sent.body, StreamedBody):
        sent.body = StreamedBody(sent.body.length, _through(sent.body, watch))
    elif sent.body is not None:
        watch.saw(sent.body)
    return watch


async def _through(body: StreamedBody, watch: _Watch) -> AsyncIterator[bytes]:
    async for piece in body.slices:
        watch.saw(piece)
        yield piece


def _tell(result: Trial, answer: Answer, trace: Trace) -> None:
    result.addresses, result.address = trace.addresses, answer.address
    if trace.dialogue:
        result.request = "\n".join(trace.dialogue)
    else:
        head = trace.request.decode("latin-1").replace("\r\n", "\n").rstrip("\n")
        result.request = _SECRET.sub(rf"\1: {HIDDEN}", head)
    result.status, result.answer = answer.status, answer.kept
    result.answer_head = _head(trace.answer)
    spans = ("dns_us", "connect_us", "tls_us", "first_byte_us", "total_us")
    result.timings = {name: getattr(answer, name) for name in spans}


def _head(answer: bytes) -> str:
    """The heads of what came: those of interim answers (1xx) and of the answer itself, without the body."""
    heads = []
    while answer:
        head, _, answer = answer.partition(b"\r\n\r\n")
        heads.append(head.decode("latin-1").replace("\r\n", "\n"))
        if not re.match(rb"HTTP/1\.[01] 1\d\d", head):
            break
    return "\n\n".join(heads)[: 2 * SHOWN]

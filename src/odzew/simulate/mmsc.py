"""An MMSC that brings messages and reports to a VASP over MM7, and brings again what was not answered."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from odzew.clock import Clock, to_datetime
from odzew.errors import SettingError, WireError
from odzew.model import Attachment
from odzew.simulate.http import Address, Reply, Unanswered, request
from odzew.simulate.mmsc_shapes import CONTENT_ID, SHAPES, Made, put_together
from odzew.wire import mm7, mm7_status
from odzew.wire.mm7 import Deliver, Envelope, Report, Status

AGAIN: Final = 1.0  # seconds until the next try where the answer does not say
LONGEST_WAIT: Final = 30.0
LATER: Final = (429, 502, 503, 504)


@dataclass(slots=True, frozen=True)
class Sent:
    """What became of a request. `status` is what MM7 says; where the answer is no MM7, 2000 with its HTTP status in the text."""

    transaction: str
    status: Status
    http_status: int
    tries: int
    kind: str = ""

    @property
    def taken(self) -> bool:
        return self.status.taken


def read_url(url: str) -> tuple[Address, str]:
    """Host and port, and the path with its query. SettingError for anything but plain HTTP."""
    try:
        split = urlsplit(url)
        port = split.port or 80
    except ValueError:
        raise SettingError(f"{url!r} is no address") from None
    if split.scheme != "http" or not split.hostname:
        raise SettingError(f"{url!r}: write http://127.0.0.1:8080/ingest/NAME")
    return (split.hostname, port), (split.path or "/") + (f"?{split.query}" if split.query else "")


class Mmsc:
    """Sends to one VASP. `patience`: seconds for which a request is tried again, with the same TransactionID, while it is answered with a
    temporary error or not at all. `requests` counts the tries; `release` is the schema of its envelopes."""

    def __init__(
        self, clock: Clock, url: str, username: str = "", password: str = "", patience: float = 30.0, release: str = mm7.RELEASE
    ) -> None:
        self._clock = clock
        self._to, self._path = read_url(url)
        self._headers = {"SOAPAction": '""'}
        if username or password:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        self._patience = patience
        self._release = release
        self.requests = 0

    async def deliver(
        self,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        parts: Sequence[Attachment],
        shape: str = "nested",
        transaction: str = "",
    ) -> Sent:
        """A subscriber's message, in the form `shape` of SHAPES. Unanswered when patience has ended; SettingError: no such shape."""
        if shape not in SHAPES:
            raise SettingError(f"{shape!r} is no shape: use one of {', '.join(SHAPES)}")
        body = Deliver(
            sender,
            tuple(mm7.Address(one, _kind(one)) for one in recipients),
            subject,
            secrets.token_hex(8),
            self._time(),
            "Normal",
            "odzew-simulate",
            f"cid:{SHAPES[shape].content_id or CONTENT_ID}",
        )
        envelope = self._envelope("DeliverReq", body, transaction)
        return await self.send(envelope, put_together(SHAPES[shape], mm7.write(envelope), parts))

    async def delivery_report(self, message_id: str, sender: str, recipient: str, status: str = "Retrieved", transaction: str = "") -> Sent:
        """What became of the MM `message_id` that `sender`, a number of the VASP, sent to the subscriber `recipient`."""
        return await self._report("DeliveryReportReq", Report(message_id, sender, recipient, self._time(), status), transaction)

    async def read_reply(self, message_id: str, sender: str, recipient: str, status: str = "Read", transaction: str = "") -> Sent:
        """That the subscriber read the MM, or deleted it unread."""
        return await self._report("ReadReplyReq", Report(message_id, sender, recipient, self._time(), status), transaction)

    async def send(self, envelope: Envelope, made: Made) -> Sent:
        """Sends any request until it is answered. Unanswered when patience has ended."""
        content_type, body = made
        until = self._clock.monotonic() + self._patience
        tries = 0
        while True:
            tries += 1
            self.requests += 1
            fault: Unanswered
            try:
                reply = await request(self._clock, self._to, "POST", self._path, body, {**self._headers, "Content-Type": content_type})
                kind, status = _status(reply)
                if reply.status not in LATER and not mm7_status.is_temporary(status.code):
                    return Sent(envelope.transaction, status, reply.status, tries, kind)
                wait, fault = _wait(reply), Unanswered(f"the request was answered {reply.status}, {status.code} {status.text}: not now")
            except Unanswered as error:
                wait, fault = AGAIN, error
            if self._clock.monotonic() + wait > until:
                raise fault
            await self._clock.sleep(wait)

    async def _report(self, kind: str, body: Report, transaction: str) -> Sent:
        envelope = self._envelope(kind, body, transaction)
        return await self.send(envelope, (mm7.CONTENT_TYPE, mm7.write(envelope)))

    def _envelope(self, kind: str, body: Deliver | Report, transaction: str) -> Envelope:
        return Envelope(kind, transaction or secrets.token_hex(8), body, self._release)

    def _time(self) -> str:
        return to_datetime(self._clock.now()).isoformat(timespec="seconds")


async def send_mms(
    clock: Clock,
    url: str,
    username: str,
    password: str,
    sender: str,
    recipient: str,
    subject: str,
    parts: Sequence[Attachment],
    shape: str = "nested",
) -> Sent:
    """One message to the source at `url` (`http://127.0.0.1:8080/ingest/NAME`). Unanswered; else `taken` says whether it is stored."""
    return await Mmsc(clock, url, username, password).deliver(sender, [recipient], subject, parts, shape)


def _kind(address: str) -> str:
    if "@" in address:
        return "RFC2822Address"
    return "ShortCode" if address.isdecimal() and len(address) <= 6 else "Number"


def _status(reply: Reply) -> tuple[str, Status]:
    try:
        answer = mm7.read(reply.body)
    except WireError:
        answer = mm7.UNKNOWN
    if isinstance(answer.body, Status):
        return answer.kind, answer.body
    # No MM7 at all: a proxy, or a server that was not told who we are. It is final, unless its HTTP status says otherwise.
    return "", Status(mm7_status.CLIENT_ERROR, f"HTTP {reply.status} without an answer of MM7")


def _wait(reply: Reply) -> float:
    seconds = reply.headers.get("retry-after", "")
    return min(float(seconds), LONGEST_WAIT) if seconds.isascii() and seconds.isdigit() else AGAIN

"""Protocol `mm7`: what an MMSC sends to a VASP, SOAP with attachments over HTTP (3GPP TS 23.140 s.8.7; docs/mm7.md; tests/corpus/mm7).

An MMSC gives a message up when it is told a permanent error, so nearly everything is taken: what cannot be read is kept as it came and
shown as unreadable, also where the MMSC hears of an error. Only what is too large, and requests that a VASP does not take, leave no trace.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from odzew.access.request import Headers, header
from odzew.access.sealing import revealed
from odzew.errors import SettingError, WireError
from odzew.ingest.contract import Answer, Ingest, Receive, Request
from odzew.ingest.mm7_parts import attachments_of, envelope_of
from odzew.model import Arrival, Attachment, Source
from odzew.wire import localtime, mime, mime_field, mm7, mm7_status
from odzew.wire.mm7 import UNKNOWN, Deliver, Envelope, Report

MAX_BYTES: Final = 10 * 1024 * 1024  # of all attachments of a message
ENV: Final = "env:"
LONGEST_EXTRA: Final = 255

# SOAP 1.1 s.6.2: a fault comes with 500.
_FAULT_STATUS: Final = 500
_CODE_OF_STATUS: Final = {
    403: mm7_status.SERVICE_DENIED,
    405: mm7_status.UNSUPPORTED_OPERATION,
    413: mm7_status.CONTENT_REFUSED,  # "... or the content size ... was unacceptable": 2007 is about values of elements
    503: mm7_status.SERVICE_UNAVAILABLE,
}


class Message:
    """One request, read: its envelope, and its parts as they came. WireError if it holds no MM7."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.root = mime.read(raw)
        self._part, octets = envelope_of(self.root)
        self.envelope: Envelope = mm7.read(octets, self._part.charset or self.root.charset)

    def attachments(self) -> tuple[Attachment, ...]:
        """Every part but the envelope and SMIL."""
        return attachments_of(self.root, self._part)


# --- who ---------------------------------------------------------------------------------------------------------------


def admits(source: Source, headers: Headers, environment: Mapping[str, str]) -> bool:
    """Whether the headers show the source's name and password (HTTP Basic, RFC 7617).

    A source without both is known by its address alone; without an address list nobody is. A password that is not in the environment,
    or is sealed with another key, is nobody's.
    """
    username, password = (str(source.options.get(name) or "") for name in ("username", "password"))
    if not (username or password):
        return bool(source.allow_from)
    if password.startswith(ENV):
        password = environment.get(password.removeprefix(ENV), "")
    try:
        password = revealed(password, environment)
    except SettingError:
        return False
    # As one text: where the name ends does not matter, for both must be right.
    expected = hashlib.sha256(f"{username}:{password}".encode("utf-8", "surrogatepass")).digest()
    presented = hashlib.sha256(_basic(header(headers, b"authorization") or "")).digest()
    return hmac.compare_digest(expected, presented) and bool(username and password)


def _basic(value: str) -> bytes:
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(rest.strip().encode("latin-1"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""


def body_limit(source: Source, _general: int) -> int:
    """The largest HTTP body: `max_bytes` in base64, in lines, and the envelope and headers around it."""
    return max_bytes(source) * 7 // 5 + (1 << 20)


def max_bytes(source: Source) -> int:
    """How large the attachments of one message may be, together."""
    given = source.options.get("max_bytes")
    return given if isinstance(given, int) and given > 0 else MAX_BYTES


# --- what --------------------------------------------------------------------------------------------------------------


async def handle(source: Source, request: Request, receive: Receive, _country: str) -> Answer:
    """Stores what an MMSC brings and answers, after the commit, in the words of its request."""
    try:
        message = Message(request.body)
    except WireError as error:
        await receive([_unreadable(source, request.body, str(error))])
        return _answer(UNKNOWN.fault(mm7_status.VALIDATION_ERROR, _sentence(mm7_status.VALIDATION_ERROR, str(error))))
    envelope = message.envelope
    if isinstance(envelope.body, Deliver):
        arrivals = deliver_arrivals(source, message, envelope.body, request)
        size = sum(len(one.data) for one in arrivals[0].attachments)
        if size > max_bytes(source):
            words = f"attachments of {size} octets, over {max_bytes(source)}"
            return _answer(envelope.answer(mm7_status.CONTENT_REFUSED, _sentence(mm7_status.CONTENT_REFUSED, words)))
    elif isinstance(envelope.body, Report):
        arrivals = [report_arrival(source, message, envelope.body)]
    else:
        return _answer(envelope.fault(mm7_status.UNSUPPORTED_OPERATION))
    await receive(arrivals)
    return _answer(envelope.answer(mm7_status.SUCCESS))


def before(headers: Headers) -> bytes:
    """The header that makes the body an entity: together they are what is kept raw, and what `Message` reads again."""
    content_type = next((value for name, value in headers if name == b"content-type"), b"")
    return b"Content-Type: " + content_type + b"\r\n\r\n" if content_type else b"\r\n"


def deliver_arrivals(source: Source, message: Message, body: Deliver, request: Request) -> list[Arrival]:
    """One arrival for each recipient that is a number of ours; the first recipient if none is."""
    attachments = message.attachments()
    delivered = [one.value for one in body.recipients if not one.shown] or [one.value for one in body.recipients] or [""]
    ours = [address for address in dict.fromkeys(delivered) if request.knows(address)] or delivered[:1]
    title = mime_field.words(body.subject)
    envelope = message.envelope
    recipients = [one.value for one in body.recipients]
    # A transaction's number alone may come again when the MMSC starts to count anew: then something else differs.
    common = (envelope.transaction, body.linked_id, body.sender, *recipients, body.at, title)
    contents = hashlib.sha256()
    for one in attachments:
        contents.update(b"%d:" % len(one.data))
        contents.update(one.data)
    extra = _extra(
        transaction=envelope.transaction, linked=body.linked_id, relay=body.relay,
        priority="" if body.priority.lower() == "normal" else body.priority,
        recipients=", ".join(recipients) if len(recipients) > 1 else "",
        **_time(body.at),
    )  # fmt: skip
    return [
        Arrival(
            source.id, body.sender, address, message.raw, ref=_ref("deliver", *common, contents.hexdigest(), address),
            network_time=_instant(body.at), title=title, attachments=attachments, mms=True, trust_time=source.trust_time, extra=extra,
        )
        for address in ours
    ]  # fmt: skip


def report_arrival(source: Source, message: Message, body: Report) -> Arrival:
    """A report is set aside: the subscriber who got the MM reports, to the number that it was sent from."""
    envelope = message.envelope
    extra = _extra(
        request=envelope.kind, transaction=envelope.transaction, message_id=body.message_id, status=body.status, status_text=body.text,
        **_time(body.at),
    )  # fmt: skip
    ref = _ref(envelope.kind, envelope.transaction, body.message_id, body.recipient, body.sender, body.at, body.status)
    return Arrival(
        source.id, body.recipient, body.sender, message.raw, ref=ref, network_time=_instant(body.at), role="report",
        trust_time=source.trust_time, extra=extra,
    )  # fmt: skip


def _unreadable(source: Source, raw: bytes, reason: str) -> Arrival:
    # The same octets once more are the same: an MMSC may ask for ever.
    return Arrival(source.id, "", "", raw, ref="unreadable:" + hashlib.sha256(raw).hexdigest(), role="unreadable", fault=reason)


def _ref(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def _instant(text: str) -> int | None:
    try:
        return localtime.parse_rfc3339(text)
    except WireError:
        return None


def _time(text: str) -> dict[str, str]:
    """A time without an offset is no instant, but people may still read it."""
    return {"time": text} if text and _instant(text) is None else {}


def _extra(**words: str) -> dict[str, str]:
    return {name: value[:LONGEST_EXTRA] for name, value in words.items() if value}


# --- answers -----------------------------------------------------------------------------------------------------------


def refuse(status: int, _code: int, message: str, headers: tuple[tuple[bytes, bytes], ...], request: Request | None) -> Answer:
    """A refusal of the application as a fault, to the request's transaction where it can be read."""
    envelope = UNKNOWN
    if request is not None:
        with suppress(WireError):
            envelope = Message(request.body).envelope
    code = _CODE_OF_STATUS.get(status, mm7_status.CLIENT_ERROR)
    return _answer(envelope.fault(code, _sentence(code, message)), status, headers)


def _sentence(code: int, more: str) -> str:
    text = mm7_status.text_of(code)
    return f"{text}: {more}" if more else text


def _answer(envelope: Envelope, status: int | None = None, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    if status is None:
        status = _FAULT_STATUS if envelope.kind == mm7.FAULT else 200
    return Answer(status, mm7.write(envelope), ((b"content-type", mm7.CONTENT_TYPE.encode("ascii")), *headers))


INGEST: Final = Ingest("mm7", ("POST",), handle, admits=admits, refuse=refuse, body_limit=body_limit, before=before)

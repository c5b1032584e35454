"""MM7 (3GPP TS 23.140 s.8.7): SOAP envelopes read into values, and written.

The namespaces of all releases (REL-5-MM7-1-0 to REL-6-MM7-1-4, and those that come) have the same elements where it matters, so names
are compared and namespaces are only kept, for the answer. We are the VASP here: we answer requests, with a fault to what is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from odzew.errors import WireError
from odzew.wire import mm7_status
from odzew.wire.mm7_xml import Element, escaped, parse

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SCHEMAS: Final = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/"
RELEASE: Final = "REL-6-MM7-1-4"
VERSION: Final = "6.8.0"
CONTENT_TYPE: Final = 'text/xml; charset="utf-8"'
FAULT: Final = "Fault"
ANSWERS: Final = {"DeliverReq": "DeliverRsp", "DeliveryReportReq": "DeliveryReportRsp", "ReadReplyReq": "ReadReplyRsp"}
"""The requests that a VASP takes, and the name of the answer to each."""

_ADDRESSES: Final = ("Number", "ShortCode", "RFC2822Address")  # s.8.7.8, type addressType
_schema = re.compile(re.escape(SCHEMAS) + r"(REL-[0-9]{1,2}-MM7-[0-9]{1,2}-[0-9]{1,2})/?").fullmatch
_version = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}").fullmatch
# MM1's form of a number (OMA MMS encapsulation, s.8), with and without the domain of a relay.
_plmn = re.compile(r"(\+?[0-9]{1,32})/TYPE=PLMN(@.*)?", re.IGNORECASE | re.DOTALL).fullmatch


class Mm7Fault(WireError):
    """Well-formed XML, but no MM7."""


@dataclass(slots=True, frozen=True)
class Address:
    """`kind` is its element: Number, ShortCode or RFC2822Address. `shown`: only for the recipients to see, nothing is delivered there."""

    value: str
    kind: str = "Number"
    shown: bool = False


@dataclass(slots=True, frozen=True)
class Deliver:
    """DeliverReq: an MM that a subscriber sent. `content` is the reference to its parts; `at` the TimeStamp as it was written."""

    sender: str = ""
    recipients: tuple[Address, ...] = ()
    subject: str = ""
    linked_id: str = ""
    at: str = ""
    priority: str = ""
    relay: str = ""
    content: str = ""


@dataclass(slots=True, frozen=True)
class Report:
    """DeliveryReportReq or ReadReplyReq: what became of the MM `message_id` that was sent by `sender` to `recipient`."""

    message_id: str = ""
    sender: str = ""
    recipient: str = ""
    at: str = ""
    status: str = ""
    text: str = ""


@dataclass(slots=True, frozen=True)
class Status:
    """What an answer or a fault says."""

    code: int
    text: str = ""

    @property
    def taken(self) -> bool:
        """1000 to 1999: done, or done in part."""
        return self.code // 1000 == 1


@dataclass(slots=True, frozen=True)
class Envelope:
    """One message of MM7. `kind` is the element in the SOAP body; `body` None: a request that no VASP takes."""

    kind: str
    transaction: str = ""
    body: Deliver | Report | Status | None = None
    release: str = RELEASE
    version: str = VERSION

    def answer(self, code: int, text: str = "") -> Envelope:
        """The answer to this request: its own if there is one, else a fault."""
        status = Status(code, text or mm7_status.text_of(code))
        return replace(self, kind=ANSWERS.get(self.kind, FAULT), body=status)

    def fault(self, code: int, text: str = "") -> Envelope:
        """A fault instead of an answer."""
        return replace(self, kind=FAULT, body=Status(code, text or mm7_status.text_of(code)))


UNKNOWN: Final = Envelope("")
"""Stands for a request that could not be read, so that it can be answered."""


def number_of(written: str) -> str:
    """The number in an address such as `+48500600700/TYPE=PLMN@mms.example`; any other address as it is."""
    found = _plmn(written.strip())
    return found[1] if found else written.strip()


def read(octets: bytes, charset: str = "") -> Envelope:
    """The envelope. XmlFault, Mm7Fault (both WireError)."""
    root = parse(octets, charset)
    body = root.child("Body")
    if root.name != "Envelope" or body is None:
        raise Mm7Fault("no SOAP envelope")
    if not body.children:
        raise Mm7Fault("an empty SOAP body")
    request = body.children[0]
    header = root.child("Header")
    transaction = header.child("TransactionID") if header else None
    release = next((found[1] for one in (request, transaction) if one and (found := _schema("".join(one.namespace.split())))), RELEASE)
    version = request.value("MM7Version")
    return Envelope(
        request.name,
        "" if transaction is None else transaction.text,
        _read_body(request),
        release,
        version if _version(version) else VERSION,
    )


def _read_body(request: Element) -> Deliver | Report | Status | None:
    if request.name == "DeliverReq":
        return _read_deliver(request)
    if request.name in ANSWERS:
        return _read_report(request)
    if request.name in (FAULT, "RSErrorRsp", "VASPErrorRsp") or request.name.endswith("Rsp"):
        return _read_status(request)
    return None


def _read_deliver(request: Element) -> Deliver:
    sender = request.child("Sender") or request.child("SenderAddress")
    recipients = request.child("Recipients") or request.child("Recipient")
    content = request.child("Content")
    return Deliver(
        next((one.value for one in _addresses(sender)), ""),
        _addresses(recipients),
        request.value("Subject"),
        request.value("LinkedID"),
        request.value("TimeStamp"),
        request.value("Priority"),
        request.value("MMSRelayServerID"),
        "" if content is None else content.attributes.get("href", ""),
    )


def _read_report(request: Element) -> Report:
    recipient = request.child("Recipient") or request.child("Recipients")
    return Report(
        request.value("MessageID"),
        next((one.value for one in _addresses(request.child("Sender"))), ""),
        next((one.value for one in _addresses(recipient)), ""),
        request.value("Date") or request.value("TimeStamp"),
        request.value("MMStatus"),
        request.value("StatusText"),
    )


def _read_status(answer: Element) -> Status:
    found = next((one for one in answer.descendants() if one.name == "StatusCode"), None)
    digits = "" if found is None else found.text
    text = next((one.text for one in answer.descendants() if one.name == "StatusText"), "") or answer.value("faultstring")
    return Status(int(digits) if re.fullmatch("[0-9]{1,6}", digits) else mm7_status.CLIENT_ERROR, text)


def _addresses(element: Element | None) -> tuple[Address, ...]:
    """The addresses in an element, in their order. Some senders write one as plain text, without an element of its own."""
    if element is None:
        return ()
    found = [
        Address(number_of(one.text), one.name, one.attributes.get("displayOnly", "").strip() in ("true", "1"))
        for one in element.descendants()
        if one.name in _ADDRESSES and one.text
    ]
    plain = [Address(number_of(one.text)) for one in (element, *element.descendants()) if one.text]
    return tuple(found or plain)


# --- written -----------------------------------------------------------------------------------------------------------


def write(envelope: Envelope) -> bytes:
    """The envelope in UTF-8."""
    schema = SCHEMAS + envelope.release
    header = ""
    if envelope.transaction:
        transaction = escaped(envelope.transaction)
        header = (
            f'<env:Header><mm7:TransactionID xmlns:mm7="{schema}" env:mustUnderstand="1">{transaction}</mm7:TransactionID></env:Header>'
        )
    if envelope.kind == FAULT:
        content = _fault(envelope, schema)
    else:
        content = f'<{envelope.kind} xmlns="{schema}">{_tag("MM7Version", envelope.version)}{_inside(envelope)}</{envelope.kind}>'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope xmlns:env="{SOAP}">{header}<env:Body>{content}</env:Body></env:Envelope>'
    return text.encode()


def _fault(envelope: Envelope, schema: str) -> str:
    """A SOAP fault with the error of a VASP inside (s.8.7.8.3)."""
    code = envelope.body.code if isinstance(envelope.body, Status) else mm7_status.CLIENT_ERROR
    # Whose fault it is (SOAP 1.1 s.4.4.1): a Server fault may go away by itself.
    side = "Server" if mm7_status.is_temporary(code) else "Client"
    detail = f'<VASPErrorRsp xmlns="{schema}">{_tag("MM7Version", envelope.version)}{_inside(envelope)}</VASPErrorRsp>'
    return f"<env:Fault><faultcode>env:{side}</faultcode><faultstring>{side} error</faultstring><detail>{detail}</detail></env:Fault>"


def _inside(envelope: Envelope) -> str:
    body = envelope.body
    if isinstance(body, Status):
        return f"<Status>{_tag('StatusCode', str(body.code))}{_tag('StatusText', body.text)}</Status>"
    if isinstance(body, Report):
        return _report(envelope.kind, body)
    return "" if body is None else _deliver(body)


def _deliver(body: Deliver) -> str:
    recipients = "".join(_address(one) for one in body.recipients)
    content = f'<Content href="{escaped(body.content)}" allowAdaptations="true"/>' if body.content else ""
    return "".join(
        (
            _tag("MMSRelayServerID", body.relay),
            _tag("LinkedID", body.linked_id),
            f"<Sender>{_address(_address_of(body.sender))}</Sender>",
            f"<Recipients><To>{recipients}</To></Recipients>" if recipients else "",
            _tag("TimeStamp", body.at),
            _tag("Priority", body.priority),
            _tag("Subject", body.subject),
            content,
        )
    )


def _report(kind: str, body: Report) -> str:
    return "".join(
        (
            _tag("MessageID", body.message_id),
            f"<Recipient>{_address(_address_of(body.recipient))}</Recipient>",
            f"<Sender>{_address(_address_of(body.sender))}</Sender>",
            _tag("Date" if kind == "DeliveryReportReq" else "TimeStamp", body.at),
            _tag("MMStatus", body.status),
            _tag("StatusText", body.text),
        )
    )


def _address_of(value: str) -> Address:
    return Address(value, "RFC2822Address" if "@" in value else "Number")


def _address(address: Address) -> str:
    shown = ' displayOnly="true"' if address.shown else ""
    return f"<{address.kind}{shown}>{escaped(address.value)}</{address.kind}>"


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escaped(text)}</{name}>" if text else ""

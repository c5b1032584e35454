"""MM7 envelopes: read, whoever wrote them, and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import mm7, mm7_status
from odzew.wire.mm7 import Address, Deliver, Envelope, Report, Status

RELEASES = (
    "REL-5-MM7-1-0",
    "REL-5-MM7-1-1",
    "REL-5-MM7-1-2",
    "REL-5-MM7-1-3",
    "REL-5-MM7-1-5",
    "REL-6-MM7-1-0",
    "REL-6-MM7-1-2",
    "REL-6-MM7-1-4",
)

ADDRESSES: tuple[tuple[str, str], ...] = (
    ("+48500600700", "+48500600700"),
    ("48500600700", "48500600700"),
    (" 71200 ", "71200"),
    ("+48500600700/TYPE=PLMN", "+48500600700"),
    ("+48500600700/TYPE=PLMN@mms.example", "+48500600700"),
    ("48500600700/type=plmn@mms.example", "48500600700"),
    ("71200/TYPE=PLMN@", "71200"),
    ("10.0.0.1/TYPE=IPv4", "10.0.0.1/TYPE=IPv4"),
    ("jan@example.com", "jan@example.com"),
    ("Jan <jan@example.com>", "Jan <jan@example.com>"),
    ("/TYPE=PLMN@mms.example", "/TYPE=PLMN@mms.example"),
    ("+/TYPE=PLMN", "+/TYPE=PLMN"),
    ("anonymous", "anonymous"),
    ("", ""),
)


def soap(body: str, header: str = "", release: str = mm7.RELEASE, env: str = "env") -> bytes:
    declared = f'xmlns:{env}="{mm7.SOAP}" xmlns="{mm7.SCHEMAS}{release}"'
    return f"<{env}:Envelope {declared}><{env}:Header>{header}</{env}:Header><{env}:Body>{body}</{env}:Body></{env}:Envelope>".encode()


def deliver(fields: str) -> Deliver:
    body = mm7.read(soap(f"<DeliverReq>{fields}</DeliverReq>")).body
    assert isinstance(body, Deliver)
    return body


@pytest.mark.parametrize(("written", "meant"), ADDRESSES)
def test_addresses(written: str, meant: str) -> None:
    assert mm7.number_of(written) == meant


@pytest.mark.parametrize("release", [*RELEASES, "REL-7-MM7-1-9", "REL-18-MM7-2-0"])
@pytest.mark.parametrize("env", ["env", "soap-env", "S", "SOAP-ENV"])
def test_every_release_and_every_prefix(release: str, env: str) -> None:
    request = mm7.read(soap("<DeliverReq><MM7Version>5.3.0</MM7Version></DeliverReq>", "<TransactionID>t1</TransactionID>", release, env))
    assert (request.kind, request.transaction, request.release, request.version) == ("DeliverReq", "t1", release, "5.3.0")
    answer = mm7.write(request.answer(1000)).decode()
    assert answer.count(f'"{mm7.SCHEMAS}{release}"') == 2
    assert "<MM7Version>5.3.0</MM7Version>" in answer


@pytest.mark.parametrize(
    "namespace", ["", "urn:other", mm7.SCHEMAS, mm7.SCHEMAS + "REL-6", mm7.SCHEMAS + 'REL-6-MM7-1-4"&gt;&lt;x', "x" * 4000]
)
def test_a_namespace_that_is_no_release_is_answered_in_ours(namespace: str) -> None:
    written = namespace.replace('"', "&quot;")
    request = mm7.read(f'<Envelope><Body><DeliverReq xmlns="{written}"/></Body></Envelope>'.encode())
    assert (request.release, request.version) == (mm7.RELEASE, mm7.VERSION)


@pytest.mark.parametrize("version", ["", "6", "6.8.0<x/>", "v6.8.0", "6.8.0.1.2", "9" * 100, "６.8.0"])
def test_a_version_that_is_none_is_answered_with_ours(version: str) -> None:
    assert mm7.read(soap(f"<DeliverReq><MM7Version>{version}</MM7Version></DeliverReq>")).version in (mm7.VERSION, "6.8.0")


def test_a_release_on_the_transaction_alone() -> None:
    header = f'<m:TransactionID xmlns:m="{mm7.SCHEMAS}REL-5-MM7-1-0">7</m:TransactionID>'
    octets = f"<Envelope><Header>{header}</Header><Body><DeliverReq/></Body></Envelope>"
    assert mm7.read(octets.encode()).release == "REL-5-MM7-1-0"


def test_a_whole_deliver_request() -> None:
    assert deliver(
        "<MM7Version>6.8.0</MM7Version><MMSRelayServerID>relay</MMSRelayServerID><LinkedID> L1 </LinkedID>"
        "<Sender><Number>+48500600700</Number></Sender><Recipients><To><Number>1</Number><ShortCode>2</ShortCode></To>"
        '<Cc><RFC2822Address displayOnly="true">a@b</RFC2822Address></Cc></Recipients><TimeStamp>2014-10-21T14:09:15Z</TimeStamp>'
        '<Priority>High</Priority><Subject>S &amp; T</Subject><Content href="cid:x" allowAdaptations="true"/>'
    ) == Deliver(
        "+48500600700",
        (Address("1"), Address("2", "ShortCode"), Address("a@b", "RFC2822Address", True)),
        "S & T", "L1", "2014-10-21T14:09:15Z", "High", "relay", "cid:x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sender", "recipients"),
    [
        ("", "", []),
        ("<Sender/><Recipients/>", "", []),
        ("<Sender>1</Sender><Recipients>2</Recipients>", "1", ["2"]),
        ("<Sender>1</Sender><Recipients><To>2</To><To>3</To></Recipients>", "1", ["2", "3"]),
        ("<SenderAddress><Number>1</Number></SenderAddress><Recipient><Number>2</Number></Recipient>", "1", ["2"]),
        ("<Sender><Number/><RFC2822Address>a@b</RFC2822Address></Sender>", "a@b", []),
        ("<x:Sender><y:Number>1</y:Number></x:Sender>", "1", []),
    ],
)
def test_addresses_of_odd_senders(fields: str, sender: str, recipients: list[str]) -> None:
    body = deliver(fields)
    assert (body.sender, [one.value for one in body.recipients]) == (sender, recipients)


def test_reports() -> None:
    inside = (
        "<MessageID>m</MessageID><Recipient><Number>1/TYPE=PLMN@x</Number></Recipient><Sender><ShortCode>2</ShortCode></Sender>"
        "<{0}>2014-10-21T14:09:15Z</{0}><MMStatus>Retrieved</MMStatus><StatusText>ok</StatusText>"
    )
    expected = Report("m", "2", "1", "2014-10-21T14:09:15Z", "Retrieved", "ok")
    assert mm7.read(soap(f"<DeliveryReportReq>{inside.format('Date')}</DeliveryReportReq>")).body == expected
    assert mm7.read(soap(f"<DeliveryReportReq>{inside.format('TimeStamp')}</DeliveryReportReq>")).body == expected
    assert mm7.read(soap(f"<ReadReplyReq>{inside.format('TimeStamp')}</ReadReplyReq>")).body == expected


@pytest.mark.parametrize("kind", ["SubmitReq", "CancelReq", "ReplaceReq", "extendedCancelReq", "x", "Deliverreq"])
def test_requests_that_no_vasp_takes(kind: str) -> None:
    request = mm7.read(soap(f"<{kind}/>", "<TransactionID>9</TransactionID>"))
    assert (request.kind, request.body) == (kind, None)
    answer = mm7.read(mm7.write(request.answer(mm7_status.UNSUPPORTED_OPERATION)))
    assert (answer.kind, answer.transaction, answer.body) == ("Fault", "9", Status(4003, "Unsupported operation"))


@pytest.mark.parametrize(
    "octets",
    [b"<a/>", b"<Envelope/>", b"<Envelope><Header/></Envelope>", b"<Envelope><Body/></Envelope>", b"<Body><DeliverReq/></Body>", b"", b"x"],
)
def test_what_is_no_envelope(octets: bytes) -> None:
    with pytest.raises(WireError):
        mm7.read(octets)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<DeliverRsp><Status><StatusCode>1000</StatusCode><StatusText>Fine</StatusText></Status></DeliverRsp>", Status(1000, "Fine")),
        ("<Fault><faultcode>x</faultcode><faultstring>Broken</faultstring></Fault>", Status(2000, "Broken")),
        ("<Fault><detail><RSErrorRsp><Status><StatusCode>4006</StatusCode></Status></RSErrorRsp></detail></Fault>", Status(4006, "")),
        ("<RSErrorRsp><Status><StatusCode>4001</StatusCode></Status></RSErrorRsp>", Status(4001, "")),
        ("<DeliverRsp/>", Status(2000, "")),
        ("<DeliverRsp><Status><StatusCode>ok</StatusCode></Status></DeliverRsp>", Status(2000, "")),
        ("<DeliverRsp><Status><StatusCode>" + "1" * 5000 + "</StatusCode></Status></DeliverRsp>", Status(2000, "")),
    ],
)
def test_answers_of_others(body: str, status: Status) -> None:
    assert mm7.read(soap(body)).body == status


@pytest.mark.parametrize(
    ("code", "text", "temporary", "taken"),
    [
        (1000, "Success", False, True),
        (1100, "Partial success", False, True),
        (1555, "Success", False, True),
        (2004, "Multimedia content refused", False, False),
        (2999, "Client error", False, False),
        (3000, "Server error", True, False),
        (4003, "Unsupported operation", False, False),
        (4006, "Service unavailable", True, False),
        (4999, "General service error", False, False),
        (9999, "Unknown status", False, False),
        (0, "Unknown status", False, False),
    ],
)
def test_status_codes(code: int, text: str, temporary: bool, taken: bool) -> None:
    assert (mm7_status.text_of(code), mm7_status.is_temporary(code), Status(code).taken) == (text, temporary, taken)


def test_faults_say_whose_fault_it_is() -> None:
    assert b"<faultcode>env:Client</faultcode>" in mm7.write(mm7.UNKNOWN.fault(4004))
    assert b"<faultcode>env:Server</faultcode>" in mm7.write(mm7.UNKNOWN.fault(4006))
    assert b"<VASPErrorRsp " in mm7.write(mm7.UNKNOWN.fault(4004)), "we are the VASP, not the relay"
    assert b"TransactionID" not in mm7.write(mm7.UNKNOWN.fault(4004))


# What XML keeps as it is: no control signs, no blanks around it.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Z")), max_size=30)
numbers = st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True)
addresses = st.builds(Address, numbers, st.sampled_from(["Number", "ShortCode", "RFC2822Address"]), st.booleans())
delivers = st.builds(Deliver, numbers, st.lists(addresses, max_size=4).map(tuple), texts, texts, texts, texts, texts, texts)
reports = st.builds(Report, texts, numbers, numbers, texts, texts, texts)
statuses = st.builds(Status, st.integers(0, 999_999), texts)
envelopes = (
    st.builds(Envelope, st.just("DeliverReq"), texts, delivers, st.sampled_from(RELEASES))
    | st.builds(Envelope, st.sampled_from(["DeliveryReportReq", "ReadReplyReq"]), texts, reports, st.sampled_from(RELEASES))
    | st.builds(Envelope, st.sampled_from(["DeliverRsp", "DeliveryReportRsp", "ReadReplyRsp", "Fault"]), texts, statuses)
)


@given(envelopes)
def test_what_is_written_is_read(envelope: Envelope) -> None:
    read = mm7.read(mm7.write(envelope))
    if envelope.kind == "Fault" and isinstance(envelope.body, Status) and not envelope.body.text:
        assert (read.kind, read.transaction) == (envelope.kind, envelope.transaction)
    else:
        assert (read.kind, read.transaction, read.body) == (envelope.kind, envelope.transaction, envelope.body)


PIECES = (
    "<Envelope>", "</Envelope>", "<Body>", "</Body>", "<DeliverReq>", "</DeliverReq>", "<Sender>", "</Sender>", "<Number>", "</Number>",
    "<Recipients>", "</Recipients>", "<Status/>", "<StatusCode>", "</StatusCode>", "x", "1000", " ", "<Fault/>", "<Header/>", "<Subject/>",
)  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@given(pieces.map(str.encode) | pieces.map(lambda some: f"<Envelope><Body>{some}</Body></Envelope>".encode()) | st.binary(max_size=100))
def test_any_octets_are_an_envelope_or_a_fault(octets: bytes) -> None:
    try:
        request = mm7.read(octets)
    except WireError as error:
        told = str(error)
        request = mm7.UNKNOWN
    else:
        told = request.kind
    assert told
    assert mm7.read(mm7.write(request.fault(1000))).body == Status(1000, "Success")

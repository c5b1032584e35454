"""What an MMSC is told, and what is kept: sizes, repetitions, faults of theirs and of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import Busy, StoreFull, StoreUnavailable, WireError
from odzew.ingest import mm7 as ingest_mm7
from odzew.ingest.contract import Request
from odzew.model import Attachment, Source
from odzew.simulate.mmsc_shapes import SHAPES, put_together
from odzew.wire import mm7
from odzew.wire.mm7 import Address, Deliver, Envelope
from tests.ingest import mm7_house
from tests.ingest.house import Recorder
from tests.ingest.mm7_house import OWN, PREMIUM, SHARED, SMS_ONLY, House, post, status_of

PHONE = "+48500600700"
AT = "2014-10-21T14:09:15+02:00"
TEXT = Attachment("t.txt", "text/plain; charset=utf-8", b"czesc")


def made(
    transaction: str = "t",
    sender: str = PHONE,
    recipients: tuple[str, ...] = (OWN,),
    parts: tuple[Attachment, ...] = (TEXT,),
    **fields: Any,
) -> tuple[bytes, str]:
    """Body and content type of a DeliverReq."""
    values: dict[str, Any] = {"subject": "temat", "linked_id": "L", "at": AT} | fields
    body = Deliver(sender, tuple(Address(one) for one in recipients), **values)
    content_type, octets = put_together(SHAPES["nested"], mm7.write(Envelope("DeliverReq", transaction, body)), parts)
    return octets, content_type


# --- whose -------------------------------------------------------------------------------------------------------------

# Recipients, subject, text; the numbers and the owner of the messages.
WHOSE: tuple[tuple[str, tuple[str, ...], str, bytes, list[tuple[str, str, int | None]]], ...] = (
    ("own number", (OWN,), "x", b"y", [(OWN, "mms", 1)]),
    ("own number, without a plus", (OWN[1:],), "x", b"y", [(OWN, "mms", 1)]),
    ("own number, national", (OWN[3:],), "x", b"y", [(OWN, "mms", 1)]),
    ("MM1's form", (f"{OWN}/TYPE=PLMN@mms.example",), "x", b"y", [(OWN, "mms", 1)]),
    ("keyword in the subject", (SHARED,), "auto kup", b"y", [(SHARED, "mms", 1)]),
    ("keyword in the first text", (SHARED,), "", b"AUTO kup", [(SHARED, "mms", 1)]),
    ("keyword on a short code", (PREMIUM,), "Auto", b"", [(PREMIUM, "mms", 1)]),
    ("no keyword", (SHARED,), "x", b"y", [(SHARED, "unclaimed", None)]),
    ("a number without MMS", (SMS_ONLY,), "x", b"y", [(SMS_ONLY, "unclaimed", None)]),
    ("not ours", ("+48111222333",), "x", b"y", [("+48111222333", "unclaimed", None)]),
    ("two, neither ours", ("+48111222333", "+48111222334"), "x", b"y", [("+48111222333", "unclaimed", None)]),
    ("ours behind another", ("+48111222333", OWN), "x", b"y", [(OWN, "mms", 1)]),
    ("two of ours", (OWN, SHARED), "AUTO", b"", [(OWN, "mms", 1), (SHARED, "mms", 1)]),
    ("one of ours twice", (OWN, OWN), "x", b"y", [(OWN, "mms", 1)]),
    ("an address of mail", ("ktos@example.com",), "x", b"y", [("ktos@example.com", "unclaimed", None)]),
)


@pytest.mark.parametrize(("recipients", "subject", "text", "stored"), [row[1:] for row in WHOSE], ids=[row[0] for row in WHOSE])
async def test_whose_it_is(
    mms: House, recipients: tuple[str, ...], subject: str, text: bytes, stored: list[tuple[str, str, int | None]]
) -> None:
    answer = await post(mms.app, *made(recipients=recipients, subject=subject, parts=(Attachment("t.txt", "text/plain", text),)))
    assert (answer.status, status_of(answer)) == (200, ("DeliverRsp", "t", 1000))
    assert await mms.rows("SELECT recipient, kind, account_id FROM messages ORDER BY id") == stored


async def test_the_time_of_a_trusted_source(mms: House) -> None:
    for source in ("mmsc", "trusted"):
        assert (await post(mms.app, *made(at="2014-10-20T08:00:00Z"), source=source)).status == 200
    assert [item["recived"] for item in await mms.pulled()] == ["2014-10-20 10:00:00", "2014-10-21 11:18:03"]


# --- repetitions -------------------------------------------------------------------------------------------------------

DIFFERENT: dict[str, dict[str, Any]] = {
    "transaction": {"transaction": "u"},
    "LinkedID": {"linked_id": "M"},
    "no LinkedID": {"linked_id": ""},
    "sender": {"sender": "+48500600701"},
    "recipients": {"recipients": (OWN, "+48111222333")},
    "time": {"at": "2014-10-21T14:09:16+02:00"},
    "subject": {"subject": "inny"},
    "content": {"parts": (Attachment("t.txt", "text/plain; charset=utf-8", b"czesc!"),)},
    "parts cut elsewhere": {"parts": (Attachment("t.txt", "text/plain", b"cz"), Attachment("t.txt", "text/plain", b"esc"))},
}


async def test_a_repetition_is_one_message_however_it_is_put_together(mms: House) -> None:
    answers = [await post(mms.app, *made()) for _ in range(3)]  # each with boundaries of its own
    assert [status_of(answer)[2] for answer in answers] == [1000] * 3
    assert await mms.rows("SELECT count(*) FROM arrivals") == [(1,)]


@pytest.mark.parametrize("what", sorted(DIFFERENT))
async def test_a_counter_that_starts_again_hides_nothing(mms: House, what: str) -> None:
    for fields in ({}, DIFFERENT[what], {}, DIFFERENT[what]):
        assert (await post(mms.app, *made(**fields))).status == 200
    assert await mms.rows("SELECT count(*) FROM messages") == [(2,)]


async def test_two_sources_number_by_themselves(mms: House) -> None:
    for source in ("mmsc", "literal", "mmsc"):
        assert (await post(mms.app, *made(), source=source)).status == 200
    assert await mms.rows("SELECT count(*) FROM messages") == [(2,)]


# --- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "code"), [(2000, 1000), (2001, 2004)])
async def test_the_attachments_together_have_a_limit(mms: House, size: int, code: int) -> None:
    parts = (Attachment("a", "image/gif", b"x" * 1000), Attachment("b", "image/gif", b"y" * (size - 1000)))
    answer = await post(mms.app, *made(parts=parts), source="small")
    assert (answer.status, status_of(answer)) == (200, ("DeliverRsp", "t", code))
    assert await mms.rows("SELECT count(*) FROM arrivals") == [(int(code == 1000),)], "what is too large is not kept"


# --- faults of theirs --------------------------------------------------------------------------------------------------

UNREADABLE: tuple[tuple[str, bytes, str], ...] = (
    ("nothing", b"", "text/xml"),
    ("no XML", b"hello", "text/xml"),
    ("XML that is no SOAP", b"<a>Envelope</a>", "text/xml"),
    ("an empty SOAP body", b"<Envelope><Body/></Envelope>", "text/xml"),
    ("XML that is broken", mm7_house.request("plain")[0][:-20], "text/xml"),
    ("a document type", b"<!DOCTYPE a><Envelope><Body><DeliverReq/></Body></Envelope>", "text/xml"),
    ("a multipart without an envelope", b"--b\r\n\r\nhi\r\n--b--", "multipart/related; boundary=b"),
    ("a multipart of nothing", b"", "multipart/related"),
    ("too many parts", b"--b\r\n\r\n" * 1000, "multipart/related; boundary=b"),
    ("NUL everywhere", b"\0" * 1000, "text/xml"),
)


@pytest.mark.parametrize(("body", "content_type"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
async def test_what_cannot_be_read_is_kept_once_and_answered_with_a_fault(mms: House, body: bytes, content_type: str) -> None:
    for _ in range(2):
        answer = await post(mms.app, body, content_type)
        assert (answer.status, status_of(answer)) == (500, ("Fault", "", 4004))
    ((role, raw, fault),) = await mms.rows("SELECT role, raw, fault FROM arrivals")
    assert (role, bytes(raw).endswith(body)) == ("unreadable", True)
    assert fault
    assert await mms.pulled() == []
    assert (await post(mms.app, *made())).status == 200, "and nothing that follows is blocked"


@pytest.mark.parametrize("fields", [{"sender": ""}, {"recipients": ()}, {"sender": "x" * 200}, {"sender": "", "recipients": ()}])
async def test_a_message_without_an_address_is_kept_raw(mms: House, fields: dict[str, Any]) -> None:
    """It is stored, and so it is taken: the operator sees it, and the MMSC has nothing to mend."""
    answer = await post(mms.app, *made(**fields))
    assert (answer.status, status_of(answer)) == (200, ("DeliverRsp", "t", 1000))
    assert await mms.rows("SELECT role, message_id FROM arrivals") == [("unreadable", None)]


async def test_hostile_names_and_types_become_harmless(mms: House) -> None:
    body = (
        b"--b\r\nContent-Type: text/xml\r\n\r\n" + mm7.write(Envelope("DeliverReq", "t", Deliver(PHONE, (Address(OWN),)))) +
        b'\r\n--b\r\nContent-Type: image/gif; name="../../etc/passwd"\r\n\r\n1'
        b'\r\n--b\r\nContent-Type: text/plain; charset="x\r\n y;\x00"; name="a\x00b\x1b\xe2\x80\xae.txt"\r\n\r\n2'
        b"\r\n--b\r\nContent-Type: text/html<script>; name=..\r\n\r\n3"
        b"\r\n--b\r\nContent-Type: image/png; name=\"" + b"d" * 400 + b".png\"\r\n\r\n4"
        b"\r\n--b--"
    )  # fmt: skip
    assert (await post(mms.app, body, "multipart/related; boundary=b")).status == 200
    ((item),) = await mms.pulled()
    assert [(one["name"], one["content_type"]) for one in item["attachments"]] == [
        ("passwd", "image/gif"),
        ("a\ufffdb.txt", "text/plain"),
        ("part_3.txt", "text/plain; charset=utf-8"),
        ("d" * 239 + ".png", "image/png"),
    ]


# --- faults of ours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(StoreUnavailable("gone"), b"5"), (StoreFull("full"), b"5"), (Busy("busy", retry_after=7), b"7"), (RuntimeError("x"), b"5")],
)
@pytest.mark.parametrize("name", ["annex_l", "delivery_report"])
async def test_what_was_not_stored_is_asked_for_again(mms: House, fault: Exception, seconds: bytes, name: str) -> None:
    answer = await post(mms.serving(Recorder(fault).receive), *mm7_house.request(name))
    assert (answer.status, answer.headers[b"retry-after"]) == (503, seconds)
    kind, transaction, code = status_of(answer)
    assert (kind, code) == ("Fault", 4006)
    assert transaction in ("vas00324-dlvr", "dr-1"), "to the request's own transaction"


async def test_what_cannot_be_read_while_the_store_is_gone_is_asked_for_again(mms: House) -> None:
    answer = await post(mms.serving(Recorder(StoreUnavailable("gone")).receive), b"hello")
    assert (answer.status, status_of(answer)) == (503, ("Fault", "", 4006))


async def test_a_store_that_is_gone(mms: House) -> None:
    await mms.api.db.close()
    assert (await post(mms.app, *made())).status == 503


async def test_on_postgres(pg_mms: House) -> None:
    """A NUL in a name, a title of any letters, a report and something unreadable."""
    for name in ("annex_l", "latin2", "delivery_report", "read_reply"):
        assert (await post(pg_mms.app, *mm7_house.request(name))).status == 200
    assert (await post(pg_mms.app, *made(subject="😀 \ud800"))).status == 200
    assert (await post(pg_mms.app, b"\0\xff")).status == 500
    assert await pg_mms.rows("SELECT role, count(*) FROM arrivals GROUP BY role ORDER BY role") == [
        ("message", 3), ("report", 2), ("unreadable", 1),
    ]  # fmt: skip
    assert [len(item["attachments"]) for item in await pg_mms.pulled()] == [2, 1, 1]


# --- anything at all ---------------------------------------------------------------------------------------------------

PIECES = (
    b"--b\r\n", b"\r\n", b"--b--", b"Content-Type: text/xml\r\n\r\n", b"<Envelope><Body>", b"<DeliverReq>", b"</DeliverReq>",
    b"</Body></Envelope>", b"<Sender><Number>1</Number></Sender>", b"Content-Transfer-Encoding: base64\r\n\r\n", b"\xff",
    b"<Subject>=?utf-8?B?xbw?=</Subject>",
)  # fmt: skip
pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=10), max_size=20)


@given(pieces.map(b"".join), st.sampled_from([b"", b"text/xml", b"multipart/related; boundary=b", b"multipart/mixed", b"\xff;="]))
async def test_any_octets_get_an_answer_of_mm7(body: bytes, content_type: bytes) -> None:
    recorder = Recorder()
    headers = [(b"content-type", content_type)] if content_type else []
    request = Request("POST", b"", headers, ingest_mm7.before(headers) + body, lambda address: True)
    answer = await ingest_mm7.handle(Source(1, "m", "mm7"), request, recorder.receive, "PL")
    envelope = mm7.read(answer.body)
    assert (answer.status, envelope.kind) in ((200, "DeliverRsp"), (200, "DeliveryReportRsp"), (500, "Fault"))
    for arrival in recorder.arrivals:
        assert arrival.raw.endswith(body)


@given(st.binary(max_size=200))
def test_any_raw_is_a_message_or_a_fault(raw: bytes) -> None:
    try:
        told = ingest_mm7.Message(raw).envelope.kind
    except WireError as error:
        told = str(error)
    assert told

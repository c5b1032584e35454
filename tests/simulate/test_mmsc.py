"""The MMSC: brings once where it is taken, again where it is told to wait, never again where it is refused."""

from __future__ import annotations

import base64
import re

import pytest

from odzew.errors import SettingError
from odzew.model import Attachment
from odzew.simulate.http import Unanswered
from odzew.simulate.mmsc import Mmsc, read_url, send_mms
from odzew.simulate.mmsc_shapes import SHAPES, put_together, samples
from odzew.wire import mime, mm7
from odzew.wire.mm7 import Deliver, Envelope, Report
from tests.simulate.counterpart import Player, Waits, playing

PARTS = (Attachment("t.txt", "text/plain", b"czesc"),)


def answer(status: str, code: int | None = None, *headers: str, kind: str = "DeliverReq") -> bytes:
    body = b"<html>" if code is None else mm7.write(Envelope(kind, "t").answer(code))
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


TAKEN = answer("200 OK", 1000)


def mmsc(player: Player, clock: Waits | None = None, patience: float = 30.0) -> Mmsc:
    return Mmsc(clock or Waits(), f"http://127.0.0.1:{player.port}/ingest/mmsc", "vasp", "tajne", patience)


def envelope_in(player: Player, number: int = 0) -> Envelope:
    """The envelope of a request that the player heard."""
    content_type = re.search(rb"Content-Type: [^\r]*", player.heads[number])
    assert content_type
    root = mime.read(content_type[0] + b"\r\n\r\n" + player.bodies[number])
    return mm7.read(next(mime.leaves(root)).data())


async def test_a_message_that_is_taken() -> None:
    async with playing(TAKEN) as player:
        sent = await mmsc(player).deliver("+48500600700", ["71200", "+48664078059", "a@b"], "Temat & <coś>", PARTS)
    assert (sent.taken, sent.http_status, sent.tries, sent.kind) == (True, 200, 1, "DeliverRsp")
    assert player.heads[0].startswith(b"POST /ingest/mmsc HTTP/1.1\r\n")
    assert b"Authorization: Basic " + base64.b64encode(b"vasp:tajne") + b"\r\n" in player.heads[0]
    heard = envelope_in(player)
    assert isinstance(heard.body, Deliver)
    assert (heard.kind, heard.transaction, heard.body.subject) == ("DeliverReq", sent.transaction, "Temat & <coś>")
    assert [(one.kind, one.value) for one in heard.body.recipients] == [
        ("ShortCode", "71200"), ("Number", "+48664078059"), ("RFC2822Address", "a@b"),
    ]  # fmt: skip
    assert heard.body.at == "2014-10-21T09:18:03+00:00"


@pytest.mark.parametrize(
    ("first", "waited"),
    [
        ([answer("503 Service Unavailable", 4006, "Retry-After: 5")], [5.0]),
        ([answer("503 Service Unavailable")], [1.0]),
        ([answer("502 Bad Gateway")], [1.0]),
        ([answer("429 Too Many Requests", None, "Retry-After: 2")], [2.0]),
        ([answer("200 OK", 4006)], [1.0]),
        ([answer("500 Internal Server Error", 3000)], [1.0]),
        ([b""], [1.0]),
        ([answer("503 Service Unavailable", 4006, "Retry-After: 99999999999")], [30.0]),
        ([b"", answer("200 OK", 4006, "Retry-After: 3"), b""], [1.0, 3.0, 1.0]),
    ],
)
async def test_what_is_not_taken_now_is_brought_again_as_it_was(first: list[bytes], waited: list[float]) -> None:
    clock = Waits()
    async with playing(*first, TAKEN) as player:
        sender = mmsc(player, clock)
        sent = await sender.deliver("1", ["2"], "x", PARTS)
    assert (sent.taken, sent.tries, sender.requests, clock.waited) == (True, len(waited) + 1, len(waited) + 1, waited)
    assert len(set(player.bodies)) == 1, "the same TransactionID, the same octets"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (answer("200 OK", 2004), 2004),
        (answer("500 Internal Server Error", 4004), 4004),
        (answer("500 Internal Server Error", 4003, kind="x"), 4003),
        (answer("413 Content Too Large", 2004), 2004),
        (answer("401 Unauthorized"), 2000),
        (answer("404 Not Found"), 2000),
        (answer("200 OK"), 2000),
    ],
)
async def test_what_is_refused_is_not_brought_again(refusal: bytes, code: int) -> None:
    async with playing(refusal) as player:
        sent = await mmsc(player).deliver("1", ["2"], "x", PARTS)
    assert (sent.taken, sent.status.code, len(player.bodies)) == (False, code, 1)


@pytest.mark.parametrize("patience", [0.0, 3.0, 30.0])
async def test_patience_ends(patience: float) -> None:
    clock = Waits()
    async with playing(answer("503 Service Unavailable", 4006)) as player:
        with pytest.raises(Unanswered, match="answered 503, 4006"):
            await mmsc(player, clock, patience).deliver("1", ["2"], "x", PARTS)
    assert sum(clock.waited) == patience


async def test_every_message_has_a_transaction_of_its_own_and_a_given_one_stays() -> None:
    async with playing(TAKEN) as player:
        sender = mmsc(player)
        sent = [await sender.deliver("1", ["2"], "x", PARTS) for _ in range(2)]
        sent.append(await sender.deliver("1", ["2"], "x", PARTS, transaction="mine"))
    assert [envelope_in(player, number).transaction for number in range(3)] == [one.transaction for one in sent]
    assert len({one.transaction for one in sent}) == 3
    assert sent[2].transaction == "mine"


async def test_reports() -> None:
    async with playing(answer("200 OK", 1000, kind="DeliveryReportReq"), answer("200 OK", 1000, kind="ReadReplyReq")) as player:
        sender = mmsc(player)
        sent = [
            await sender.delivery_report("m1", "71200", "+48500600700", "Expired"),
            await sender.read_reply("m1", "71200", "+48500600700"),
        ]
    assert [one.kind for one in sent] == ["DeliveryReportRsp", "ReadReplyRsp"]
    at = "2014-10-21T09:18:03+00:00"
    assert [mm7.read(body).body for body in player.bodies] == [
        Report("m1", "71200", "+48500600700", at, "Expired"), Report("m1", "71200", "+48500600700", at, "Read"),
    ]  # fmt: skip
    assert all(b'Content-Type: text/xml; charset="utf-8"\r\n' in head for head in player.heads)


async def test_send_mms_is_all_it_takes() -> None:
    async with playing(TAKEN) as player:
        sent = await send_mms(Waits(), f"http://127.0.0.1:{player.port}/ingest/x", "", "", "1", "2", "s", PARTS)
    assert sent.taken
    assert b"Authorization" not in player.heads[0]


async def test_a_shape_that_is_none() -> None:
    with pytest.raises(SettingError, match="is no shape: use one of nested"):
        await Mmsc(Waits(), "http://127.0.0.1:1/x").deliver("1", ["2"], "x", PARTS, "round")


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://127.0.0.1:8080/ingest/mmsc", (("127.0.0.1", 8080), "/ingest/mmsc")),
        ("http://localhost/x?a=1", (("localhost", 80), "/x?a=1")),
        ("http://[::1]:81", (("::1", 81), "/")),
    ],
)
def test_urls(url: str, meant: object) -> None:
    assert read_url(url) == meant


@pytest.mark.parametrize(
    "url", ["", "mmsc", "https://127.0.0.1/x", "http:///x", "http://127.0.0.1:99999/x", "http://[::1/x", "ftp://127.0.0.1/"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(SettingError):
        read_url(url)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_differs_from_the_first_and_is_told_in_words(shape: str) -> None:
    envelope = mm7.write(Envelope("DeliverReq", "t", Deliver("1", (), "ż")))
    content_type, body = put_together(SHAPES[shape], envelope, samples())
    root = mime.read(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert sum(one.data() == samples()[3].data for one in mime.leaves(root)) == 1
    assert SHAPES[shape].words
    assert shape == "nested" or SHAPES[shape] != SHAPES["nested"]

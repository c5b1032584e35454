"""One attempt, end to end: a real sender against a real web server on loopback, which reads what came as any client would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
from aiohttp import web

from odzew.clock import SECOND, FixedClock
from odzew.errors import StoreUnavailable
from odzew.forward.exchange import Exchange
from odzew.forward.sender import HttpSender
from odzew.model import Account, Attachment, Attempt, Message, Owed, Target
from odzew.store import messages
from odzew.store.db import Request
from odzew.store.messages import SLICE
from tests.forward.builders import SECRET, Watched, a_message, a_target, an_account
from tests.forward.client import Client
from tests.forward.inline import Disk, InlineDatabase

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
HERE = ("127.0.0.1",)


class Desk:
    """An exchange over a database in memory."""

    def __init__(self, clock: FixedClock, sender: HttpSender, client: Client) -> None:
        self.disk = Disk()
        self.db = Watched(InlineDatabase(self.disk, clock))
        self.client = client
        self.secrets: dict[str, str] = {"env:ACME": SECRET}
        self.exchange = Exchange(self.db, clock, sender, self.secrets.get)

    async def send(
        self, rest: str, message: Message | None = None, *, owed: Owed | None = None, account: Account | None = None, **target: Any
    ) -> Attempt:
        message = message or a_message()
        wanted: Target = a_target(target.pop("url", self.client.url(rest)), **target)
        owed = owed or Owed(77, 1, 1, message.id, 0, message=message)
        return await self.exchange.attempt(owed, wanted, account or an_account(forward_allow=HERE), 5)

    async def store(self, message: Message, *attachments: Attachment) -> None:
        await self.db.write(_store, message, attachments)


def _store(message: Message, attachments: tuple[Attachment, ...]) -> Generator[Request, Any, None]:
    yield from messages.add([message])
    yield from messages.add_attachments([(message.id, attachments)])


@pytest.fixture
async def desk(clock: FixedClock, sender: HttpSender, client: Client) -> AsyncIterator[Desk]:
    desk = Desk(clock, sender, client)
    yield desk
    await sender.close()
    desk.disk.close()


# --- the call --------------------------------------------------------------------------------------------------------

TARGETS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("a plus and a space", "/in?n=#NUMER#&t=#WIADOMOSC#", {"text": "a b+c"}, "/in?n=%2B48500600700&t=a%20b%2Bc"),
    ("Polish letters", "/in?t=#WIADOMOSC#", {"text": "Żółć"}, "/in?t=%C5%BB%C3%B3%C5%82%C4%87"),
    ("emoji", "/in?t=#WIADOMOSC#", {"text": "🐈"}, "/in?t=%F0%9F%90%88"),
    ("premium has no plus", "/in?n=#NUMER#&k=#TYP#&l=#LIMIT#", {"kind": "pre"}, "/in?n=48500600700&k=pre&l=0"),
    ("an alias", "/in?n=#NUMEROD#&i=#IDSMS#", {}, "/in?n=%2B48500600700&i=1"),
    ("time in the account's zone", "/in?d=#DATA#", {}, "/in?d=2014-10-21%2011%3A18%3A03"),
    ("a placeholder in a value", "/in?t=#WIADOMOSC#&i=#ID#", {"text": "#ID# #NUMER#"}, "/in?t=%23ID%23%20%23NUMER%23&i=1"),
    ("what would break a query", "/in?t=#WIADOMOSC#", {"text": "a&b=c?d/e\r\nHost: evil"}, "/in?t=a%26b%3Dc%3Fd%2Fe%0D%0AHost%3A%20evil"),
    ("in the path", "/in/#ID#/#HASLO#", {"keyword": "A/B"}, "/in/1/A%2FB"),
    ("nothing to fill in", "/in?fixed=%2f&+=+", {}, "/in?fixed=%2f&+=+"),
    ("no path at all", "", {}, "/"),
)  # fmt: skip


@pytest.mark.parametrize(("template", "message", "target"), [case[1:] for case in TARGETS], ids=[case[0] for case in TARGETS])
async def test_octets_sent_are_octets_built(desk: Desk, template: str, message: dict[str, Any], target: str) -> None:
    attempt = await desk.send(template, a_message(**message))
    [request] = desk.client.requests
    assert (request.method, request.raw_path) == ("GET", target)
    assert (attempt.outcome, attempt.status, attempt.number) == ("ok", 200, 1)
    assert attempt.url == desk.client.url(target)
    assert attempt.address == "127.0.0.1"
    assert attempt.body == b"OK"
    assert "total=" in attempt.timings


async def test_the_time_is_the_accounts(desk: Desk) -> None:
    await desk.send("/in?d=#DATA#", account=an_account(forward_allow=HERE, time_zone="America/New_York"))
    assert desk.client.requests[0].query["d"] == "2014-10-21 05:18:03"


async def test_user_info_becomes_a_header_and_is_shown_nowhere(desk: Desk) -> None:
    url = f"http://jan:s%3Akret@client.example:{desk.client.port}/in"
    attempt = await desk.send("", url=url)
    assert desk.client.requests[0].headers["Authorization"] == "Basic " + base64.b64encode(b"jan:s:kret").decode()
    assert "kret" not in attempt.url + attempt.detail


@pytest.mark.parametrize(("slot", "header"), [(0, "1/5"), (1, "2/5"), (4, "5/5")])
async def test_the_number_of_the_attempt_is_told(desk: Desk, slot: int, header: str) -> None:
    attempt = await desk.send("/in", owed=Owed(77, 1, 1, 1, 0, slot, 0 if slot else None, message=a_message()))
    assert desk.client.requests[0].headers["X-Attempt"] == header
    assert attempt.number == slot + 1


async def test_the_webhook_id_stays_over_repeats_and_differs_between_deliveries(desk: Desk, clock: FixedClock) -> None:
    for delivery, slot in ((77, 0), (77, 1), (78, 0)):
        await desk.send("/in", owed=Owed(delivery, 1, 1, 1, 0, slot, message=a_message()))
        clock.advance(300)
    headers = [request.headers for request in desk.client.requests]
    assert [found["webhook-id"] for found in headers] == ["msg_77", "msg_77", "msg_78"]
    began = clock.now() // SECOND - 900
    assert [int(found["webhook-timestamp"]) for found in headers] == [began, began + 300, began + 600]
    assert not any("webhook-signature" in found for found in headers), "nothing to sign with"


# --- the signature ---------------------------------------------------------------------------------------------------


def signed(request: web.Request, payload: bytes) -> str:
    """The signature by Standard Webhooks, computed by the other side."""
    content = request.headers["webhook-id"].encode() + b"." + request.headers["webhook-timestamp"].encode() + b"." + payload
    return "v1," + base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(("template", "query"), [("/in?t=#WIADOMOSC#&x=%2f", b"t=a%20b&x=%2f"), ("/in", b""), ("/in?", b"")])
async def test_the_raw_query_of_a_get_is_signed(desk: Desk, template: str, query: bytes) -> None:
    await desk.send(template, a_message("a b"), secret="env:ACME")
    [request] = desk.client.requests
    assert request.raw_path.partition("?")[2].encode() == query
    assert request.headers["webhook-signature"] == signed(request, query)


@pytest.mark.parametrize("body", ["form", "json"])
async def test_the_body_of_a_post_is_signed(desk: Desk, body: str) -> None:
    message = a_message(kind="mms", title="Temat")
    await desk.store(message, Attachment("a.bin", "application/octet-stream", bytes(range(256)) * 3000))
    await desk.send("/in?not=signed", message, body=body, secret="env:ACME")
    [request] = desk.client.requests
    assert request.headers["webhook-signature"] == signed(request, desk.client.bodies[0])


@pytest.mark.parametrize(("value", "words"), [(None, "env:ACME is not set"), ("plain", "starts with whsec_"), ("whsec_AAAA", "octets")])
async def test_a_secret_that_cannot_be_used_fails_the_attempt_and_says_why(desk: Desk, value: str | None, words: str) -> None:
    desk.secrets.clear()
    if value is not None:
        desk.secrets["env:ACME"] = value
    attempt = await desk.send("/in", secret="env:ACME")
    assert attempt.outcome == "internal"
    assert words in attempt.detail
    assert desk.client.requests == [], "nothing goes out unsigned"


# --- the answer ------------------------------------------------------------------------------------------------------

ANSWERS: tuple[tuple[str | None, int, bytes, str], ...] = (
    (None, 200, b"whatever", "ok"),
    (None, 204, b"", "ok"),
    (None, 302, b"", "http_3xx"),
    (None, 404, b"OK", "http_4xx"),
    (None, 503, b"OK", "http_5xx"),
    ("OK", 200, b"OK", "ok"),
    ("OK", 200, b"\xef\xbb\xbf OK\r\n", "ok"),
    ("OK", 201, b"OK", "ok"),
    ("OK", 200, b"ok", "verify_mismatch"),
    ("OK", 200, b"", "verify_mismatch"),
    ("OK", 500, b"OK", "http_5xx"),
    ("#ID#:#NUMER#", 200, b"1:+48500600700", "ok"),
    ("#ID#", 200, b"2", "verify_mismatch"),
    ("#WIADOMOSC#", 200, "Żółć #ID#".encode(), "ok"),
)


@pytest.mark.parametrize(("verify", "status", "body", "outcome"), ANSWERS)
async def test_the_answer_decides(desk: Desk, verify: str | None, status: int, body: bytes, outcome: str) -> None:
    desk.client.status, desk.client.answer = status, body
    attempt = await desk.send("/in", a_message("Żółć #ID#"), verify=verify)
    assert (attempt.outcome, attempt.status, attempt.body) == (outcome, status, body)
    assert ("expected" in attempt.detail) == (outcome == "verify_mismatch")


async def test_verification_reads_more_of_an_answer_than_is_kept(desk: Desk) -> None:
    desk.client.answer = b" " * 20_000 + b"OK"
    attempt = await desk.send("/in", verify="OK")
    assert (attempt.outcome, len(attempt.body)) == ("ok", 4096)


@pytest.mark.parametrize("text", [".", ".."])
async def test_a_value_that_would_climb_in_the_path_is_a_template_error(desk: Desk, text: str) -> None:
    attempt = await desk.send("/in/#WIADOMOSC#/x", a_message(text))
    assert (attempt.outcome, attempt.status) == ("template", None)
    assert "path segment" in attempt.detail
    assert desk.client.requests == []


async def test_an_address_that_is_not_allowed_is_not_called(desk: Desk) -> None:
    attempt = await desk.send("/in", account=an_account())
    assert attempt.outcome == "blocked"
    assert desk.client.requests == []


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ({"url": "ftp://client.example/"}, "http"),
        ({"account": an_account(time_zone="Nowhere/Land")}, "time zone"),
        ({"account": an_account(forward_allow=("nonsense",))}, "no network"),
    ],
)
async def test_a_set_up_that_cannot_work_fails_the_attempt_and_says_why(desk: Desk, faulty: dict[str, Any], words: str) -> None:
    attempt = await desk.send("/in", **faulty)
    assert attempt.outcome in ("internal", "template")
    assert words in attempt.detail


# --- where the message is --------------------------------------------------------------------------------------------


async def test_a_message_that_is_not_in_memory_is_read(desk: Desk) -> None:
    await desk.store(a_message("z bazy", number=5))
    await desk.send("/in?t=#WIADOMOSC#", owed=Owed(77, 1, 1, 5, 0))
    assert desk.client.requests[0].query["t"] == "z bazy"


async def test_a_message_that_is_gone_fails_the_attempt(desk: Desk) -> None:
    attempt = await desk.send("/in", owed=Owed(77, 1, 1, 404, 0))
    assert (attempt.outcome, attempt.detail) == ("internal", "the message is no longer in the database")


async def test_a_message_that_cannot_be_read_now_is_no_attempt(desk: Desk) -> None:
    desk.db.away = {"read"}
    with pytest.raises(StoreUnavailable):
        await desk.send("/in", owed=Owed(77, 1, 1, 5, 0))
    assert desk.client.requests == []


# --- MMS by POST -----------------------------------------------------------------------------------------------------

SIZES = (0, 1, 3, SLICE - 1, SLICE, SLICE + 1, 1 << 20)
ODD = 'kot „Mruczek" + \'pies\' & 100% = [0].jpg'


def octets(size: int) -> bytes:
    return hashlib.shake_128(b"%d" % size).digest(size)


@pytest.mark.parametrize("size", SIZES)
async def test_a_form_is_read_by_a_web_server_as_it_was_meant(desk: Desk, size: int) -> None:
    message = a_message(kind="mms", number=9, title="Temat & #ID# +")
    await desk.store(message, Attachment(ODD, "image/jpeg", octets(size)), Attachment("b.txt", "text/plain", b"tekst"))
    attempt = await desk.send("/in?i=#ID#", message)
    assert attempt.outcome == "ok"
    [request] = desk.client.requests
    assert (request.method, request.raw_path, request.content_type) == ("POST", "/in?i=9", "application/x-www-form-urlencoded")
    assert request.content_length == len(desk.client.bodies[0])
    assert desk.client.forms[0] == [
        ("id", "9"), ("type", "mms"), ("phone", "+48500600700"), ("to_number", "+48664078059"), ("recived", "2014-10-21 11:18:03"),
        ("title", "Temat & #ID# +"),
        ("attachments[0][id]", "1"), ("attachments[0][name]", ODD), ("attachments[0][content_type]", "image/jpeg"),
        ("attachments[0][data]", base64.b64encode(octets(size)).decode()),
        ("attachments[1][id]", "2"), ("attachments[1][name]", "b.txt"), ("attachments[1][content_type]", "text/plain"),
        ("attachments[1][data]", base64.b64encode(b"tekst").decode()),
    ]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
async def test_json_is_read_by_a_web_server_as_it_was_meant(desk: Desk, size: int) -> None:
    message = a_message(kind="mms", number=9, title="Temat \"&\" #ID#")
    await desk.store(message, Attachment(ODD, "image/jpeg", octets(size)))
    attempt = await desk.send("/in", message, body="json")
    assert attempt.outcome == "ok"
    [request] = desk.client.requests
    assert (request.method, request.content_type) == ("POST", "application/json")
    assert request.content_length == len(desk.client.bodies[0])
    assert json.loads(desk.client.bodies[0]) == {
        "id": 9, "type": "mms", "phone": "+48500600700", "to_number": "+48664078059", "recived": "2014-10-21 11:18:03",
        "title": "Temat \"&\" #ID#",
        "attachments": [{"id": 1, "name": ODD, "content_type": "image/jpeg", "data": base64.b64encode(octets(size)).decode()}],
    }  # fmt: skip


async def test_an_sms_to_the_same_target_is_a_get_without_a_body(desk: Desk) -> None:
    await desk.send("/in", body="json")
    [request] = desk.client.requests
    assert (request.method, desk.client.bodies) == ("GET", [b""])
    assert "Content-Length" not in request.headers


async def test_a_database_that_goes_away_while_a_body_is_sent_is_no_attempt(desk: Desk) -> None:
    message = a_message(kind="mms")
    await desk.store(message, Attachment("a", "image/jpeg", octets(3 * SLICE)))
    slices = 0
    read = desk.db.read

    class Leaving(Watched):
        async def read(self, unit: Any, *args: Any) -> Any:
            nonlocal slices
            slices += unit.__name__.endswith("slice") or unit.__name__ == "slice_of"
            if slices > 4:  # three in the first passage, and the second has begun
                raise StoreUnavailable("away")
            return await read(unit, *args)

    desk.exchange._desk.db = Leaving(desk.db.inner)
    with pytest.raises(StoreUnavailable):
        await desk.send("/in", message)
    assert slices == 5

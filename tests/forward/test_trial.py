"""One test call: the whole exchange is shown, secrets are not, and nothing is recorded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreUnavailable
from odzew.forward.exchange import Exchange
from odzew.forward.mail import MailServer, SmtpSender
from odzew.forward.sender import HttpSender
from odzew.forward.trial import Trial, trial
from odzew.model import Attachment, Message
from odzew.store.db import statement
from tests.forward.builders import a_message, a_target, an_account
from tests.forward.client import Client
from tests.forward.conftest import Listen
from tests.forward.mail import MailPeer
from tests.forward.receiver import HOST, TableResolver, answers, ok
from tests.forward.test_exchange import HERE, Desk, octets
from tests.forward.test_ways import assert_genuine

ACCOUNT = an_account(forward_allow=HERE)
SECRET_OF_TESTS = "whsec_" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


@pytest.fixture
async def desk(clock: FixedClock, sender: HttpSender, client: Client) -> AsyncIterator[Desk]:
    desk = Desk(clock, sender, client)
    yield desk
    await sender.close()
    desk.disk.close()


async def tried(desk: Desk, clock: FixedClock, url: str, message: Message | None = None, account: Any = ACCOUNT, **target: Any) -> Trial:
    return await trial(desk.exchange, clock, a_target(url, **target), account, message)


async def test_the_whole_exchange_is_shown(desk: Desk, clock: FixedClock, resolver: TableResolver) -> None:
    result = await tried(desk, clock, desk.client.url("/in?id=#ID#&t=#TYP#"), verify="OK")
    assert (result.outcome, result.success, result.detail) == ("ok", True, "")
    assert result.url == desk.client.url("/in?id=0&t=nd")
    assert result.addresses == [("127.0.0.1", "allowed by the account's forward_allow")]
    assert result.address == "127.0.0.1"
    first, *lines = result.request.split("\n")
    assert first == "GET /in?id=0&t=nd HTTP/1.1"
    assert f"Host: {HOST}:{desk.client.port}" in lines
    assert "X-Attempt: 1/1" in lines
    assert f"webhook-id: msg_test_{clock.now()}" in lines
    assert (result.body, result.body_octets) == (b"", 0)
    assert result.status == 200
    assert result.answer_head.startswith("HTTP/1.1 200 OK\n")
    assert "Content-Type: application/octet-stream" in result.answer_head.split("\n")
    assert result.answer == b"OK"
    assert set(result.timings) == {"dns_us", "connect_us", "tls_us", "first_byte_us", "total_us"}


async def test_nothing_is_recorded(desk: Desk, clock: FixedClock) -> None:
    await tried(desk, clock, desk.client.url("/in"))
    for name in ("deliveries", "attempts", "messages", "owed"):
        assert await desk.db.read(statement, f"SELECT * FROM {name}") == []


async def test_secrets_are_hidden(desk: Desk, clock: FixedClock) -> None:
    desk.client.status = 401
    result = await tried(desk, clock, f"http://jan:kret@{HOST}:{desk.client.port}/in", secret="env:ACME")
    assert "Authorization: (hidden)" in result.request
    assert "webhook-signature: v1," in result.request
    told = repr(result)
    assert not any(secret in told for secret in ("kret", "amFuOmtyZXQ=", "MTIzNDU2"))
    assert desk.client.requests[0].headers["Authorization"] == "Basic amFuOmtyZXQ="
    assert (result.outcome, result.success, result.status) == ("http_4xx", False, 401)


@pytest.mark.parametrize(
    ("for_kind", "kind"), [("sms", "nd"), ("eco", "eco"), ("nd", "nd"), ("ndi", "ndi"), ("pre", "pre"), ("mms", "mms")]
)
@pytest.mark.parametrize("way", ["url", "json"])
async def test_a_sample_is_of_the_kind_that_the_target_is_for(desk: Desk, clock: FixedClock, way: str, for_kind: Any, kind: str) -> None:
    result = await tried(desk, clock, desk.client.url("/in?t=#TYP#"), way=way, for_kind=for_kind, secret="env:ACME")
    assert result.success
    [request], [body] = desk.client.requests, desk.client.bodies
    assert request.query["t"] == kind
    assert request.method == ("GET" if way == "url" and kind != "mms" else "POST")
    assert (result.body, result.body_octets) == (body, len(body))
    assert_genuine(request, body or request.raw_path.partition("?")[2].encode(), SECRET_OF_TESTS)
    if way == "json":
        assert json.loads(body)["data"]["type"] == kind
    if kind == "mms":
        assert b"test.txt" in body


async def test_a_stored_message_goes_with_its_attachments_and_the_head_of_the_body_is_shown(desk: Desk, clock: FixedClock) -> None:
    message = a_message(kind="mms", number=9, title="T")
    await desk.store(message, Attachment("a", "image/jpeg", octets(600_000)))
    result = await tried(desk, clock, desk.client.url("/in"), message, way="json")
    assert result.success
    assert result.body_octets == len(desk.client.bodies[0]) > 800_000
    assert result.body == desk.client.bodies[0][:4096]


async def test_every_address_has_its_verdict_and_a_forbidden_one_refuses_the_call(
    desk: Desk, clock: FixedClock, resolver: TableResolver
) -> None:
    resolver.table[HOST] = ["127.0.0.1", "169.254.169.254", "8.8.8.8"]
    result = await tried(desk, clock, desk.client.url("/in"))
    verdicts = dict(result.addresses)
    assert verdicts["127.0.0.1"] == "allowed by the account's forward_allow"
    assert verdicts["169.254.169.254"].startswith("refused: 169.254.169.254 is link-local")
    assert verdicts["8.8.8.8"] == "public"
    assert (result.outcome, result.address, result.status, result.answer_head) == ("blocked", "", None, "")
    assert result.request.startswith("GET /in"), "it is shown what would have been sent"
    assert desk.client.requests == []


FAILURES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"url": "ftp://client.example/"}, "template", "http"),
    ({"url": "http://gone.example/"}, "dns", "no address"),
    ({"url": "http://client.example/", "secret": "env:NONE"}, "internal", "env:NONE is not set"),
    ({"url": "https://client.example/", "ca": "/nowhere/ca.pem"}, "internal", "/nowhere/ca.pem cannot be read"),
    ({"url": "", "way": "email", "mail_to": ("jan@acme.example",)}, "internal", "smtp_host"),
)


@pytest.mark.parametrize(("target", "outcome", "words"), FAILURES)
async def test_what_cannot_be_called_says_why(desk: Desk, clock: FixedClock, target: dict[str, Any], outcome: str, words: str) -> None:
    result = await tried(desk, clock, **target)
    assert (result.outcome, result.success, words in result.detail) == (outcome, False, True), result.detail
    assert result.meaning


async def test_a_database_that_is_away_is_an_error(desk: Desk, clock: FixedClock) -> None:
    desk.db.away = {"read"}
    with pytest.raises(StoreUnavailable):
        await tried(desk, clock, desk.client.url("/in"), way="json")


# what the server says; the head and the body that are shown
HEADS: tuple[tuple[bytes, str, bytes], ...] = (
    (ok(b"hello", b"X-A: 1\r\n"), "HTTP/1.1 200 OK\nContent-Length: 5\nX-A: 1", b"hello"),
    (b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok(b"a\r\n\r\nb"),
     "HTTP/1.1 103 Early\nLink: x\n\nHTTP/1.1 200 OK\nContent-Length: 6", b"a\r\n\r\nb"),
    (b"HTTP/1.1 204 None\r\n\r\n", "HTTP/1.1 204 None", b""),
    (ok(b"x" * 10_000), "HTTP/1.1 200 OK\nContent-Length: 10000", b"x" * 4096),
    (b"HTTP/1.1 500 \xff\xfe\r\nX: \x1b[2J\r\nContent-Length: 0\r\n\r\n", "", b""),
)


@pytest.mark.parametrize(("said", "head", "body"), HEADS)
async def test_the_head_of_the_answer(desk: Desk, clock: FixedClock, listen: Listen, said: bytes, head: str, body: bytes) -> None:
    receiver = await listen(answers(said))
    result = await tried(desk, clock, f"http://{HOST}:{receiver.port}/in")
    assert result.answer == body
    assert result.answer_head == head or (not head and result.answer_head.startswith("HTTP/1.1 500"))


async def test_a_kept_connection_is_not_used_and_the_next_call_is_as_ever(desk: Desk, clock: FixedClock, sender: HttpSender) -> None:
    for _ in range(2):
        await desk.send("/in")
    assert sender.idle == 1
    result = await tried(desk, clock, desk.client.url("/in"))
    assert result.addresses
    assert sender.idle == 2
    again = await desk.send("/in")
    assert (again.outcome, "reused" in again.timings) == ("ok", True)


async def test_by_email_the_dialogue_is_shown(desk: Desk, clock: FixedClock) -> None:
    peer = await MailPeer().start()
    mail = SmtpSender(clock, TableResolver(), MailServer("127.0.0.1", "odzew@operator.example", peer.port, tls="none"))
    exchange = Exchange(desk.db, clock, desk.exchange._sender, desk.secrets.get, mail)
    target = a_target("", way="email", mail_to=("jan@acme.example",))
    result = await trial(exchange, clock, target, ACCOUNT)
    await peer.stop()
    assert (result.outcome, result.status, result.url) == ("ok", 250, "mailto:jan@acme.example")
    lines = result.request.split("\n")
    assert lines[0] == "< 220 mail.example ESMTP"
    assert "> RCPT TO:<jan@acme.example>" in lines
    assert "< 250 2.0.0 queued as 4711" in lines
    assert result.addresses == [("127.0.0.1", "the installation's mail server")]
    assert result.body.startswith(b"From: <odzew@operator.example>\r\n")
    assert result.body_octets == len(peer.posts[0].octets)
    assert peer.posts[0].read()["Message-ID"].startswith("<msg_test_")

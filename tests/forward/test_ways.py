"""The ways to a target beside GET and POST of its URL: signed JSON events, e-mail, a change of secret, unknown ways."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from odzew.clock import SECOND, FixedClock
from odzew.forward.call import Answer
from odzew.forward.exchange import Exchange
from odzew.forward.mail import MailServer, SmtpSender
from odzew.forward.sender import HttpSender
from odzew.forward.ways import KINDS
from odzew.model import Attachment, Attempt, Message, Owed
from odzew.setup.ways import KEYS
from odzew.store import blacklist
from odzew.store.db import statement
from odzew.store.messages import SLICE
from odzew.store.people import save_accounts
from tests.forward.builders import SECRET, a_message, a_target, an_account
from tests.forward.client import Client
from tests.forward.mail import MailPeer
from tests.forward.receiver import TableResolver
from tests.forward.test_exchange import HERE, Desk, octets

BEFORE = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ACCOUNT = an_account(forward_allow=HERE)


@pytest.fixture
async def desk(clock: FixedClock, sender: HttpSender, client: Client) -> AsyncIterator[Desk]:
    desk = Desk(clock, sender, client)
    await desk.db.write(save_accounts, [an_account(0, name="acme")])
    yield desk
    await sender.close()
    desk.disk.close()


def test_the_table_of_ways_and_the_keys_of_the_set_up_file_agree() -> None:
    assert {name: way.name for name, way in KINDS.items()} == {name: name for name in KEYS}
    assert {name: way.fields for name, way in KINDS.items()} == dict(KEYS)


async def test_a_way_of_a_later_version_fails_the_attempt(desk: Desk) -> None:
    attempt = await desk.send("/in", way="pigeon")
    assert (attempt.outcome, "pigeon" in attempt.detail) == ("internal", True)
    assert desk.client.requests == []


# --- json ------------------------------------------------------------------------------------------------------------

# the message, and the body octet for octet
BODIES: tuple[tuple[dict[str, Any], str], ...] = (
    (
        {"text": 'Zażółć "1" \\ \n', "number": 303023, "received_at": 1_413_883_083_120_000},
        ('{"type":"message.received","timestamp":"2014-10-21T09:18:03.120000Z","data":{"id":303023,"type":"nd","phone":"+48500600700",'
        '"recived":"2014-10-21 11:18:03","blacklist":false,"text":"Zażółć \\"1\\" \\\\ \\n"}}'),
    ),
    (
        {"text": "16", "kind": "eco", "answers": "eba39e4fe1"},
        ('{"type":"message.received","timestamp":"2014-10-21T09:18:03.000000Z","data":{"id":1,"type":"eco","phone":"+48500600700",'
        '"recived":"2014-10-21 11:18:03","message_id":"eba39e4fe1","blacklist":false,"text":"16"}}'),
    ),
    (
        {"text": "16", "kind": "eco"},
        ('{"type":"message.received","timestamp":"2014-10-21T09:18:03.000000Z","data":{"id":1,"type":"eco","phone":"+48500600700",'
        '"recived":"2014-10-21 11:18:03","message_id":null,"blacklist":false,"text":"16"}}'),
    ),
    (
        {"text": "AUTO", "kind": "pre", "recipient": "71200"},
        ('{"type":"message.received","timestamp":"2014-10-21T09:18:03.000000Z","data":{"id":1,"type":"pre","phone":"+48500600700",'
        '"recived":"2014-10-21 11:18:03","to_number":"71200","blacklist":false,"text":"AUTO"}}'),
    ),
    (
        {"text": "", "kind": "mms", "title": "Temat"},
        ('{"type":"message.received","timestamp":"2014-10-21T09:18:03.000000Z","data":{"id":1,"type":"mms","phone":"+48500600700",'
        '"recived":"2014-10-21 11:18:03","to_number":"+48664078059","blacklist":false,"title":"Temat","attachments":[]}}'),
    ),
)


@pytest.mark.parametrize(("message", "body"), BODIES)
async def test_an_event_octet_for_octet(desk: Desk, message: dict[str, Any], body: str) -> None:
    attempt = await desk.send("/hook", a_message(**message), way="json")
    assert (attempt.outcome, attempt.url) == ("ok", desk.client.url("/hook"))
    [request] = desk.client.requests
    assert (request.method, request.raw_path, request.headers["Content-Type"]) == ("POST", "/hook", "application/json")
    assert request.content_length == len(desk.client.bodies[0])
    assert desk.client.bodies[0].decode() == body
    assert request.headers["X-Attempt"] == "1/5"


async def test_placeholders_in_the_url_and_the_answer_count_here_too(desk: Desk) -> None:
    desk.client.answer = b"OK 1"
    attempt = await desk.send("/hook?n=#NUMERDO#", way="json", verify="OK #ID#")
    assert attempt.outcome == "ok"
    assert desk.client.requests[0].raw_path == "/hook?n=%2B48664078059"
    assert (await desk.send("/hook", way="json", verify="KO")).outcome == "verify_mismatch"


async def test_the_blacklist_is_that_of_now(desk: Desk) -> None:
    await desk.send("/hook", way="json")
    await desk.db.write(blacklist.add, 1, "+48500600700")
    await desk.send("/hook", way="json")
    assert [json.loads(body)["data"]["blacklist"] for body in desk.client.bodies] == [False, True]


async def test_a_completion_says_so_and_when_it_was_completed(desk: Desk) -> None:
    message = a_message("the whole of it", number=5)
    owed = Owed(78, 1, 1, 5, 0, message=message, completion=True)
    await desk.send("/hook", message, way="json", owed=owed)
    for at in (1_413_890_000_000_000, 1_413_890_000_000_001):
        await desk.db.write(statement, "INSERT INTO revisions (message_id, at, why, before) VALUES (5, ?, 'whole', '{}')", at)
    await desk.send("/hook", message, way="json", owed=owed)
    events = [json.loads(body) for body in desk.client.bodies]
    assert [event["type"] for event in events] == ["message.completed"] * 2
    assert [event["timestamp"] for event in events] == ["2014-10-21T09:18:03.000000Z", "2014-10-21T11:13:20.000001Z"]
    assert [request.headers["X-Completion"] for request in desk.client.requests] == ["1", "1"]


@pytest.mark.parametrize("size", [0, 1, 3, SLICE, SLICE + 1, 1 << 20])
async def test_attachments_are_in_the_event(desk: Desk, size: int) -> None:
    message = a_message(kind="mms", number=9, title='T "&" \\')
    await desk.store(message, Attachment("kot „1\".jpg", "image/jpeg", octets(size)), Attachment("b.txt", "text/plain", b"tekst"))
    await desk.send("/hook", message, way="json", secret="env:ACME")
    data = json.loads(desk.client.bodies[0])["data"]
    assert list(data) == ["id", "type", "phone", "recived", "to_number", "blacklist", "title", "attachments"]
    assert data["attachments"] == [
        {"id": 1, "name": "kot „1\".jpg", "content_type": "image/jpeg", "data": base64.b64encode(octets(size)).decode()},
        {"id": 2, "name": "b.txt", "content_type": "text/plain", "data": base64.b64encode(b"tekst").decode()},
    ]
    assert_genuine(desk.client.requests[0], desk.client.bodies[0], SECRET)


class Counting:
    """A sender that reads a body as fast as it comes and keeps none of it."""

    def __init__(self) -> None:
        self.octets = 0

    def begin(self, call: Any, done: Any) -> None:
        """Every call needs a task here."""

    async def send(self, call: Any) -> Any:
        async for piece in call.body.slices:
            self.octets += len(piece)
        assert self.octets == call.body.length
        return Answer("ok", 200)

    async def close(self) -> None:
        """There is nothing to close."""


async def test_an_mms_of_10_mib_is_never_held_whole(desk: Desk, clock: FixedClock) -> None:
    message = a_message(kind="mms", number=9, title="T")
    await desk.store(message, Attachment("a", "image/jpeg", bytes(10 << 20)))
    counting = Counting()
    exchange = Exchange(desk.db, clock, counting, desk.secrets.get)
    owed = Owed(77, 1, 1, 9, 0, message=message)
    tracemalloc.start()
    try:
        attempt = await exchange.attempt(owed, a_target("http://client.example/hook", way="json", secret="env:ACME"), ACCOUNT, 5)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert attempt.outcome == "ok"
    assert counting.octets > 13 << 20
    assert most < 5 << 20, f"{most / (1 << 20):.1f} MiB at the most"


# --- the signature, by the text of Standard Webhooks 1.0.0 ------------------------------------------------------------


def assert_genuine(request: web.Request, payload: bytes, secret: str) -> None:
    """As a receiver checks it: any signature of the list may be the right one, the key is base64 behind whsec_."""
    content = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + payload
    right = hmac.new(base64.b64decode(secret.split("_", 1)[1]), content, hashlib.sha256).digest()
    given = [one.split(",", 1) for one in request.headers["webhook-signature"].split(" ")]
    assert any(version == "v1" and hmac.compare_digest(base64.b64decode(value), right) for version, value in given)


# the way, what is sent; the payload that is signed
@pytest.mark.parametrize(("way", "kind"), [("url", "nd"), ("url", "mms"), ("json", "nd"), ("json", "mms")])
async def test_during_a_change_both_secrets_sign(desk: Desk, clock: FixedClock, way: str, kind: Any) -> None:
    desk.secrets["env:BEFORE"] = BEFORE
    message = a_message(kind=kind, title="T", number=4)
    until = clock.now() + 60 * SECOND
    fields: dict[str, Any] = {"way": way, "secret": "env:ACME", "secret_before": "env:BEFORE", "secret_before_until": until}
    for _ in range(2):
        await desk.send("/hook?t=#TYP#", message, **fields)
        clock.advance(60)
    during, after = desk.client.requests
    payloads = [body or one.raw_path.partition("?")[2].encode() for one, body in zip((during, after), desk.client.bodies, strict=True)]
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, BEFORE):
        assert_genuine(during, payloads[0], secret)
    assert len(after.headers["webhook-signature"].split(" ")) == 1
    assert_genuine(after, payloads[1], SECRET)
    assert_genuine(during, payloads[0], SECRET)
    with pytest.raises(AssertionError):
        assert_genuine(after, payloads[1], BEFORE)


async def test_without_an_end_the_secret_before_signs_on(desk: Desk, clock: FixedClock) -> None:
    desk.secrets["env:BEFORE"] = BEFORE
    clock.advance(10_000_000)
    await desk.send("/hook?a=1", secret="env:ACME", secret_before="env:BEFORE")
    assert_genuine(desk.client.requests[0], b"a=1", BEFORE)


async def test_a_secret_before_that_is_not_there_fails_only_while_it_signs(desk: Desk, clock: FixedClock) -> None:
    fields: dict[str, Any] = {"secret": "env:ACME", "secret_before": "env:BEFORE", "secret_before_until": clock.now() + SECOND}
    attempt = await desk.send("/hook", **fields)
    assert (attempt.outcome, "env:BEFORE is not set" in attempt.detail) == ("internal", True)
    clock.advance(1)
    assert (await desk.send("/hook", **fields)).outcome == "ok"


# --- email -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def peer() -> AsyncIterator[MailPeer]:
    peer = await MailPeer().start()
    yield peer
    await peer.stop()


async def mailed(desk: Desk, clock: FixedClock, peer: MailPeer | None, message: Message, slot: int = 0) -> Attempt:
    mail = None
    if peer is not None:
        mail = SmtpSender(clock, TableResolver(), MailServer("127.0.0.1", "odzew@operator.example", peer.port, tls="none"))
    exchange = Exchange(desk.db, clock, Counting(), desk.secrets.get, mail)
    target = a_target("", way="email", mail_to=("jan@acme.example", "anna@acme.example"), verify="OK")
    return await exchange.attempt(Owed(77, 1, 1, message.id, 0, slot, message=message), target, ACCOUNT, 5)


async def test_a_message_goes_by_email(desk: Desk, clock: FixedClock, peer: MailPeer) -> None:
    message = a_message("Zażółć", kind="mms", number=9, title="Temat")
    await desk.store(message, Attachment("kot.jpg", "image/jpeg", octets(600_000)))
    attempt = await mailed(desk, clock, peer, message)
    assert (attempt.outcome, attempt.status, attempt.address) == ("ok", 250, "127.0.0.1")
    assert attempt.url == "mailto:jan@acme.example,anna@acme.example"
    [post] = peer.posts
    assert post.recipients == ["jan@acme.example", "anna@acme.example"]
    read = post.read()
    assert read["Subject"] == "MMS from +48500600700 to +48664078059: Temat"
    [attached] = read.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("kot.jpg", octets(600_000))


async def test_repeats_have_one_message_id(desk: Desk, clock: FixedClock, peer: MailPeer) -> None:
    peer.says["."] = "451 later"
    attempt = await mailed(desk, clock, peer, a_message())
    assert (attempt.outcome, attempt.status) == ("smtp_4xx", 451)
    peer.says.clear()
    clock.advance(300)
    for slot in (1, 2):
        assert (await mailed(desk, clock, peer, a_message(), slot)).outcome == "ok"
    assert len({post.read()["Message-ID"] for post in peer.posts}) == 1


async def test_at_the_last_attempt_one_that_waits_holds_up_nobody(desk: Desk, clock: FixedClock, peer: MailPeer) -> None:
    peer.says["RCPT TO:<anna@acme.example>"] = "450 greylisted"
    outcomes = [(await mailed(desk, clock, peer, a_message(), slot)).outcome for slot in range(5)]
    assert outcomes == ["smtp_4xx"] * 4 + ["ok"]
    assert [post.recipients for post in peer.posts] == [["jan@acme.example"]]


async def test_without_an_address_nothing_is_sent(desk: Desk) -> None:
    attempt = await desk.send("", url="", way="email")
    assert (attempt.outcome, "no address" in attempt.detail) == ("internal", True)


async def test_without_a_mail_server_the_attempt_says_so(desk: Desk, clock: FixedClock) -> None:
    attempt = await mailed(desk, clock, None, a_message())
    assert (attempt.outcome, "smtp_host" in attempt.detail) == ("internal", True)

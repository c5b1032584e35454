"""`odzew target`: the list, and one test call against a server on loopback."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from odzew.store.db import statement
from tests.cli.house import SETUP, House, an_arrival
from tests.forward.mail import MailPeer
from tests.setup.documents import SECRET

PORT = "{port}"
MORE = SETUP.replace(
    'url = "http://192.0.2.1/sms?nr=#NUMER#&id=#ID#"',
    """url = "http://jan:kret@127.0.0.1:{port}/sms?t=#WIADOMOSC#&id=#ID#"
  only_text = ["stop"]
  [[account.forward]]
  for = "mms"
  way = "json"
  url = "http://127.0.0.1:{port}/events"
  secret = "env:ACME_SECRET"
  [[account.forward]]
  for = "nd"
  name = "office"
  way = "email"
  mail_to = ["biuro@acme.example"]
  [[account.forward]]
  for = "ndi"
  name = "office"
  way = "email"
  mail_to = ["biuro@acme.example"]
  active = false""",
).replace('company = "Acme sp. z o.o."', 'forward_allow = ["127.0.0.1"]')


class Server(HTTPServer):
    status = 200


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"OK\x1b[2J\xff\n")

    def log_message(self, *_: object) -> None:
        """Not a word."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def full(empty_house: House, server: Server, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("ACME_SECRET", SECRET)
    return empty_house.apply(MORE.replace(PORT, str(server.server_port)))


def test_the_list(full: House, server: Server) -> None:
    said = full.says("target", "list").splitlines()
    url = f"http://jan:(hidden)@127.0.0.1:{server.server_port}/sms?t=#WIADOMOSC#&id=#ID#"
    assert said == [
        f"2  acme mms  for mms  json  http://127.0.0.1:{server.server_port}/events",
        "3  acme office  for nd  email  mailto:biuro@acme.example",
        "4  acme office  for ndi  email  mailto:biuro@acme.example  off",
        f"1  acme sms  for sms  url  {url}",
        "    only_text: stop",
    ]
    assert full.json("target", "list")[0] == {
        "id": 2, "name": "acme mms", "account": "acme", "for": "mms", "way": "json",
        "to": f"http://127.0.0.1:{server.server_port}/events", "active": True, "signed": True, "only_keywords": [], "only_senders": [],
        "only_text": [],
    }  # fmt: skip


def test_no_target(empty_house: House) -> None:
    empty_house.apply('[[account]]\nname = "acme"\n')
    assert empty_house.says("target", "list") == ""
    assert empty_house.json("target", "list") == []


@pytest.mark.parametrize("words", [["acme", "sms"], ["acme sms"], ["1"], ["target", "acme", "sms"]])
def test_a_test_call_is_shown(full: House, words: list[str]) -> None:
    said = full.says("target", "test", *words)
    for line in (
        "  127.0.0.1: allowed by the account's forward_allow (called)",
        "sent:",
        "  Authorization: (hidden)",
        "  X-Attempt: 1/1",
        "came:",
        "  HTTP/1.0 200 OK",
        "  OK\\u001b[2J\\xff",
        "ok: The URL answered as expected.",
    ):
        assert line in said.splitlines(), line
    assert "kret" not in said


def test_a_test_call_as_json(full: House) -> None:
    told = full.json("target", "test", "acme", "mms")
    assert (told["outcome"], told["success"], told["status"], told["called"]) == ("ok", True, 200, "127.0.0.1")
    assert told["request"]["head"].startswith("POST /events HTTP/1.1\n")
    assert "webhook-signature: v1," in told["request"]["head"]
    assert told["request"]["body"].startswith('{"type":"message.received"')
    assert told["request"]["body_octets"] == len(told["request"]["body"].encode())
    assert told["answer"]["body"] == "OK\x1b[2J\\xff\n"
    assert told["timings_us"]["total_us"] > 0
    assert full.read(statement, "SELECT * FROM deliveries") == []


def test_a_stored_message(full: House) -> None:
    full.receive(an_arrival("AUTO stop"))
    told = full.json("target", "test", "acme", "sms", "--message", "1")
    assert "t=AUTO%20stop&id=1 HTTP/1.1" in told["request"]["head"]


def test_a_failure_ends_with_1(full: House, server: Server) -> None:
    server.status = 500
    result = full.run("target", "test", "acme", "sms")
    assert result.exit_code == 1
    assert "http_5xx: The URL's server failed (5xx)." in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["acme", "smss"], 1, "there is no target 'acme smss'; did you mean 'acme sms'?"),
        (["nobody at all"], 1, "`odzew target list` lists them"),
        (["99"], 1, "there is no target '99'"),
        (["acme", "office"], 2, "several targets: name one by its id: 3 (for nd), 4 (for ndi)"),
        (["acme", "sms", "--message", "7"], 1, "the account of this target has no message 7"),
        (["acme", "sms", "--message", "x"], 2, "is no id"),
    ],
)
def test_what_cannot_be_tried(full: House, words: list[str], code: int, told: str) -> None:
    assert told in full.refuses("target", "test", *words, code=code)


def test_a_message_of_another_account_is_not_sent(full: House) -> None:
    full.receive(an_arrival("hello", to="+48664078059"))
    assert "has no message 1" in full.refuses("target", "test", "acme", "sms", "--message", "1")


def test_by_email(full: House) -> None:
    assert "smtp_host" in full.run("target", "test", "3").stdout
    loop = asyncio.new_event_loop()
    peer = loop.run_until_complete(MailPeer().start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        environment = {"ODZEW_SMTP_HOST": "127.0.0.1", "ODZEW_SMTP_PORT": str(peer.port), "ODZEW_SMTP_TLS": "none"}
        assert "mail_from" in full.refuses("target", "test", "3", code=2, **environment)
        said = full.says("target", "test", "3", **environment, ODZEW_MAIL_FROM="odzew@operator.example")
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(peer.stop())
        loop.close()
    assert "  > RCPT TO:<biuro@acme.example>" in said.splitlines()
    assert [post.recipients for post in peer.posts] == [["biuro@acme.example"]]

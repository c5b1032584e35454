"""The mail sender against a mail server on loopback: what is said, what is refused, and how each end is called."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import SettingError, StoreUnavailable
from odzew.forward.call import Answer, Trace
from odzew.forward.mail import Mail, MailLimits, MailServer, SmtpSender
from tests.forward.mail import CLOSE, HANG, MailPeer, let_pass
from tests.forward.receiver import TableResolver, until
from tests.forward.test_sender_tls import Authority

NAME = "mail.example"
FROM = "odzew@operator.example"
LIMITS = MailLimits(at_once=2)


@dataclass
class Written:
    """A letter of given slices; an error among them is raised in its turn."""

    pieces: tuple[bytes | Exception, ...] = (b"Subject: x\r\n\r\ntext\r\n",)
    taken: int = 0

    @property
    def size(self) -> int:
        return sum(len(piece) for piece in self.pieces if isinstance(piece, bytes))

    async def slices(self, sender: str) -> AsyncIterator[bytes]:
        assert sender == FROM
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            self.taken += 1
            yield piece


def a_mail(*recipients: str, letter: Written | None = None, **rest: Any) -> Mail:
    return Mail(recipients or ("jan@acme.example",), letter or Written(), **rest)


Begin = Callable[..., Awaitable[MailPeer]]


@pytest.fixture
async def begin() -> AsyncIterator[Begin]:
    started: list[MailPeer] = []

    async def begin(**fields: Any) -> MailPeer:
        started.append(await MailPeer(**fields).start())
        return started[-1]

    yield begin
    for peer in started:
        await peer.stop()


def to(peer: MailPeer, clock: FixedClock, trust: ssl.SSLContext | None = None, **fields: Any) -> SmtpSender:
    fields = {"tls": "none"} | fields
    server = MailServer(fields.pop("host", NAME), FROM, fields.pop("port", peer.port), **fields)
    return SmtpSender(clock, TableResolver({NAME: ["127.0.0.1"]}), server, trust, LIMITS)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("mail-ca"))


@pytest.fixture(scope="module")
def trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


@pytest.fixture(scope="module")
def certificates(authority: Authority) -> dict[str, Path]:
    return {
        "good": authority.issue("mail", f"DNS:{NAME}"),
        "other": authority.issue("other-mail", "DNS:other.example"),
        "old": authority.issue("old-mail", f"DNS:{NAME}", end="20210101000000Z"),
    }


def serves(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


# --- what is said ----------------------------------------------------------------------------------------------------


async def test_an_email_is_handed_over(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    answer = await to(peer, clock).send(a_mail("jan@acme.example", "anna@acme.example"))
    assert (answer.outcome, answer.status, answer.detail, answer.address) == ("ok", 250, "", "127.0.0.1")
    assert answer.kept == b"250 2.0.0 queued as 4711"
    [post] = peer.posts
    assert (post.sender, post.recipients, post.secure, post.user) == (FROM, ["jan@acme.example", "anna@acme.example"], False, None)
    assert post.octets == b"Subject: x\r\n\r\ntext\r\n"
    assert peer.lines == [
        "EHLO [127.0.0.1]", f"MAIL FROM:<{FROM}> SIZE=20", "RCPT TO:<jan@acme.example>", "RCPT TO:<anna@acme.example>", "DATA", "QUIT",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "pieces",
    [
        (b"a\r\n.\r\nb\r\n",),
        (b".\r\n", b".", b".x\r\n", b"", b"\r\n", b".\r\n"),
        (b"a\r\n", b".b\r\n..c\r\n"),
        (b"no line end",),
        tuple(bytes([octet]) for octet in b"a\r\n.\r\n..\r\nb\r\n"),
    ],
)
async def test_a_dot_never_ends_a_letter(pieces: tuple[bytes, ...], begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    assert (await to(peer, clock).send(a_mail(letter=Written(pieces)))).outcome == "ok"
    wanted = b"".join(pieces)
    assert peer.posts[0].octets == (wanted if wanted.endswith(b"\r\n") else wanted + b"\r\n")


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"])
async def test_over_tls_with_a_log_in(
    at_once: bool, mechanisms: str, begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path]
) -> None:
    tls = serves(certificates["good"])
    peer = await begin(tls=tls, at_once=at_once, logins={"odzew": "ść secret"}, mechanisms=mechanisms)
    trace = Trace()
    sender = to(peer, clock, trust, tls="tls" if at_once else "starttls", user="odzew", password="ść secret")
    answer = await sender.send(a_mail(trace=trace))
    assert (answer.outcome, answer.detail) == ("ok", "")
    assert [(post.secure, post.user) for post in peer.posts] == [(True, "odzew")]
    assert "(hidden)" in "".join(trace.dialogue)
    secret = [line.split(" ")[-1] for line in peer.lines if line.startswith("AUTH PLAIN ")]
    assert not any(word in line for word in secret for line in trace.dialogue)
    assert peer.lines.count("EHLO [127.0.0.1]") == (1 if at_once else 2)


async def test_a_slow_reader_is_waited_for(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    line = b"x" * 900 + b"\r\n"
    letter = Written(tuple([line * 300] * 40))
    answer = await to(peer, clock).send(a_mail(letter=letter))
    assert (answer.outcome, len(peer.posts[0].octets)) == ("ok", letter.size)


# --- what is refused -------------------------------------------------------------------------------------------------

# what is meant, what the server says, the outcome, a word of the detail
REFUSALS: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("the greeting, for now", {"hello": "421 too many connections"}, "smtp_4xx", "421"),
    ("the greeting, for good", {"hello": "554 no service"}, "smtp_5xx", "554"),
    ("no SMTP", {"hello": "SSH-2.0-OpenSSH_9.2"}, "protocol", "does not speak SMTP"),
    ("an HTTP server", {"hello": "HTTP/1.1 400 Bad Request"}, "protocol", "does not speak SMTP"),
    ("closed at once", {"hello": CLOSE}, "reset", "closed the connection"),
    ("EHLO", {"EHLO": "502 what?"}, "smtp_5xx", "502"),
    ("closed after EHLO", {"EHLO": CLOSE}, "reset", "closed the connection"),
    ("the sender", {"MAIL": "550 5.1.8 who are you"}, "smtp_5xx", "who are you"),
    ("the size", {"MAIL": "552 5.3.4 too big"}, "smtp_5xx", "too big"),
    ("the only recipient, for now", {"RCPT": "450 4.2.0 greylisted"}, "smtp_4xx", "jan@acme.example: 450"),
    ("the only recipient, for good", {"RCPT": "550 5.1.1 unknown"}, "smtp_5xx", "jan@acme.example: 550"),
    ("DATA", {"DATA": "451 later"}, "smtp_4xx", "451"),
    ("the letter, for now", {".": "451 4.3.0 later"}, "smtp_4xx", "later"),
    ("the letter, for good", {".": "554 5.7.1 spam"}, "smtp_5xx", "spam"),
    ("closed within the letter", {"letter": CLOSE}, "reset", "closed the connection"),
    ("closed after the letter", {".": CLOSE}, "reset", "closed the connection"),
    ("a code out of place", {"MAIL": "354 go on"}, "protocol", "354"),
    ("a reply without end", {"EHLO": "\r\n".join(["250-x" * 40] * 400) + "\r\n250 y"}, "too_large", "longer"),
    ("a line without end", {"EHLO": "250-" + "x" * 8000}, "too_large", "longer"),
    ("control characters", {"MAIL": "550 \x1b[2Jgone\x07"}, "smtp_5xx", "\\u001b[2Jgone\\u0007"),
    ("not UTF-8", {"MAIL": "550 \udcff"}, "smtp_5xx", "550"),
)


@pytest.mark.parametrize(("says", "outcome", "words"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
async def test_what_the_server_refuses(says: dict[str, str], outcome: str, words: str, begin: Begin, clock: FixedClock) -> None:
    peer = await begin(says={name: value.replace("\udcff", "ż") for name, value in says.items()})
    answer = await to(peer, clock).send(a_mail(letter=Written((b"x\r\n" * 50_000,))))
    assert (answer.outcome, words in answer.detail) == (outcome, True), answer.detail
    assert peer.posts == []
    await until(lambda: peer.open == 0)


@pytest.mark.parametrize("place", ["hello", "EHLO", "MAIL", "RCPT", "DATA", "letter", "."])
async def test_a_server_that_hangs_is_left_after_a_minute(place: str, begin: Begin, clock: FixedClock) -> None:
    order = ["hello", "EHLO", "MAIL", "RCPT", "DATA"]
    peer = await begin(says={place: HANG})
    sending = asyncio.ensure_future(to(peer, clock).send(a_mail()))
    if place == "hello":
        await until(lambda: peer.open == 1)
    answer = await let_pass(sending, clock, peer, order.index(place) if place in order else 4, 60.0)
    assert (answer.outcome, "60 s" in answer.detail) == ("timeout_response", True)
    await until(lambda: peer.open == 0)


async def test_a_server_that_does_not_say_goodbye_changes_nothing(begin: Begin, clock: FixedClock) -> None:
    peer = await begin(says={"QUIT": HANG})
    sending = asyncio.ensure_future(to(peer, clock).send(a_mail()))
    answer = await let_pass(sending, clock, peer, 5, 1.0)
    assert (answer.outcome, len(peer.posts)) == ("ok", 1)
    peer.says["QUIT"] = CLOSE
    assert (await to(peer, clock).send(a_mail())).outcome == "ok"


async def test_after_a_refusal_goodbye_is_said(begin: Begin, clock: FixedClock) -> None:
    peer = await begin(says={"RCPT": "550 unknown"})
    await to(peer, clock).send(a_mail())
    assert peer.lines[-2:] == ["RCPT TO:<jan@acme.example>", "QUIT"]


# recipients that are refused, with what, whether it is the last attempt; then outcome, who got it, a word of the detail
PARTLY: tuple[tuple[dict[str, str], bool, str, list[str], str], ...] = (
    ({"b": "550 unknown"}, False, "ok", ["a@x.example", "c@x.example"], "not to b@x.example: 550"),
    ({"b": "450 later"}, False, "smtp_4xx", [], "b@x.example: 450"),
    ({"b": "450 later"}, True, "ok", ["a@x.example", "c@x.example"], "not to b@x.example: 450"),
    ({"a": "550 unknown", "b": "450 later"}, False, "smtp_4xx", [], "a@x.example: 550"),
    ({"a": "550 no", "b": "551 no", "c": "553 no"}, False, "smtp_5xx", [], "c@x.example: 553"),
    ({"a": "550 no", "b": "450 no", "c": "553 no"}, True, "smtp_4xx", [], "b@x.example: 450"),
)


@pytest.mark.parametrize(("refused", "last", "outcome", "got", "words"), PARTLY)
async def test_some_recipients_are_refused(
    refused: dict[str, str], last: bool, outcome: str, got: list[str], words: str, begin: Begin, clock: FixedClock
) -> None:
    peer = await begin(says={f"RCPT TO:<{name}@x.example>": reply for name, reply in refused.items()})
    answer = await to(peer, clock).send(a_mail("a@x.example", "b@x.example", "c@x.example", last=last))
    assert (answer.outcome, [one for post in peer.posts for one in post.recipients]) == (outcome, got)
    assert words in answer.detail


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("certificate", "words"), [("other", "mismatch"), ("old", "expired")])
async def test_a_certificate_that_is_wrong(
    certificate: str, words: str, begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path]
) -> None:
    for at_once in (False, True):
        peer = await begin(tls=serves(certificates[certificate]), at_once=at_once)
        answer = await to(peer, clock, trust, tls="tls" if at_once else "starttls").send(a_mail())
        assert (answer.outcome, words in answer.detail) == ("tls", True), answer.detail
        assert not any(line.startswith("MAIL") for line in peer.lines)


async def test_a_server_without_tls_gets_nothing(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    answer = await to(peer, clock, tls="starttls").send(a_mail())
    assert (answer.outcome, "no STARTTLS" in answer.detail) == ("tls", True)
    assert peer.lines == ["EHLO [127.0.0.1]"]


async def test_what_is_slipped_in_before_tls_is_not_believed(
    begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path]
) -> None:
    peer = await begin(tls=serves(certificates["good"]), says={"injected": "\r\n250-hello\r\n250 AUTH PLAIN"})
    answer = await to(peer, clock, trust, tls="starttls").send(a_mail())
    assert answer.outcome in ("protocol", "tls"), answer.detail
    assert peer.posts == []


async def test_a_client_that_goes_as_the_handshake_ends_leaves_no_writer_behind(
    begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncio then gives the peer no transport back (Python 3.11); a writer without one complains when it is collected."""
    peer = await begin(tls=serves(certificates["old"]))
    whole = asyncio.BaseEventLoop.start_tls

    async def gone(self: asyncio.BaseEventLoop, *given: Any, **named: Any) -> asyncio.Transport | None:
        try:
            return await whole(self, *given, **named)
        except OSError:
            if named.get("server_side"):
                return None
            raise

    monkeypatch.setattr(asyncio.BaseEventLoop, "start_tls", gone)
    answer = await to(peer, clock, trust, tls="starttls").send(a_mail())
    assert (answer.outcome, "expired" in answer.detail) == ("tls", True), answer.detail
    await until(lambda: peer.open == 0)
    gc.collect()


async def test_a_handshake_that_hangs(begin: Begin, clock: FixedClock) -> None:
    peer = await begin(says={"hello": HANG})
    sending = asyncio.ensure_future(to(peer, clock, tls="tls").send(a_mail()))
    await until(lambda: peer.open == 1)
    answer = await let_pass(sending, clock, peer, 0, 60.0)
    assert answer.outcome == "timeout_tls"


async def test_a_wrong_password(begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path]) -> None:
    peer = await begin(tls=serves(certificates["good"]), logins={"odzew": "right"})
    answer = await to(peer, clock, trust, tls="starttls", user="odzew", password="wrong").send(a_mail())
    assert (answer.outcome, answer.status) == ("smtp_5xx", 535)
    assert "wrong user or password" in answer.detail


async def test_a_log_in_that_we_do_not_know(begin: Begin, clock: FixedClock, trust: ssl.SSLContext, certificates: dict[str, Path]) -> None:
    peer = await begin(tls=serves(certificates["good"]), logins={"odzew": "right"}, mechanisms="CRAM-MD5")
    answer = await to(peer, clock, trust, tls="starttls", user="odzew", password="right").send(a_mail())
    assert (answer.outcome, "CRAM-MD5" in answer.detail) == ("protocol", True)


# --- on the way there, and on our side --------------------------------------------------------------------------------


async def test_no_such_host_and_nobody_there(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    assert (await to(peer, clock, host="gone.example").send(a_mail())).outcome == "dns"
    port = peer.port
    await peer.stop()
    peer._server = None
    assert (await SmtpSender(clock, TableResolver(), MailServer("127.0.0.1", FROM, port, tls="none")).send(a_mail())).outcome == "refused"
    await peer.start()


async def test_the_database_goes_away_within_a_letter(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    with pytest.raises(StoreUnavailable):
        await to(peer, clock).send(a_mail(letter=Written((b"Subject: x\r\n", StoreUnavailable("away")))))
    await until(lambda: peer.open == 0)
    assert peer.posts == [], "half a letter is no letter"


async def test_what_would_break_a_command_is_never_said(begin: Begin, clock: FixedClock) -> None:
    peer = await begin()
    answer = await to(peer, clock).send(a_mail("jan@acme.example>\r\nDATA"))
    assert answer.outcome == "internal"
    assert not any(line.startswith(("RCPT", "DATA")) for line in peer.lines)


async def test_only_so_many_connections_at_once(begin: Begin, clock: FixedClock) -> None:
    peer = await begin(says={"MAIL": HANG})
    sender = to(peer, clock)
    sending = [asyncio.ensure_future(sender.send(a_mail())) for _ in range(3)]
    await until(lambda: sum(line.startswith("MAIL") for line in peer.lines) == 2)
    clock.advance(30)
    late: Answer = await sending[2]
    assert (late.outcome, "became free" in late.detail) == ("timeout_connect", True)
    clock.advance(30)
    assert [(await one).outcome for one in sending[:2]] == ["timeout_response"] * 2
    peer.says.clear()
    assert (await sender.send(a_mail())).outcome == "ok", "what ended gives its place back"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sender": ""}, "mail_from"),
        ({"sender": "Odzew <odzew@operator.example>"}, "mail_from"),
        ({"sender": "odzew@operator.example\r\nDATA"}, "mail_from"),
        ({"port": 70_000}, "smtp_port"),
        ({"user": "odzew"}, "belong together"),
        ({"password": "x"}, "belong together"),
        ({"user": "odzew", "password": "x", "tls": "none"}, "over TLS only"),
        ({"host": "mail server"}, "smtp_host"),
        ({"host": "1.2.3.4.5"}, "smtp_host"),
    ],
)
def test_settings_that_do_not_go_together(fields: dict[str, Any], words: str) -> None:
    good = MailServer(NAME, FROM)
    with pytest.raises(SettingError, match=words) as caught:
        replace(good, **fields)
    assert "x" not in fields.get("password", "") or "'x'" not in str(caught.value)


def test_the_password_is_not_in_what_is_logged_of_the_server() -> None:
    assert "hush" not in repr(MailServer(NAME, FROM, user="odzew", password="hush"))

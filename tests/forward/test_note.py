"""Plain e-mails of the installation's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from odzew.clock import FixedClock
from odzew.forward.mail import MailServer, SmtpSender
from odzew.forward.note import Note, NotMailed, send_note
from tests.forward.mail import MailPeer
from tests.forward.receiver import TableResolver

HOSTILE = ("x\r\nBcc: evil@evil.example", "=?utf-8?b?DQpCY2M6IGV2aWw=?=", "\ud800\0", "ż" * 1000, "." * 3, "")


@pytest.fixture
async def peer() -> AsyncIterator[MailPeer]:
    peer = await MailPeer().start()
    yield peer
    await peer.stop()


def to(peer: MailPeer, clock: FixedClock) -> SmtpSender:
    return SmtpSender(clock, TableResolver(), MailServer("127.0.0.1", "odzew@operator.example", peer.port, tls="none"))


async def test_a_note_arrives_as_it_was_written(peer: MailPeer, clock: FixedClock) -> None:
    await send_note(to(peer, clock), clock, ["it@acme.example", "ops@operator.example"], "Alarm: żółw", "Pierwszy wiersz\n.\nostatni\n")
    [post] = peer.posts
    read = post.read()
    assert post.recipients == ["it@acme.example", "ops@operator.example"]
    assert (read["Subject"], read["To"]) == ("Alarm: żółw", "it@acme.example, ops@operator.example")
    assert read.get_content() == "Pierwszy wiersz\n.\nostatni\n"
    assert read["Message-ID"].endswith("@operator.example>")


@pytest.mark.parametrize("value", HOSTILE)
async def test_no_word_makes_a_header(value: str, peer: MailPeer, clock: FixedClock) -> None:
    await send_note(to(peer, clock), clock, ["it@acme.example"], value, value)
    read = peer.posts[0].read()
    assert len(read.keys()) == 9
    assert read["Bcc"] is None


async def test_one_that_nobody_got_is_an_error(peer: MailPeer, clock: FixedClock) -> None:
    peer.says["RCPT"] = "550 5.1.1 unknown"
    with pytest.raises(NotMailed, match=r"smtp_5xx: it@acme\.example: 550"):
        await send_note(to(peer, clock), clock, ["it@acme.example"], "a", "b")


async def test_what_was_said_against_some_of_the_addresses_is_told(peer: MailPeer, clock: FixedClock) -> None:
    assert await send_note(to(peer, clock), clock, ["it@acme.example"], "a", "b") == ""
    peer.says["RCPT TO:<old@acme.example>"] = "550 5.1.1 unknown"
    said = await send_note(to(peer, clock), clock, ["it@acme.example", "old@acme.example"], "a", "b")
    assert said.startswith("not to old@acme.example: 550")


async def test_the_size_is_never_less_than_what_is_sent() -> None:
    note = Note([f"a{n}@x.example" for n in range(50)], "ż" * 100, "x" * 100_000, 0)
    assert note.size >= len(b"".join([piece async for piece in note.slices("odzew@operator.example")]))

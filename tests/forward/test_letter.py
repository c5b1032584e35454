"""A message as an e-mail, read back by the standard library's parser; hostile values never make headers."""

from __future__ import annotations

import base64
import re
import tracemalloc
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.forward.letter import LINE, Letter, unstructured
from odzew.model import Account
from odzew.store.messages import SLICE
from tests.forward.builders import a_message, an_account
from tests.forward.test_item import Parts, octets

FROM = "odzew@operator.example"
AT = 1_413_883_083_000_000
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Odzew-Message", "MIME-Version"]


async def written(
    parts: Parts | None = None, *, account: Account | None = None, completion: bool = False, to: tuple[str, ...] = ("jan@acme.example",),
    at: int = AT, **message: Any,
) -> bytes:  # fmt: skip
    found = a_message(**message)
    heads, read = (parts.heads, parts.read) if parts else ((), None)
    letter = Letter(found, account or an_account(), to, "msg_77", at, heads, read, completion)
    pieces = [piece async for piece in letter.slices(FROM)]
    whole = b"".join(pieces)
    assert letter.size >= len(whole)
    assert whole.isascii()
    assert all(len(line) <= 998 for line in whole.split(b"\r\n")), "RFC 5322 s.2.1.1"
    assert whole.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", whole)
    return whole


def parsed(octets: bytes) -> EmailMessage:
    found = message_from_bytes(octets, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert found.defects == []
    return found


GOLDEN = """\
From: <odzew@operator.example>\r
To: <jan@acme.example>,\r
 <anna@acme.example>\r
Subject: SMS from +48500600700 to +48664078059 (AUTO)\r
Date: Tue, 21 Oct 2014 09:18:03 +0000\r
Message-ID: <msg_77.1413883083@operator.example>\r
Auto-Submitted: auto-generated\r
X-Odzew-Message: 1\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
"""
TEXT = """\
Zażółć

-- 
From: +48500600700
To: +48664078059
Keyword: AUTO
Received: 2014-10-21 11:18:03
Message: 1
"""  # noqa: W291  # two dashes and a blank begin a signature


async def test_an_sms_octet_for_octet() -> None:
    whole = await written(text="Zażółć", keyword="AUTO", to=("jan@acme.example", "anna@acme.example"))
    head, _, body = whole.partition(b"\r\n\r\n")
    assert head + b"\r\n\r\n" == GOLDEN.encode()
    assert base64.b64decode(body) == TEXT.encode()


@pytest.mark.parametrize(
    ("language", "fields", "completion", "subject"),
    [
        ("en", {}, False, "SMS from +48500600700 to +48664078059"),
        ("pl", {"keyword": "AUTO"}, False, "SMS od +48500600700 na +48664078059 (AUTO)"),
        ("pl", {}, True, "SMS od +48500600700 na +48664078059, uzupełniony"),
        ("en", {"kind": "mms", "title": "Żółw & kot"}, False, "MMS from +48500600700 to +48664078059: Żółw & kot"),
        ("xx", {"sender": "InfoSMS"}, True, "SMS from InfoSMS to +48664078059, complete"),
    ],
)
async def test_the_subject(language: str, fields: dict[str, Any], completion: bool, subject: str) -> None:
    found = parsed(await written(account=an_account(language=language), completion=completion, **fields))
    assert found["Subject"] == subject


async def test_the_message_id_is_the_same_over_the_repeats() -> None:
    ids = [parsed(await written(at=at))["Message-ID"] for at in (AT, AT + 300_000_000)]
    assert ids[0] == ids[1] == "<msg_77.1413883083@operator.example>"


@pytest.mark.parametrize("size", [0, 1, LINE - 1, LINE, LINE + 1, SLICE - 1, SLICE, SLICE + 1, 1 << 20])
async def test_attachments_come_back(size: int) -> None:
    parts = Parts(octets(size), b"tekst", names=("zdjęcie 🐈.jpg", "b.txt"))
    found = parsed(await written(parts, kind="mms", title="T", text="tekst"))
    assert found.get_content_type() == "multipart/mixed"
    text, *attached = found.iter_parts()
    assert text.get_content().startswith("tekst\n\n-- \n")
    assert [(one.get_filename(), one.get_content_type(), one.get_content()) for one in attached] == [
        ("zdjęcie 🐈.jpg", "image/jpeg", octets(size)),
        ("b.txt", "image/jpeg", b"tekst"),
    ]


@pytest.mark.parametrize(
    ("given_type", "told"),
    [
        ("image/jpeg", "image/jpeg"),
        ("Text/Plain; charset=iso-8859-2", 'text/plain; charset="iso-8859-2"'),
        ("text/plain; charset=\"utf-8\"\r\nX-Evil: 1", 'text/plain; charset="utf-8"'),
        ("text/plain; charset=\r\nX-Evil: 1", "text/plain"),
        ("image/jpeg\r\nX-Evil: 1", "application/octet-stream"),
        ("multipart/mixed; boundary=x", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("image/żółw", "application/octet-stream"),
    ],
)
async def test_only_types_that_can_be_base64(given_type: str, told: str) -> None:
    parts = Parts(b"x")
    parts.heads[0] = type(parts.heads[0])(1, "a", given_type, 1)
    found = parsed(await written(parts, kind="mms", title=""))
    _, attached = found.iter_parts()
    assert attached["Content-Type"] == told
    assert attached["X-Evil"] is None


@pytest.mark.parametrize(
    "name", ["..", "../../etc/passwd", "a\\b", 'a"b', "a\r\nX-Evil: 1", "", " ", "x" * 500, "🐈" * 300, "=?utf-8?q?a?="]
)
async def test_names_of_attachments_do_no_harm(name: str) -> None:
    found = parsed(await written(Parts(b"x", names=(name,)), kind="mms", title=""))
    _, attached = found.iter_parts()
    told = attached.get_filename()
    assert told
    assert not set(told) & set("/\\\r\n")
    assert len(told) <= 60
    assert set(attached.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}


HOSTILE = ("x\r\nBcc: evil@evil.example", "x\n\n<html>", "=?utf-8?b?DQpCY2M6IGV2aWw=?=", "\x00\x1b[2J", "a\u2028b", "ż" * 500, "." * 10)


@pytest.mark.parametrize("value", HOSTILE)
async def test_no_value_makes_a_header(value: str) -> None:
    whole = await written(Parts(b"x", names=(value,)), text=value, sender=value, recipient=value, keyword=value, title=value, kind="mms")
    found = parsed(whole)
    assert list(found.keys()) == [*HEADERS, "Content-Type"]
    assert "\n" not in found["Subject"]
    assert b"\nBcc" not in whole


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, texts, texts, texts)
async def test_any_words_make_a_letter_that_can_be_read(text: str, title: str, keyword: str, name: str) -> None:
    found = parsed(await written(Parts(b"\0\xff", names=(name,)), text=text, title=title, keyword=keyword, kind="mms"))
    assert list(found.keys()) == [*HEADERS, "Content-Type"]
    body, attached = found.iter_parts()
    assert set(body.keys()) | set(attached.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    payload = body.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().startswith(text.replace("\0", "\ufffd") + "\n\n-- \n")


@given(texts)
def test_a_header_of_free_text_is_folded_and_plain(text: str) -> None:
    value = unstructured(text)
    assert value.isascii()
    assert all(len(line) <= 76 for line in value.split("\r\n "))
    assert "\n" not in value.replace("\r\n ", "")


async def test_a_text_of_millions_is_cut_where_it_is_attached() -> None:
    found = parsed(await written(Parts(b"x"), text="ż" * 2_000_000, kind="mms", title=""))
    text, _ = found.iter_parts()
    assert len(text.get_content()) < 41_000
    assert "(cut here; the whole text is attached)" in text.get_content()


async def test_a_letter_of_10_mib_is_never_held_whole() -> None:
    parts = Parts(bytes(10 << 20))
    letter = Letter(a_message(kind="mms", title=""), an_account(), ("jan@acme.example",), "msg_77", AT, parts.heads, parts.read)
    sent = 0
    tracemalloc.start()
    try:
        async for piece in letter.slices(FROM):
            sent += len(piece)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > 13 << 20
    assert most < 5 << 20, f"{most / (1 << 20):.1f} MiB at the most"

"""What an arrival means, before anything is stored."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.clock import DAY
from odzew.errors import NumberError
from odzew.inbox.classify import Claim
from odzew.inbox.meaning import case_of, claim, first_text, message_of
from odzew.model import Attachment, Keyword, Message, Number
from tests.inbox.directory import OWN, SENDER, A, an_arrival

NOW = 1_413_883_083_000_000
LODZ = "Łódź"


def part(data: bytes, content_type: str = "text/plain; charset=utf-8") -> Attachment:
    return Attachment("part", content_type, data)


# what is meant, the arrival's text, its attachments, the first text
TEXTS = (
    ("what the source gave", "tekst", (part(b"other"),), "tekst"),
    ("the first text part", "", (part(b"\xff\xd8", "image/jpeg"), part(b"one"), part(b"two")), "one"),
    ("no text part", "", (part(b"\xff\xd8", "image/jpeg"), part(b"<p>", "text/html")), ""),
    ("nothing at all", "", (), ""),
    ("UTF-8 without a charset", "", (part(LODZ.encode(), "text/plain"),), LODZ),
    ("another charset", "", (part(LODZ.encode("iso8859-2"), "text/plain; charset=ISO-8859-2"),), LODZ),
    ("a charset in quotes", "", (part(LODZ.encode("cp1250"), 'Text/Plain; Charset="windows-1250"'),), LODZ),
    ("a parameter behind the charset", "", (part(LODZ.encode("cp1250"), "text/plain; charset=windows-1250; name=a.txt"),), LODZ),
    ("a parameter before the charset", "", (part(LODZ.encode("utf-16"), "text/plain; name=a.txt; charset=utf-16"),), LODZ),
    ("an unknown charset", "", (part(b"abc", "text/plain; charset=klingon"),), "616263"),
    ("octets that are none of the charset", "", (part(b"a\xff"),), "a\ufffd"),
    ("an empty first part", "", (part(b""), part(b"two")), ""),
)


@pytest.mark.parametrize(("text", "attachments", "expected"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_the_first_text_of_an_mms(text: str, attachments: tuple[Attachment, ...], expected: str) -> None:
    arrival = an_arrival(text, mms=True, attachments=attachments)
    assert first_text(arrival) == expected
    assert message_of(arrival, NOW, "PL").text == expected


def test_a_message_has_nobody_s_name_on_it_yet() -> None:
    message = message_of(an_arrival("a\0b", sender="500600700", to="+48 664 000 002"), NOW, "PL")
    assert message == Message(0, "unclaimed", None, SENDER, OWN, "a\ufffdb", NOW)
    assert message_of(an_arrival(sender="030 1234567"), NOW, "DE").sender == "+49301234567"


@pytest.mark.parametrize("fields", [{"sender": ""}, {"to": " "}, {"sender": "x" * 65}, {"to": "a\0"}])
def test_an_address_that_cannot_be_read(fields: dict[str, Any]) -> None:
    with pytest.raises(NumberError):
        message_of(an_arrival(**fields), NOW, "PL")


# what the network says, what counts
TRUSTED = ((NOW - DAY, NOW - DAY), (0, 0), (NOW + DAY, NOW + DAY), (NOW + DAY + 1, NOW + DAY), (1 << 90, NOW + DAY), (-1, NOW), (None, NOW))


@pytest.mark.parametrize(("says", "counts"), TRUSTED)
def test_a_trusted_time_is_kept_within_reason(says: int | None, counts: int) -> None:
    assert message_of(an_arrival(trust_time=True, network_time=says), NOW, "PL").received_at == counts
    assert message_of(an_arrival(trust_time=False, network_time=says), NOW, "PL").received_at == NOW


# the arrival, its subject, whether the rules see an MMS, the texts they look at
SEEN: tuple[tuple[dict[str, Any], str | None, bool, tuple[str, ...]], ...] = (
    ({"text": "tekst"}, None, False, ("tekst",)),
    ({"text": "tekst", "mms": True, "title": "Temat"}, "Temat", True, ("Temat", "tekst")),
    ({"text": "", "mms": True}, "", True, ("", "")),
    ({"text": "x", "mms": True, "title": "\ud800"}, "\ufffd", True, ("\ufffd", "x")),
)


@pytest.mark.parametrize(("fields", "title", "mms", "texts"), SEEN)
def test_what_the_rules_look_at(fields: dict[str, Any], title: str | None, mms: bool, texts: tuple[str, ...]) -> None:
    message = message_of(an_arrival(**fields), NOW, "PL")
    assert message.title == title
    case = case_of(message)
    assert (case.recipient, case.mms, case.texts) == (OWN, mms, texts)


def test_an_unclaimed_mms_is_still_known_as_one() -> None:
    message = message_of(an_arrival("", mms=True), NOW, "PL")
    claim(message, Claim("unclaimed", None, "not enabled", Number(1, OWN, "ndi", A)))
    assert message.kind == "unclaimed"
    assert case_of(message).mms


@pytest.mark.parametrize(("strip", "text"), [(False, "Auto: 1"), (True, "1")])
def test_a_claim_writes_its_name_on_the_message(strip: bool, text: str) -> None:
    message = message_of(an_arrival("Auto: 1"), NOW, "PL")
    number = Number(5, OWN, "pr")
    claim(message, Claim("pre", A, "keyword AUTO", number, Keyword(7, 5, A, "AUTO", ("auto",), strip)))
    assert (message.kind, message.account_id, message.rule, message.number_id) == ("pre", A, "keyword AUTO", 5)
    assert (message.keyword_id, message.keyword, message.text, message.answers) == (7, "AUTO", text, None)

"""What one message says to a client: values of placeholders, and the body of an MMS (contract 5.2, 5.3)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.forward.item import FORM_TYPE, JSON_TYPE, MmsBody, values_of
from odzew.store.attachments import AttachmentHead
from odzew.store.messages import SLICE
from odzew.wire.published import PLACEHOLDER_NAMES
from tests.forward.builders import a_message, an_account

SIZES = (0, 1, 2, 3, 4, 5, SLICE - 1, SLICE, SLICE + 1, 3 * 64 * 1024, 1 << 20)
NAMES = ("text_0002.txt", "zdjęcie & \"kot\" = 100%.jpg", "a+b c#d;e[0].png", "🐈", "", "../..", "back\\slash\r\nnew: line")


class Parts:
    """Attachments in slices, as the store keeps them."""

    def __init__(self, *data: bytes, names: tuple[str, ...] = NAMES) -> None:
        self.data = data
        self.longest = 0
        named = [(key, names[(key - 1) % len(names)], octets) for key, octets in enumerate(data, 1)]
        self.heads = [AttachmentHead(key, name, "image/jpeg", len(octets)) for key, name, octets in named]

    async def read(self, attachment: int, position: int) -> bytes:
        return self.data[attachment - 1][position * SLICE : (position + 1) * SLICE]

    async def body(self, as_json: bool, **message: Any) -> bytes:
        body = MmsBody(a_message(kind="mms", **message), an_account(), self.heads, self.read, as_json)
        pieces = [piece async for piece in body.slices()]
        self.longest = max(map(len, pieces))
        assert body.content_type == (JSON_TYPE if as_json else FORM_TYPE)
        again = b"".join([piece async for piece in body.slices()])
        assert again == b"".join(pieces), "it can be produced more than once"
        return again


def octets(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("nd", "NUMER", "+48500600700"),
        ("pre", "NUMER", "48500600700"),
        ("mms", "NUMER", "+48500600700"),
        ("nd", "WIADOMOSC", "Zażółć #NUMER# & 100%"),
        ("nd", "DATA", "2014-10-21 11:18:03"),
        ("nd", "ID", "303023"),
        ("eco", "SMSID", "eba39e4fe1"),
        ("nd", "NUMERDO", "+48664078059"),
        ("ndi", "TYP", "ndi"),
        ("nd", "HASLO", "SERWERSMS"),
        ("mms", "TYTUL", "Temat MMS"),
        ("pre", "LIMIT", "0"),
        ("nd", "LIMIT", ""),
    ],
)
def test_the_values_of_placeholders(kind: Any, name: str, value: str) -> None:
    message = a_message(
        "Zażółć #NUMER# & 100%", kind=kind, number=303023, keyword="SERWERSMS", answers="eba39e4fe1", title="Temat MMS"
    )
    assert values_of(message, an_account())[name] == value


def test_every_placeholder_of_the_contract_has_a_value() -> None:
    assert set(values_of(a_message(), an_account())) == set(PLACEHOLDER_NAMES.values())


def test_what_a_message_has_not_is_empty() -> None:
    values = values_of(a_message(), an_account())
    assert (values["SMSID"], values["HASLO"], values["TYTUL"]) == ("", "", "")


def test_a_short_code_or_a_name_as_sender_stays_as_it_is() -> None:
    assert values_of(a_message(kind="pre", sender="71200"), an_account())["NUMER"] == "71200"
    assert values_of(a_message(sender="InfoSMS"), an_account())["NUMER"] == "InfoSMS"


@pytest.mark.parametrize(
    ("zone", "shown"), [("Europe/Warsaw", "2014-10-21 11:18:03"), ("UTC", "2014-10-21 09:18:03"), ("Asia/Kathmandu", "2014-10-21 15:03:03")]
)
def test_times_are_the_accounts(zone: str, shown: str) -> None:
    assert values_of(a_message(), an_account(time_zone=zone))["DATA"] == shown


FIELDS = [
    ("id", "1"), ("type", "mms"), ("phone", "+48500600700"), ("to_number", "+48664078059"), ("recived", "2014-10-21 11:18:03"),
    ("title", "Kot & 'pies' = +1 #ID#"),
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES[:3])
async def test_a_form_reads_back_as_what_was_sent(size: int, name: str) -> None:
    parts = Parts(octets(size), names=(name,))
    body = await parts.body(as_json=False, title="Kot & 'pies' = +1 #ID#")
    read = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
    assert read[:6] == FIELDS
    assert read[6:9] == [(f"attachments[0][{key}]", value) for key, value in (("id", "1"), ("name", name), ("content_type", "image/jpeg"))]
    assert read[9][0] == "attachments[0][data]"
    assert base64.b64decode(read[9][1], validate=True) == octets(size)
    assert len(read) == 10


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
async def test_json_reads_back_as_what_was_sent(size: int, name: str) -> None:
    parts = Parts(octets(size), names=(name,))
    read = json.loads(await parts.body(as_json=True, title="Kot \"i\" pies \\ \n"))
    [attachment] = read.pop("attachments")
    assert list(read.items()) == [("id", 1), *FIELDS[1:5], ("title", "Kot \"i\" pies \\ \n")]
    assert base64.b64decode(attachment.pop("data"), validate=True) == octets(size)
    assert attachment == {"id": 1, "name": name, "content_type": "image/jpeg"}


@pytest.mark.parametrize("as_json", [False, True])
async def test_no_attachments_and_many(as_json: bool) -> None:
    none = await Parts().body(as_json)
    assert (json.loads(none)["attachments"] == []) if as_json else (b"attachments" not in none)
    parts = Parts(*(octets(n) for n in range(12)))
    body = await parts.body(as_json)
    if as_json:
        found = [base64.b64decode(item["data"]) for item in json.loads(body)["attachments"]]
    else:
        read = dict(parse_qsl(body.decode(), keep_blank_values=True))
        found = [base64.b64decode(read[f"attachments[{n}][data]"]) for n in range(12)]
    assert found == list(parts.data)


@pytest.mark.parametrize("as_json", [False, True])
async def test_a_body_is_never_held_whole(as_json: bool) -> None:
    parts = Parts(octets(5 << 20))
    await parts.body(as_json)
    assert parts.longest <= 1 << 20


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.binary(max_size=50), max_size=4), texts, texts, st.booleans())
async def test_any_title_name_and_content_come_back(data: list[bytes], title: str, name: str, as_json: bool) -> None:
    body = await Parts(*data, names=(name,)).body(as_json, title=title)
    if as_json:
        item = json.loads(body)
        assert item["title"] == title
        found = [(part["name"], base64.b64decode(part["data"])) for part in item["attachments"]]
    else:
        read = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
        assert read["title"] == title
        found = [(read[f"attachments[{n}][name]"], base64.b64decode(read[f"attachments[{n}][data]"])) for n in range(len(data))]
    assert found == [(name, octets_) for octets_ in data]

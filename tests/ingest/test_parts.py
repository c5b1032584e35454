"""The parts of a pushed MMS: names, types, base64."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.ingest.parts import Part, PartFault, attachments_of, safe_name

NAMES = (
    ("kot.jpg", "kot.jpg"),
    ("Żółw i kot.png", "Żółw i kot.png"),
    ("../../etc/passwd", "passwd"),
    ("C:\\dokumenty\\kot.jpg", "kot.jpg"),
    ("a/b\\c", "c"),
    ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
    ("kot\u202egpj.exe", "kotgpj.exe"),
    ("kot\0.jpg", "kot\ufffd.jpg"),
    ("kot\ud800.jpg", "kot\ufffd.jpg"),
    ("", "part_0004"),
    ("..", "part_0004"),
    ("folder/", "part_0004"),
    (" . ", "part_0004"),
    ("\n", "part_0004"),
    (".profile", ".profile"),
    ("x" * 300, "x" * 255),
)


@pytest.mark.parametrize(("given_name", "name"), NAMES)
def test_names(given_name: str, name: str) -> None:
    assert safe_name(given_name, 4) == name


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_name_is_safe(name: str) -> None:
    safe = safe_name(name, 1)
    assert 0 < len(safe) <= 255
    assert not set(safe) & set("/\\\0\r\n\u202e")
    assert safe not in (".", "..")
    assert safe.encode("utf-8")


@given(st.binary(max_size=300))
def test_data_comes_back(data: bytes) -> None:
    (attachment,) = attachments_of([Part("x", "image/png", base64.b64encode(data).decode())], "")
    assert attachment.data == data


@pytest.mark.parametrize("data", ["x", "QQ", "QQ=", "QQ===", "QQ==QQ==", "Q Q==", "QQ==\n", "Q-_=", "ż", "\ud800", "=", "QQ==x"])
def test_what_is_not_base64_is_refused(data: str) -> None:
    with pytest.raises(PartFault, match="attachment 1: data is not base64"):
        attachments_of([Part("x", "image/png", data)], "")


TYPES = (
    ("image/jpeg", True),
    ("text/plain; charset=utf-8", True),
    ('text/plain;charset="utf-8"; name="a b"', True),
    ("application/vnd.3gpp+xml", True),
    ("", True),
    ("image", False),
    ("image/", False),
    ("/jpeg", False),
    ("image/jpeg\r\nX: y", False),
    ("image/jpeg;\0", False),
    ("image/jpęg", False),
    ("a b/c", False),
    ("x/" + "y" * 254, False),
)


@pytest.mark.parametrize(("content_type", "good"), TYPES)
def test_types(content_type: str, good: bool) -> None:
    parts = [Part("x", content_type, "QQ==")]
    if good:
        assert attachments_of(parts, "")[0].content_type == (content_type or "application/octet-stream")
    else:
        with pytest.raises(PartFault, match="media type"):
            attachments_of(parts, "")


def test_a_part_without_data() -> None:
    with pytest.raises(PartFault, match="data is missing"):
        attachments_of([Part("x", "image/png", "QQ=="), Part("y", "image/png")], "")


def test_smil_is_left_out() -> None:
    parts = [Part("a.smil", "Application/SMIL; charset=x", "QQ=="), Part("b.jpg", "image/jpeg", "QQ==")]
    assert [part.name for part in attachments_of(parts, "")] == ["b.jpg"]


def test_a_text_comes_first_and_is_storable() -> None:
    text, picture = attachments_of([Part(None, "image/jpeg", "QQ==")], "Zażółć \ud800")
    assert (text.name, text.content_type, text.data) == ("text_0001.txt", "text/plain; charset=utf-8", "Zażółć \ufffd".encode())
    assert picture.name == "part_0002"


@pytest.mark.parametrize("count", [100, 101])
def test_at_most_a_hundred(count: int) -> None:
    parts = [Part("x", "image/png", "")] * count
    if count == 100:
        assert len(attachments_of(parts, "")) == 100
    else:
        with pytest.raises(PartFault, match="more than 100"):
            attachments_of(parts, "")

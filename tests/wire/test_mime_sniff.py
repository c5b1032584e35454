"""What parts are that do not say it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.wire import mime_sniff

# Octets, name; the type.
PARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "", "image/jpeg"),
    (b"\xff\xd8\xff\xe1\0\x10Exif", "a.gif", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\0", "", "image/png"),
    (b"GIF89a\1\0", "", "image/gif"),
    (b"GIF87a\1\0", "", "image/gif"),
    (b"#!AMR\n\x3c", "", "audio/amr"),
    (b"#!AMR-WB\n", "", "audio/amr"),
    (b"\0\0\0\x18ftyp3gp4", "", "video/3gpp"),
    (b"\0\0\0\x18ftyp3gp5", "a.jpg", "video/3gpp"),
    (b"\0\0\0\x18ftyp3g2a", "", "video/3gpp2"),
    (b"\0\0\0\x18ftypisom", "", "video/mp4"),
    (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
    (b"BEGIN:VCARD\r\n", "", "text/x-vcard"),
    (b"<smil><body/></smil>", "", "application/smil"),
    (b"<smil xmlns='x'>", "a.txt", "application/smil"),
    (b'\r\n<?xml version="1.0"?>\n<!-- made by hand -->\n<smil>', "", "application/smil"),
    (b'<?xml version="1.0"?><!DOCTYPE smil PUBLIC "-//W3C//DTD SMIL 1.0//EN" "x"><smil>', "", "application/smil"),
    (b"\xef\xbb\xbf<SMIL>", "", "application/smil"),
    (b"<smiley>", "", "text/plain; charset=utf-8"),
    (b"I write <smil> here", "", "text/plain; charset=utf-8"),
    ("Zażółć".encode(), "", "text/plain; charset=utf-8"),
    ("Zażółć".encode("utf-16"), "", "text/plain; charset=utf-16"),
    ("Zażółć".encode("iso-8859-2"), "", "application/octet-stream"),
    ("Zażółć".encode("iso-8859-2"), "a.TXT", "text/plain"),
    (b"text", "a.jpg", "image/jpeg"),
    (b"\0\1\2", "a.3gp", "video/3gpp"),
    (b"\0\1\2", "a.unknown", "application/octet-stream"),
    (b"\0\1\2", "jpg", "application/octet-stream"),
    (b"a\0b", "", "application/octet-stream"),
    (b"", "", "application/octet-stream"),
    (b"", "pusty.txt", "text/plain"),
)


@pytest.mark.parametrize(("octets", "name", "media_type"), PARTS)
def test_told_by_octets_or_name(octets: bytes, name: str, media_type: str) -> None:
    assert mime_sniff.media_type_of(octets, name) == media_type


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [
        ("image/jpeg", ".jpg"),
        ("IMAGE/JPEG; name=x", ".jpg"),
        ("text/plain; charset=utf-8", ".txt"),
        ("video/3gpp", ".3gp"),
        ("x/y", ""),
        ("", ""),
    ],
)
def test_endings(media_type: str, ending: str) -> None:
    assert mime_sniff.ending_of(media_type) == ending


@given(st.binary(max_size=50) | st.binary(max_size=20).map(lambda octets: b"<?xml" + octets + b"<smil"), st.text(max_size=10))
def test_anything_has_a_type(octets: bytes, name: str) -> None:
    assert mime_sniff.media_type_of(octets, name).count("/") == 1


@pytest.mark.parametrize("octets", [b"<?xml" * 1_000_000, b"<!--" * 1_000_000, b" " * 4_000_000, b"<?xml ?>" * 500_000 + b"\0"])
def test_hostile_octets_are_not_looked_through(octets: bytes) -> None:
    assert not mime_sniff.is_smil(octets)

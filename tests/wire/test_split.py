"""Texts cut into parts: sizes, headers, and cuts that go through no character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import coding, gsm7, national, septets, split, udh

# Text, coding, bits of the reference, sizes of the parts in octets of text (GSM: septets).
SIZES = (
    ("a" * 160, "gsm7", 8, [160]),
    ("a" * 161, "gsm7", 8, [153, 8]),
    ("a" * 306, "gsm7", 8, [153, 153]),
    ("a" * 307, "gsm7", 8, [153, 153, 1]),
    ("a" * 161, "gsm7", 16, [152, 9]),
    ("a" * 161, "gsm7", 0, [160, 1]),
    ("a" * 152 + "€" + "b" * 20, "gsm7", 8, [152, 22]),  # the escape would be the last septet
    ("a" * 151 + "€" + "b" * 20, "gsm7", 8, [153, 20]),
    ("€" * 80, "gsm7", 8, [160]),
    ("€" * 81, "gsm7", 8, [152, 10]),
    ("ł" * 70, "utf-16-be", 8, [140]),
    ("ł" * 71, "utf-16-be", 8, [134, 8]),
    ("ł" * 71, "utf-16-be", 16, [132, 10]),
    ("ł" * 71, "utf-16-le", 0, [140, 2]),
    ("ł" * 66 + "😀" + "ż" * 10, "utf-16-be", 8, [132, 24]),  # the pair would be cut
    ("ł" * 66 + "😀" + "ż" * 10, "utf-16-le", 8, [132, 24]),
    ("ł" * 65 + "😀" + "ż" * 10, "utf-16-be", 8, [134, 20]),
    ("é" * 141, "latin1", 8, [134, 7]),
    ("x" * 133 + "é" * 10, "utf8", 8, [133, 20]),
    ("00" * 141, "binary", 8, [134, 7]),
    ("", "gsm7", 8, [0]),
)


@pytest.mark.parametrize(("text", "word", "bits", "sizes"), SIZES)
def test_sizes(text: str, word: str, bits: int, sizes: list[int]) -> None:
    pieces = split.split(text, word, bits=bits, reference=5)
    assert [len(piece.octets) for piece in pieces] == sizes
    assert [(piece.number, piece.total) for piece in pieces] == [(number, len(sizes)) for number in range(1, len(sizes) + 1)]
    for piece in pieces:
        assert len(piece.user_data(packed=word == "gsm7")) <= split.OCTETS


@pytest.mark.parametrize(
    ("bits", "headers"), ((8, ["0500031102 01", "0500031102 02"]), (16, ["060804001102 01", "060804001102 02"]), (0, ["", ""]))
)
def test_headers(bits: int, headers: list[str]) -> None:
    pieces = split.split("ab" * 100, bits=bits, reference=17)
    assert [piece.header for piece in pieces] == [bytes.fromhex(header) for header in headers]


def test_languages_are_said_in_every_part_also_in_a_single_one() -> None:
    (alone,) = split.split("ığş", locking=1, single=1)
    assert alone.header == bytes.fromhex("06 25 01 01 24 01 01")
    pieces = split.split("ığş" * 60, locking=1, bits=16, reference=4097)
    assert [piece.header[:1] + piece.header[-3:] for piece in pieces] == [b"\x09\x25\x01\x01"] * 2
    assert len(pieces[0].octets) == (140 - 10) * 8 // 7
    (told_otherwise, _) = split.split("ığş" * 60, locking=1, bits=0)
    assert told_otherwise.header == bytes.fromhex("03 25 01 01")


def test_a_packed_part_begins_at_a_septet() -> None:
    first, second = split.split("a" * 161, reference=1)
    assert first.user_data(packed=True) == first.header + septets.pack(b"a" * 153, 1)
    assert second.user_data(packed=True) == second.header + septets.pack(b"a" * 8, 1)
    assert second.user_data() == second.header + b"a" * 8


def test_a_size_of_our_own() -> None:
    assert [piece.octets for piece in split.split("abcdefg", size=3)] == [b"abc", b"def", b"g"]
    assert [piece.octets for piece in split.split("ab€c", size=3)] == [b"ab", b"\x1bec"]
    assert [piece.octets for piece in split.split("ab€c", size=3, anywhere=True)] == [b"ab\x1b", b"ec"]
    assert [piece.octets for piece in split.split("€€", size=1)] == [b"\x1b", b"e", b"\x1b", b"e"]
    assert [piece.octets.hex() for piece in split.split("😀", "utf-16-be", size=2, anywhere=True)] == ["d83d", "de00"]
    assert [piece.octets.hex() for piece in split.split("😀", "utf-16-be", size=1)] == ["d8", "3d", "de", "00"]


@pytest.mark.parametrize(
    ("text", "word"), (("ł", "gsm7"), ("ł", "latin1"), ("é", "ascii"), ("0", "binary"), ("zz", "unknown"), ("漢", "iso8859-8"))
)
def test_what_a_coding_cannot_write(text: str, word: str) -> None:
    with pytest.raises(WireError):
        split.split(text, word)


def test_no_more_than_255_parts() -> None:
    assert len(split.split("a" * 153 * 255)) == 255
    with pytest.raises(WireError, match="256 parts"):
        split.split("a" * (153 * 255 + 1))


def test_lone_surrogates_and_hex_are_written_as_they_are() -> None:
    assert split.encode("a\ud83d", "utf-16-be").hex() == "0061d83d"
    assert split.encode("00FF", "binary") == b"\x00\xff"


GSM = st.text(st.sampled_from(sorted(set(gsm7.BASIC) | set(gsm7.EXTENSION.values()))), max_size=400)
TURKISH = st.text(st.sampled_from(sorted(set(national.LOCKING[1]) | set(national.SINGLE[1].values()))), max_size=400)
BITS = st.sampled_from((0, 8, 16))


@given(GSM, BITS)
def test_parts_of_a_gsm_text_are_whole_and_as_full_as_can_be(text: str, bits: int) -> None:
    pieces = split.split(text, bits=bits)
    assert "".join(gsm7.decode(piece.octets) for piece in pieces) == text
    room = {0: 160, 8: 153, 16: 152}[bits]
    assert all(len(piece.octets) >= room - 1 for piece in pieces[:-1])


@given(TURKISH, BITS)
def test_parts_of_a_turkish_text(text: str, bits: int) -> None:
    pieces = split.split(text, locking=1, single=1, bits=bits)
    assert "".join(gsm7.decode(piece.octets, 1, 1) for piece in pieces) == text


@given(st.text(max_size=200), BITS, st.sampled_from(("utf-16-be", "utf-16-le", "utf8")))
def test_parts_of_a_unicode_text_are_whole(text: str, bits: int, word: str) -> None:
    pieces = split.split(text, word, bits=bits)
    assert "".join(piece.octets.decode(word) for piece in pieces) == text
    for piece in pieces:
        assert len(piece.user_data()) <= split.OCTETS


@given(st.text(max_size=60), st.sampled_from(("utf-16-be", "utf-16-le", "utf8")), st.integers(1, 9), st.booleans())
def test_any_size_gives_all_octets_in_order(text: str, word: str, size: int, anywhere: bool) -> None:
    pieces = split.split(text, word, size=size, anywhere=anywhere, reference=200)
    assert b"".join(piece.octets for piece in pieces) == text.encode(word)
    assert all(0 < len(piece.octets) <= size for piece in pieces) or not text
    for piece in pieces if len(pieces) > 1 else ():
        part = udh.parse(piece.header)[0].part
        assert part is not None
        assert (part.reference, part.number, part.total) == ("u8:200", piece.number, len(pieces))


@pytest.mark.parametrize("word", coding.WORDS)
def test_every_word_is_cut_into_what_it_says(word: str) -> None:
    text = "4142" * 100
    octets = bytes.fromhex(text) if word in ("binary", "unknown") else text.encode("ascii" if word == "gsm7" else word)
    assert b"".join(piece.octets for piece in split.split(text, word)) == octets

"""User data to segments, and segments to a message's text: known traps, and every cut of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.model import Form, Part, Segment
from odzew.wire import coding, gsm7, published, segment, septets, split, udh
from odzew.wire.segment import Decoded, Reading

PLAIN = Reading()
PACKED = Reading(default_alphabet="gsm7-packed")
LITTLE = Reading(ucs2_order="little")
EMOJI = "D83DDE18"


def text_of(octets: str, data_coding: int = 0, *, udhi: bool = False, reading: Reading = PLAIN) -> Decoded:
    """What a message of one part says."""
    return segment.decode([segment.read(bytes.fromhex(octets), udhi, data_coding, reading).segment], 1)


# User data in hex, data_coding, how the source is read: the text and its form.
MESSAGES: tuple[tuple[str, int, Reading, str, Form], ...] = (
    ("", 0, PLAIN, "", "text"),
    ("48656C6C6F", 0, PLAIN, "Hello", "text"),
    ("05", 0, PLAIN, "é", "text"),  # seen as \x05 where GSM is handed on undecoded
    ("00", 0, PLAIN, "@", "text"),
    ("1B65", 0, PLAIN, "€", "text"),
    ("20AC", 8, PLAIN, "€", "text"),
    ("617A80", 0, PLAIN, "az\ufffd", "undecoded"),
    ("7A61FF", 1, PLAIN, "za\ufffd", "undecoded"),
    ("E9", 3, PLAIN, "é", "text"),
    ("E9", 0, Reading(default_alphabet="latin1"), "é", "text"),
    ("C582", 0, Reading(default_alphabet="utf8"), "ł", "text"),
    ("EFBBBFC582", 0, Reading(default_alphabet="utf8"), "ł", "text"),
    ("C582C5", 0, Reading(default_alphabet="utf8"), "ł\ufffd", "undecoded"),
    ("E282AC", 8, Reading(codings={8: "utf8"}), "€", "text"),  # UTF-8 where UCS-2 is announced
    ("5B5D", 0, Reading(default_alphabet="ascii"), "[]", "text"),
    ("C8329BFD06", 0, PACKED, "Hello", "text"),
    ("31D98C56B3DD70", 0, PACKED, "12345678", "text"),
    ("31D98C56B3DD00", 0, PACKED, "1234567", "text"),
    ("C8329BFD06", 0xF1, PACKED, "Hello", "text"),
    ("B3", 6, PLAIN, "Г", "text"),
    ("F9", 7, PLAIN, "\N{HEBREW LETTER SHIN}", "text"),
    ("82A0", 5, PLAIN, "あ", "text"),
    ("1B244224221B2842", 0x0A, PLAIN, "あ", "text"),
    ("A4A2", 0x0D, PLAIN, "あ", "text"),
    ("B0A1", 0x0E, PLAIN, "가", "text"),
    ("00FF10", 4, PLAIN, "00FF10", "binary"),
    ("00FF10", 0xF5, PLAIN, "00FF10", "binary"),
    ("", 4, PLAIN, "", "binary"),
    ("DEADBEEF", 9, PLAIN, "DEADBEEF", "undecoded"),
    ("DEADBEEF", 0x20, PLAIN, "DEADBEEF", "undecoded"),  # compressed
    # UCS-2
    ("00770068", 8, PLAIN, "wh", "text"),
    ("77006800", 8, LITTLE, "wh", "text"),
    ("77006800", 8, PLAIN, "\u7700\u6800", "text"),  # little-endian, and nobody says so
    ("FEFF0077", 8, PLAIN, "w", "text"),
    ("FEFF0077", 8, LITTLE, "w", "text"),  # the mark tells the order
    ("FFFE7700", 8, PLAIN, "w", "text"),
    ("FFFE7700", 8, LITTLE, "w", "text"),
    ("0077FEFF", 8, PLAIN, "w\ufeff", "text"),
    (EMOJI, 8, PLAIN, "😘", "text"),
    ("0077D8", 8, PLAIN, "w\ufffd", "undecoded"),
    ("00", 8, PLAIN, "\ufffd", "undecoded"),
    ("FEFF", 8, PLAIN, "", "text"),
    ("FEFF00", 8, PLAIN, "\ufffd", "undecoded"),
    ("D83D0077", 8, PLAIN, "\ud83dw", "text"),  # a lone surrogate is for the one who stores it
    ("DE18", 8, PLAIN, "\ude18", "text"),
    ("D83D", 8, PLAIN, "\ud83d", "text"),
    ("00000077", 8, PLAIN, "\0w", "text"),
)


@pytest.mark.parametrize(("octets", "data_coding", "reading", "text", "form"), MESSAGES)
def test_message(octets: str, data_coding: int, reading: Reading, text: str, form: Form) -> None:
    found = text_of(octets, data_coding, reading=reading)
    assert (found.text, found.form) == (text, form)
    assert bool(found.faults) == (form == "undecoded")


# With a header: user data, data_coding, reading, then locking, single, part, text.
HEADED = (
    ("03250101" + "690769", 0, PLAIN, 1, 0, None, "iıi"),
    ("03240101" + "1B67 1B49", 0, PLAIN, 0, 1, None, "ğİ"),
    ("06 240103 250103" + "0C 1B05", 0, PLAIN, 3, 3, None, "ôê"),
    ("06 250106 240106" + "2F42 1B19", 0, PLAIN, 6, 6, None, "नम।"),
    ("03250101" + "0131", 8, PLAIN, 0, 0, None, "ı"),  # a table says nothing in UCS-2
    ("0325010E" + "61", 0, PLAIN, 0, 0, None, "a"),
    ("050003110302" + "61", 0, PLAIN, 0, 0, Part("u8:17", 3, 2), "a"),
    ("06080410010302" + "61", 0, PLAIN, 0, 0, Part("u16:4097", 3, 2), "a"),
    ("08 250101 0003110302", 0, PLAIN, 1, 0, Part("u8:17", 3, 2), ""),
    ("050003110302" + "90 65 36 FB 0D", 0, PACKED, 0, 0, Part("u8:17", 3, 2), "Hello"),  # one fill bit
    ("06080410010302" + "C8329BFD06", 0, PACKED, 0, 0, Part("u16:4097", 3, 2), "Hello"),  # none
    ("00" + "48656C6C6F", 0, PLAIN, 0, 0, None, "Hello"),
)


@pytest.mark.parametrize(("octets", "data_coding", "reading", "locking", "single", "part", "text"), HEADED)
def test_headed(octets: str, data_coding: int, reading: Reading, locking: int, single: int, part: Part | None, text: str) -> None:
    found = segment.read(bytes.fromhex(octets), True, data_coding, reading).segment
    if found.coding == coding.GSM7:
        assert (found.locking, found.single) == (locking, single)
    assert found.part == part
    assert segment.decode([found], 1).text == text


def test_a_packed_fixture_is_what_the_packer_makes() -> None:
    assert septets.pack(b"Hello", septets.fill_bits(6)) == bytes.fromhex("906536FB0D")


def test_sar_parameters_count_where_no_header_says_otherwise() -> None:
    sar = Part("sar:21", 2, 1)
    headed = bytes.fromhex("050003110302") + b"a"
    assert segment.read(b"a", False, 0, PLAIN, sar).segment.part == sar
    assert segment.read(headed, True, 0, PLAIN, sar).segment.part == Part("u8:17", 3, 2)
    assert segment.read(bytes.fromhex("03250101") + b"a", True, 0, PLAIN, sar).segment.part == sar
    assert segment.read(headed, False, 0, PLAIN, sar).segment.octets == headed  # not announced: it is text


def test_ports_class_and_faults_are_told() -> None:
    found = segment.read(bytes.fromhex("0B 05040B8423F0 2401FF 7000"), True, 0xF5, PLAIN)
    assert found.ports == (2948, 9200)
    assert found.message_class == 1
    assert "255" in found.faults[0]
    assert found.segment == Segment("binary", b"")


@pytest.mark.parametrize("octets", ("05000311", "FF", "01"))
def test_a_header_that_overruns_leaves_everything_as_it_came(octets: str) -> None:
    found = segment.read(bytes.fromhex(octets), True, 0, PLAIN, Part("sar:1", 2, 1))
    assert found.segment == Segment("unknown", bytes.fromhex(octets), part=Part("sar:1", 2, 1))
    assert found.faults
    assert segment.decode([found.segment], 1)[:2] == (octets, "undecoded")


def test_an_announced_header_in_an_empty_message() -> None:
    found = segment.read(b"", True, 0, PLAIN)
    assert found.faults
    assert segment.decode([found.segment], 1) == Decoded("", "text")


# --- several parts -------------------------------------------------------------------------------------------------------


def ucs2(octets: str) -> Segment:
    return Segment("utf-16-be", bytes.fromhex(octets))


def gsm(octets: bytes, locking: int = 0, single: int = 0) -> Segment:
    return Segment("gsm7", octets, locking, single)


def binary(octets: str) -> Segment:
    return Segment("binary", bytes.fromhex(octets))


JOINED: tuple[tuple[str, list[Segment | None], int, str, Form], ...] = (
    ("an emoji cut in two", [ucs2("0041D83D"), ucs2("DE180042")], 2, "A😘B", "text"),
    ("cut within a unit", [ucs2("0041D8"), ucs2("3DDE18")], 2, "A😘", "text"),
    ("an escape cut in two", [gsm(b"a\x1b"), gsm(b"eb")], 2, "a€b", "text"),
    ("an escape cut in two, with tables", [gsm(b"\x1b", 1, 1), gsm(b"g", 1, 1)], 2, "ğ", "text"),
    ("tables that change", [gsm(b"\x1b", 1, 1), gsm(b"g", 0, 1)], 2, " g", "text"),
    ("the single table alone changes", [gsm(b"\x1bg", 0, 1), gsm(b"\x1bu", 0, 2)], 2, "ğú", "text"),
    ("a coding that changes", [gsm(b"a\x1b"), ucs2("0142"), gsm(b"e")], 3, "a łe", "text"),
    ("marks in the first part", [ucs2("FFFE4100"), ucs2("4200")], 2, "AB", "text"),
    ("a part is missing", [ucs2("0041"), None, ucs2("0042")], 3, "A[…2/3…]B", "text"),
    ("two are missing", [gsm(b"a"), None, None, gsm(b"b"), gsm(b"c")], 5, "a[…2-3/5…]bc", "text"),
    ("the first and the last", [None, gsm(b"b"), None], 3, "[…1/3…]b[…3/3…]", "text"),
    ("all but the first, unsaid", [gsm(b"a")], 4, "a[…2-4/4…]", "text"),
    ("nothing but gaps", [None, None], 2, "[…1-2/2…]", "text"),
    ("a gap within an emoji", [ucs2("D83D"), None, ucs2("DE18")], 3, "\ud83d[…2/3…]\ude18", "text"),
    ("a gap within an escape", [gsm(b"a\x1b"), None, gsm(b"e")], 3, "a […2/3…]e", "text"),
    ("binary parts", [binary("00FF"), binary("10")], 2, "00FF10", "binary"),
    ("a binary part is missing", [binary("00FF"), None], 2, "00FF[…2/2…]", "binary"),
    ("binary and text", [binary("00FF"), gsm(b"ok")], 2, "00FFok", "undecoded"),
    ("unknown and text", [Segment("unknown", b"\x01"), gsm(b"ok")], 2, "01ok", "undecoded"),
    ("an odd number in all", [ucs2("0041"), ucs2("00")], 2, "A\ufffd", "undecoded"),
    ("no part at all", [], 0, "", "text"),
)


@pytest.mark.parametrize(("segments", "total", "text", "form"), [row[1:] for row in JOINED], ids=[row[0] for row in JOINED])
def test_joined(segments: list[Segment | None], total: int, text: str, form: Form) -> None:
    found = segment.decode(segments, total)
    assert (found.text, found.form) == (text, form)
    assert bool(found.faults) == (form == "undecoded")


@pytest.mark.parametrize(
    ("first", "last", "total", "text"), ((2, 2, 3, "[…2/3…]"), (2, 3, 5, "[…2-3/5…]"), (1, 255, 255, "[…1-255/255…]"), (1, 1, 1, "[…1/1…]"))
)
def test_gap(first: int, last: int, total: int, text: str) -> None:
    assert published.gap(first, last, total) == text


# --- known traps ---------------------------------------------------------------------------------------------------------


def test_three_packed_parts_with_fill_bits() -> None:
    """Each part of 153 septets starts a bit late; the escape of the euro is the last septet of the first part."""
    text = "Zaleglosc " * 15 + "ab€" + "{[0]}~^|\\ " * 11
    pieces = split.split(text, reference=200, anywhere=True)
    assert [len(piece.octets) for piece in pieces] == [153, 153, len(gsm7.encode(text)) - 306]
    assert pieces[0].octets[-1] == gsm7.ESCAPE
    read = [segment.read(piece.user_data(packed=True), True, 0, PACKED).segment for piece in pieces]
    assert [found.part for found in read] == [Part("u8:200", 3, number) for number in (1, 2, 3)]
    assert segment.decode(read, 3) == Decoded(text, "text")


def test_a_portuguese_text_in_ucs2_out_of_order() -> None:
    text = "Não, a reunião será amanhã às três; você avisa os irmãos? Até já, coração! " * 2
    pieces = split.split(text, "utf-16-be", reference=4097, bits=16)
    read = [segment.read(piece.user_data(), True, 8, PLAIN).segment for piece in reversed(pieces)]
    read.sort(key=lambda found: found.part.number if found.part else 0)
    assert segment.decode(read, len(pieces)) == Decoded(text, "text")


def test_a_turkish_text_is_not_shifted_by_its_header() -> None:
    """Packed, with both tables: the header has seven octets, so there are no fill bits; with one table four, and three."""
    text = "Şimdi İzmir'e gidiyoruz, çok güzel bir ağaç ve ışık"
    for locking, single, fill in ((1, 1, 0), (0, 1, 3), (1, 0, 3)):
        (piece,) = split.split(text, locking=locking, single=single)
        assert septets.fill_bits(len(piece.header)) == fill
        assert text_of(piece.user_data(packed=True).hex(), udhi=True, reading=PACKED).text == text
        assert text_of(piece.user_data().hex(), udhi=True).text == text


# --- every text, every cut ----------------------------------------------------------------------------------------------

TEXTS = (
    ("gsm7", 0, 0, 0, "Koszt: 5€ {a} [b] ^~| \\ £ñ"),
    ("gsm7", 0, 1, 1, "İyi günler ğüşıöç € {Ğ}"),
    ("gsm7", 0, 0, 3, "Não ãõâ Ωçê €"),
    ("gsm7", 0, 6, 6, "नमस्ते। १२३ ABC € z"),
    ("utf-16-be", 8, 0, 0, "Zażółć 😘 gęślą 👩\u200d👧 jaźń \U0010ffff"),
    ("utf8", 8, 0, 0, "Zażółć 😘 gęślą jaźń €"),
)


@pytest.mark.parametrize(("word", "value", "locking", "single", "text"), TEXTS)
def test_a_text_cut_at_every_octet(word: str, value: int, locking: int, single: int, text: str) -> None:
    octets = split.encode(text, word, locking, single)
    for at in range(len(octets) + 1):
        for end in range(at, len(octets) + 1):
            pieces = [Segment(word, piece, locking, single) for piece in (octets[:at], octets[at:end], octets[end:])]
            assert segment.decode(pieces, 3) == Decoded(text, "text"), (at, end)


@pytest.mark.parametrize(("word", "value", "locking", "single", "text"), TEXTS)
@pytest.mark.parametrize("size", (1, 2, 3, 5, 7, 8, 13))
@pytest.mark.parametrize("bits", (8, 16))
def test_a_text_in_parts_of_every_size(word: str, value: int, locking: int, single: int, text: str, size: int, bits: int) -> None:
    """Through the wire and back: headers, fill bits, packed and unpacked, cut through characters."""
    reading = Reading(codings={8: word} if value else {})
    pieces = split.split(text, word, locking=locking, single=single, bits=bits, size=size, anywhere=True)
    read = [segment.read(piece.user_data(), True, value, reading).segment for piece in pieces]
    assert segment.decode(read, len(read)) == Decoded(text, "text")
    if word == "gsm7":
        read = [segment.read(piece.user_data(packed=True), True, value, PACKED).segment for piece in pieces]
        assert segment.decode(read, len(read)) == Decoded(text, "text")


UNICODE = st.text(max_size=80).filter(lambda text: not text.startswith(("\ufeff", "\ufffe")))


@given(UNICODE, st.integers(1, 20), st.sampled_from(("utf-16-be", "utf-16-le")))
def test_any_unicode_text_in_parts_of_any_size(text: str, size: int, word: str) -> None:
    pieces = split.split(text, word, size=size, anywhere=True)
    assert segment.decode([Segment(word, piece.octets) for piece in pieces], len(pieces)) == Decoded(text, "text")


@given(st.text(st.sampled_from(gsm7.BASIC + "".join(gsm7.EXTENSION.values())), max_size=120), st.integers(1, 160))
def test_any_gsm_text_in_parts_of_any_size(text: str, size: int) -> None:
    pieces = split.split(text, size=size, anywhere=True)
    assert segment.decode([Segment("gsm7", piece.octets) for piece in pieces], len(pieces)) == Decoded(text, "text")


@given(st.binary(max_size=300), st.booleans(), st.integers(0, 255), st.sampled_from((PLAIN, PACKED, LITTLE)))
def test_any_octets_give_a_text(octets: bytes, udhi: bool, data_coding: int, reading: Reading) -> None:
    found = segment.read(octets, udhi, data_coding, reading)
    decoded = segment.decode([found.segment], 1)
    assert decoded.form in ("text", "binary", "undecoded")
    assert bool(decoded.faults) == (decoded.form == "undecoded")


@given(st.sampled_from(coding.WORDS), st.lists(st.none() | st.binary(max_size=40), max_size=6), st.integers(0, 8))
def test_any_parts_of_any_coding_give_a_text(word: str, pieces: list[bytes | None], total: int) -> None:
    parts = [None if octets is None else Segment(word, octets, 1, 1) for octets in pieces]
    decoded = segment.decode(parts, total)
    assert isinstance(decoded.text, str)
    assert (total > len(pieces) or None in pieces) <= ("/" in decoded.text)
    assert bool(decoded.faults) == (decoded.form == "undecoded")


@given(st.binary(max_size=60), st.text(max_size=12))
def test_a_coding_that_is_none_of_ours_is_shown_as_hex(octets: bytes, word: str) -> None:
    """A segment that another version of the program stored may name a coding that this one does not know."""
    if word not in coding.WORDS:
        assert segment.decode([Segment(word, octets)], 1)[:2] == (octets.hex().upper(), "undecoded")


def test_header_elements_reach_the_segment_in_any_order() -> None:
    for elements in (
        ((0x25, b"\x01"), (0x24, b"\x01"), (0x00, b"\x07\x02\x01")),
        ((0x00, b"\x07\x02\x01"), (0x24, b"\x01"), (0x25, b"\x01")),
    ):
        found = segment.read(udh.encode(elements) + b"\x07", True, 0, PLAIN).segment
        assert found == Segment("gsm7", b"\x07", 1, 1, Part("u8:7", 2, 1))

"""The national language single shift tables of 3GPP 23.038 A.2, as the standard prints them: sixteen rows, a column for each eighth.

A cell is the character where that is printable ASCII, else its code point; "--" is open. Where prints of the standard differ,
the letter that the order of its Unicode block asks for is written here (Kannada 24, Tamil 24, Telugu 22 and 23).
"""

from __future__ import annotations

import unicodedata

import pytest

from odzew.wire import gsm7, national

CELLS = {"SP": " ", "LF": "\n", "CR": "\r", "FF": "\f"}

TABLES = {
    # A.2.1 Turkish
    1: r"""
        --   --   --   --   |    --   --   --
        --   --   --   --   --   --   --   --
        --   --   --   --   --   --   --   --
        --   --   --   --   --   015E 00E7 015F
        --   ^    --   --   --   --   --   --
        --   --   --   --   --   --   20AC --
        --   --   --   --   --   --   --   --
        --   --   --   --   011E --   011F --
        --   --   {    --   --   --   --   --
        --   --   }    --   0130 --   0131 --
        FF   --   --   --   --   --   --   --
        --   ESC  --   --   --   --   --   --
        --   --   --   [    --   --   --   --
        --   --   --   ~    --   --   --   --
        --   --   --   ]    --   --   --   --
        --   --   \    --   --   --   --   --
    """,
    # A.2.2 Spanish
    2: r"""
        --   --   --   --   |    --   --   --
        --   --   --   --   00C1 --   00E1 --
        --   --   --   --   --   --   --   --
        --   --   --   --   --   --   --   --
        --   ^    --   --   --   --   --   --
        --   --   --   --   --   00DA 20AC 00FA
        --   --   --   --   --   --   --   --
        --   --   --   --   --   --   --   --
        --   --   {    --   --   --   --   --
        00E7 --   }    --   00CD --   00ED --
        FF   --   --   --   --   --   --   --
        --   ESC  --   --   --   --   --   --
        --   --   --   [    --   --   --   --
        --   --   --   ~    --   --   --   --
        --   --   --   ]    --   --   --   --
        --   --   \    --   00D3 --   00F3 --
    """,
    # A.2.3 Portuguese
    3: r"""
        --   --   --   --   |    --   --   --
        --   --   --   --   00C0 --   00C2 --
        --   03A6 --   --   --   --   --   --
        --   0393 --   --   --   --   --   --
        --   ^    --   --   --   --   --   --
        00EA 03A9 --   --   --   00DA 20AC 00FA
        --   03A0 --   --   --   --   --   --
        --   03A8 --   --   --   --   --   --
        --   03A3 {    --   --   --   --   --
        00E7 0398 }    --   00CD --   00ED --
        FF   --   --   --   --   --   --   --
        00D4 ESC  --   --   --   00C3 --   00E3
        00F4 --   --   [    --   00D5 --   00F5
        --   --   --   ~    --   --   --   --
        00C1 --   --   ]    --   --   --   --
        00E1 00CA \    --   00D3 --   00F3 00E2
    """,
    # A.2.4 Bengali
    4: r"""
        @    <    09EC 09F6 |    P    --   --
        00A3 =    09ED 09F7 A    Q    --   --
        $    >    09EE 09F8 B    R    --   --
        00A5 00A1 09EF 09F9 C    S    --   --
        00BF ^    09DF 09FA D    T    --   --
        "    00A1 09E0 --   E    U    20AC --
        00A4 _    09E1 --   F    V    --   --
        %    #    09E2 --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    09E6 }    --   I    Y    --   --
        FF   09E7 09E3 --   J    Z    --   --
        *    ESC  09F2 --   K    --   --   --
        +    09E8 09F3 [    L    --   --   --
        --   09E9 09F4 ~    M    --   --   --
        -    09EA 09F5 ]    N    --   --   --
        /    09EB \    --   O    --   --   --
    """,
    # A.2.5 Gujarati
    5: r"""
        @    <    0AEA --   |    P    --   --
        00A3 =    0AEB --   A    Q    --   --
        $    >    0AEC --   B    R    --   --
        00A5 00A1 0AED --   C    S    --   --
        00BF ^    0AEE --   D    T    --   --
        "    00A1 0AEF --   E    U    20AC --
        00A4 _    --   --   F    V    --   --
        %    #    --   --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 --   --   J    Z    --   --
        *    ESC  --   --   K    --   --   --
        +    0AE6 --   [    L    --   --   --
        --   0AE7 --   ~    M    --   --   --
        -    0AE8 --   ]    N    --   --   --
        /    0AE9 \    --   O    --   --   --
    """,
    # A.2.6 Hindi
    6: r"""
        @    <    096A 095B |    P    --   --
        00A3 =    096B 095C A    Q    --   --
        $    >    096C 095D B    R    --   --
        00A5 00A1 096D 095E C    S    --   --
        00BF ^    096E 095F D    T    --   --
        "    00A1 096F 0960 E    U    20AC --
        00A4 _    0951 0961 F    V    --   --
        %    #    0952 0962 G    W    --   --
        &    *    {    0963 H    X    --   --
        '    0964 }    0970 I    Y    --   --
        FF   0965 0953 0971 J    Z    --   --
        *    ESC  0954 --   K    --   --   --
        +    0966 0958 [    L    --   --   --
        --   0967 0959 ~    M    --   --   --
        -    0968 095A ]    N    --   --   --
        /    0969 \    --   O    --   --   --
    """,
    # A.2.7 Kannada
    7: r"""
        @    <    0CEA --   |    P    --   --
        00A3 =    0CEB --   A    Q    --   --
        $    >    0CEC --   B    R    --   --
        00A5 00A1 0CED --   C    S    --   --
        00BF ^    0CEE --   D    T    --   --
        "    00A1 0CEF --   E    U    20AC --
        00A4 _    0CDE --   F    V    --   --
        %    #    0CF1 --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 0CF2 --   J    Z    --   --
        *    ESC  --   --   K    --   --   --
        +    0CE6 --   [    L    --   --   --
        --   0CE7 --   ~    M    --   --   --
        -    0CE8 --   ]    N    --   --   --
        /    0CE9 \    --   O    --   --   --
    """,
    # A.2.8 Malayalam
    8: r"""
        @    <    0D6A 0D7B |    P    --   --
        00A3 =    0D6B 0D7C A    Q    --   --
        $    >    0D6C 0D7D B    R    --   --
        00A5 00A1 0D6D 0D7E C    S    --   --
        00BF ^    0D6E 0D7F D    T    --   --
        "    00A1 0D6F --   E    U    20AC --
        00A4 _    0D70 --   F    V    --   --
        %    #    0D71 --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 0D72 --   J    Z    --   --
        *    ESC  0D73 --   K    --   --   --
        +    0D66 0D74 [    L    --   --   --
        --   0D67 0D75 ~    M    --   --   --
        -    0D68 0D7A ]    N    --   --   --
        /    0D69 \    --   O    --   --   --
    """,
    # A.2.9 Oriya
    9: r"""
        @    <    0B6A --   |    P    --   --
        00A3 =    0B6B --   A    Q    --   --
        $    >    0B6C --   B    R    --   --
        00A5 00A1 0B6D --   C    S    --   --
        00BF ^    0B6E --   D    T    --   --
        "    00A1 0B6F --   E    U    20AC --
        00A4 _    0B5C --   F    V    --   --
        %    #    0B5D --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 0B5F --   J    Z    --   --
        *    ESC  0B70 --   K    --   --   --
        +    0B66 0B71 [    L    --   --   --
        --   0B67 --   ~    M    --   --   --
        -    0B68 --   ]    N    --   --   --
        /    0B69 \    --   O    --   --   --
    """,
    # A.2.10 Punjabi
    10: r"""
        @    <    0A6A --   |    P    --   --
        00A3 =    0A6B --   A    Q    --   --
        $    >    0A6C --   B    R    --   --
        00A5 00A1 0A6D --   C    S    --   --
        00BF ^    0A6E --   D    T    --   --
        "    00A1 0A6F --   E    U    20AC --
        00A4 _    0A59 --   F    V    --   --
        %    #    0A5A --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 0A5B --   J    Z    --   --
        *    ESC  0A5C --   K    --   --   --
        +    0A66 0A5E [    L    --   --   --
        --   0A67 0A75 ~    M    --   --   --
        -    0A68 --   ]    N    --   --   --
        /    0A69 \    --   O    --   --   --
    """,
    # A.2.11 Tamil
    11: r"""
        @    <    0BEA --   |    P    --   --
        00A3 =    0BEB --   A    Q    --   --
        $    >    0BEC --   B    R    --   --
        00A5 00A1 0BED --   C    S    --   --
        00BF ^    0BEE --   D    T    --   --
        "    00A1 0BEF --   E    U    20AC --
        00A4 _    0BF3 --   F    V    --   --
        %    #    0BF4 --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    0964 }    --   I    Y    --   --
        FF   0965 0BF5 --   J    Z    --   --
        *    ESC  0BF6 --   K    --   --   --
        +    0BE6 0BF7 [    L    --   --   --
        --   0BE7 0BF8 ~    M    --   --   --
        -    0BE8 0BFA ]    N    --   --   --
        /    0BE9 \    --   O    --   --   --
    """,
    # A.2.12 Telugu
    12: r"""
        @    <    0C6A 0C7D |    P    --   --
        00A3 =    0C6B 0C7E A    Q    --   --
        $    >    0C6C 0C7F B    R    --   --
        00A5 00A1 0C6D --   C    S    --   --
        00BF ^    0C6E --   D    T    --   --
        "    00A1 0C6F --   E    U    20AC --
        00A4 _    0C58 --   F    V    --   --
        %    #    0C59 --   G    W    --   --
        &    *    {    --   H    X    --   --
        '    --   }    --   I    Y    --   --
        FF   --   0C78 --   J    Z    --   --
        *    ESC  0C79 --   K    --   --   --
        +    0C66 0C7A [    L    --   --   --
        --   0C67 0C7B ~    M    --   --   --
        -    0C68 0C7C ]    N    --   --   --
        /    0C69 \    --   O    --   --   --
    """,
    # A.2.13 Urdu
    13: r"""
        @    <    06F4 0613 |    P    --   --
        00A3 =    06F5 0614 A    Q    --   --
        $    >    06F6 061B B    R    --   --
        00A5 00A1 06F7 061F C    S    --   --
        00BF ^    06F8 0640 D    T    --   --
        "    00A1 06F9 0652 E    U    20AC --
        00A4 _    060C 0658 F    V    --   --
        %    #    060D 066B G    W    --   --
        &    *    {    066C H    X    --   --
        '    0600 }    0672 I    Y    --   --
        FF   0601 060E 0673 J    Z    --   --
        *    ESC  060F 06CD K    --   --   --
        +    06F0 0610 [    L    --   --   --
        --   06F1 0611 ~    M    --   --   --
        -    06F2 0612 ]    N    --   --   --
        /    06F3 \    06D4 O    --   --   --
    """,
}


def codes(table: str) -> dict[int, str]:
    """Code -> its character, without what is open and without the escape."""
    out: dict[int, str] = {}
    for row, line in enumerate(table.strip().splitlines()):
        for column, cell in enumerate(line.split()):
            if cell not in ("--", "ESC"):
                out[column * 16 + row] = CELLS.get(cell) or (cell if len(cell) == 1 else chr(int(cell, 16)))
    return out


@pytest.mark.parametrize("language", TABLES)
def test_every_code_of_the_table(language: int) -> None:
    assert national.SINGLE[language] == codes(TABLES[language])


@pytest.mark.parametrize("language", TABLES)
@pytest.mark.parametrize("locking", (0, 1, 3, 6, 13))
def test_every_code_behind_an_escape(language: int, locking: int) -> None:
    """An open code shows the character of the locking table; an escape of an escape is a space (3GPP 23.038 6.2.1.1)."""
    table = codes(TABLES[language])
    for code in range(128):
        shown = " " if code == gsm7.ESCAPE else table.get(code) or gsm7.decode(bytes((code,)), locking)
        assert gsm7.decode(bytes((gsm7.ESCAPE, code)), locking, language) == shown


@pytest.mark.parametrize("language", TABLES)
def test_every_character_is_written(language: int) -> None:
    for code, character in codes(TABLES[language]).items():
        octets = gsm7.encode(character, single=language)
        assert gsm7.decode(octets, single=language) == character
        if character not in gsm7.BASIC:
            first = min(other for other, same in codes(TABLES[language]).items() if same == character)
            assert octets == bytes((gsm7.ESCAPE, first)), f"{code:02X}"


@pytest.mark.parametrize("language", TABLES)
def test_the_default_extension_is_in_every_table(language: int) -> None:
    """A euro sign or a bracket is at its usual code in every language."""
    assert gsm7.EXTENSION.items() <= national.SINGLE[language].items()


@pytest.mark.parametrize(
    ("language", "script", "count"),
    (
        (4, "BENGALI", 24),
        (5, "GUJARATI", 10),
        (6, "DEVANAGARI", 30),
        (7, "KANNADA", 13),
        (8, "MALAYALAM", 22),
        (9, "ORIYA", 15),
        (10, "GURMUKHI", 16),
        (11, "TAMIL", 17),
        (12, "TELUGU", 20),
    ),
)
def test_the_names_of_the_characters_are_of_the_script(language: int, script: str, count: int) -> None:
    own = [character for character in codes(TABLES[language]).values() if ord(character) > 0xFF and character not in "€\u0964\u0965"]
    if language == 6:
        own += "\u0964\u0965"
    assert [unicodedata.name(character) for character in own if not unicodedata.name(character).startswith(script)] == []
    assert len(own) == count


@pytest.mark.parametrize("language", range(4, 14))
def test_digits_of_the_script_are_in_order(language: int) -> None:
    """The ten digits follow each other at 1C to 25, but in Bengali from 19 on."""
    shown = gsm7.decode(b"".join(bytes((gsm7.ESCAPE, code)) for code in range(0x19, 0x26) if code != gsm7.ESCAPE), single=language)
    digits = [unicodedata.digit(character) for character in shown if character.isdigit()]
    assert digits == list(range(10))


@pytest.mark.parametrize("language", (0, 14, 127, 255))
def test_a_language_without_a_table_has_the_default_one(language: int) -> None:
    every = b"".join(bytes((gsm7.ESCAPE, code)) for code in range(128))
    assert language not in national.SINGLE
    assert gsm7.decode(every, single=language) == gsm7.decode(every)

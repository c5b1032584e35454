"""Values of MIME headers: parameters and encoded words, as they are written and as they should be."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odzew.wire import mime_field, mime_write

# Field -> its word, its parameters.
FIELDS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("", "", {}),
    ("text/plain", "text/plain", {}),
    ("Text/PLAIN; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
    ('a/b; boundary="x y"; type=text/xml', "a/b", {"boundary": "x y", "type": "text/xml"}),
    ("a/b;boundary=x", "a/b", {"boundary": "x"}),
    ("a/b ; name = photo 1.jpg ; charset=utf-8", "a/b", {"name": "photo 1.jpg", "charset": "utf-8"}),
    ('a/b; name="a;b=c"; x=1', "a/b", {"name": "a;b=c", "x": "1"}),
    (r'a/b; name="a \"quoted\" name"', "a/b", {"name": 'a "quoted" name'}),
    (r'a/b; filename="C:\Users\jan\x.jpg"', "a/b", {"filename": r"C:\Users\jan\x.jpg"}),
    ('a/b; name="never closed.jpg', "a/b", {"name": "never closed.jpg"}),
    ("a/b; name=first; name=second", "a/b", {"name": "first"}),
    ("a/b; name=", "a/b", {"name": ""}),
    ("a/b; name", "a/b", {}),
    ("; name=x", "", {"name": "x"}),
    ("a/b; name*=utf-8''za%C5%BC%C3%B3%C5%82%C4%87.jpg", "a/b", {"name": "zażółć.jpg"}),
    ("a/b; name*=iso-8859-2'pl'g%EA%B6.jpg", "a/b", {"name": "gęś.jpg"}),
    ("a/b; name*=''plain.jpg", "a/b", {"name": "plain.jpg"}),
    ("a/b; name*=plain.jpg", "a/b", {"name": "plain.jpg"}),
    ("a/b; name*=klingon''%FF.jpg", "a/b", {"name": "ÿ.jpg"}),
    ('a/b; name*0="long "; name*1="name.jpg"', "a/b", {"name": "long name.jpg"}),
    ("a/b; name*1=b; name*0=a; name*2=c", "a/b", {"name": "abc"}),
    ("a/b; name*0*=utf-8''%C5; name*1*=%BC; name*2=.jpg", "a/b", {"name": "ż.jpg"}),
    ("a/b; name*0=a; name*2=c", "a/b", {"name": "a"}),
    ("a/b; name*1=b", "a/b", {}),
    ("a/b; name=plain; name*=utf-8''better", "a/b", {"name": "better"}),
    ("a/b; name*99999=x", "a/b", {"name*99999": "x"}),
)

WORDS: tuple[tuple[str, str], ...] = (
    ("", ""),
    ("no words at all", "no words at all"),
    ("=?utf-8?B?WmHFvMOzxYLEhw==?=", "Zażółć"),
    ("=?UTF-8?b?WmHFvMOzxYLEhw?=", "Zażółć"),
    ("=?iso-8859-2?Q?Za=BF=F3=B3=E6?=", "Zażółć"),
    ("=?iso-8859-2?q?Za=BF=F3=B3=E6_g=EA=B6?=", "Zażółć gęś"),
    ("=?utf-8*pl?Q?=C5=BC?=", "ż"),
    ("przed =?utf-8?Q?=C5=BC?= po", "przed ż po"),
    ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
    ("=?utf-8?Q?a?=\r\n =?iso-8859-2?Q?=B1?=", "aą"),
    ("=?utf-8?Q?=C5?= =?utf-8?Q?=BC?=", "ż"),
    ("=?utf-8?Q?a?= x =?utf-8?Q?b?=", "a x b"),
    ("=?utf-8?Q?=C5?= x", "\ufffd x"),
    ("=?klingon?Q?a?=", "=?klingon?Q?a?="),
    ("=?klingon?Q?a?= =?utf-8?Q?b?=", "=?klingon?Q?a?= b"),
    ("=?unicode_escape?Q?a?=", "=?unicode_escape?Q?a?="),
    ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
    ("=?utf-8?Q?a", "=?utf-8?Q?a"),
    ("=?=?=?", "=?=?=?"),
    ("=?utf-16?B?/v8BfA==?=", "ż"),
)

BASE64: tuple[tuple[bytes, bytes], ...] = (
    (b"", b""),
    (b"QUJD", b"ABC"),
    (b"QUJ\r\nD", b"ABC"),
    (b"QUI=", b"AB"),
    (b"QUI", b"AB"),
    (b"QQ", b"A"),
    (b"QQ=", b"A"),
    (b"QUJDR", b"ABC"),
    (b"Q", b""),
    (b"*Q!U-J_D*", b"ABC"),
    (b"\xff\0QUI\x80", b"AB"),
    (b"QUI=\r\n--rubbish", b"AB"),
    (b"====", b""),
)


@pytest.mark.parametrize(("value", "word", "parameters"), FIELDS)
def test_fields(value: str, word: str, parameters: dict[str, str]) -> None:
    assert mime_field.parse(value) == mime_field.Field(word, parameters)


@pytest.mark.parametrize(("value", "meant"), WORDS)
def test_encoded_words(value: str, meant: str) -> None:
    assert mime_field.words(value) == meant


@pytest.mark.parametrize(("octets", "meant"), BASE64)
def test_base64_of_any_sort(octets: bytes, meant: bytes) -> None:
    assert mime_field.base64(octets) == mime_field.base64(memoryview(octets)) == meant


@given(st.binary(max_size=200), st.data())
def test_base64_with_rubbish_anywhere_and_without_padding(octets: bytes, data: st.DataObject) -> None:
    signs = base64.b64encode(octets).rstrip(b"=")
    at = data.draw(st.integers(0, len(signs)))
    rubbish = bytes(data.draw(st.lists(st.sampled_from(b"\r\n \t!?*-_.\0\xff"), max_size=10)))
    assert mime_field.base64(signs[:at] + rubbish + signs[at:]) == octets


# A name as it may be: no quotes, no line ends; what a header cannot hold is encoded.
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


@given(names)
def test_names_survive_as_encoded_words(name: str) -> None:
    assert mime_field.words(mime_write.encoded_word(name)) == name


@given(names)
def test_names_survive_in_sections(name: str) -> None:
    assert mime_field.parse("a/b; " + mime_write.extended("name", name)).parameters == {"name": name}


@given(st.text(max_size=100))
@example("a;" * 4000 + '="' * 100)
@example(";*=;*0=;x*=''")
def test_any_field_is_a_value(value: str) -> None:
    parsed = mime_field.parse(value)
    assert parsed.word == parsed.word.lower()
    assert all(isinstance(text, str) for text in parsed.parameters.values())


@given(st.text(alphabet="=?utf-8QB_ \r\n1a\ud800", max_size=60))
def test_any_words_are_a_text(value: str) -> None:
    assert isinstance(mime_field.words(value), str)


@pytest.mark.parametrize("value", [';a="' * 2000, ";a*0=" * 2000, '; name="' + "\\" * 8000, "=?a" * 3000, "; " * 4000, ";a=" + '"' * 8000])
def test_hostile_values_take_no_time_to_speak_of(value: str) -> None:
    assert value.startswith(mime_field.parse(value).word)
    assert mime_field.words(value) == value

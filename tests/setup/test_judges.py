"""Single values: what is taken, as what, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.setup import judges
from odzew.wire import coding
from odzew.wire.coding import Reading
from tests.setup.documents import SECRET

TAKEN = [
    (judges.name, "acme", "acme"),
    (judges.name, "Łódź 1", "Łódź 1"),
    (judges.source_name, "carrier-a.1_x", "carrier-a.1_x"),
    (judges.login, "anna@acme.example", "anna@acme.example"),
    (judges.password, "ż" * 512, "ż" * 512),
    (judges.token_value, "0123456789abcdef" * 2, "0123456789abcdef" * 2),
    (judges.source_token, "x", "x"),
    (judges.signature_secret, SECRET, SECRET),
    (judges.phone, "500 600 700", "+48500600700"),
    (judges.phone, "71200", "71200"),
    (judges.networks, ("10.0.0.0/8", "192.0.2.7", "FD00::/8"), ("10.0.0.0/8", "192.0.2.7/32", "fd00::/8")),
    (judges.allowances, ("10.1.2.0/24:8080", "10.1.2.3", "[fd00::]/8:8080", "fd00::/8"), None),
    (judges.hosts, ("127.0.0.1:2775", "smsc.example:1", "[::1]:65535"), None),
    (judges.server_name, "smsc.carrier.example", "smsc.carrier.example"),
    (judges.server_name, "2001:db8::7", "2001:db8::7"),
    (judges.alphabets, {}, {}),
    (judges.alphabets, {"8": "utf8", "0xF5": "binary", "004": "ucs2"}, {"8": "utf8", "245": "binary", "4": "ucs2"}),
    (judges.zone, "Europe/Warsaw", "Europe/Warsaw"),
    (judges.zone, "UTC", "UTC"),
    (judges.keyword, "SerwerSMS.pl", "SerwerSMS.pl"),
    (judges.url, "https://a.example/?t=#WIADOMOSC#", "https://a.example/?t=#WIADOMOSC#"),
    (judges.expected, "OK #ID#", "OK #ID#"),
    (judges.calling_code, "48", "48"),
    (judges.minutes, (0.1, 0.5, 10080.0), (0.1, 0.5, 10080.0)),
    (judges.distinct, ("api", "panel", "api"), ("api", "panel")),
    (judges.between(1, 10), 10, 10),
    (judges.characters(0, 3), "abc", "abc"),
]

REFUSED = [
    (judges.name, "", "1 to 64 characters"),
    (judges.name, " acme", "without blanks at its ends"),
    (judges.name, "a\nb", "one line"),
    (judges.name, "x" * 65, "1 to 64"),
    (judges.source_name, "a/b", "stands in a URL"),
    (judges.source_name, "..", "stands in a URL"),
    (judges.source_name, "", "stands in a URL"),
    (judges.login, "anna kowalska", "no white space"),
    (judges.password, "", "1 to 1024 octets"),
    (judges.password, "ż" * 513, "1 to 1024 octets"),
    (judges.token_value, "0123456789ABCDEF" * 2, "32 lower-case hexadecimal"),
    (judges.token_value, "0" * 31, "32 lower-case hexadecimal"),
    (judges.token_value, "0" * 32 + "\n", "32 lower-case hexadecimal"),
    (judges.source_token, "with blank", "visible ASCII"),
    (judges.source_token, "x" * 257, "visible ASCII"),
    (judges.signature_secret, SECRET.removeprefix("whsec_"), "whsec_"),
    (judges.signature_secret, "whsec_c2hvcnQ=", "32 random octets"),
    (judges.signature_secret, "whsec_%%%", "32 random octets"),
    (judges.phone, "12", "not a telephone number"),
    (judges.phone, "Acme", "not a telephone number"),
    (judges.networks, ("10.0.0.1/8",), "did you mean '10.0.0.0/8'?"),
    (judges.networks, ("10.0.0.0/33",), "no address and no network"),
    (judges.networks, ("acme.example",), "no address and no network"),
    (judges.networks, ("fe80::1%eth0",), "names an interface"),
    (judges.allowances, ("10.1.2.0/24:0",), "0 is no port"),
    (judges.allowances, ("10.1.2.0/24:65536",), "65536 is no port"),
    (judges.allowances, ("10.1.2.3/24:80",), "did you mean '10.1.2.0/24'?"),
    (judges.allowances, ("[fd00::/8]:80",), "no address and no network"),
    (judges.allowances, ("[::ffff:10.0.0.0]/104",), "write an IPv4 network as IPv4"),
    (judges.allowances, ("::ffff:10.0.0.0/104",), "write an IPv4 network as IPv4"),
    (judges.allowances, ("*",), "no address and no network"),
    (judges.hosts, (), "at least one"),
    (judges.hosts, ("127.0.0.1",), "not \"host:port\""),
    (judges.hosts, ("127.0.0.1:70000",), "70000 is no port"),
    (judges.hosts, ("smpp://a:1",), "not \"host:port\""),
    (judges.server_name, "smsc.example/x", "the name of a host"),
    (judges.server_name, "", "the name of a host"),
    (judges.server_name, "a" * 254, "the name of a host"),
    (judges.alphabets, {"8": "utf9"}, "'utf9' is no alphabet; did you mean 'utf8'?"),
    (judges.alphabets, {"8": "gsm"}, "'gsm' is no alphabet"),
    (judges.alphabets, {"256": "utf8"}, "'256' is no data_coding"),
    (judges.alphabets, {"0x100": "utf8"}, "is no data_coding"),
    (judges.alphabets, {"-1": "utf8"}, "is no data_coding"),
    (judges.alphabets, {"٨": "utf8"}, "is no data_coding"),
    (judges.alphabets, {"": "utf8"}, "is no data_coding"),
    (judges.alphabets, {"8": "utf8", "0x08": "ucs2"}, "data_coding 8 is there twice"),
    (judges.zone, "Europe/Warsw", "did you mean 'Europe/Warsaw'?"),
    (judges.zone, "../../etc/passwd", "there is no time zone"),
    (judges.zone, "", "there is no time zone"),
    (judges.keyword, "...", "no letter or digit"),
    (judges.keyword, "", "1 to 160"),
    (judges.keyword, "x" * 161, "1 to 160"),
    (judges.url, "ftp://a.example/", "http"),
    (judges.url, "https://a.example/?x=#NUMBER#", "NUMBER"),
    (judges.url, "https://#NUMER#.example/", "placeholder"),
    (judges.url, "https://a.example/" + "x" * 4096, "longer than 4096"),
    (judges.expected, "#NOPE#", "NOPE"),
    (judges.expected, "x" * 1001, "longer than 1000"),
    (judges.calling_code, "0", "calling code"),
    (judges.calling_code, "٤٨", "calling code"),
    (judges.minutes, (0.0,), "from 0.001 to 10080"),
    (judges.minutes, (-1.0,), "from 0.001 to 10080"),
    (judges.minutes, (float("nan"),), "from 0.001 to 10080"),
    (judges.minutes, (float("inf"),), "from 0.001 to 10080"),
    (judges.minutes, (10081.0,), "from 0.001 to 10080"),
    (judges.minutes, tuple(float(n) for n in range(1, 22)), "more than 20 repeats"),
    (judges.between(1, 10), 11, "from 1 to 10"),
    (judges.between(0, 1), float("nan"), "from 0 to 1"),
    (judges.characters(1, 3), "abcd", "1 to 3 characters"),
]  # fmt: skip

_Judge = Callable[[Any, str], Any]


@pytest.mark.parametrize(("judge", "value", "kept"), TAKEN)
def test_a_good_value_is_taken(judge: _Judge, value: Any, kept: Any) -> None:
    assert judge(value, "PL") == (value if kept is None else kept)


@pytest.mark.parametrize(("judge", "value", "words"), REFUSED)
def test_a_bad_value_is_refused_in_plain_words(judge: _Judge, value: Any, words: str) -> None:
    with pytest.raises((ValueError, WireError)) as caught:
        judge(value, "PL")
    assert words in str(caught.value)


def test_a_national_number_is_read_by_the_country() -> None:
    assert judges.phone("020 7946 0018", "GB") == "+442079460018"


_OF_TEXT = [
    judges.name, judges.source_name, judges.login, judges.token_value, judges.source_token, judges.signature_secret, judges.phone,
    judges.zone, judges.keyword, judges.url, judges.expected, judges.calling_code, judges.server_name,
]  # fmt: skip


@pytest.mark.parametrize("judge", _OF_TEXT)
@given(value=st.text())
def test_any_text_gives_a_value_or_one_of_the_two_errors(judge: _Judge, value: str) -> None:
    try:
        kept = judge(value, "PL")
    except (ValueError, WireError):
        return
    assert judge(kept, "PL") == kept


@pytest.mark.parametrize("judge", [judges.networks, judges.allowances, judges.hosts])
@given(values=st.lists(st.text(alphabet="0123456789abcdef.:/[]%x ") | st.ip_addresses().map(str)))
def test_any_list_gives_a_value_or_an_error(judge: _Judge, values: list[str]) -> None:
    try:
        kept = judge(tuple(values), "PL")
    except ValueError:
        return
    assert judge(kept, "PL") == kept


@given(values=st.dictionaries(st.text("0123456789xXabcdefF", max_size=5), st.sampled_from(sorted(coding.ALPHABETS)) | st.text()))
def test_any_table_of_alphabets_gives_a_table_that_is_read_or_an_error(values: dict[str, str]) -> None:
    try:
        kept = judges.alphabets(values, "PL")
    except ValueError:
        return
    assert judges.alphabets(kept, "PL") == kept
    assert Reading.of({"alphabets": kept}).codings == {int(number): word for number, word in kept.items()}


@pytest.mark.parametrize("judge", [judges.token_value, judges.signature_secret, judges.source_token, judges.password])
def test_a_refusal_never_repeats_a_secret(judge: _Judge) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        judge("hush hush" * 200, "PL")
    assert "hush" not in str(caught.value)

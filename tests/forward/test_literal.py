"""Hosts as the operating system reads them."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.forward.literal import Forbidden, Host, read_host


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("1.2.65535", "1.2.255.255"),
        ("0", "0.0.0.0"),
        ("0.0.0.0", "0.0.0.0"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
        ("0177.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0x1", "127.0.0.1"),
        ("127.000.000.001", "127.0.0.1"),
        ("4294967295", "255.255.255.255"),
        ("１２７．０．０．１", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("①②⑦.0.0.1", "127.0.0.1"),
        ("127\u00ad.0.0.1", "127.0.0.1"),
        ("0ｘ7f.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("[::FFFF:7F00:1]", "127.0.0.1"),
        ("[::127.0.0.1]", "::7f00:1"),
        ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("93.184.215.14", "93.184.215.14"),
    ],
)
def test_addresses_in_every_spelling(host: str, address: str) -> None:
    found = read_host(host).address
    assert found is not None
    assert ip_address(found) == ip_address(address)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com", "example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("ＬＯＣＡＬＨＯＳＴ", "localhost"),
        ("a_b.example", "a_b.example"),
        ("1.example", "1.example"),
        ("127.0.0.1.nip.io", "127.0.0.1.nip.io"),
        ("xn--d-uga0v4h.example", "xn--d-uga0v4h.example"),
        ("łódź.example", "xn--d-uga0v4h.example"),
        ("ŁÓDŹ.example.", "xn--d-uga0v4h.example"),
    ],
)
def test_names(host: str, name: str) -> None:
    assert read_host(host) == Host(name, None)


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "..", "a..b", ".example", "example..", "127.0.0.1..", "-a.example", "a-.example", "a b", "a\x00b", "a\nb", "a/b", "a@b",
        "%31%32%37.0.0.1", "256.256.256.256", "1.2.3.256", "127.0.0.0.1", "08.1", "0x", "1.2.3.0xg.0x", "4294967296", "0x1ffffffff",
        "9" * 100, "foo.1", "foo.0x7f", "127..1", "a" * 64, ".".join(["a" * 60] * 5), "[]", "[", "]", "[::1", "::1]", "[127.0.0.1]",
        "[::1]]", "::g", "1:2", "[fe80::1%eth0]", "fe80::1%25eth0", "[::1%lo]", "\ud800.example", "\u200b", "ª" * 64, "example.com:80",
    ],
)  # fmt: skip
def test_what_is_neither_is_refused_with_a_reason(host: str) -> None:
    with pytest.raises(Forbidden) as caught:
        read_host(host)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=30) | st.text(alphabet="0123456789abcdefx.:[]%", max_size=20))
def test_any_text_gives_a_host_or_a_reason(text: str) -> None:
    try:
        host = read_host(text)
    except Forbidden:
        return
    assert host.name.isascii()
    assert host.address is None or str(ip_address(host.address)) == host.address


numbers = st.integers(0, 2**32 - 1).flatmap(lambda n: st.sampled_from([str(n), hex(n), f"0{n:o}"]))
parts = st.integers(0, 255).flatmap(lambda n: st.sampled_from([str(n), hex(n), f"0{n:o}"]))


@given(numbers | st.lists(parts, min_size=2, max_size=5).map(".".join))
def test_numbers_are_read_as_the_system_reads_them(text: str) -> None:
    try:
        theirs = socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        with pytest.raises(Forbidden):
            read_host(text)
    else:
        assert read_host(text).address == theirs

"""Which addresses are let in, and which one a call comes from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.addresses import allowed, canonical, client_address, neighbourhood, read_network
from odzew.errors import SettingError

ALLOWED = (
    # address, list, let in?
    ("192.0.2.1", (), True),
    ("no address at all", (), True),
    ("192.0.2.1", ("192.0.2.1",), True),
    ("192.0.2.1", ("192.0.2.1/32",), True),
    ("192.0.2.2", ("192.0.2.1",), False),
    ("192.0.2.2", ("192.0.2.1", "192.0.2.0/24"), True),
    ("10.255.255.255", ("10.0.0.0/8",), True),
    ("11.0.0.0", ("10.0.0.0/8",), False),
    ("10.1.1.1", ("10.0.0.1/8",), True),
    ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
    ("::ffff:a01:203", ("10.0.0.0/8",), True),
    ("::ffff:11.1.2.3", ("10.0.0.0/8",), False),
    ("10.1.2.3", ("::ffff:10.0.0.0/104",), True),
    ("11.1.2.3", ("::ffff:10.0.0.0/104",), False),
    ("10.1.2.3", ("::ffff:10.1.2.3",), True),
    ("::10.1.2.3", ("10.0.0.0/8",), False),
    ("192.0.2.1", ("::/0",), False),
    ("192.0.2.1", ("0.0.0.0/0",), True),
    ("2001:db8::1", ("0.0.0.0/0",), False),
    ("2001:db8::1", ("2001:db8::/32",), True),
    ("2001:DB8:0:0::1", ("2001:db8::1",), True),
    ("2001:db9::1", ("2001:db8::/32",), False),
    ("fe80::1%eth0", ("fe80::/10",), True),
    ("192.0.2.1", ("rubbish",), False),
    ("192.0.2.1", ("rubbish", "192.0.2.1"), True),
    ("", ("0.0.0.0/0",), False),
    ("192.0.2.1:80", ("0.0.0.0/0",), False),
    ("192.0.2.1%x", ("0.0.0.0/0",), False),
    ("192.000.002.001", ("0.0.0.0/0",), False),
    ("3221225985", ("0.0.0.0/0",), False),
    ("١٩٢.0.2.1", ("0.0.0.0/0",), False),
    ("192.0.2.1\0", ("0.0.0.0/0",), False),
    ("\udc80", ("0.0.0.0/0",), False),
    ("1" * 100_000, ("0.0.0.0/0",), False),
)


@pytest.mark.parametrize(("address", "networks", "let_in"), ALLOWED)
def test_a_list_of_networks_lets_in_what_is_on_it(address: str, networks: tuple[str, ...], let_in: bool) -> None:
    assert allowed(address, networks) is let_in
    assert allowed(address, networks) is let_in  # and the cached judgement is the same


NETWORKS = (
    ("192.0.2.7", "192.0.2.7/32"),
    (" 10.0.0.0/8 ", "10.0.0.0/8"),
    ("10.1.2.3/8", "10.0.0.0/8"),
    ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
    ("0.0.0.0/0", "0.0.0.0/0"),
    ("2001:DB8::/32", "2001:db8::/32"),
    ("::1", "::1/128"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ("::ffff:0:0/96", "0.0.0.0/0"),
    ("::/0", "::/0"),
)


@pytest.mark.parametrize(("text", "network"), NETWORKS)
def test_a_network_is_read(text: str, network: str) -> None:
    assert read_network(text) == ip_network(network)


NO_NETWORKS = (
    "", " ", "acme.example", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0", "10.0.0.0/8/8", "2001:db8::/129", "*", "10.0.0.0/8:8080",
    "\0", "\ud800", "9" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("text", NO_NETWORKS)
def test_what_is_no_network_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SettingError, match="is no network: write ") as refused:
        read_network(text)
    assert len(str(refused.value)) < 300


PROXIES = ("10.0.0.0/8", "fd00::/8")
CHAINS = (
    # what is shown, peer, X-Forwarded-For, trusted proxies, the caller
    ("no header", "192.0.2.1", None, PROXIES, "192.0.2.1"),
    ("no header from a proxy", "10.0.0.1", None, PROXIES, "10.0.0.1"),
    ("an empty header", "10.0.0.1", "", PROXIES, "10.0.0.1"),
    ("nobody is trusted unless named", "10.0.0.1", "203.0.113.9", (), "10.0.0.1"),
    ("a stranger's header is not believed", "192.0.2.1", "203.0.113.9", PROXIES, "192.0.2.1"),
    ("one proxy", "10.0.0.1", "203.0.113.9", PROXIES, "203.0.113.9"),
    ("one proxy over IPv6", "fd00::1", "2001:DB8:0::9", PROXIES, "2001:db8::9"),
    ("a proxy seen as a mapped address", "::ffff:10.0.0.1", "203.0.113.9", PROXIES, "203.0.113.9"),
    ("two proxies", "10.0.0.1", "203.0.113.9, 10.0.0.2", PROXIES, "203.0.113.9"),
    ("what the caller invented stands further left", "10.0.0.1", "127.0.0.1, 203.0.113.9", PROXIES, "203.0.113.9"),
    ("also if it looks like a proxy", "10.0.0.1", "10.9.9.9, 203.0.113.9, 10.0.0.2", PROXIES, "203.0.113.9"),
    ("proxies only", "10.0.0.1", "10.0.0.3,10.0.0.2", PROXIES, "10.0.0.3"),
    ("a caller seen as a mapped address", "10.0.0.1", "::ffff:203.0.113.9", PROXIES, "203.0.113.9"),
    ("with a port", "10.0.0.1", "203.0.113.9:4711", PROXIES, "203.0.113.9"),
    ("IPv6 with a port", "10.0.0.1", "[2001:db8::9]:4711", PROXIES, "2001:db8::9"),
    ("IPv6 in brackets", "10.0.0.1", "[2001:db8::9]", PROXIES, "2001:db8::9"),
    ("the nearest entry is unreadable", "10.0.0.1", "203.0.113.9, unknown", PROXIES, "10.0.0.1"),
    ("an entry beyond a proxy is unreadable", "10.0.0.1", "203.0.113.9, unknown, 10.0.0.2", PROXIES, "10.0.0.2"),
    ("an empty entry", "10.0.0.1", "203.0.113.9,", PROXIES, "10.0.0.1"),
    ("only commas", "10.0.0.1", "," * 10_000, PROXIES, "10.0.0.1"),
    ("a name", "10.0.0.1", "localhost", PROXIES, "10.0.0.1"),
    ("an open bracket", "10.0.0.1", "[", PROXIES, "10.0.0.1"),
    ("octets that are no text", "10.0.0.1", "\x80\udcff\0", PROXIES, "10.0.0.1"),
    ("a very long entry", "10.0.0.1", "1" * 100_000, PROXIES, "10.0.0.1"),
    ("an endless chain of proxies", "10.0.0.1", "203.0.113.9," + "10.0.0.2," * 50_000 + "10.0.0.3", PROXIES, "10.0.0.2"),
    ("a peer without an address", "", "203.0.113.9", PROXIES, ""),
    ("everybody is trusted", "192.0.2.1", "203.0.113.9, 198.51.100.1", ("0.0.0.0/0",), "203.0.113.9"),
)


@pytest.mark.parametrize(("peer", "header", "proxies", "caller"), [case[1:] for case in CHAINS], ids=[case[0] for case in CHAINS])
def test_the_caller_is_the_right_most_address_that_is_no_proxy(
    peer: str, header: str | None, proxies: tuple[str, ...], caller: str
) -> None:
    assert client_address(peer, header, proxies) == caller


ADDRESSES = st.ip_addresses().map(str)


@given(st.lists(ADDRESSES, max_size=5), ADDRESSES, st.text(st.characters(exclude_categories=())))
def test_nothing_written_left_of_the_caller_counts(invented: list[str], caller: str, rubbish: str) -> None:
    proxies = ("10.0.0.0/8",)
    if allowed(caller, proxies):
        caller = "203.0.113.9"
    header = ",".join([rubbish, *invented, caller])
    assert client_address("10.0.0.1", header, proxies) == canonical(caller)


@given(st.text(st.characters(exclude_categories=())) | st.text("0123456789abcdef.:,[]% "))
def test_any_header_gives_an_address(header: str) -> None:
    caller = client_address("10.0.0.1", header, ("0.0.0.0/0", "::/0"))
    assert str(ip_address(caller)) == caller
    assert client_address(header, header, PROXIES) == canonical(header)  # a peer that is no address is nobody's proxy


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_mapped_or_not_an_ipv4_address_is_judged_alike(address: IPv4Address, bits: int) -> None:
    network = (str(read_network(f"{address}/{bits}")),)
    assert allowed(str(address), network)
    assert allowed(f"::ffff:{address}", network)
    assert allowed(str(IPv6Address(f"::ffff:{address}")), network)


NEIGHBOURS = (
    # two addresses, counted as one?
    ("192.0.2.1", "192.0.2.1", True),
    ("192.0.2.1", "::ffff:192.0.2.1", True),
    ("192.0.2.1", "192.0.2.2", False),
    ("2001:db8::1", "2001:db8::ffff:1", True),
    ("2001:db8::1", "2001:db8:0:1::1", False),
    ("fe80::1%eth0", "fe80::2%eth1", True),
    ("", "", True),
    ("rubbish", "other rubbish", False),
)


@pytest.mark.parametrize(("one", "other", "same"), NEIGHBOURS)
def test_failures_of_one_customers_network_are_counted_together(one: str, other: str, same: bool) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_a_neighbourhood_is_short() -> None:
    assert len(neighbourhood("x" * 100_000)) == 64

"""Contract 5.8: addresses that must not be called."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import SettingError
from odzew.forward.allowance import Address
from odzew.forward.guard import FORBIDDEN_V4, FORBIDDEN_V6, Forbidden, Guard, can_bind, examine, parse_allowance

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]

FORBIDDEN = [
    # IPv4
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    # IPv6
    "::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ff0e::1", "100::1", "5f00::1", "4000::1",
    "2001:db8::1", "2001:2::1", "2001:10::1", "2001:20::1", "3ffe::1", "3fff::1", "2620:4f:8000::1",
    # IPv4 inside IPv6
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::93.184.215.14", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1",
    "64:ff9b::10.1.2.3", "64:ff9b::a9fe:a9fe", "64:ff9b:1::127.0.0.1", "64:ff9b:1::93.184.215.14", "2002:7f00:1::", "2002:a01:203::1",
    "2002:5db8:d70e::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "2606:2800::5efe:127.0.0.1", "2606:2800::200:5efe:10.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_forbidden(address: str) -> None:
    with pytest.raises(Forbidden):
        Guard().judge([address], 443)


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_forbidden_address_refuses_the_call(address: str, place: int) -> None:
    addresses = [*PUBLIC[:place], address, *PUBLIC[place:]]
    with pytest.raises(Forbidden):
        Guard().judge(addresses, 443)


@pytest.mark.parametrize(
    ("address", "connected_to"),
    [
        ("93.184.215.14", "93.184.215.14"),
        ("::ffff:93.184.215.14", "93.184.215.14"),
        ("64:ff9b::93.184.215.14", "64:ff9b::5db8:d70e"),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
        ("2A00:1450:4001:82A:0:0:0:200E", "2a00:1450:4001:82a::200e"),
        ("2606:2800::5efe:93.184.215.14", "2606:2800::5efe:5db8:d70e"),
        ("9.255.255.255", "9.255.255.255"),
        ("11.0.0.0", "11.0.0.0"),
        ("172.15.255.255", "172.15.255.255"),
        ("172.32.0.0", "172.32.0.0"),
        ("223.255.255.255", "223.255.255.255"),
    ],
)
def test_public_addresses_pass_as_they_are_connected_to(address: str, connected_to: str) -> None:
    assert Guard().judge([address], 443) == [connected_to]


@pytest.mark.parametrize("address", ["", "example.com", "1.2.3", "1.2.3.4.5", "::g", "0177.0.0.1", "127.0.0.1:80", "x" * 1000])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Forbidden, match="no address"):
        Guard().judge([address], 443)


def test_no_address_at_all_is_refused() -> None:
    with pytest.raises(Forbidden, match="no address"):
        Guard().judge([], 443)


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 65535])
def test_open_ports(port: int) -> None:
    assert Guard().judge(PUBLIC, port) == PUBLIC


@pytest.mark.parametrize("port", [-1, 0, 1, 22, 25, 81, 444, 1023, 65536, 99999])
def test_closed_ports(port: int) -> None:
    with pytest.raises(Forbidden, match="port"):
        Guard().judge(PUBLIC, port)


# --- what the operator allows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.1.2.0/24", [("10.1.2.3", 8080), ("10.1.2.255", 80), ("10.1.2.3", 22), ("::ffff:10.1.2.3", 80)], [("10.1.3.1", 80)]),
        ("10.1.2.0/24:8080", [("10.1.2.3", 8080)], [("10.1.2.3", 80), ("10.1.3.3", 8080)]),
        ("10.1.2.3", [("10.1.2.3", 80)], [("10.1.2.4", 80)]),
        ("10.1.2.3:22", [("10.1.2.3", 22)], [("10.1.2.3", 80)]),
        (" 127.0.0.1 ", [("127.0.0.1", 8080)], [("127.0.0.2", 8080)]),
        ("[fd00::]/8:8080", [("fd00::1", 8080), ("fdff::1", 8080)], [("fd00::1", 80), ("fc00::1", 8080)]),
        ("[fd00::]/8", [("fd00::1", 1), ("fd00::1", 8080)], [("fe80::1", 80)]),
        ("fd00::/8", [("fd00::1", 8080)], [("::1", 80)]),
        ("fd00::/8:443", [("fd00::1", 443)], [("fd00::1", 80)]),
        ("[fd00::1]:8080", [("fd00::1", 8080)], [("fd00::2", 8080)]),
        ("fd00::1", [("fd00::1", 8080)], [("fd00::2", 8080)]),
        ("93.184.215.14:25", [("93.184.215.14", 25), ("93.184.215.14", 80)], [("93.184.215.14", 26), ("93.184.215.15", 25)]),
        ("10.0.0.0/8", [("10.9.9.9", 80)], [("64:ff9b::10.9.9.9", 80), ("2002:a09:909::", 80)]),
    ],
)
def test_allowances(text: str, inside: list[tuple[str, int]], outside: list[tuple[str, int]]) -> None:
    allowances = [parse_allowance("192.168.7.7:7777"), parse_allowance(text)]
    for address, port in inside:
        assert Guard().judge([address], port, allowances), (address, port)
    for address, port in outside:
        with pytest.raises(Forbidden):
            Guard().judge([address], port, allowances)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no network"),
        ("intranet", "is no network"),
        ("10.1.2.0/33", "is no network"),
        ("10.1.2.0/", "is no network"),
        ("10.1.2.0/24:", "is no network"),
        ("10.1.2.0/24:http", "is no network"),
        ("10.1.2.256", "is no network"),
        ("010.1.2.3", "is no network"),
        ("[fd00::/8]", "is no network"),
        ("[10.0.0.0]/8", "is no network"),
        ("http://10.1.2.3", "is no network"),
        ("10.1.2.0/24 10.1.3.0/24", "is no network"),
        ("10.1.2.0/24:0", "a port is 1 to 65535"),
        ("10.1.2.0/24:65536", "a port is 1 to 65535"),
        ("10.1.2.3/24", "did you mean 10.1.2.0/24"),
        ("[fd00::1]/8", "did you mean fd00::/8"),
        ("[::ffff:10.0.0.0]/104", "write an IPv4 network as IPv4"),
    ],
)
def test_a_wrong_allowance_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_allowance(text)


@pytest.mark.parametrize("text", ["10.1.2.0/24", "10.1.2.0/24:8080", "fd00::/8", "[fd00::]/8:8080", "[fd00::1]/128:1"])
def test_an_allowance_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_allowance(text)) == text


@given(st.text(alphabet="0123456789abcdef.:/[]% ", max_size=25))
def test_any_text_is_an_allowance_or_a_setting_error(text: str) -> None:
    try:
        allowance = parse_allowance(text)
    except SettingError:
        return
    assert parse_allowance(str(allowance)) == allowance


# --- our own listeners -----------------------------------------------------------------------------------------------------

EVERYTHING = [parse_allowance("0.0.0.0/0"), parse_allowance("::/0")]
OURS = "93.184.215.14"


def ours(address: Address) -> bool:
    """This machine has one public address of each kind."""
    return str(address) in (OURS, "2606:2800::1")


@pytest.mark.parametrize(
    ("listener", "address", "is_own"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("127.0.0.1", "::", True),
        ("127.0.0.1", "64:ff9b::127.0.0.1", True),
        ("127.0.0.1", "2002:7f00:1::", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", OURS, False),
        ("::1", "::1", True),
        ("::1", "::", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "127.9.9.9", True),
        ("0.0.0.0", OURS, True),
        ("0.0.0.0", "64:ff9b::93.184.215.14", True),
        ("0.0.0.0", "93.184.215.15", False),
        ("0.0.0.0", "10.1.2.3", False),
        ("::", "::1", True),
        ("::", "127.0.0.1", True),
        ("::", "2606:2800::1", True),
        ("::", OURS, True),
        ("::", "2606:2800::2", False),
        (OURS, OURS, True),
        (OURS, "127.0.0.1", False),
        ("a name that nobody resolved", OURS, True),
    ],
)
def test_our_own_listeners_stay_forbidden_whatever_is_allowed(listener: str, address: str, is_own: bool) -> None:
    guard = Guard([(listener, 8080)], is_local=ours)
    if is_own:
        with pytest.raises(Forbidden, match="this installation itself"):
            guard.judge([address], 8080, EVERYTHING)
    else:
        assert guard.judge([address], 8080, EVERYTHING)
    assert guard.judge([address], 8081, EVERYTHING)


def test_listeners_that_begin_later_count() -> None:
    listeners: list[tuple[str, int]] = []
    guard = Guard(lambda: listeners)
    assert guard.judge(["127.0.0.1"], 9000, EVERYTHING)
    listeners.append(("0.0.0.0", 9000))
    with pytest.raises(Forbidden):
        guard.judge(["127.0.0.1"], 9000, EVERYTHING)


@pytest.mark.parametrize(
    ("address", "local"), [("127.0.0.1", True), ("127.3.2.1", True), ("0.0.0.0", True), ("192.0.2.1", False), ("2001:db8::1", False)]
)
def test_an_address_of_this_machine_is_one_that_can_be_bound(address: str, local: bool) -> None:
    assert can_bind(ip_address(address)) is local


# --- for any address --------------------------------------------------------------------------------------------------------

v4 = st.integers(0, 2**32 - 1).map(IPv4Address) | st.sampled_from([network for network, _ in FORBIDDEN_V4]).flatmap(
    lambda network: st.integers(int(network.network_address), int(network.broadcast_address)).map(IPv4Address)
)
v6 = st.integers(0, 2**128 - 1).map(IPv6Address) | st.sampled_from([network for network, _ in FORBIDDEN_V6]).flatmap(
    lambda network: st.integers(int(network.network_address), int(network.broadcast_address)).map(IPv6Address)
)


@given(v4)
def test_what_the_library_calls_special_is_forbidden(address: IPv4Address) -> None:
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast or address.is_reserved
    if special or address.is_unspecified or not address.is_global:
        assert examine(str(address)).reason is not None


@given(v6)
def test_only_global_unicast_is_public(address: IPv6Address) -> None:
    verdict = examine(str(address))
    if verdict.reason is None and verdict.address.version == 6:
        assert int(address) >> 125 == 1 or str(address).startswith("64:ff9b::")


@given(v4)
def test_nat64_and_mapped_inherit_the_verdict_of_the_address_inside(address: IPv4Address) -> None:
    alone = examine(str(address)).reason is None
    assert (examine(str(IPv6Address((0x0064FF9B << 96) + int(address)))).reason is None) == alone
    assert (examine(str(IPv6Address((0xFFFF << 32) + int(address)))).reason is None) == alone


@given(v4, st.sampled_from([0, 0x2002 << 112, 0x20010000 << 96, 0x0064FF9B0001 << 80]))
def test_other_embedded_forms_are_forbidden_whatever_is_inside(address: IPv4Address, prefix: int) -> None:
    shift = 80 if prefix == 0x2002 << 112 else 0
    assert examine(str(IPv6Address(prefix + (int(address) << shift)))).reason is not None

"""Network addresses: which may enter, and which one a call really comes from.

An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is its IPv4 address everywhere here, and a zone (`%eth0`) is left out.
Judgements are cached, for a poll asks for them thousands of times a second.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from odzew.errors import SettingError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST_ADDRESS: Final = 64  # characters; the longest true spelling has 45, and a zone may follow. Longer ones never enter the cache
_LONGEST_CHAIN: Final = 32  # proxies that are looked through; a longer X-Forwarded-For is somebody's invention
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NEIGHBOURS: Final = 64  # bits of IPv6 that one customer is given as a whole


def read_network(text: str) -> Network:
    """The network that `text` names: `10.0.0.0/8`, `2001:db8::/32` or a single address.

    Bits right of the mask are cleared, as firewalls do. SettingError, with a sentence for the operator, if it is none.
    """
    network = _network(text)
    if network is None:
        raise SettingError(f"{text[:_LONGEST_ADDRESS]!r} is no network: write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32")
    return network


def allowed(address: str, networks: tuple[str, ...]) -> bool:
    """Whether a caller from `address` is let in by a list of networks. An empty list lets everybody in (contract 1).

    An entry that cannot be read lets nobody in, and what is no address is in no network.
    """
    return not networks or _within(address, networks)


def client_address(peer: str, x_forwarded_for: str | None, trusted_proxies: tuple[str, ...]) -> str:
    """The address that a call comes from: the right-most one of the chain that is not a proxy of ours.

    `peer` is the other end of the connection, `x_forwarded_for` the header (several: joined by commas). Each proxy appends the
    address that it saw, so only what a trusted proxy wrote is believed; an unreadable entry ends the walk at that proxy.
    If every address is trusted, the left-most one is the caller. The answer is in its shortest spelling (`peer` as it is, if no address).
    """
    caller = canonical(peer)
    if not x_forwarded_for or not _trusted(caller, trusted_proxies):
        return caller
    for entry in reversed(x_forwarded_for.rsplit(",", _LONGEST_CHAIN)[-_LONGEST_CHAIN:]):
        before = _read(_without_port(entry.strip()))
        if before is None:
            break
        caller = str(before)
        if not _trusted(caller, trusted_proxies):
            break
    return caller


def canonical(address: str) -> str:
    """The one spelling of an address; what is no address stays as it is."""
    read = _read(address)
    return address if read is None else str(read)


@lru_cache(16_384)
def neighbourhood(address: str) -> str:
    """Whom failures are counted against: the IPv4 address, or the /64 of an IPv6 address, all of which one caller may use."""
    read = _read(address)
    if isinstance(read, IPv6Address):
        return str(IPv6Network((int(read), _NEIGHBOURS), strict=False))
    return address[:_LONGEST_ADDRESS] if read is None else str(read)


def _trusted(address: str, proxies: tuple[str, ...]) -> bool:
    return bool(proxies) and _within(address, proxies)


def _within(address: str, networks: tuple[str, ...]) -> bool:
    return len(address) <= _LONGEST_ADDRESS and _judged(address, networks)


@lru_cache(16_384)
def _judged(address: str, networks: tuple[str, ...]) -> bool:
    read = _read(address)
    return read is not None and any(network is not None and read in network for network in map(_network, networks))


def _read(text: str) -> Address | None:
    return None if len(text) > _LONGEST_ADDRESS else _read_short(text)


@lru_cache(16_384)
def _read_short(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0] if ":" in text else text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@lru_cache(4_096)
def _network(text: str) -> Network | None:
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        unmapped = network.network_address.ipv4_mapped
        return None if unmapped is None else IPv4Network((unmapped, network.prefixlen - _MAPPED.prefixlen))
    return network


def _without_port(entry: str) -> str:
    """Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry

"""Which addresses may be called (contract 5.8). The table is our own: the standard library's `is_global` lets multicast, NAT64 and
6to4 forms of loopback through.

Sources of the table: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and what followed).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from odzew.forward.allowance import Address, Allowance, parse_allowance
from odzew.forward.literal import Forbidden

__all__ = ["Allowance", "Forbidden", "Guard", "Listeners", "parse_allowance"]

Listener = tuple[str, int]
Listeners = Callable[[], Iterable[Listener]] | Iterable[Listener]

WEB_PORTS: Final = frozenset({80, 443})
FIRST_FREE_PORT: Final = 1024
LAST_PORT: Final = 65535

FORBIDDEN_V4: Final = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared between a provider's customers"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud platform's own service"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "reserved for AS112"),
        ("192.52.193.0/24", "reserved for multicast tunnels"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved for AS112"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)

GLOBAL_V6: Final = IPv6Network("2000::/3")
FORBIDDEN_V6: Final = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "an embedded IPv4 address (compatible)"),
        ("::ffff:0:0:0/96", "an embedded IPv4 address (translated)"),
        ("64:ff9b:1::/48", "a local NAT64 prefix"),
        ("2001::/32", "an embedded IPv4 address (Teredo)"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "an embedded IPv4 address (6to4)"),
        ("2620:4f:8000::/48", "reserved for AS112"),
        ("3ffe::/16", "returned to the registry"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
# Behind DNS64 every IPv4 host has an address here, so the verdict is that of the IPv4 address inside.
NAT64: Final = IPv6Network("64:ff9b::/96")

_COMPATIBLE: Final = IPv6Network("::/96")
_TRANSLATED: Final = IPv6Network("::ffff:0:0:0/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 s.6.1
_LOW: Final = 0xFFFFFFFF


@dataclass(slots=True, frozen=True)
class Verdict:
    """What is known of one address, whoever asks. `address` is what the system connects to; `reason` None: public."""

    address: Address
    text: str
    reason: str | None
    inside: tuple[IPv4Address, ...]


class Guard:
    """Judges the addresses of a call. `own_listeners` are the (address, port) pairs where this installation listens.

    `is_local` tells whether an address is one of this machine; it is asked only where we listen on every address.
    """

    def __init__(self, own_listeners: Listeners = (), is_local: Callable[[Address], bool] | None = None) -> None:
        fixed = () if callable(own_listeners) else tuple(own_listeners)
        self._listeners: Callable[[], Iterable[Listener]] = own_listeners if callable(own_listeners) else lambda: fixed
        self._is_local = is_local or can_bind

    def judge(self, addresses: Sequence[str], port: int, allowances: Sequence[Allowance] = ()) -> list[str]:
        """The addresses as they may be connected to, in their order. One forbidden address refuses them all: raises Forbidden."""
        if not addresses:
            raise Forbidden("the name has no address")
        if not 1 <= port <= LAST_PORT:
            raise Forbidden(f"{port} is no port")
        open_port = port >= FIRST_FREE_PORT or port in WEB_PORTS
        own = [listener for listener, at in self._listeners() if at == port]
        judged: list[str] = []
        for address in addresses:
            verdict = examine(address)
            if own and self._is_own(verdict, own):
                raise Forbidden(f"{verdict.text} at port {port} is this installation itself")
            if (verdict.reason is not None or not open_port) and not _allowed(verdict.text, port, tuple(allowances)):
                raise Forbidden(_refusal(verdict, port))
            judged.append(verdict.text)
        return judged

    def verdict(self, address: str, port: int, allowances: Sequence[Allowance] = ()) -> str:
        """What `judge` says of one address, in words."""
        try:
            self.judge([address], port, allowances)
        except Forbidden as error:
            return f"refused: {error}"
        return "public" if examine(address).reason is None else "allowed by the account's forward_allow"

    def _is_own(self, verdict: Verdict, listeners: list[str]) -> bool:
        forms: tuple[Address, ...] = (verdict.address, *verdict.inside)
        return any(self._is_heard(form, _parsed(listener)) for form in forms for listener in listeners)

    def _is_heard(self, address: Address, listener: Address | None) -> bool:
        """True when a connection to `address` would arrive at `listener` (None: a name, taken as every address)."""
        if address == listener or address.is_unspecified:
            return True
        return (listener is None or listener.is_unspecified) and (address.is_loopback or self._is_local(address))


def can_bind(address: Address) -> bool:
    """True when the address is one of this machine: only those can be bound. Nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


@lru_cache(maxsize=65536)
def examine(text: str) -> Verdict:
    """What one address, as a resolver or a URL spells it, is. Raises Forbidden for what is no address."""
    address = _parsed(text.partition("%")[0])
    if address is None:
        raise Forbidden(f"{text[:80]!r} is no address")
    if isinstance(address, IPv4Address):
        return Verdict(address, str(address), _reason_v4(address), ())
    inside = tuple(_embedded(address))
    reason = _reason_v6(address, inside)
    return Verdict(address, str(address), reason, inside)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # the system makes an IPv4 connection of it
    return address


def _reason_v4(address: IPv4Address) -> str | None:
    return next((f"{reason} ({network})" for network, reason in FORBIDDEN_V4 if address in network), None)


def _reason_v6(address: IPv6Address, inside: tuple[IPv4Address, ...]) -> str | None:
    if address in NAT64:
        reason = _reason_v4(inside[0])
        return None if reason is None else f"NAT64 of {inside[0]}, {reason}"
    for network, reason in FORBIDDEN_V6:
        if address in network:
            return f"{reason} ({network})"
    if address not in GLOBAL_V6:
        return f"outside the public addresses ({GLOBAL_V6})"
    return next((f"ISATAP of {inner}, {reason}" for inner in inside if (reason := _reason_v4(inner))), None)


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Every IPv4 address that this one would be turned into by a gateway on the way."""
    number = int(address)
    if any(address in network for network in (NAT64, _COMPATIBLE, _TRANSLATED, _NAT64_LOCAL)):
        yield IPv4Address(number & _LOW)
    if address in _NAT64_LOCAL:  # RFC 6052 s.2.2, a prefix of 48: 16 bits, the octet `u`, 16 bits
        yield IPv4Address(((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF)
    if address in _SIX_TO_FOUR:
        yield IPv4Address((number >> 80) & _LOW)
    if address in _TEREDO:
        yield IPv4Address((number >> 64) & _LOW)
        yield IPv4Address((number & _LOW) ^ _LOW)
    if (number >> 32) & _LOW in _ISATAP:
        yield IPv4Address(number & _LOW)


@lru_cache(maxsize=16384)
def _allowed(text: str, port: int, allowances: tuple[Allowance, ...]) -> bool:
    address = examine(text).address
    return any(allowance.covers(address, port) for allowance in allowances)


def _refusal(verdict: Verdict, port: int) -> str:
    if verdict.reason is not None:
        return f"{verdict.text} is {verdict.reason}"
    return f"port {port} is not one of 80, 443 and {FIRST_FREE_PORT} to {LAST_PORT}"

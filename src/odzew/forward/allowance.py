"""What an account may reach beyond the public internet: the entries of `forward_allow` (contract 5.8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from odzew.errors import SettingError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SHAPES: Final = (
    re.compile(r"(?P<address>[0-9.]+)(?:/(?P<prefix>[0-9]{1,3}))?(?::(?P<port>[0-9]{1,6}))?", re.ASCII),
    re.compile(r"\[(?P<address>[0-9a-fA-F.]*:[0-9a-fA-F:.]*)\](?:/(?P<prefix>[0-9]{1,3}))?(?::(?P<port>[0-9]{1,6}))?", re.ASCII),
    re.compile(r"(?P<address>[0-9a-fA-F:.]+)/(?P<prefix>[0-9]{1,3})(?::(?P<port>[0-9]{1,6}))?", re.ASCII),
    re.compile(r"(?P<address>[0-9a-fA-F:.]+)(?P<prefix>)(?P<port>)", re.ASCII),
)
_EXAMPLES: Final = "write 10.1.2.0/24, 10.1.2.0/24:8080 or [fd00::]/8:8080"
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


@dataclass(slots=True, frozen=True)
class Allowance:
    """A network that may be called, at one port or (None) at any."""

    network: Network
    port: int | None

    def covers(self, address: Address, port: int) -> bool:
        """True when this entry lets `address` be called at `port`."""
        return (self.port is None or self.port == port) and address in self.network

    def __hash__(self) -> int:
        """Cheap, for it is part of the key under which each call's judgement is remembered."""
        return hash(self.port)

    def __str__(self) -> str:
        if self.port is None:
            return str(self.network)
        if isinstance(self.network, IPv4Network):
            return f"{self.network}:{self.port}"
        return f"[{self.network.network_address}]/{self.network.prefixlen}:{self.port}"


def parse_allowance(text: str) -> Allowance:
    """Reads `network`, `network:port` or `[network]/prefix:port`; an address alone is a network of one. Raises SettingError."""
    wanted = text.strip()
    match = next(filter(None, (shape.fullmatch(wanted) for shape in _SHAPES)), None)
    if match is None:
        raise SettingError(f"{text!r} is no network; {_EXAMPLES}")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= 65535:
        raise SettingError(f"{text!r}: a port is 1 to 65535")
    network = _read_network(text, match["address"], match["prefix"])
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        raise SettingError(f"{text!r}: write an IPv4 network as IPv4, such as 10.1.2.0/24")
    return Allowance(network, port)


def _read_network(text: str, address: str, prefix: str | None) -> Network:
    spelled = f"{address}/{prefix}" if prefix else address
    try:
        loose = ip_network(spelled, strict=False)
    except ValueError:
        raise SettingError(f"{text!r} is no network; {_EXAMPLES}") from None
    try:
        return ip_network(spelled)
    except ValueError:
        raise SettingError(f"{text!r}: the address is not the start of its network; did you mean {loose}?") from None

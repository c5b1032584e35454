"""The host of a URL, read as the operating system would: an address in any of its spellings, or a name.

`0x7f000001`, `2130706433`, `0177.1`, `127.0.0.1.`, full-width digits and `[::ffff:127.0.0.1]` are all addresses to a C library, so
they are recognised before anything is resolved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

import idna

from odzew.errors import OdzewError

LONGEST_NAME: Final = 253  # RFC 1035 s.2.3.4, without the length octets
LONGEST_LABEL: Final = 63
SHOWN: Final = 80

_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?", re.ASCII)
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_BASES: Final = (
    (re.compile(r"0x[0-9a-f]+", re.ASCII), 16),
    (re.compile(r"0[0-7]*", re.ASCII), 8),
    (re.compile(r"[1-9][0-9]*", re.ASCII), 10),
)
_LONGEST_PART: Final = 20


class Forbidden(OdzewError):
    """A host, address or port that must not be called; `str(error)` is the reason, for the target's owner."""


@dataclass(slots=True, frozen=True)
class Host:
    """A host as it will be called: `name` in ASCII and lower case; `address` where it is no name but an address."""

    name: str
    address: str | None


@lru_cache(maxsize=4096)
def read_host(text: str) -> Host:
    """Reads the host part of a URL, with or without the brackets of an IPv6 address. Raises Forbidden for what is neither."""
    if ":" in text or text.startswith("["):
        return _read_v6(text)
    name = text.lower() if text.isascii() else _to_ascii(text)
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # A name whose last label is a number is no name to anybody (WHATWG URL, "ends in a number").
        return Host(name, str(_read_v4(name, labels)))
    if len(name) > LONGEST_NAME or any(len(label) > LONGEST_LABEL or not _LABEL.fullmatch(label) for label in labels):
        raise Forbidden(f"{text[:SHOWN]!r} is no host name")
    return Host(name, None)


def _to_ascii(text: str) -> str:
    """An internationalised name as it stands in the DNS; full-width digits and dots become plain ones on the way (UTS 46)."""
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        return mapped.lower() if mapped.isascii() else idna.encode(mapped.removesuffix(".")).decode("ascii")
    except UnicodeError as error:
        raise Forbidden(f"{text[:SHOWN]!r} is no host name") from error


def _read_v4(text: str, labels: list[str]) -> IPv4Address:
    """One to four numbers, decimal, octal or hexadecimal; the last one fills what is left (inet_aton)."""
    values = [_read_part(label) for label in labels]
    *leading, last = values if len(values) <= 4 else [None]
    if last is None or last >= 256 ** (4 - len(leading)):
        raise Forbidden(f"{text[:SHOWN]!r} looks like an address and is none")
    number = last
    for place, value in enumerate(leading):
        if value is None or value > 255:
            raise Forbidden(f"{text[:SHOWN]!r} looks like an address and is none")
        number |= value << (8 * (3 - place))
    return IPv4Address(number)


def _read_part(label: str) -> int | None:
    if len(label) > _LONGEST_PART:
        return None
    return next((int(label, base) for shape, base in _BASES if shape.fullmatch(label)), None)


def _read_v6(text: str) -> Host:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    address, percent, _ = inner.partition("%")
    if percent:
        raise Forbidden(f"{text[:SHOWN]!r} names a network interface of ours")
    try:
        found = IPv6Address(address)
    except ValueError:
        raise Forbidden(f"{text[:SHOWN]!r} looks like an address and is none") from None
    read = str(found.ipv4_mapped or found)  # the system makes an IPv4 connection of a mapped one
    return Host(read, read)

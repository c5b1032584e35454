"""Host, port and user info of a URL, in the one spelling that will be connected to (RFC 3986 3.2)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

import idna

from odzew.errors import Sentence, TemplateError

_LONGEST_HOST: Final = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?").fullmatch
_PORT = re.compile(r"[0-9]{1,5}").fullmatch


@dataclass(slots=True, frozen=True)
class Authority:
    """`host` in lower-case ASCII, IPv6 without brackets; `port` None when none is written; `user_info` still escaped."""

    host: str
    port: int | None
    user_info: str | None


def parse_authority(text: str) -> Authority:
    """The authority that stands between `//` and the path. TemplateError with a sentence for people."""
    user_info, at, rest = text.rpartition("@")
    if "@" in user_info:
        raise TemplateError(Sentence("a second @ in the host part of the URL"))
    if rest.startswith("["):
        inside, bracket, after = rest[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise TemplateError(Sentence("an IPv6 address must stand in one pair of brackets"))
        host = _ipv6(inside)
        port = after[1:]
    else:
        name, _, port = rest.partition(":")
        host = _name(name)
    return Authority(host, _port(port), user_info if at else None)


def _port(text: str) -> int | None:
    if not text:
        return None
    if not _PORT(text) or not 0 < int(text) < 65_536:
        raise TemplateError(Sentence("the port must be a number from 1 to 65535"))
    return int(text)


def _ipv6(text: str) -> str:
    if "%" in text:
        raise TemplateError(Sentence("an address with a zone cannot be called"))
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise TemplateError(Sentence("what stands in brackets is no IPv6 address")) from None


def _name(text: str) -> str:
    """A name, or an IPv4 address in whatever form: mapped as browsers do (UTS 46), then checked label by label."""
    if not text:
        raise TemplateError(Sentence("the URL has no host"))
    if len(text) > _LONGEST_HOST:
        raise TemplateError(Sentence("the host name is too long"))
    try:
        host = idna.uts46_remap(text, std3_rules=False, transitional=False)
        if not host.isascii():
            host = idna.encode(host).decode("ascii")
    except UnicodeError:
        raise TemplateError(Sentence("the host name is not one that can be looked up")) from None
    # One dot at the end is the root of names. The guard, which judges the address, sees it too.
    labels = host.removesuffix(".").split(".")
    if len(host) > _LONGEST_HOST or not all(map(_LABEL, labels)):
        raise TemplateError(Sentence("the host name has an empty or too long label, or a character that no host name has"))
    return host

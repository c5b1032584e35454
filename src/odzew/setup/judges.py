"""The judges of single values: each gives the value as it is kept, or raises ValueError or WireError with a sentence.

The second argument of every judge is the installation's country, by which a national telephone number is read.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
import zoneinfo
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from odzew.errors import Sentence
from odzew.setup.reading import did_you_mean
from odzew.wire import coding, folding, mailbox, msisdn
from odzew.wire.template import Template, check_expected

URL_CHARACTERS: Final = 4096
PASSWORD_OCTETS: Final = 1024
RETRIES: Final = 20
LONGEST_RETRY: Final = 7 * 24 * 60.0  # minutes
SHORTEST_GAP: Final = 0.001  # minutes
MAILBOXES: Final = 50
FILTERS: Final = 1000
ANY: Final = "*"
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
_ALLOWANCE: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\](?P<length>/[0-9]{1,3})?|(?P<four>[0-9./]+))(?::(?P<port>[0-9]{1,5}))?"
)


def name(value: str, _country: str) -> str:
    """A name: 1 to 64 characters, no white space at its ends, one line."""
    if not 1 <= len(value) <= 64 or value != value.strip() or not value.isprintable():
        raise ValueError(Sentence("must have 1 to 64 characters in one line, without blanks at its ends"))
    return value


def source_name(value: str, _country: str) -> str:
    """A source's name stands in a URL (contract 7)."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value) or value.strip(".") == "":
        raise ValueError(Sentence("must have 1 to 64 of the characters A-Z a-z 0-9 . _ -, because it stands in a URL"))
    return value


def login(value: str, _country: str) -> str:
    """A log-in name: 1 to 128 characters without white space."""
    if not 1 <= len(value) <= 128 or not value.isprintable() or " " in value:
        raise ValueError(Sentence("must have 1 to 128 characters, no white space among them"))
    return value


def password(value: str, _country: str) -> str:
    """1 to 1,024 octets of UTF-8: what can be verified later."""
    if not 1 <= len(value.encode()) <= PASSWORD_OCTETS:
        raise ValueError(Sentence("must have 1 to %(most)d octets", most=PASSWORD_OCTETS))
    return value


def token_value(value: str, _country: str) -> str:
    """Contract 1: a bearer token is 32 lower-case hex."""
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise ValueError(Sentence("must be 32 lower-case hexadecimal digits"))
    return value


def source_token(value: str, _country: str) -> str:
    """Goes in a header or in a query: visible ASCII, at most 256 characters."""
    if not re.fullmatch(r"[!-~]{1,256}", value):
        raise ValueError(Sentence("must have 1 to 256 visible ASCII characters, no blank among them"))
    return value


def signature_secret(value: str, _country: str) -> str:
    """Contract 5.9: `whsec_` and base64 of the key. Ours have 32 octets; the scheme allows 24 to 64."""
    try:
        key = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not value.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError(Sentence("must be whsec_ followed by the base64 of 32 random octets"))
    return value


def phone(value: str, country: str) -> str:
    """Contract 1: E.164 with `+`; a short code stays."""
    return msisdn.normalise(value, country)


def networks(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """Addresses and networks, in their canonical spelling."""
    return tuple(str(_network(value)) for value in values)


def allowances(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """Contract 5.8: `network`, `network:port`, `[fd00::]/8:8080`."""
    for value in values:
        found = _ALLOWANCE.fullmatch(value)
        spelled = value if found is None else found["four"] or found["six"] + (found["length"] or "")
        network = _network(spelled)  # where nothing was found, IPv6 without brackets, so without a port
        if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped is not None:
            raise ValueError(Sentence("%(typed)r: write an IPv4 network as IPv4, such as 10.1.2.0/24", typed=value))
        if found is not None and found["port"] is not None:
            _port(found["port"])
    return values


def hosts(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """`host:port`, tried in order."""
    if not values:
        raise ValueError(Sentence('must name at least one "host:port"'))
    for value in values:
        found = _HOST.fullmatch(value)
        if found is None:
            raise ValueError(Sentence('%(typed)r is not "host:port"', typed=value[:80]))
        _port(found[1])
    return values


def server_name(value: str, _country: str) -> str:
    """The name that a certificate must have: a host's name, or an address."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", value):
        raise ValueError(Sentence("must be the name of a host, or an address, without a port"))
    return value


def alphabets(values: dict[str, str], _country: str) -> dict[str, str]:
    """Which alphabet a network means by which data_coding: `{ "8" = "utf8", "0xF5" = "binary" }`. Kept by decimal numbers."""
    kept: dict[str, str] = {}
    for key, word in values.items():
        if not re.fullmatch(r"0x[0-9A-Fa-f]{1,2}|[0-9]{1,3}", key) or (number := int(key, 0) if "x" in key else int(key)) > 255:
            raise ValueError(Sentence("%(typed)r is no data_coding: use a number from 0 to 255, or 0x00 to 0xFF", typed=key[:40]))
        if word not in coding.ALPHABETS:
            raise ValueError(Sentence("%(typed)r is no alphabet%(near)s", typed=word[:40], near=did_you_mean(word, coding.ALPHABETS)))
        if str(number) in kept:
            raise ValueError(Sentence("data_coding %(number)d is there twice", number=number))
        kept[str(number)] = word
    return kept


def zone(value: str, _country: str) -> str:
    """A time zone of the tz database."""
    if value not in _zones():
        raise ValueError(Sentence("there is no time zone %(typed)r%(near)s", typed=value[:60], near=did_you_mean(value, _zones())))
    return value


def keyword(value: str, _country: str) -> str:
    """Contract 6: at least one word after folding."""
    if not 1 <= len(value) <= 160:
        raise ValueError(Sentence("must have %(least)d to %(most)d characters", least=1, most=160))
    if not folding.words(value):
        raise ValueError(Sentence("%(typed)r has no letter or digit that could be matched", typed=value))
    return value


def url(value: str, _country: str) -> str:
    """Contract 5.2."""
    if len(value) > URL_CHARACTERS:
        raise ValueError(Sentence("is longer than %(most)d characters", most=URL_CHARACTERS))
    Template.parse(value)
    return value


def expected(value: str, _country: str) -> str:
    """Contract 5.4: the answer that means success; its placeholders are known ones."""
    if len(value) > 1000:
        raise ValueError(Sentence("is longer than %(most)d characters", most=1000))
    check_expected(value)
    return value


def calling_code(value: str, _country: str) -> str:
    """What a national number lacks: 1 to 4 digits."""
    if not re.fullmatch(r"[1-9][0-9]{0,3}", value):
        raise ValueError(Sentence("must be a country's calling code, 1 to 4 digits"))
    return value


def minutes(values: tuple[float, ...], _country: str) -> tuple[float, ...]:
    """Contract 5.5: repeats in minutes. Their order depends on the basis and is judged with it."""
    if len(values) > RETRIES:
        raise ValueError(Sentence("has more than %(most)d repeats", most=RETRIES))
    if not all(math.isfinite(value) and SHORTEST_GAP <= value <= LONGEST_RETRY for value in values):
        raise ValueError(Sentence("each must be from %(least)g to %(most).0f minutes (7 days)", least=SHORTEST_GAP, most=LONGEST_RETRY))
    return values


def mailboxes(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """Addresses for e-mail, each once."""
    if len(values) > MAILBOXES:
        raise ValueError(Sentence("has more than %(most)d addresses", most=MAILBOXES))
    return tuple(dict.fromkeys(mailbox.parse(value) for value in values))


def moment(value: datetime, _country: str) -> datetime:
    """An instant."""
    if value.tzinfo is None:
        raise ValueError(Sentence("needs an offset, such as 2026-12-01T00:00:00Z"))
    return value


def wanted_senders(values: tuple[str, ...], country: str) -> tuple[str, ...]:
    """Numbers and names as senders are stored; with a `*` at its end, what begins so."""
    _few(values)
    return tuple(dict.fromkeys(_wanted_sender(value, country) for value in values))


def _wanted_sender(value: str, country: str) -> str:
    start, star, rest = value.partition(ANY)
    if not star:
        return msisdn.sender(value, country)
    if rest or not start.strip():
        raise ValueError(Sentence("%(typed)r: one * may stand at the end of something", typed=value[:40]))
    if re.fullmatch(r"00[0-9 ]*", start):
        start = f"+{start[2:]}"
    if start.startswith("+"):
        start = f"+{re.sub(r'[ -]', '', start[1:])}"
        if not re.fullmatch(r"\+[1-9][0-9]{0,14}", start):
            raise ValueError(Sentence("%(typed)r is not the beginning of a number", typed=value[:40]))
    elif re.fullmatch(r"[0-9 -]+", start):
        raise ValueError(
            Sentence("%(typed)r: the beginning of a number is written with + and the country's code, such as +48500*", typed=value[:40])
        )
    return start + ANY


def wanted_keywords(values: tuple[str, ...], country: str) -> tuple[str, ...]:
    """Keywords as they are on numbers."""
    _few(values)
    return tuple(keyword(value, country) for value in values)


def wanted_texts(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """Words, or several one after the other; with a `*` at its end the last one need only begin so."""
    _few(values)
    for value in values:
        if not 1 <= len(value) <= 160 or not folding.words(value):
            raise ValueError(Sentence("%(typed)r must have 1 to 160 characters, and a letter or digit among them", typed=value[:40]))
        if ANY in value.rstrip()[:-1] or value.rstrip().endswith(f" {ANY}"):
            raise ValueError(Sentence("%(typed)r: one * may stand at the end of a word, and only of the last", typed=value[:40]))
    return values


def _few(values: tuple[str, ...]) -> None:
    if len(values) > FILTERS:
        raise ValueError(Sentence("has more than %(most)d entries", most=FILTERS))


def distinct(values: tuple[str, ...], _country: str) -> tuple[str, ...]:
    """The same, each once."""
    return tuple(dict.fromkeys(values))


def between(least: float, most: float) -> Callable[[Any, str], Any]:
    """A number from `least` to `most`, both included."""

    def judge(value: float, _country: str) -> float:
        if not (math.isfinite(value) and least <= value <= most):
            raise ValueError(Sentence("must be from %(least)g to %(most)g", least=least, most=most))
        return value

    return judge


def characters(least: int, most: int) -> Callable[[Any, str], Any]:
    """A text of `least` to `most` characters."""

    def judge(value: str, _country: str) -> str:
        if not least <= len(value) <= most:
            raise ValueError(Sentence("must have %(least)d to %(most)d characters", least=least, most=most))
        return value

    return judge


def _network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if "%" in value:
        raise ValueError(Sentence("%(typed)r names an interface: give the network alone", typed=value[:60]))
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        pass
    try:
        wide = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(Sentence("%(typed)r is no address and no network", typed=value[:60])) from None
    raise ValueError(Sentence("%(typed)r has bits set beyond its length: did you mean %(near)r?", typed=value, near=str(wide)))


def _port(text: str) -> None:
    if not 1 <= int(text) <= 65535:
        raise ValueError(Sentence("%(typed)s is no port", typed=text))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())

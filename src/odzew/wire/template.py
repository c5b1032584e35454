"""A target's URL with placeholders, and what it fills to (contract 5.2).

The template is taken apart once. Filling is then one pass over its pieces, so a placeholder inside a value stays text,
and what was refused here can never come back through a value: values are percent-encoded, host and port have none.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from odzew.errors import Sentence, TemplateError
from odzew.wire import clean
from odzew.wire.authority import Authority, parse_authority
from odzew.wire.published import PLACEHOLDER_NAMES

LONGEST: Final = 8192
"""Characters that a template may have at most."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PLACEHOLDER = re.compile(r"#([A-Z]+)#")
_START = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)")
_FORBIDDEN = re.compile("[\0-\x1f\x7f-\x9f\\\\\ud800-\udfff]")
# RFC 3986 2.3: what is never encoded in a value.
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODED: Final = tuple(chr(octet) if octet in _UNRESERVED else f"%{octet:02X}" for octet in range(256))
_is_safe = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_is_plain = re.compile(r"[A-Za-z0-9._~ :+-]*").fullmatch
# RFC 3986 3.3 and 3.4: what may not stand as it is in a path or query, and a percent sign that begins no octet.
_ILLEGAL = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]|%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT = re.compile(r"(?:\.|%2[Ee]){1,2}").fullmatch


def encode(value: str) -> str:
    """`value` percent-encoded as UTF-8 (RFC 3986): unreserved characters stay, a space is `%20`, a plus `%2B`."""
    if _is_safe(value):
        return value
    if _is_plain(value):  # most texts, and all numbers and times: a tenth of the time
        return value.replace(" ", "%20").replace(":", "%3A").replace("+", "%2B")
    try:
        octets = value.encode()
    except UnicodeEncodeError:
        octets = clean.text(value).encode()
    return "".join(map(_ENCODED.__getitem__, octets))


def expected(text: str, values: Mapping[str, str]) -> str:
    """`text` with its placeholders replaced by the values as they are, in one pass (contract 5.4).

    An unknown `#X#` stays as it is (`check_expected` tells of it); a missing value is empty.
    """
    if "#" not in text:
        return text
    pieces = _PLACEHOLDER.split(text)
    for index in range(1, len(pieces), 2):
        name = PLACEHOLDER_NAMES.get(pieces[index])
        pieces[index] = values.get(name, "") if name else f"#{pieces[index]}#"
    return "".join(pieces)


def check_expected(text: str) -> None:
    """TemplateError when an expected answer holds a placeholder that there is none of."""
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDER_NAMES:
            raise TemplateError(Sentence("unknown placeholder #%(name)s#", name=name))


@dataclass(slots=True, frozen=True)
class Pieces:
    """A path or a query taken apart: text in percent format with `%s` for each name."""

    form: str
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        return self.form % tuple([encode(values.get(name, "")) for name in self.names])


@dataclass(slots=True, frozen=True)
class Template:
    """A URL template that was found good.

    `host` is lower-case ASCII (IPv6 without brackets), `port` never None. `origin` is `scheme://host[:port]` without the
    user info: that is sent as `authorization`, the value of the header, or None. `placeholders` are canonical names.
    """

    url: str = field(repr=False)
    scheme: str
    host: str
    port: int
    origin: str
    authorization: str | None = field(repr=False)
    placeholders: frozenset[str]
    path: Pieces
    query: Pieces

    @classmethod
    def parse(cls, url: str) -> Template:
        """The template of `url`. TemplateError, with a sentence for people, when it is refused (contract 5.2)."""
        url = url.strip(" ")
        if not url:
            raise TemplateError(Sentence("the URL is empty"))
        if len(url) > LONGEST:
            raise TemplateError(Sentence("the URL is longer than %(most)d characters", most=LONGEST))
        if _FORBIDDEN.search(url):
            raise TemplateError(Sentence("control characters, backslashes and broken characters may not stand in a URL"))
        literals, names = _take_apart(url)
        scheme, authority, begin = _start(literals[0], last=not names)
        path, query = _split(literals, names, begin)
        shown = f"[{authority.host}]" if ":" in authority.host else authority.host
        port = authority.port or DEFAULT_PORTS[scheme]
        return cls(
            url=url,
            scheme=scheme,
            host=authority.host,
            port=port,
            origin=f"{scheme}://{shown}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}"),
            authorization=_basic(authority.user_info),
            placeholders=frozenset(names),
            path=path,
            query=query,
        )

    @property
    def query_only(self) -> bool:
        """Whether no placeholder stands in the path: what a signing target needs (contract 5.9)."""
        return not self.path.names

    def target(self, values: Mapping[str, str]) -> str:
        """The request target, path and query, as it goes on the wire. ASCII only.

        `values` is keyed by canonical placeholder names; a missing one is empty. TemplateError when a path segment with a
        placeholder fills to `.` or `..`.
        """
        path = self.path
        filled = path.fill(values) if path.names else path.form
        if path.names and any(map(_DOT_SEGMENT, filled.split("/"))):
            _refuse_dots(path.form, filled)
        return filled + self.query.fill(values) if self.query.names else filled + self.query.form

    def fill(self, values: Mapping[str, str]) -> str:
        """The whole URL: `origin` and `target(values)`. Octets sent are octets built."""
        return self.origin + self.target(values)


def _take_apart(url: str) -> tuple[list[str], list[str]]:
    """The literals around the placeholders (one more than those), and the placeholders' canonical names."""
    pieces = _PLACEHOLDER.split(url)
    names: list[str] = []
    for name in pieces[1::2]:
        if name not in PLACEHOLDER_NAMES:
            raise TemplateError(Sentence("unknown placeholder #%(name)s#", name=name))
        names.append(PLACEHOLDER_NAMES[name])
    if any("#" in literal for literal in pieces[0::2]):
        raise TemplateError(Sentence("a # that belongs to no placeholder; a URL to be called has no fragment"))
    return pieces[0::2], names


def _start(literal: str, last: bool) -> tuple[str, Authority, int]:
    """Scheme and authority out of the first literal, and where the path or query begins in it."""
    found = _START.match(literal)
    if found is None:
        if not last and "/" not in literal:
            raise TemplateError(Sentence("a placeholder may not stand in the scheme"))
        raise TemplateError(Sentence("the URL must be absolute and begin with http:// or https://"))
    scheme = found[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise TemplateError(Sentence("the scheme must be http or https, not %(scheme)s", scheme=scheme[:20]))
    if found.end() == len(literal) and not last:
        raise TemplateError(Sentence("a placeholder may not stand in the host, the port or the user info"))
    return scheme, parse_authority(found[2]), found.end()


def _split(literals: list[str], names: list[str], begin: int) -> tuple[Pieces, Pieces]:
    """The pieces of the path and of the query, which begins with its `?`."""
    encoded = [_legal(literal) for literal in (literals[0][begin:], *literals[1:])]
    if not encoded[0].startswith("/"):
        encoded[0] = "/" + encoded[0]
    at = next((index for index, literal in enumerate(encoded) if "?" in literal), None)
    if at is None:
        return _pieces(encoded, names), Pieces("", ())
    before, mark, after = encoded[at].partition("?")
    return _pieces([*encoded[:at], before], names[:at]), _pieces([mark + after, *encoded[at + 1 :]], names[at:])


def _pieces(literals: list[str], names: list[str]) -> Pieces:
    if not names:
        return Pieces(literals[0], ())
    return Pieces("%s".join(literal.replace("%", "%%") for literal in literals), tuple(names))


def _legal(literal: str) -> str:
    return _ILLEGAL.sub(lambda found: "".join(map(_ENCODED.__getitem__, found[0].encode())), literal)


def _refuse_dots(form: str, filled: str) -> None:
    """TemplateError if a segment that holds a placeholder became `.` or `..`; such segments of the template's own stay."""
    for written, segment in zip(form.split("/"), filled.split("/"), strict=True):
        if "%s" in written and _DOT_SEGMENT(segment):
            raise TemplateError(Sentence("a value fills a path segment with . or .."))


def _basic(user_info: str | None) -> str | None:
    if not user_info:
        return None
    user, _, password = user_info.partition(":")
    # RFC 7617 2: the colon stands there with an empty password too.
    return "Basic " + b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode("ascii")

"""The octets of one request (RFC 9112 s.3)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from odzew import __version__
from odzew.forward.call import Body, Call, CallEnded, StreamedBody
from odzew.forward.literal import Host

_PORTS: Final = {"http": 80, "https": 443}
_METHODS: Final = frozenset({"GET", "POST"})
_TARGET: Final = re.compile(rb"/[\x21-\x7e]*")
_is_plain = re.compile(r"[\t\x20-\x7e\xa0-\xff]*").fullmatch


def body_length(body: Body) -> int:
    """How many octets the body has."""
    if body is None:
        return 0
    return body.length if isinstance(body, StreamedBody) else len(body)


def request_head(call: Call, host: Host) -> bytes:
    """The head of the request, octet for octet. What would break it is refused (CallEnded) before anything is sent."""
    if call.head is not None:
        return call.head
    if call.scheme not in _PORTS or call.method not in _METHODS:
        raise CallEnded("internal", f"{call.method} {call.scheme} is no call of ours")
    if not _TARGET.fullmatch(call.target):
        raise CallEnded("template", "the path and query must start with / and be percent-encoded ASCII")
    if not _is_plain("".join([part for header in call.headers for part in header])):
        raise CallEnded("internal", "a header holds a character that HTTP does not allow")
    lines = "".join([f"{name}: {value}\r\n" for name, value in call.headers])
    length = "" if call.body is None else f"Content-Length: {body_length(call.body)}\r\n"
    start = call.method.encode("ascii") + b" " + call.target + b" HTTP/1.1\r\n"
    return start + _host_lines(call.scheme, host.name, call.port) + (lines + length).encode("latin-1") + b"\r\n"


@lru_cache(maxsize=4096)
def _host_lines(scheme: str, name: str, port: int) -> bytes:
    """The header lines that every call to a host has."""
    host = f"[{name}]" if ":" in name else name
    at = "" if _PORTS[scheme] == port else f":{port}"
    return f"Host: {host}{at}\r\nUser-Agent: Odzew/{__version__}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n".encode("ascii")

"""What an HTTP request presents before it is let in: its token, the address that it comes from, and its body up to a limit.

For the raw ASGI applications of the ways in and of the operator's calls. Header names are lower case, as ASGI gives them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from odzew.access.addresses import allowed, canonical, client_address
from odzew.errors import Busy, OdzewError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

MOST_HELD: Final = 256 << 20
"""Octets that all bodies together may have which are still coming in: many slow callers must not fill the memory."""


class BodyTooLarge(OdzewError):
    """The body is over the limit; at most one piece over it has been read."""


class CallerGone(OdzewError):
    """The caller hung up before its request was whole: nobody waits for an answer."""


def header(headers: Headers, name: bytes) -> str | None:
    """The value of a header, or None; several of one name are joined by commas (RFC 9110 s.5.3)."""
    found = [value for key, value in headers if key == name]
    return b", ".join(found).decode("latin-1") if found else None


def bearer(headers: Headers) -> str | None:
    """What follows `Bearer ` in `Authorization`; None without such a header. Two such headers are a wrong token: ''."""
    found = [value for key, value in headers if key == b"authorization"]
    if not found:
        return None
    scheme, _, token = found[0].partition(b" ")
    if len(found) > 1:
        return ""
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else None


def address_of(scope: Scope, trusted_proxies: Iterable[str]) -> str:
    """The address that the request comes from; '' where the connection has none (a Unix socket)."""
    peer = scope.get("client")
    return client_address(peer[0] if peer else "", header(scope["headers"], b"x-forwarded-for"), tuple(trusted_proxies))


def came_encrypted(scope: Scope, trusted_proxies: Iterable[str]) -> bool:
    """Whether a proxy of ours that the request came through says that it came over HTTPS (`X-Forwarded-Proto`)."""
    peer, proxies = scope.get("client"), tuple(trusted_proxies)
    if peer is None or not proxies or not allowed(canonical(peer[0]), proxies):
        return False
    return (header(scope["headers"], b"x-forwarded-proto") or "").rpartition(",")[2].strip().lower() == "https"


async def read_body(headers: Headers, receive: Receive, limit: int, before: bytes = b"") -> bytes:
    """The whole body, at most `limit` octets. BodyTooLarge by its announced length or as soon as it is over; CallerGone; Busy.

    `before` is put before it: whoever wants that of a large body would copy it again.
    """
    announced = header(headers, b"content-length")
    if announced is not None and announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise BodyTooLarge(f"the body is over {limit} octets")
    event = await receive()
    if event["type"] == "http.request" and not event.get("more_body", False) and len(event.get("body", b"")) <= limit:
        return before + bytes(event.get("body", b""))  # most bodies come in one piece
    pieces = bytearray(before)
    limit += len(before)
    _held[0] += len(before)
    try:
        while event["type"] == "http.request":
            piece = event.get("body", b"")
            pieces += piece
            _held[0] += len(piece)
            if len(pieces) > limit:
                raise BodyTooLarge(f"the body is over {limit - len(before)} octets")
            if not event.get("more_body", False):
                return bytes(pieces)
            if _held[0] > MOST_HELD:
                raise Busy("too many large requests are coming in at once")
            event = await receive()
    finally:
        _held[0] -= len(pieces)
    raise CallerGone("the caller hung up")


_held = [0]  # octets in `pieces` of all calls of this process


async def respond(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """Sends a whole answer."""
    length = (b"content-length", str(len(body)).encode("ascii"))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})

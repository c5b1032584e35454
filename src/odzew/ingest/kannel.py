"""Protocol `kannel`: what Kannel's smsbox sends for a `get-url` or a `post-url` (docs/kannel.md; tests/corpus/kannel).

Kannel gives every answer but 200 and 202 the same treatment: it asks again `http-request-retry` times and then forgets the
message. So what cannot be understood is stored as it came and answered 200; and the body is empty, for Kannel would send
it to the subscriber.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from odzew.errors import WireError
from odzew.ingest.contract import Answer, Ingest, Receive, Request
from odzew.model import Arrival, Source
from odzew.wire import alphabet, localtime

LONGEST_ID: Final = 255
_CODINGS: Final = {b"0": 0, b"1": 1, b"2": 2}
_TAKEN: Final = Answer(200)

# Parameter -> the header in which a post-url says the same (its values are plain, but for the UDH).
_HEADERS: Final = {
    b"from": b"x-kannel-from",  # only with send-sender = true
    b"to": b"x-kannel-to",
    b"coding": b"x-kannel-coding",
    b"udh": b"x-kannel-udh",
    b"time": b"x-kannel-time",
    b"smsc": b"x-kannel-smsc",
}
_charset = re.compile(rb"charset\s*=\s*[\"']?([^\"';\s]+)", re.IGNORECASE).search


def token_of_query(query: bytes) -> str | None:
    """The source's token in the query: Kannel can set no header of its own."""
    found = parameters_of(query).get(b"token")
    return None if found is None else found.decode("latin-1")


def parameters_of(query: bytes) -> dict[bytes, bytes]:
    """Octets by name, percent-escapes and `+` undone and nothing decoded: a text may be UTF-16. Of two alike the first counts."""
    found: dict[bytes, bytes] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        found.setdefault(unquote_to_bytes(name), unquote_to_bytes(value.replace(b"+", b" ")))
    return found


def arrival_of(source: Source, request: Request) -> Arrival:
    """The arrival of any request whatever. A sender or recipient that is missing is '', which `inbox.receive` keeps as unreadable."""
    given = parameters_of(request.query)
    posted = request.method == "POST"
    if posted:
        given = _with_headers(given, dict(request.headers))
    octets = given.get(b"text", request.body if posted else b"")
    charset = given.get(b"charset", b"").decode("latin-1") or None
    text, binary = alphabet.decode(octets, charset, _CODINGS.get(given.get(b"coding", b"").strip()))
    return Arrival(
        source.id,
        _word(given, b"from"),
        _word(given, b"to"),
        _raw(request),
        text,
        _reference(given.get(b"id", b"")),
        _instant(_word(given, b"time")),
        form="binary" if binary else "text",
        trust_time=source.trust_time,
        extra=_extra(given),
    )


async def handle(source: Source, request: Request, receive: Receive, country: str) -> Answer:
    """Stores it and answers, after the commit, with nothing."""
    await receive([arrival_of(source, request)])
    return _TAKEN


def _with_headers(given: dict[bytes, bytes], headers: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """What the query does not say, taken from the headers of a post-url."""
    content_type = headers.get(b"content-type", b"")
    said = {name: headers[header] for name, header in _HEADERS.items() if header in headers}
    if b"udh" in said:
        said[b"udh"] = unquote_to_bytes(said[b"udh"])
    if found := _charset(content_type):
        said[b"charset"] = found[1]
    elif content_type.strip().lower() == b"application/octet-stream":
        said.setdefault(b"coding", b"1")
    return said | {name: value for name, value in given.items() if value}


def _raw(request: Request) -> bytes:
    """The octets to keep: the query as it came but for the token; of a POST also what it takes to read the body again, and the body."""
    query = b"&".join(pair for pair in request.query.split(b"&") if unquote_to_bytes(pair.partition(b"=")[0]) != b"token")
    if request.method != "POST":
        return query
    kept = [name + b": " + value for name, value in request.headers if name == b"content-type" or name.startswith(b"x-kannel-")]
    return b"\r\n".join((query, *kept, b"", request.body))


def _word(given: dict[bytes, bytes], name: bytes) -> str:
    return given.get(name, b"").decode("utf-8", "replace")


def _reference(octets: bytes) -> str | None:
    """Kannel's id of the message (`%I`), the same whenever it asks again."""
    if not octets:
        return None
    if len(octets) > LONGEST_ID or not octets.isascii() or b"\0" in octets:
        return hashlib.sha256(octets).hexdigest()  # two ids must never become one
    return octets.decode("ascii")


def _instant(text: str) -> int | None:
    """Kannel writes its times in UTC, whatever zone it runs in."""
    try:
        return localtime.parse_from(text, "UTC") if text else None
    except WireError:
        return None


def _extra(given: dict[bytes, bytes]) -> dict[str, str]:
    words = {name.decode("ascii"): _word(given, name)[:LONGEST_ID] for name in (b"coding", b"charset", b"smsc") if given.get(name)}
    udh = given.get(b"udh")
    return words | {"udh": udh.hex().upper()} if udh else words


INGEST: Final = Ingest("kannel", ("GET", "POST"), handle, token_of_query)

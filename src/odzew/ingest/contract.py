"""What a way in over HTTP is: a protocol's name, how its source shows who it is, and what it makes of a request.

A new protocol is one module with an `Ingest`, and a line in `ingest.table.INGESTS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from odzew.access.request import Headers
from odzew.model import Arrival, Receipt, Source
from odzew.wire import published

Receive = Callable[[list[Arrival]], Awaitable[list[Receipt]]]
"""Stores arrivals and gives one receipt for each, in order, after the commit (`inbox.receive`). StoreError or Busy: nothing is stored."""

JSON = (b"content-type", b"application/json")


@dataclass(slots=True, frozen=True)
class Request:
    """One request of a source that was let in. `query` is the raw query string, `headers` have lower-case names.

    `body` begins with what the protocol wants before it (`Ingest.before`). `knows` says whether an address, as it is written, is a number
    of ours.
    """

    method: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    knows: Callable[[str], bool] = field(default=lambda address: False, compare=False)


@dataclass(slots=True, frozen=True)
class Answer:
    """What the source is told."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handle = Callable[[Source, Request, Receive, str], Awaitable[Answer]]
"""(source, request, receive, country) -> answer. The country is that of numbers written without a code."""


Admits = Callable[[Source, Headers, Mapping[str, str]], bool]
"""(source, headers, environment) -> whether the headers show that it is this source. A password may be `env:NAME`: so the environment."""

Refuse = Callable[[int, int, str, tuple[tuple[bytes, bytes], ...], Request | None], Answer]
"""(HTTP status, code of contract 3, sentence, headers, request) -> the answer in the protocol's own words. The request is there once it
has been read. 401 is not among them: it tells nothing apart, not even protocols."""


def error_answer(status: int, code: int, message: str = "", *headers: tuple[bytes, bytes]) -> Answer:
    """The contract's envelope of an error (contract 3) under an HTTP status; `message` in place of the code's own words."""
    words: dict[str, Any] = {"code": code, "type": published.ERRORS[code].type, "message": message or published.error_text(code, "en")}
    return Answer(status, msgspec.json.encode({"error": words}), (JSON, *headers))


def _refuse(status: int, code: int, message: str, headers: tuple[tuple[bytes, bytes], ...], _request: Request | None) -> Answer:
    return error_answer(status, code, message, *headers)


@dataclass(slots=True, frozen=True)
class Ingest:
    """One protocol. `methods` it is called by; `token_of_query` finds its token in the query, for callers that can set no header.

    `admits` judges other credentials than a token (None: it is a token); `refuse` writes its errors; `body_limit` says how many octets
    a body of this source may have, where the general limit is not for it; `before` makes of the headers what is put before the body.
    """

    protocol: str
    methods: tuple[str, ...]
    handle: Handle
    token_of_query: Callable[[bytes], str | None] = field(default=lambda query: None)
    admits: Admits | None = None
    refuse: Refuse = _refuse
    body_limit: Callable[[Source, int], int] = field(default=lambda source, general: general)
    before: Callable[[Headers], bytes] = field(default=lambda headers: b"")

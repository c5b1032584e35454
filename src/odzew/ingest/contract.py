"""What a way in over HTTP is: a protocol's name, how its token is presented, and what it makes of a request.

A new protocol is one module with an `Ingest`, and a line in `ingest.table.INGESTS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from odzew.model import Arrival, Receipt, Source
from odzew.wire import published

Receive = Callable[[list[Arrival]], Awaitable[list[Receipt]]]
"""Stores arrivals and gives one receipt for each, in order, after the commit (`inbox.receive`). StoreError or Busy: nothing is stored."""

JSON = (b"content-type", b"application/json")


@dataclass(slots=True, frozen=True)
class Request:
    """One request of a source that was let in. `query` is the raw query string, `headers` have lower-case names."""

    method: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(slots=True, frozen=True)
class Answer:
    """What the source is told."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


Handle = Callable[[Source, Request, Receive, str], Awaitable[Answer]]
"""(source, request, receive, country) -> answer. The country is that of numbers written without a code."""


@dataclass(slots=True, frozen=True)
class Ingest:
    """One protocol. `methods` it is called by; `token_of_query` finds its token in the query, for callers that can set no header."""

    protocol: str
    methods: tuple[str, ...]
    handle: Handle
    token_of_query: Callable[[bytes], str | None] = field(default=lambda query: None)


def error_answer(status: int, code: int, message: str = "", *headers: tuple[bytes, bytes]) -> Answer:
    """The contract's envelope of an error (contract 3) under an HTTP status; `message` in place of the code's own words."""
    words: dict[str, Any] = {"code": code, "type": published.ERRORS[code].type, "message": message or published.error_text(code, "en")}
    return Answer(status, msgspec.json.encode({"error": words}), (JSON, *headers))

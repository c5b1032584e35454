"""`POST /operator/sent`: the record of sent messages, as JSON lines (contract 7; docs/sent-messages.md).

Each line is stored for itself: a bad one is named by its number and hinders no other. To bring a line again is harmless, for
(account, message_id) names a message.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from odzew.access.request import App, BodyTooLarge, CallerGone, Receive, Scope, Send, address_of, bearer, read_body, respond
from odzew.access.rights import Gate
from odzew.errors import Busy, ContractError, NumberError, OdzewError, WireError
from odzew.model import SentMessage
from odzew.store.directory import Directory
from odzew.wire import clean, localtime, msisdn, published

PATH: Final = "/operator/sent"
BODY_LIMIT: Final = 16 * 1024 * 1024
MOST_LINES: Final = 100_000
AT_ONCE: Final = 1_000  # lines read and stored in one go: others get their turn between two transactions
LONGEST_TEXT: Final = 65_536
RETRY_AFTER: Final = 5  # seconds

RecordSent = Callable[[list[SentMessage]], Awaitable[int]]
"""Stores sent messages by (account, message_id) and gives how many; StoreError or Busy: nothing of the list is stored."""

log = structlog.get_logger(__name__)

_JSON: Final = (b"content-type", b"application/json")
_message_id = re.compile("[0-9a-f]{10}").fullmatch
_code = re.compile(r"[0-9]{3,8}").fullmatch


class Line(NamedTuple):
    """One line of the file or body: its number, counted from 1, and its octets."""

    number: int
    octets: bytes


class Failure(NamedTuple):
    """Why one line was not taken, in a sentence."""

    line: int
    message: str


def create_sent(
    gate: Gate, directory: Callable[[], Directory], record_sent: RecordSent, country: str = "PL", body_limit: int = BODY_LIMIT
) -> App:
    """The ASGI application of `/operator/sent`; another path is 404, told to the operator alone.

    `country` is that of numbers written without a code; `body_limit` is in octets.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        present = directory()
        headers = scope["headers"]
        try:
            gate.operator(bearer(headers), address_of(scope, present.installation.get("trusted_proxies", ())))
            if scope["path"] != PATH:
                return await _refuse(send, 404, 1000)
            if scope["method"] != "POST":
                return await _refuse(send, 405, 1000, "POST only", (b"allow", b"POST"))
            lines = _lines(await read_body(headers, receive, body_limit))
            stored, failed = await _store(lines, present, record_sent, country)
        except ContractError as error:
            wrong = error.code == 1001
            return await _refuse(send, 401 if wrong else 403, error.code, "", *([(b"www-authenticate", b"Bearer")] if wrong else []))
        except BodyTooLarge as error:
            return await _refuse(send, 413, 1006, str(error))
        except WireError as error:
            return await _refuse(send, 400, 1006, str(error))
        except CallerGone:
            return None
        except Exception as error:
            return await _not_now(send, error)
        answer = {"stored": stored, "failed": [failure._asdict() for failure in failed]}
        return await respond(send, 200, msgspec.json.encode(answer), (_JSON,))

    return app


def read_sent_lines(lines: Iterable[Line], directory: Directory, country: str = "PL") -> tuple[list[SentMessage], list[Failure]]:
    """The sent messages of JSON lines, and what is wrong with the others. Blank lines are passed over."""
    accounts = {account.name: account.id for account in directory.accounts.values()}
    records: list[SentMessage] = []
    failures: list[Failure] = []
    for line in lines:
        if not line.octets.strip():
            continue
        try:
            records.append(_read(_object(line.octets), accounts, country))
        except WireError as error:
            failures.append(Failure(line.number, str(error)))
    return records, failures


def lines_of(octets: Iterable[bytes]) -> Iterator[Line]:
    """Numbers the lines of an open file or of a list."""
    return itertools.starmap(Line, enumerate(octets, 1))


def _lines(body: bytes) -> Iterator[Line]:
    """The lines of a body; a JSON list counts as a line for each of its items. BodyTooLarge, WireError."""
    if body.count(b"\n") > MOST_LINES:
        raise BodyTooLarge(f"more than {MOST_LINES} lines")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        return lines_of(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    items = _json(body.removeprefix(b"\xef\xbb\xbf"))
    if len(items) > MOST_LINES:
        raise BodyTooLarge(f"more than {MOST_LINES} items")
    return lines_of(json.dumps(item).encode("ascii") for item in items)


async def _store(lines: Iterator[Line], directory: Directory, record_sent: RecordSent, country: str) -> tuple[int, list[Failure]]:
    stored = 0
    failed: list[Failure] = []
    while batch := list(itertools.islice(lines, AT_ONCE)):
        # In a thread: where all lines are bad, nothing else here would let others have their turn.
        records, failures = await asyncio.to_thread(read_sent_lines, batch, directory, country)
        failed += failures
        if records:
            stored += await record_sent(records)
    return stored, failed


def _json(octets: bytes) -> Any:
    try:
        return json.loads(octets.decode("utf-8", "replace"), strict=False)
    except ValueError:  # also a number of thousands of digits
        raise WireError("malformed JSON") from None
    except RecursionError:
        raise WireError("nested too deeply") from None


def _object(octets: bytes) -> Mapping[str, Any]:
    values = _json(octets)
    if not isinstance(values, dict):
        raise WireError("a line must be a JSON object")
    return values


def _read(values: Mapping[str, Any], accounts: Mapping[str, int], country: str) -> SentMessage:
    name = _word(values, "account")
    if name not in accounts:
        raise WireError("there is no account of this name")
    message_id = _word(values, "message_id").lower()
    if not _message_id(message_id):
        raise WireError("message_id must be 10 hexadecimal digits")
    try:
        sent_at = localtime.parse_rfc3339(_word(values, "sent_at"))
    except WireError as error:
        raise WireError(f"sent_at: {error}") from None
    text = values.get("text")
    if text is not None and not isinstance(text, str):
        raise WireError("text must be a string")
    phone, from_number = _number(values, "phone", country), _number(values, "from_number", country)
    if _code(phone):
        raise WireError("phone: not a telephone number")
    return SentMessage(accounts[name], message_id, phone, from_number, sent_at, clean.text(text or "")[:LONGEST_TEXT])


def _word(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None or value == "":
        raise WireError(f"{name} is missing")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise WireError(f"{name} must be a string")


def _number(values: Mapping[str, Any], name: str, country: str) -> str:
    try:
        return msisdn.normalise(_word(values, name), country)
    except NumberError as error:
        raise WireError(f"{name}: {error}") from None


async def _refuse(send: Send, status: int, code: int, message: str = "", *headers: tuple[bytes, bytes]) -> None:
    words = {"code": code, "type": published.ERRORS[code].type, "message": message or published.error_text(code, "en")}
    await respond(send, status, msgspec.json.encode({"error": words}), (_JSON, *headers))


async def _not_now(send: Send, error: Exception) -> None:
    """503 (429 for too many at once). Lines stored before the fault stay: the caller brings all of them again."""
    if not (isinstance(error, OdzewError) and error.temporary):
        # Where it happened, and never its words: those of a driver may quote the message.
        places: Sequence[str] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        log.error("sent_failed", error=type(error).__qualname__, where=places)
    busy = isinstance(error, Busy)
    seconds = str(getattr(error, "retry_after", RETRY_AFTER)).encode("ascii")
    await _refuse(send, 429 if busy else 503, 1006, "not stored, bring it again later", (b"retry-after", seconds))

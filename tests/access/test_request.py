"""What a request presents: its headers, its token, its address, its body."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.request import BodyTooLarge, CallerGone, Receive, address_of, bearer, header, read_body, respond

Headers = list[tuple[bytes, bytes]]

BEARERS: tuple[tuple[Headers, str | None], ...] = (
    ([], None),
    ([(b"authorization", b"Bearer abc")], "abc"),
    ([(b"authorization", b"BEARER  abc ")], "abc"),
    ([(b"authorization", b"Bearer")], ""),
    ([(b"authorization", b"Bearer a b")], "a b"),
    ([(b"authorization", b"Basic abc")], None),
    ([(b"authorization", b"")], None),
    ([(b"authorization", b"Bearer \xff")], "ÿ"),
    ([(b"authorization", b"Bearer abc"), (b"authorization", b"Bearer abc")], ""),
    ([(b"authorization", b"Basic abc"), (b"authorization", b"Bearer abc")], ""),
    ([(b"x-authorization", b"Bearer abc")], None),
)


@pytest.mark.parametrize(("headers", "token"), BEARERS)
def test_bearer(headers: Headers, token: str | None) -> None:
    assert bearer(headers) == token


def test_headers_of_one_name_are_joined() -> None:
    headers = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]
    assert (header(headers, b"a"), header(headers, b"b"), header(headers, b"c")) == ("1, 3", "2", None)


ADDRESSES: tuple[tuple[tuple[str, int] | None, Headers, str], ...] = (
    (("192.0.2.1", 5), [], "192.0.2.1"),
    (("192.0.2.1", 5), [(b"x-forwarded-for", b"203.0.113.9")], "192.0.2.1"),
    (("10.0.0.1", 5), [(b"x-forwarded-for", b"203.0.113.9")], "203.0.113.9"),
    (("10.0.0.1", 5), [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.9")], "203.0.113.9"),
    (None, [], ""),
)


@pytest.mark.parametrize(("client", "headers", "address"), ADDRESSES)
def test_address(client: tuple[str, int] | None, headers: Headers, address: str) -> None:
    assert address_of({"client": client, "headers": headers}, ["10.0.0.0/8"]) == address


class Events:
    """The pieces of a body, then silence of a caller that is gone."""

    def __init__(self, pieces: list[bytes], whole: bool = True) -> None:
        last = len(pieces) - whole
        self.waiting = [{"type": "http.request", "body": piece, "more_body": n != last} for n, piece in enumerate(pieces)]
        self.given = 0

    async def receive(self) -> MutableMapping[str, Any]:
        self.given += 1
        return self.waiting[self.given - 1] if self.given <= len(self.waiting) else {"type": "http.disconnect"}


async def body_of(receive: Receive, limit: int, headers: Headers | None = None) -> bytes | None:
    """None: too large."""
    try:
        return await read_body(headers or [], receive, limit)
    except BodyTooLarge:
        return None


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=6), st.integers(0, 20))
async def test_a_body_is_read_up_to_its_limit(pieces: list[bytes], limit: int) -> None:
    events = Events(pieces)
    body = await body_of(events.receive, limit)
    whole = b"".join(pieces)
    assert body == (whole if len(whole) <= limit else None)
    if body is None:
        assert len(b"".join(pieces[: events.given - 1])) <= limit, "one piece over the limit at most"


@pytest.mark.parametrize("pieces", [[b"abc"], [b"a", b"bc"], [b"", b"abc", b""]])
async def test_what_is_put_before_a_body_does_not_count(pieces: list[bytes]) -> None:
    assert await read_body([], Events(pieces).receive, 3, b"before:") == b"before:abc"
    with pytest.raises(BodyTooLarge, match="over 2 octets"):
        await read_body([], Events(pieces).receive, 2, b"before:")


LENGTHS = ((b"10", False), (b"11", True), (b"9" * 30, True), (b"-1", False), (b"ten", False), ("١١".encode(), False), (b"", False))


@pytest.mark.parametrize(("length", "refused"), LENGTHS)
async def test_an_announced_length(length: bytes, refused: bool) -> None:
    events = Events([b"0123456789"])
    body = await body_of(events.receive, 10, [(b"content-length", length)])
    assert (body, events.given) == ((None, 0) if refused else (b"0123456789", 1))


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"a", b"b"]])
async def test_a_caller_that_hangs_up(pieces: list[bytes]) -> None:
    with pytest.raises(CallerGone):
        await read_body([], Events(pieces, whole=False).receive, 10)


async def test_an_answer_says_its_length() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    await respond(send, 405, b"no", ((b"allow", b"POST"),))
    assert sent == [
        {"type": "http.response.start", "status": 405, "headers": [(b"content-length", b"2"), (b"allow", b"POST")]},
        {"type": "http.response.body", "body": b"no"},
    ]

"""`/ingest/<source>`: who may come in, and what is told to those who may not or cannot be served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from odzew.errors import Busy, StoreError, StoreFull, StoreUnavailable
from odzew.ingest.app import create_ingest
from odzew.model import Arrival, Receipt
from tests.ingest.asgi import Answer, call, with_token
from tests.ingest.house import KANNEL_TOKEN, ND, TOKEN, House, Recorder

GOOD = b'{"from":"+48500600700","to":"+48799448855","text":"AUTO sekret"}'
WRONG = "f" * 32

# What, method, URL, headers, address; the answer.
GATE: tuple[tuple[str, str, str, list[tuple[bytes, bytes]], str, int], ...] = (
    ("right token", "POST", "/ingest/push", with_token(TOKEN), "192.0.2.1", 200),
    ("scheme in any case", "POST", "/ingest/push", [(b"authorization", b"bearer " + TOKEN.encode())], "192.0.2.1", 200),
    ("wrong token", "POST", "/ingest/push", with_token(WRONG), "192.0.2.1", 401),
    ("no token", "POST", "/ingest/push", [], "192.0.2.1", 401),
    ("token of another source", "POST", "/ingest/push", with_token(KANNEL_TOKEN), "192.0.2.1", 401),
    ("octets for a token", "POST", "/ingest/push", [(b"authorization", b"Bearer \xff\x00\xfe")], "192.0.2.1", 401),
    ("basic log-in", "POST", "/ingest/push", [(b"authorization", b"Basic " + TOKEN.encode())], "192.0.2.1", 401),
    ("two tokens", "POST", "/ingest/push", with_token(TOKEN) + with_token(TOKEN), "192.0.2.1", 401),
    ("token in the query of http", "POST", f"/ingest/push?token={TOKEN}", [], "192.0.2.1", 401),
    ("unknown source", "POST", "/ingest/nobody", with_token(TOKEN), "192.0.2.1", 401),
    ("no source", "POST", "/ingest/", with_token(TOKEN), "192.0.2.1", 401),
    ("more than a source", "POST", "/ingest/push/more", with_token(TOKEN), "192.0.2.1", 401),
    ("hostile source", "POST", "/ingest/\x00\ud800", with_token(TOKEN), "192.0.2.1", 401),
    ("source that is off", "POST", "/ingest/off", with_token(TOKEN), "192.0.2.1", 401),
    ("source without a token", "POST", "/ingest/bare", with_token(""), "192.0.2.1", 401),
    ("source of another kind", "POST", "/ingest/carrier", with_token(TOKEN), "192.0.2.1", 401),
    ("allowed address", "POST", "/ingest/fenced", with_token(TOKEN), "10.1.2.3", 200),
    ("other address", "POST", "/ingest/fenced", with_token(TOKEN), "192.0.2.1", 403),
    ("other address and wrong token", "POST", "/ingest/fenced", with_token(WRONG), "192.0.2.1", 401),
    ("behind our proxy", "POST", "/ingest/fenced", [*with_token(TOKEN), (b"x-forwarded-for", b"10.9.9.9")], "198.51.100.7", 200),
    ("a stranger's header", "POST", "/ingest/fenced", [*with_token(TOKEN), (b"x-forwarded-for", b"10.9.9.9")], "192.0.2.1", 403),
    ("hostile header", "POST", "/ingest/fenced", [*with_token(TOKEN), (b"x-forwarded-for", b"\xff,,")], "198.51.100.7", 403),
    ("GET", "GET", "/ingest/push", with_token(TOKEN), "192.0.2.1", 405),
    ("PUT", "PUT", "/ingest/kannel", with_token(KANNEL_TOKEN), "192.0.2.1", 405),
    ("GET with a wrong token", "GET", "/ingest/push", with_token(WRONG), "192.0.2.1", 401),
    ("kannel by query", "GET", f"/ingest/kannel?token={KANNEL_TOKEN}&from=1&to=2", [], "192.0.2.1", 200),
    ("kannel by header", "GET", "/ingest/kannel?from=1&to=2", with_token(KANNEL_TOKEN), "192.0.2.1", 200),
    ("kannel, wrong", "GET", f"/ingest/kannel?token={WRONG}", [], "192.0.2.1", 401),
    ("kannel, header wins", "GET", f"/ingest/kannel?token={KANNEL_TOKEN}", with_token(WRONG), "192.0.2.1", 401),
    ("kannel, hostile", "GET", "/ingest/kannel?token=%00%FF%ED%A0%80&token", [], "192.0.2.1", 401),
)


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    structlog.reset_defaults()
    with capture_logs() as lines:
        yield lines


@pytest.mark.parametrize(("method", "url", "headers", "address", "status"), [row[1:] for row in GATE], ids=[row[0] for row in GATE])
async def test_who_may_come_in(house: House, method: str, url: str, headers: list[tuple[bytes, bytes]], address: str, status: int) -> None:
    answer = await call(house.app, method, url, GOOD, headers, address)
    assert answer.status == status
    assert (await house.one("SELECT count(*) FROM arrivals"))[0] == (status == 200)
    if status != 200:
        assert answer.read == 0, "the body of a stranger is not even read"


async def test_401_tells_nothing_apart(house: House) -> None:
    answers = [
        await call(house.app, "POST", f"/ingest/{name}", GOOD, with_token(WRONG)) for name in ("push", "nobody", "off", "bare", "carrier")
    ]
    assert len({(answer.status, answer.body, *answer.headers.items()) for answer in answers}) == 1
    assert answers[0].json["error"]["code"] == 1001


async def test_405_names_the_methods(house: House) -> None:
    assert (await call(house.app, "GET", "/ingest/push", headers=with_token(TOKEN))).headers[b"allow"] == b"POST"
    assert (await call(house.app, "PUT", "/ingest/kannel", headers=with_token(KANNEL_TOKEN))).headers[b"allow"] == b"GET, POST"


async def test_a_source_that_is_switched_off_is_out_at_once(house: House) -> None:
    assert (await house.push(GOOD)).status == 200
    house.present.directory.sources.clear()
    assert (await house.push(GOOD)).status == 401


@pytest.mark.parametrize("size", [100, 101])
async def test_an_announced_body_over_the_limit_is_never_read(house: House, size: int) -> None:
    recorder = Recorder()
    app = create_ingest(lambda: house.present.directory, recorder.receive, body_limit=100)
    body = GOOD + b" " * (size - len(GOOD))
    answer = await call(app, "POST", "/ingest/push", body, [*with_token(TOKEN), (b"content-length", str(size).encode())])
    assert (answer.status, answer.read, len(recorder.arrivals)) == ((200, 1, 1) if size == 100 else (413, 0, 0))


async def test_a_chunked_body_is_cut_when_it_is_over(house: House) -> None:
    recorder = Recorder()
    app = create_ingest(lambda: house.present.directory, recorder.receive, body_limit=100)
    answer = await call(app, "POST", "/ingest/push", [b"x" * 40] * 1000, with_token(TOKEN))
    assert (answer.status, answer.read, recorder.arrivals) == (413, 3, [])
    assert answer.json["error"]["code"] == 1006


@pytest.mark.parametrize("length", [b"9" * 5000, b"-1", b"x", b"1_0", "٣".encode(), b"5, 7", b""])
async def test_a_hostile_length_harms_nothing(house: House, length: bytes) -> None:
    answer = await call(house.app, "POST", "/ingest/push", GOOD, [*with_token(TOKEN), (b"content-length", length)])
    assert answer.status in (200, 413)


async def test_a_body_in_pieces_is_one_body(house: House) -> None:
    answer = await call(house.app, "POST", "/ingest/push", [GOOD[:7], b"", GOOD[7:50], GOOD[50:]], with_token(TOKEN))
    assert answer.status == 200
    assert await house.one("SELECT raw FROM arrivals") == (GOOD,)


async def test_a_caller_that_hangs_up_leaves_nothing(house: House) -> None:
    answer = await call(house.app, "POST", "/ingest/push", [GOOD], with_token(TOKEN), hangs_up=True)
    assert answer.status == 0
    assert await house.rows("SELECT id FROM arrivals") == []


async def _refused(house: House, fault: Exception, url: str = "/ingest/push", token: str = TOKEN) -> Answer:
    app = house.serving(Recorder(fault).receive)
    return await call(app, "POST", url, GOOD, with_token(token))


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (StoreUnavailable("gone"), b"5"),
        (StoreFull("full"), b"5"),
        (Busy("too many", retry_after=7), b"7"),
        (StoreError("refused"), b"5"),
        (RuntimeError("AUTO sekret"), b"5"),
        (UnicodeEncodeError("utf-8", "AUTO sekret", 0, 1, "surrogates"), b"5"),
    ],
)
async def test_what_was_not_stored_is_asked_for_again(house: House, logs: list[Any], fault: Exception, seconds: bytes) -> None:
    answers = [await _refused(house, fault), await _refused(house, fault, "/ingest/kannel?from=1&to=2", KANNEL_TOKEN)]
    assert [(answer.status, answer.headers[b"retry-after"]) for answer in answers] == [(503, seconds)] * 2
    assert len(logs) == 2
    assert "sekret" not in repr((logs, answers)), "neither log nor answer repeats a message"
    assert TOKEN not in repr(logs)


async def test_a_fault_of_ours_is_logged_with_its_place(house: House, logs: list[Any]) -> None:
    await _refused(house, RuntimeError("no words of it"))
    (line,) = logs
    assert (line["event"], line["log_level"], line["error"], line["source"]) == ("ingest_failed", "error", "RuntimeError", "push")
    assert line["where"][-1].startswith("receive:")


@pytest.fixture
async def full_house(house: House) -> House:
    """The store is closed under a running inbox, as when its disk is gone."""
    await house.db.close()
    return house


async def test_a_store_that_is_gone(full_house: House) -> None:
    answer = await full_house.push([{"from": "500600700", "to": ND, "text": "AUTO"}] * 3)
    assert (answer.status, answer.headers[b"retry-after"]) == (503, b"5")


async def test_a_stopping_inbox_sends_nobody_away_for_good(house: House) -> None:
    await house.inbox.close()
    assert (await house.push(GOOD)).status == 503


async def test_nothing_is_answered_before_the_commit(house: House) -> None:
    stored: list[int] = []

    async def receive(arrivals: list[Arrival]) -> list[Receipt]:
        receipts = await house.inbox.receive(arrivals)
        stored.append((await house.one("SELECT count(*) FROM messages"))[0])
        return receipts

    app = house.serving(receive)
    answer = await call(app, "POST", "/ingest/push", GOOD, with_token(TOKEN))
    assert (answer.status, stored) == (200, [1])

"""Bad input over real sockets, on each engine: a contract error, never a 500, never a changed row, never a word of it in the log."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.api.client import Client
from tests.hostile.server import API, KANNEL, OPERATOR, PASSWORD, PLANTED, PUSH, Product, as_json, head, talk

RECEIVED = "/messages/recived"
SEND = "/messages/send_ndi"
FIELDS = {"phone": "500600700", "ndi_number": "+48664078059"}
ITEM = {"from": "+48500600700", "to": "+48664078059", "text": PLANTED}

# Path, body, code of the error.
CALLS: tuple[tuple[str, str, bytes, int], ...] = (
    ("half a document", RECEIVED, b'{"phone":', 1006),
    ("a list", RECEIVED, b'[{"limit":"a=b"}]', 1006),
    ("UTF-16", RECEIVED, '{"a":1}'.encode("utf-16"), 1006),
    ("gzip", RECEIVED, gzip.compress(b'{"limit":1}', mtime=0), 1006),
    ("infinity", RECEIVED, b'{"limit":1e400}', 1006),
    ("not a number", RECEIVED, b'{"limit":NaN}', 1006),
    ("5,000 digits", RECEIVED, b'{"limit":' + b"9" * 5_000 + b"}", 1006),
    ("deep", RECEIVED, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 1006),
    ("a name twice", RECEIVED, b'{"phone":"1","phone":"2"}', 1006),
    ("NUL", RECEIVED, b'{"phone":"\\u0000"}', 2001),
    ("raw surrogate", RECEIVED, b'{"phone":"\xed\xa0\x80"}', 1006),
    ("invalid UTF-8", RECEIVED, b'{"phone":"\xff"}', 1006),
    ("invalid UTF-8 in a form", RECEIVED, b"phone=%ff", 1006),
    ("100,000 numbers", RECEIVED, as_json({"phone": ["500600700"] * 100_000}), 2001),
    ("100,000 fields of a form", RECEIVED, b"phone=500600700&" * 100_000, 2001),
    ("phone[][]", RECEIVED, b"phone[][]=500600700&read=1", 2001),
    ("phone[abc]", RECEIVED, b"read=1&phone%5Babc%5D=500600700&phone=500600700", 2001),
    ("type[abc]", RECEIVED, b"type[abc]=nd&read=1", 1006),
    ("30 February", RECEIVED, as_json({"date_from": "2014-02-30"}), 1006),
    ("a negative page", RECEIVED, as_json({"page": -1}), 1006),
    ("a suffix that is none", RECEIVED + ".csv", b"{}", 1000),
    ("two suffixes", RECEIVED + ".xml.json", b"{}", 1000),
    ("two slashes", "//messages//recived", b"{}", 1000),
    ("a path that climbs", "/../../etc/passwd", b"{}", 1000),
    ("NUL in the path", RECEIVED + "%00", b"{}", 1000),
    ("a surrogate in the path", "/%ed%a0%80", b"{}", 1000),
    ("a megabyte of text", SEND, as_json({**FIELDS, "text": PLANTED * 100_000}), 1006),
    ("a text that is none", SEND, as_json({**FIELDS, "text": [PLANTED]}), 1006),
    ("an id beyond any", "/contacts/view", as_json({"id": 10**30}), 1004),
    ("an id of an object", "/contacts/view", as_json({"id": {"a": 1}}), 1004),
    ("a group beyond any", "/contacts/add", as_json({"phone": "500600701", "group_id": 10**15}), 1004),
    ("a lone surrogate to search", "/contacts/index", b'{"search":"\\ud800"}', 1006),
)

# Path, body, token, status of the answer.
PUSHES: tuple[tuple[str, str, bytes, str, int], ...] = (
    ("1,001 items", "/ingest/push", as_json([ITEM] * 1_001), PUSH, 400),
    ("half a list", "/ingest/push", as_json([ITEM])[:-1], PUSH, 400),
    ("broken base64", "/ingest/push", as_json({**ITEM, "attachments": [{"data": "@@@"}]}), PUSH, 200),
    ("a header in a type", "/ingest/push", as_json({**ITEM, "attachments": [{"content_type": "a/b\r\nX:", "data": ""}]}), PUSH, 200),
    ("an id of an object", "/ingest/push", as_json({**ITEM, "id": {}}), PUSH, 200),
    ("30 February", "/ingest/push", as_json({**ITEM, "received": "2014-02-30T00:00:00Z"}), PUSH, 200),
    ("control characters in a sender", "/ingest/push", as_json({**ITEM, "from": "a\r\nX: y"}), PUSH, 200),
    ("too long a text", "/ingest/push", as_json({**ITEM, "text": PLANTED * 10_000}), PUSH, 200),
    ("a token of the API", "/ingest/push", as_json(ITEM), API, 401),
    ("a source that is none", "/ingest/other", as_json(ITEM), PUSH, 401),
    ("a token of the API for the record", "/operator/sent", as_json(ITEM), API, 401),
    ("lines that are none", "/operator/sent", b"\xff\n\0\n[1]\n{}\nnull\n" + as_json(ITEM), OPERATOR, 200),
    ("a deep record", "/operator/sent", b"[" * 100_000, OPERATOR, 400),
    ("100,001 lines", "/operator/sent", b"\n" * 100_001, OPERATOR, 413),
)


async def test_bad_input_changes_nothing_and_leaves_no_trace(on_each_engine: Product, capfd: pytest.CaptureFixture[str]) -> None:
    product = on_each_engine
    await product.honest()
    before = await product.counts()
    for name, path, body, code in CALLS:
        answer = await product.call(path, body)
        assert (answer.status, answer.code) == (200, code), name
    for name, path, body, token, status in PUSHES:
        answer = await product.call(path, body, token)
        assert answer.status == status, name
        assert "error" in answer.body.decode() or '"stored":0' in answer.body.decode(), name
    assert await product.counts() == before
    assert len((await product.call(RECEIVED, {})).ids) == 1, "nothing has been marked read"
    await product.honest()
    _no_secrets(capfd.readouterr().err)


async def test_odd_arrivals_are_kept_and_hinder_no_other(on_each_engine: Product, capfd: pytest.CaptureFixture[str]) -> None:
    odd = [
        {**ITEM, "text": f"{PLANTED}\0\ud800"}, {**ITEM, "from": "\ud800"}, {**ITEM, "id": "\0\ud800"}, {**ITEM, "id": 10**60},
        {**ITEM, "received": "9999-12-31T23:59:59-23:59"},
        {**ITEM, "title": "\0", "attachments": [{"name": "../../\0\ud800", "data": "QQ=="}]},
    ]  # fmt: skip
    answer = await on_each_engine.call("/ingest/push", odd, PUSH)
    assert [item["kind"] for item in answer.json["items"]] == ["ndi"] * 5 + ["mms"]
    queries = (
        "", "&&=&=x&from&to", "from=1&from=2&to=3&text=a", "from=%00&to=%ff&text=%d8&coding=2&charset=%00&smsc=%00&udh=%00&id=%00",
        f"from={'a' * 9_000}&to={'b' * 9_000}&id={'c' * 9_000}&text={PLANTED}",
        f"from=500600700&to=%2B48664078059&text={PLANTED}&time=9999-99-99",
    )  # fmt: skip
    for query in queries:
        octets = f"GET /ingest/kannel?token={KANNEL}&{query} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode()
        assert (await talk(on_each_engine.client.port, octets)).startswith(b"HTTP/1.1 200"), query
    assert (await on_each_engine.counts())["arrivals"] == len(odd) + len(queries)
    for suffix in ("", ".xml"):
        assert (await on_each_engine.call(RECEIVED + suffix, {})).complete
    await on_each_engine.honest()
    _no_secrets(capfd.readouterr().err)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE", "TRACE", "PROPFIND", "GET"])
async def test_other_methods(product: Product, method: str) -> None:
    answer = await product.client.get(RECEIVED, method)
    assert answer.status == 200
    assert method == "HEAD" or answer.code == 1000


async def test_credentials_leave_no_trace(product: Product, capfd: pytest.CaptureFixture[str]) -> None:
    bare = Client(product.client.port)
    right = {"username": "webapi_acme", "password": PASSWORD}
    assert (await bare.post(RECEIVED, right, {})).json == {"items": []}
    for wrong in ({**right, "password": PASSWORD + "!"}, {**right, "username": PASSWORD}, {**right, "password": [PASSWORD]}, {}):
        assert (await bare.post(RECEIVED, wrong, {})).code == 1001
    twice = head(RECEIVED, f"Authorization: Bearer {API}", "Content-Length: 2", "Connection: close") + b"{}"
    assert b'"code":1001' in await talk(product.client.port, twice)
    assert (await product.call(f"{RECEIVED}?username=webapi_acme&password={PASSWORD}", {})).ids == []
    _no_secrets(capfd.readouterr().err)


def _no_secrets(log: str) -> None:
    """Every line is one JSON object, none has a word of what was sent, and nothing went wrong."""
    for line in log.splitlines():
        assert json.loads(line)["level"] in ("debug", "info", "warning"), line
    for secret in (PLANTED, PASSWORD, API, OPERATOR, PUSH, KANNEL, "Traceback"):
        assert secret not in log

"""Whatever comes in over HTTP can be stored by PostgreSQL too."""

from __future__ import annotations

import json
from typing import Any

from tests.ingest import captured
from tests.ingest.asgi import call
from tests.ingest.house import KANNEL_TOKEN, ND, House
from tests.ingest.test_http import BAD_ITEMS, GOOD, TEXTS
from tests.ingest.test_kannel import IDS, ODD


async def test_odd_texts_and_ids(pg_house: House) -> None:
    head = json.dumps({"from": "500600700", "to": ND})[:-1].encode()
    items = [head + b',"text":' + octets + b"}" for octets, _ in TEXTS]
    items += [json.dumps({**GOOD, "id": one}).encode() for one in ("a\0", "a\ud800", "ż", "x" * 255)]
    items += [json.dumps({"from": "500600700", "to": "+48664078059", "title": "a\0\ud800", "text": "b\0"}).encode()]
    for _ in range(2):
        answer = await pg_house.push(b"[" + b",".join(items) + b"]")
        assert (answer.status, [item["index"] for item in answer.json["items"] if item["id"] is None]) == (200, [])
    assert await pg_house.one("SELECT count(*) FROM arrivals") == (2 * len(items) - 4,), "the ids are known the second time"
    rows = await pg_house.rows("SELECT text FROM messages ORDER BY id LIMIT ?", len(TEXTS))
    assert rows == [(text,) for _, text in TEXTS]


async def test_bad_items_beside_good_ones(pg_house: House) -> None:
    items: list[Any] = [GOOD, *(item for item, _, _ in BAD_ITEMS), GOOD]
    answer = (await pg_house.push(items)).json["items"]
    assert [item["index"] for item in answer if "error" not in item] == [0, len(items) - 1]


async def test_kannel(pg_house: House) -> None:
    requests = [captured.request(name) for name in captured.NAMES]
    for request in requests:
        answer = await call(pg_house.app, request.method, f"/ingest/kannel?{request.query.decode()}", request.body, request.headers)
        assert answer.status == 200
    queries = [query for query, *_ in ODD] + [b"from=1&to=2&charset=%00&smsc=%00%FF&udh=%00&id=" + one for one in IDS]
    for query in queries:
        url = f"/ingest/kannel?token={KANNEL_TOKEN}&{query.decode('latin-1')}"
        assert (await call(pg_house.app, "GET", url)).status == 200, query
    assert await pg_house.one("SELECT count(*) FROM arrivals") == (len(requests) + len(queries),)

"""A whole server tells of what it did, to its own machine."""

from __future__ import annotations

import json
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from odzew.clock import Clock
from odzew.simulate.client import Client
from odzew.simulate.http import Reply, request
from tests.docs.house import House, serving, set_up

SOURCE = "2123456789abcdef0123456789abcdef"
TOKEN = "0123456789abcdef0123456789abcdef"
SETUP = f"""
[[account]]
name = "acme"
forward_allow = ["127.0.0.1/32"]
  [[account.token]]
  name = "crm"
  value = "{TOKEN}"
[[number]]
address = "+48664078059"
service = "ndi"
account = "acme"
  [[number.forward]]
  url = "http://127.0.0.1:PORT/sms?id=#ID#"
[[source]]
name = "aggregator"
protocol = "http"
token = "{SOURCE}"
"""
SMS = {"id": "1", "from": "500600700", "to": "+48664078059", "text": "private words"}

# name, the labels in the order of their names -> the value
WANTED: dict[tuple[str, ...], float] = {
    ("odzew_arrivals_total", "message", "aggregator"): 1,
    ("odzew_arrivals_total", "repeat", "aggregator"): 1,
    ("odzew_messages_total", "ndi"): 1,
    ("odzew_refused_total", "401", "", "aggregator"): 1,
    ("odzew_deliveries_owed_total",): 1,
    ("odzew_attempts_total", "ok"): 1,
    ("odzew_delivery_seconds_count", "first"): 1,
    ("odzew_commit_size_count", "receive"): 2,
    ("odzew_source_quiet_seconds", "", "aggregator"): 0,
    ("odzew_api_calls_total", "contacts/index", "ok"): 1,
    ("odzew_api_calls_total", "contacts/index", "1001"): 1,
    ("odzew_database_up",): 1,
    ("odzew_forwarding",): 1,
    ("odzew_inbox_arrivals",): 0,
    ("odzew_calls_in_flight",): 0,
}


async def test_what_a_server_did_is_in_its_metrics(tmp_path: Path) -> None:
    client = await Client().start()
    await set_up(tmp_path / "odzew.db", SETUP.replace("PORT", str(client.port)), {})
    async with serving(tmp_path / "odzew.db", {}) as house:
        for token in (SOURCE, SOURCE, "wrong"):
            await post(house, "/ingest/aggregator", SMS, token)
        await house.attempts(1)
        for token in (TOKEN, "wrong"):
            await post(house, "/contacts/index", {}, token)
        answer = await ask(house, "GET", "/metrics")
        through_a_proxy = await ask(house, "GET", "/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    await client.stop()
    assert (answer.status, through_a_proxy.status) == (200, 403)
    page = answer.body.decode()
    found = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert {key: found.get(key) for key in WANTED} == WANTED
    assert not any(word in page for word in ("private", "500600700", "+48", "acme", TOKEN, SOURCE))


async def post(house: House, path: str, value: object, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    await ask(house, "POST", path, json.dumps(value).encode(), headers)


async def ask(house: House, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
    return await request(Clock(), ("127.0.0.1", house.port), method, path, body, headers)

"""The OpenAPI document tells the truth about the running API."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from odzew.access.request import Receive, Scope, Send
from odzew.api.openapi import OpenApi, document, encoded
from odzew.api.routes import ACTIONS
from odzew.api.schemas import ANSWERS, REQUESTS
from odzew.clock import FixedClock
from odzew.model import Attachment
from odzew.store.engines import open_database
from odzew.store.people import bring
from odzew.wire.folding import searchable
from odzew.wire.published import SEND_ACTIONS
from tests.api.client import BEARER
from tests.api.house import House, listening, open_house
from tests.api.samples import store_premium, store_samples
from tests.builders import a_group, a_keyword, a_message, a_number, store_messages

PROMISES = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")

schema = schemathesis.openapi.from_dict(document())


async def _running(directory: Path, ready: threading.Event, stop: asyncio.Event, port: list[int]) -> None:
    clock = FixedClock()
    db = open_database(f"sqlite:///{directory}/odzew.db", clock)
    await db.migrate()
    async with open_house(db, clock) as house:
        await store_samples(db)
        await store_premium(db)
        await store_messages(db, a_message(7, kind="mms", attachments=[Attachment("a", "b/c", b"1")]))
        number = await house.set_up(a_number, "+48799448855", "nd")
        await house.set_up(a_keyword, number, 1, "A", "a")
        group = await house.set_up(a_group, 1, "customers")
        await db.write(bring, 1, [("+48500600701", {"city": "Łódź"})], "customers", searchable)
        assert group == 1  # small, so that made-up requests find it
        port.append(house.client.port)
        ready.set()
        await stop.wait()
    await db.close()


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server in a thread of its own, for schemathesis calls it and waits."""
    ready, port, stops = threading.Event(), list[int](), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def run() -> None:
        stops.append((asyncio.get_running_loop(), asyncio.Event()))
        await _running(tmp_path_factory.mktemp("openapi"), ready, stops[0][1], port)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{port[0]}"
    stops[0][0].call_soon_threadsafe(stops[0][1].set)
    thread.join()


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_running_api_keeps_what_the_document_promises(case: schemathesis.Case[Any], base_url: str) -> None:
    checks: list[Any] = list(CHECKS.get_by_names(PROMISES))
    case.call_and_validate(base_url=base_url, headers=BEARER, checks=checks)


async def test_the_document_is_served(house: House) -> None:
    served = OpenApi()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (served if scope["path"] == "/openapi.json" else house.app)(scope, receive, send)

    async with listening(app) as port:
        house.client.port = port
        answer = await house.client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == json.loads(encoded()) == document()


def test_every_action_is_documented_in_both_formats() -> None:
    actions = ACTIONS.keys() - SEND_ACTIONS
    assert REQUESTS.keys() == ANSWERS.keys() == actions
    assert {path for path in document()["paths"] if "error" not in path} == {f"/{a}{s}" for a in actions for s in ("", ".xml")}

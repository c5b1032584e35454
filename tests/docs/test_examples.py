"""The examples for clients are run as they stand in the pages, against a real server."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from odzew.clock import SECOND, Clock
from odzew.forward import sign
from tests.docs import curl
from tests.docs.house import SECRET, House, environment_of, serving, set_up, wsgi
from tests.docs.pages import page

SOURCE = "2123456789abcdef0123456789abcdef"
TOKEN = "0123456789abcdef0123456789abcdef"
RECEIVER = page("forwarding.md").section("Is the call genuine?")
ADDRESS = "http://127.0.0.1:8080"
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
mms = true
[[source]]
name = "aggregator"
protocol = "http"
token = "{SOURCE}"
"""
FORWARDS = """
  [[number.forward]]
  url = "http://127.0.0.1:PORT/sms?nr=#NUMER#&text=#WIADOMOSC#&id=#ID#"
  verify = "OK"
  secret = "env:HOOK_SECRET"
  [[number.forward]]
  for = "mms"
  url = "http://127.0.0.1:PORT/mms?kind=#TYP#"
  body = "BODY"
  verify = "OK"
  secret = "env:HOOK_SECRET"
"""
SMS = {"from": "500600700", "to": "+48664078059", "text": "Zażółć gęślą jaźń + #NUMER# & więcej"}
DATA = base64.b64encode(bytes(range(256)) * 2000).decode()
PART = {"name": "a.bin", "content_type": "application/octet-stream", "data": DATA}
MMS = {"from": "500600700", "to": "+48664078059", "title": "Temat MMS", "attachments": [PART]}


def python_of(section: str) -> str:
    """The Python example of a section."""
    (text,) = section.split("```python\n")[1:]
    return text.partition("```")[0]


def run(text: str, **names: object) -> dict[str, Any]:
    """Runs an example and gives its names; `names` stand in for those that it sets to constants."""
    for name, value in names.items():
        lines = [line for line in text.splitlines() if line.startswith(f"{name} = ")]
        assert lines, f"the example sets no {name}"
        text = text.replace(lines[0], f"{name} = {value!r}")
    space: dict[str, Any] = {}
    exec(compile(text, "example", "exec"), space)
    return space


async def push(house: House, *items: object) -> None:
    """Pushes items as an aggregator does."""
    call = curl.Call(f"{ADDRESS}/ingest/aggregator", {"Authorization": f"Bearer {SOURCE}"}, [json.dumps(items)])
    status, answer = await asyncio.to_thread(call.make, house.port)
    assert status == 200
    assert "error" not in answer


@pytest.mark.parametrize("body", ("form", "json"))
async def test_the_receiver_verifies_real_calls(tmp_path: Path, body: str) -> None:
    receiver = run(python_of(RECEIVER), SECRET=SECRET)
    with wsgi(receiver["application"]) as port:
        environment = {"HOOK_SECRET": SECRET}
        text = SETUP.replace("[[source]]", FORWARDS.replace("PORT", str(port)).replace("BODY", body) + "[[source]]")
        await set_up(tmp_path / "odzew.db", text, environment)
        async with serving(tmp_path / "odzew.db", environment) as house:
            await push(house, SMS, MMS)
            results = await house.attempts(2)
    assert [(attempt.outcome, attempt.status) for attempt, _ in results] == [("ok", 200)] * 2
    assert receiver["seen"] == {f"msg_{attempt.delivery_id}" for attempt, _ in results}


async def test_the_receiver_refuses_another_secret(tmp_path: Path) -> None:
    receiver = run(python_of(RECEIVER), SECRET="whsec_" + base64.b64encode(bytes(32)).decode())
    with wsgi(receiver["application"]) as port:
        environment = {"HOOK_SECRET": SECRET}
        text = SETUP.replace("[[source]]", FORWARDS.replace("PORT", str(port)).replace("BODY", "form") + "[[source]]")
        await set_up(tmp_path / "odzew.db", text, environment)
        async with serving(tmp_path / "odzew.db", environment) as house:
            await push(house, SMS)
            ((attempt, _),) = await house.attempts(1)
    assert (attempt.outcome, attempt.status) == ("http_4xx", 403)
    assert receiver["seen"] == set()


@pytest.mark.parametrize(
    ("change", "genuine"),
    (
        ({}, True),
        ({"payload": b"a=1&b=3"}, False),
        ({"now": 301}, False),
        ({"now": -301}, False),
        ({"now": 299}, True),
        ({"webhook-id": "msg_2"}, False),
        ({"webhook-timestamp": "soon"}, False),
        ({"webhook-timestamp": "²"}, False),
        ({"webhook-timestamp": ""}, False),
        ({"webhook-signature": ""}, False),
        ({"webhook-signature": "v1,żółć"}, False),
    ),
)
def test_the_check_of_a_signature(change: dict[str, Any], genuine: bool) -> None:
    is_genuine = run(python_of(RECEIVER))["is_genuine"]
    now = Clock().now() // SECOND
    headers = dict(sign.headers("msg_1", now, b"a=1&b=2", [sign.read_secret(SECRET)]))
    headers |= {name: value for name, value in change.items() if name in headers}
    assert is_genuine(SECRET, headers, change.get("payload", b"a=1&b=2"), now + change.get("now", 0)) is genuine


def test_one_of_two_signatures_is_enough() -> None:
    is_genuine = run(python_of(RECEIVER))["is_genuine"]
    headers = dict(sign.headers("msg_1", 1000, b"", [bytes(32), sign.read_secret(SECRET)]))
    assert is_genuine(SECRET, headers, b"", 1000)


async def test_the_examples_of_the_pull_api(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = page("pull-api.md").section("Examples")
    await set_up(tmp_path / "odzew.db", SETUP, {})
    async with serving(tmp_path / "odzew.db", {}) as house:
        await push(house, *[SMS | {"text": f"number {n}"} for n in range(1, 121)])
        (call,) = curl.calls([section.split("```sh\n")[1].partition("```")[0]], {"ACME_TOKEN": TOKEN})
        _, answer = await asyncio.to_thread(call.make, house.port)
        assert [item["text"] for item in json.loads(answer)["items"]] == [f"number {n}" for n in range(1, 51)]
        capsys.readouterr()
        await asyncio.to_thread(run, python_of(section), API=f"http://127.0.0.1:{house.port}", TOKEN=TOKEN)
        printed = capsys.readouterr().out.splitlines()
        assert [line.split(" ", 2)[2] for line in printed] == [f"number {n}" for n in range(51, 121)]
        with pytest.raises(RuntimeError, match="1001"):
            await asyncio.to_thread(run, python_of(section), API=f"http://127.0.0.1:{house.port}", TOKEN="f" * 32)


def test_the_secret_of_the_page_is_one_that_a_target_may_have() -> None:
    assert len(sign.read_secret(SECRET)) == 32
    assert RECEIVER.count(SECRET) == 2
    assert environment_of('"env:ACME_WEBHOOK_SECRET"') == {"ACME_WEBHOOK_SECRET": SECRET}

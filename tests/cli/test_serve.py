"""`odzew serve` as a process: settings from everywhere, verbs beside it, a stop in order."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import pytest

from odzew.clock import Clock
from odzew.simulate.http import Reply, request
from tests.cli.house import House
from tests.cli.program import Program


def serving(program: Program) -> tuple[str, int]:
    """The address of a server that has just been started, from its log."""
    line = json.loads(program.until(lambda line: '"serving"' in line))
    host, _, port = line["addresses"][0].rpartition(":")
    return host, int(port)


def call(to: tuple[str, int], method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
    return asyncio.run(request(Clock(), to, method, path, body, headers))


def pulled(to: tuple[str, int], token: str) -> Any:
    return call(to, "POST", "/messages/received.json", Authorization=f"Bearer {token}").json()


def test_it_serves_and_stops_in_order(house: House) -> None:
    with Program("serve", "--db", house.url, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0") as program:
        address = serving(program)
        assert call(address, "GET", "/healthz").status == 200
        assert call(address, "GET", "/readyz").status == 200
        assert program.stop() == 0
    assert '"stopped"' in program.lines[-1]


def test_ctrl_c_is_a_stop_in_order_too(house: House) -> None:
    with Program("serve", ODZEW_DB=house.url, ODZEW_LISTEN="127.0.0.1:0") as program:
        serving(program)
        assert program.stop(signal.SIGINT) == 0


def test_verbs_work_beside_it_and_are_heard(house: House) -> None:
    with Program("serve", "--db", house.url, "--listen", "127.0.0.1:0") as program:
        address = serving(program)
        push = {"from": "+48500600700", "to": "+48799448855", "text": "AUTO 1"}
        reply = call(address, "POST", "/ingest/aggregator", json.dumps(push).encode(), Authorization="Bearer aggregator-token")
        assert reply.json()["items"][0]["kind"] == "nd"
        assert [row["text"] for row in house.json("inbox", "list", "--account", "acme")] == ["AUTO 1"]
        token = house.says("token", "create", "app", "--account", "acme").strip()
        assert "items" in pulled(address, "1" * 32)
        house.says("token", "revoke", "crm", "--account", "acme")
        while "items" in pulled(address, "1" * 32):
            pass  # the server looks twice a second for what was changed beside it
        assert [item["text"] for item in pulled(address, token)["items"]] == ["AUTO 1"]


def test_a_second_server_on_the_same_file_is_refused(house: House) -> None:
    with Program("serve", "--db", house.url, "--listen", "127.0.0.1:0") as program:
        serving(program)
        assert "another odzew serve already runs" in house.refuses("serve", "--db", house.url, "--listen", "127.0.0.1:0")


def test_a_database_is_made_where_there_is_none(empty_house: House) -> None:
    with Program("serve", "--listen", "127.0.0.1:0", ODZEW_DB=empty_house.url) as program:
        address = serving(program)
        assert any("0001_first" in line for line in program.lines)
        assert call(address, "GET", "/readyz").status == 200


def test_settings_come_from_a_file_too(house: House) -> None:
    settings = house.directory / "settings.toml"
    settings.write_text(f'db = "{house.url}"\nlisten = ["127.0.0.1:0"]\nlog_format = "text"\n')
    with Program("serve", "--settings", settings) as program:
        assert not program.until(lambda line: "serving" in line).startswith("{")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--calls", "0"], 2, "--calls: 0 is out of range"),
        (["--calls", "many"], 2, "Error"),
        (["--retry-minutes", "5,x"], 2, "is not a list of numbers"),
        (["--listen", "nowhere"], 2, "is no address to listen on"),
        (["--listen", "127.0.0.1:99999"], 2, "is no address to listen on"),
        (["--log-level", "loud"], 2, "--log-level is one of"),
        (["--settings", "/no/such/file"], 2, "cannot be read"),
        (["--db", "mysql://x"], 2, "is no database"),
        (["--db", "sqlite:////no/such/directory/x.db"], 1, "unable to open"),
        (["--retry-basis", "sometimes"], 2, "sometimes"),
    ],
)
def test_what_is_wrong_is_said_at_once(words: list[str], code: int, says: str, house: House) -> None:
    assert says in house.refuses("serve", "--listen", "127.0.0.1:0", *words, code=code)

"""`odzew simulate client` as a process (the client itself is tested in tests/simulate)."""

from __future__ import annotations

import asyncio
import re

import pytest

from odzew.clock import Clock
from odzew.simulate.http import Reply, request
from tests.cli.house import House
from tests.cli.program import Program


def call(port: int, path: str, body: bytes = b"", attempt: str = "?") -> Reply:
    headers = {"X-Attempt": attempt}
    return asyncio.run(request(Clock(), ("127.0.0.1", port), "POST" if body else "GET", path, body, headers))


def test_it_prints_each_call_and_fails_when_told() -> None:
    with Program("simulate", "client", "--port", 0, "--fail-every", 2, "--fail-by", "status") as program:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", program.until(lambda line: "URL" in line))
        assert found
        port = int(found[1])
        assert (call(port, "/sms?id=1", attempt="1/5").body, call(port, "/sms?id=2").status) == (b"OK", 500)
        assert call(port, "/mms", b"id=3&title=\x1b%5B").body == b"OK"
        assert program.stop() == 0
    assert [line.rstrip() for line in program.lines[1:]] == [
        "1  GET /sms?id=1  attempt 1/5  -> OK",
        "2  GET /sms?id=2  attempt ?  -> answers 500",
        "3  POST /mms  attempt ?  -> OK",
        "   id=3&title=\\u001b%5B",
    ]


def test_it_ends_after_the_seconds_it_was_given() -> None:
    with Program("simulate", "client", "--port", 0, "--seconds", 0) as program:
        assert program.end() == 0


@pytest.mark.parametrize(("words", "says"), [(["--fail-by", "anger"], "is no way to fail"), (["--fail-every", "-1"], "Error")])
def test_wrong_usage(words: list[str], says: str, empty_house: House) -> None:
    assert says in empty_house.refuses("simulate", "client", "--seconds", "0", *words, code=2)


def test_a_port_that_is_taken() -> None:
    with Program("simulate", "client", "--port", 0) as program:
        found = re.search(r":(\d+)/", program.until(lambda line: "URL" in line))
        assert found
        with Program("simulate", "client", "--port", found[1]) as second:
            assert second.end() == 2
            assert "cannot listen on" in second.lines[0]

"""The five minutes of the README, line for line, at ports of our own."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from odzew.cli.main import app
from odzew.simulate.client import Client
from tests.docs import curl
from tests.docs.house import environment_of, serving
from tests.docs.pages import README, ROOT, page

SECTION = "Five minutes to a first real message"
PAGE = page(README)
BLOCKS = [block for block in PAGE.blocks if block.text in PAGE.section(SECTION)]
SHELL = [block.text for block in BLOCKS if block.language == "sh"]
SHOWN = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
CLIENT_PORT = "8090"
TIMES = ("recived",)  # what differs from day to day


def commands(verb: str) -> list[list[str]]:
    """The lines that call a verb of ours, as words behind `odzew`."""
    found = [shlex.split(line) for block in SHELL for line in curl.lines_of(block)]
    return [words[1:] for words in found if words[:2] == ["odzew", verb]]


async def run(words: list[str]) -> Result:
    """Runs a verb in a thread, as beside the server."""
    return await asyncio.to_thread(CliRunner().invoke, app, words)


def alike(answer: str, shown: object) -> bool:
    """Whether an answer is what the page shows, times apart."""
    return bool(json.loads(answer, object_hook=_timeless) == json.loads(json.dumps(shown), object_hook=_timeless))


def _timeless(fields: dict[str, object]) -> dict[str, object]:
    return {name: "" if name in TIMES else value for name, value in fields.items()}


async def test_five_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (setup,) = [block.text for block in BLOCKS if block.language == "toml"]
    (called,) = [block.text.split() for block in BLOCKS if block.language == "text"]
    environment = environment_of(setup)
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = await Client().start()
    try:
        assert CLIENT_PORT in setup
        await asyncio.to_thread(Path("setup.toml").write_text, setup.replace(CLIENT_PORT, str(client.port)), "utf-8")
        (words,) = commands("apply")
        applied = await run(words)
        assert applied.exit_code == 0, applied.output
        async with serving(tmp_path / "odzew.db", environment) as house:
            ready, push, pull = curl.calls(SHELL, environment)
            assert await asyncio.to_thread(ready.make, house.port) == (200, '{"status":"ready"}')
            status, answer = await asyncio.to_thread(push.make, house.port)
            assert status == 200
            assert alike(answer, SHOWN[0])
            await house.attempts(1)
            assert [client.calls[0].method, client.calls[0].target] == called[1:3]
            assert client.calls[0].headers["x-attempt"] == called[4]
            status, answer = await asyncio.to_thread(pull.make, house.port)
            assert alike(answer, SHOWN[1]), answer
            _, again = await asyncio.to_thread(pull.make, house.port)
            assert json.loads(again)["items"] == []
        assert house.results[0][1].state == "delivered"
        (words,) = commands("inbox")
        story = await run(words)
        assert story.exit_code == 0
        assert "keyword AUTO on +48799448855" in story.output
    finally:
        await client.stop()


def test_the_port_of_the_simulated_client_is_the_one_in_the_setup() -> None:
    (words,) = commands("simulate")
    assert words == ["simulate", "client", "--port", CLIENT_PORT]


def test_make_targets_of_the_readme_are_there() -> None:
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if ":" in line}
    named = {line.split()[1] for block in PAGE.in_language("sh") for line in block.splitlines() if line.startswith("make ")}
    assert {"demo", "test", "install"} <= named <= targets

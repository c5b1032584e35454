"""`odzew simulate mmsc` as a process, against a server that answers as it is told (the MMSC itself is tested in tests/simulate)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from odzew.simulate.mmsc_shapes import SHAPES
from odzew.wire import mm7
from odzew.wire.mm7 import Envelope
from tests.cli.house import House
from tests.cli.program import Program
from tests.simulate.counterpart import Player, playing


def answer(code: int) -> bytes:
    body = mm7.write(Envelope("DeliverReq", "t").answer(code))
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def run(answers: Sequence[bytes], *words: str, **environment: str) -> tuple[int, list[str], Player]:
    """Exit code and lines of the program, and what the server heard."""
    async with playing(*answers) as player:
        url = f"http://127.0.0.1:{player.port}/ingest/mmsc"
        with Program("simulate", "mmsc", url, *words, **environment) as program:
            code = await asyncio.to_thread(program.end)
    return code, [line.rstrip() for line in program.lines], player


async def test_one_message_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "kot.gif").write_bytes(b"GIF89a kot")
    words = ("--username", "vasp", "--password", "env:SECRET", "--to", "71200", "--attach", str(tmp_path / "kot.gif"))
    code, lines, player = await run([answer(1000)], *words, SECRET="tajne")
    assert code == 0
    assert lines[0].startswith("nested  transaction ")
    assert lines[0].endswith(" -> 1000 Success")
    assert b"Authorization: Basic dmFzcDp0YWpuZQ==" in player.heads[0]
    assert b"Content-Type: image/gif" in player.bodies[0]
    assert b"GIF89a kot" in player.bodies[0]


async def test_one_of_each_shape() -> None:
    code, lines, player = await run([answer(1000)], "--shape", "each")
    assert (code, len(player.bodies)) == (0, len(SHAPES))
    assert [line.split()[0] for line in lines] == list(SHAPES)


async def test_what_is_refused_is_told_and_counted() -> None:
    code, lines, _ = await run([answer(1000), answer(2004)], "--count", "3")
    assert code == 1
    told = [line.partition("-> ")[2] for line in lines[:3]]
    assert told == ["1000 Success", "2004 Multimedia content refused", "2004 Multimedia content refused"]
    assert lines[3] == "odzew: 2 of 3 refused"


async def test_reports() -> None:
    code, lines, player = await run([answer(1000)], "--report", "m1")
    assert code == 0
    assert [line.partition("  ")[0] for line in lines] == ["delivery report", "read reply"]
    assert all(b"<MessageID>m1</MessageID>" in body for body in player.bodies)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("https://127.0.0.1/x",), "write http://"),
        (("http://127.0.0.1:1/x", "--shape", "round"), "is no shape"),
        (("http://127.0.0.1:1/x", "--password", "env:NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE is not set"),
        (("http://127.0.0.1:1/x", "--attach", "no/such/file"), "cannot be read"),
        (("http://127.0.0.1:1/x", "--count", "0"), "--count"),
        ((), "URL"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], says: str, empty_house: House) -> None:
    assert says in empty_house.refuses("simulate", "mmsc", *words, code=2)


def test_nobody_listens(empty_house: House) -> None:
    assert "no answer from" in empty_house.refuses("simulate", "mmsc", "http://127.0.0.1:1/x", "--patience", "0", code=1)

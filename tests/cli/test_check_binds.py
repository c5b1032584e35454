"""`odzew check` tries the binds of SMPP sources at the networks themselves, which are honest simulators here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from odzew.cli.check import try_bind_by
from odzew.clock import Clock, FixedClock
from odzew.model import Source
from odzew.simulate.smsc import Smsc
from odzew.store.sessions import open_session
from tests.cli.house import House
from tests.cli.test_check import FINE

SECRET = {"CARRIER_PASSWORD": "hush"}


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    """A network that wants the name acme and the password hush."""
    network = await Smsc(Clock(), system_id="acme", password="hush").start()
    yield network
    await network.stop()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on while the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def a_carrier(port: int, more: str = "") -> str:
    return f"""\
[[source]]
name = "carrier-a"
protocol = "smpp"
hosts = ["127.0.0.1:{port}"]
system_id = "acme"
password = "env:CARRIER_PASSWORD"
{more}
"""


async def checked(house: House, *words: str) -> tuple[int, str]:
    """The verb in a thread, beside the network."""
    result = await asyncio.to_thread(house.run, "check", *words, **SECRET)
    return result.exit_code, result.stdout


async def set_up(house: House, text: str) -> House:
    file = house.directory / "setup.toml"
    await asyncio.to_thread(file.write_text, text, "utf-8")
    result = await asyncio.to_thread(house.run, "apply", file, **SECRET)
    assert result.exit_code == 0, result.output
    return house


async def test_a_bind_that_the_network_accepts(empty_house: House, smsc: Smsc) -> None:
    await set_up(empty_house, FINE + a_carrier(smsc.port))
    assert await checked(empty_house) == (0, "source carrier-a: the bind was tried and accepted\nEverything is in order.\n")
    assert [bind.system_id for bind in smsc.binds] == ["acme"]
    await smsc.until(lambda: not smsc.sessions)


async def test_a_file_is_tried_before_it_is_applied(empty_house: House, smsc: Smsc) -> None:
    file = empty_house.directory / "setup.toml"
    await asyncio.to_thread(file.write_text, FINE + a_carrier(smsc.port), "utf-8")
    assert (await checked(empty_house, str(file)))[0] == 0
    assert len(smsc.binds) == 1


async def test_a_password_that_the_network_refuses(empty_house: House, smsc: Smsc) -> None:
    await set_up(empty_house, FINE + a_carrier(smsc.port).replace('"env:CARRIER_PASSWORD"', '"unlike"'))
    code, told = await checked(empty_house)
    assert code == 1
    assert f"error: source carrier-a: the bind was tried: 127.0.0.1:{smsc.port}: the bind was refused: " in told
    assert "; correct hosts, system_id, password or TLS, or ask the network\n" in told
    assert "unlike" not in told


async def test_a_second_bind_that_is_refused_is_only_a_warning_while_a_server_is_bound(empty_house: House, closed_port: int) -> None:
    await set_up(empty_house, FINE + a_carrier(closed_port))
    here = f"{socket.gethostname()}-{os.getpid()}-0a1b2c3d"
    await asyncio.to_thread(empty_house.write, open_session, 2, 0, here, "127.0.0.1:2775")
    code, told = await checked(empty_house)
    assert code == 0
    assert "warning: source carrier-a: the bind was tried: " in told
    assert "a server holds this source's binds now" in told


async def test_nobody_listens(empty_house: House, closed_port: int) -> None:
    await set_up(empty_house, FINE + a_carrier(closed_port))
    code, told = await checked(empty_house)
    assert code == 1
    assert f"127.0.0.1:{closed_port}: no connection: " in told


@pytest.mark.parametrize("more", ["active = false", ""])
async def test_nothing_is_tried_offline_or_for_a_source_that_is_off(more: str, empty_house: House, smsc: Smsc) -> None:
    await set_up(empty_house, FINE + a_carrier(smsc.port, more))
    code, _ = await checked(empty_house, *([] if more else ["--offline"]))
    assert code == 0
    assert smsc.binds == []


async def test_without_its_password_there_is_nothing_to_try(empty_house: House, smsc: Smsc) -> None:
    await set_up(empty_house, FINE + a_carrier(smsc.port))
    result = await asyncio.to_thread(empty_house.run, "check")
    assert "needs the variable CARRIER_PASSWORD" in result.stdout
    assert result.stdout.endswith("Errors: 1, warnings: 0.\n")
    assert smsc.binds == []


async def test_it_does_not_take_for_ever() -> None:
    clock = FixedClock()
    callers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _reader, writer: callers.put_nowait(writer), "127.0.0.1", 0)  # says nothing
    try:
        port = server.sockets[0].getsockname()[1]
        taken: list[str] = []
        options: dict[str, object] = {"hosts": [f"127.0.0.1:{port}"], "system_id": "acme", "bind_seconds": 600}
        trial = asyncio.ensure_future(try_bind_by({}, clock, taken, 30.0)(Source(1, "carrier-a", "smpp", options=options)))
        caller = await callers.get()
        clock.advance(31)
        assert await trial == "it took more than 30 s"
        assert taken == []
        caller.close()
        with contextlib.suppress(ConnectionError):
            await caller.wait_closed()
    finally:
        server.close()
        await server.wait_closed()

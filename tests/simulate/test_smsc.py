"""The SMSC simulator as a server: binds, links, TLS, ports."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.errors import SettingError
from odzew.simulate.smsc import Smsc, server_tls
from odzew.simulate.smsc_messages import ShortText
from odzew.wire import deliver
from odzew.wire.pdu import Command, Header, header, read_bind_response
from odzew.wire.segment import Reading
from odzew.wire.status import Status
from tests.simulate.esme import bound, connected
from tests.simulate.network import OURS, PHONE, read, running, texts

# --- binds and links ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "mode", "receives"),
    [
        (Command.BIND_RECEIVER, "receiver", True),
        (Command.BIND_TRANSCEIVER, "transceiver", True),
        (Command.BIND_TRANSMITTER, "transmitter", False),
    ],
)
async def test_each_bind(command: Command, mode: str, receives: bool, clock: FixedClock) -> None:
    async with running(clock) as smsc, connected(smsc.port) as esme:
        assert await esme.bind(command) == Status.ROK
        system_id, tlvs = read_bind_response(esme.others[0])
        assert (system_id, tlvs) == ("odzew-smsc", {0x0210: [b"\x34"]})
        (session,) = smsc.sessions
        assert (session.mode, session.receives, session.system_id) == (mode, receives, "me")


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("me", "secret", Status.ROK),
        ("you", "secret", Status.RINVSYSID),
        ("", "secret", Status.RINVSYSID),
        ("me", "wrong", Status.RINVPASWD),
        ("me", "", Status.RINVPASWD),
    ],
)
async def test_who_may_bind(system_id: str, password: str, status: Status, clock: FixedClock) -> None:
    async with running(clock, system_id="me", password="secret") as smsc, connected(smsc.port) as esme:
        assert await esme.bind(system_id=system_id, password=password) == status
        assert [session.bound for session in smsc.sessions] == [status == Status.ROK]
        assert [(request.system_id, request.password) for request in smsc.binds] == [(system_id, password)]


async def test_a_second_bind_on_one_connection_is_refused(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        esme.others.clear()
        assert await esme.bind() == Status.RALYBND


async def test_a_bind_that_cannot_be_read(clock: FixedClock) -> None:
    async with running(clock) as smsc, connected(smsc.port) as esme:
        esme.ask(Command.BIND_RECEIVER, 5, b"me")
        assert header(await esme.answer_to(5)).status == Status.RINVMSGLEN


async def test_what_an_esme_asks_is_answered(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        esme.ask(Command.ENQUIRE_LINK, 2)
        esme.ask(Command.SUBMIT_SM, 3, b"\0")
        esme.ask(Command.QUERY_SM, 4, b"1\0\0\0\0")
        esme.ask(Command.UNBIND, 5)
        answers = [header(await esme.answer_to(sequence)) for sequence in (2, 3, 4, 5)]
        assert [(one.command, one.status) for one in answers] == [
            (Command.ENQUIRE_LINK_RESP, 0),
            (Command.SUBMIT_SM_RESP, 0),
            (Command.GENERIC_NACK, Status.RINVCMDID),
            (Command.UNBIND_RESP, 0),
        ]
        await esme.ended.wait()
        await smsc.until(lambda: not smsc.sessions)
        assert len(smsc.submits) == 1


@pytest.mark.parametrize("command", [None, Command.BIND_RECEIVER])
async def test_a_submit_needs_a_bind_for_it(command: Command | None, clock: FixedClock) -> None:
    async with running(clock) as smsc, connected(smsc.port) as esme:
        if command is not None:
            await esme.bind(command)
        esme.ask(Command.SUBMIT_SM, 3, b"\0")
        assert header(await esme.answer_to(3)).status == Status.RINVBNDSTS
        assert smsc.submits == []


async def test_an_unbind_without_a_bind(clock: FixedClock) -> None:
    async with running(clock) as smsc, connected(smsc.port) as esme:
        esme.ask(Command.UNBIND, 3)
        assert header(await esme.answer_to(3)).status == Status.RINVBNDSTS


async def test_its_own_enquire_links(clock: FixedClock) -> None:
    async with running(clock, links=10.0) as smsc, bound(smsc.port) as esme:
        await smsc.bound()
        (session,) = smsc.sessions
        for number in (1, 2):
            clock.advance(10.0)
            await esme.until(lambda: esme.commands().count(Command.ENQUIRE_LINK) == number)  # noqa: B023  # awaited at once
            await wait_for(lambda: session.links_answered == number)  # noqa: B023  # awaited at once
        assert (session.links_sent, session.links_answered) == (2, 2)


async def wait_for(holds: Callable[[], bool]) -> None:
    """Lets the loop turn until something holds that nobody is told of."""
    while not holds():
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()


async def test_an_enquire_link_that_is_not_answered_ends_the_session(clock: FixedClock) -> None:
    async with running(clock, links=10.0) as smsc, connected(smsc.port) as esme:
        await esme.bind()
        await smsc.bound()
        esme._take = lambda pdu: None  # type: ignore[method-assign]  # an ESME that hears and does not answer
        clock.advance(10.0)
        clock.advance(10.0)
        await esme.ended.wait()
        assert smsc.sessions == [] or not smsc.sessions[0].bound


async def test_octets_that_are_no_pdus(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        esme.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await esme.ended.wait()
        assert header(esme.others[-1]) == Header(16, Command.GENERIC_NACK, Status.RINVCMDLEN, 0)
    async with running(clock) as smsc, bound(smsc.port) as esme:
        assert await smsc.send(*texts(1))


# --- parts, TLS, ports -------------------------------------------------------------------------------------------------


async def test_the_parts_of_one_message_share_a_reference_and_the_next_has_another(clock: FixedClock) -> None:
    async with running(clock) as smsc, bound(smsc.port) as esme:
        long = ShortText(PHONE, OURS, "x" * 400, "gsm7+udh16", order=(3, 1, 2))
        entries = await smsc.send(long, long)
        assert [(entry.part, entry.total) for entry in entries] == [(3, 3), (1, 3), (2, 3)] * 2
        parts = [deliver.read(pdu, Reading()).segment.part for pdu in esme.got]
        assert [part and (part.reference, part.number) for part in parts] == [
            ("u16:1", 3), ("u16:1", 1), ("u16:1", 2), ("u16:2", 3), ("u16:2", 1), ("u16:2", 2),
        ]  # fmt: skip


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for localhost and its key."""
    directory = tmp_path_factory.mktemp("smsc-tls")
    certificate, key = str(directory / "cert.pem"), str(directory / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    return certificate, key


async def test_tls(pair: tuple[str, str], clock: FixedClock) -> None:
    client = ssl.create_default_context(cafile=pair[0])
    async with running(clock, tls=server_tls(*pair)) as smsc, connected(smsc.port, tls=client) as esme:
        assert await esme.bind() == 0
        entries = await smsc.send(*texts(3))
        assert [entry.taken for entry in entries] == [True] * 3
        assert [read(pdu) for pdu in esme.got] == ["text 1", "text 2", "text 3"]


def test_a_pair_that_cannot_be_used(pair: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    for certificate, key in ((str(tmp_path / "no.pem"), pair[1]), (pair[0], "/nowhere"), (pair[0], pair[0])):
        with pytest.raises(SettingError, match="cannot be used"):
            server_tls(certificate, key)


async def test_a_port_that_cannot_be_had(clock: FixedClock) -> None:
    async with running(clock) as smsc:
        for port in (smsc.port, 65_536):
            with pytest.raises(SettingError, match="cannot listen on"):
                await Smsc(clock, port=port).start()


async def test_what_happens_is_told(clock: FixedClock) -> None:
    told: list[tuple[str, str]] = []
    async with running(clock, system_id="me", told=lambda what, about: told.append((what, about))) as smsc:
        async with connected(smsc.port) as esme:
            await esme.bind(system_id="you")
        await smsc.until(lambda: not smsc.sessions)
        async with bound(smsc.port) as esme:
            await smsc.send(*texts(1))
            await smsc.unbind()
    assert told == [
        ("refused", "the bind of you: RINVSYSID"),
        ("ended", "session 1: the connection was lost; 0 unanswered"),
        ("bound", "session 2 as transceiver, system_id me"),
        ("ended", "session 2: we unbound; 0 unanswered"),
    ]

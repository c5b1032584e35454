"""TLS to the network: its certificate and name are verified, 1.2 or newer, and ours is shown where it asks."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from odzew.ingest.smpp.session import SessionEnded
from odzew.wire.pdu import Status, pack
from tests.ingest.smpp.certificates import Authority
from tests.ingest.smpp.peer import Smsc, deliver, until
from tests.ingest.smpp.rig import Rig


@pytest.fixture(scope="module")
def certificates(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    return {
        "good": authority.issue("good", "IP:127.0.0.1"),
        "by name": authority.issue("named", "DNS:smsc.example"),
        "ours": authority.issue("ours", "DNS:odzew.example"),
        "unknown authority": stranger.issue("good", "IP:127.0.0.1"),
        "stranger's": stranger.issue("ours", "DNS:odzew.example"),
    }


@pytest.fixture
async def secure(rig: Rig) -> Rig:
    """The SMSC of the rig listens for TLS in a moment."""
    await rig.smsc.stop()
    rig.smsc = Smsc()
    return rig


async def test_messages_over_tls(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    await secure.smsc.start(authority.serves(certificates["good"]))
    session, talk = await secure.bound(tls=True, tls_ca=str(authority.certificate))
    for start in range(0, 2000, 200):
        talk.say(*(deliver(b"x" * 150, n) for n in range(start + 1, start + 201)))
    await until(lambda: len(talk.answers()) == 2000)
    assert set(talk.answers().values()) == {Status.ROK}
    secure.clock.advance(5)
    assert session.progress().settled == 2000  # the watch knows that all has gone out
    await session.stop(5)
    await until(lambda: talk.gone)
    assert session.orderly


async def test_a_name_of_its_own(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    await secure.smsc.start(authority.serves(certificates["by name"]))
    session, _ = await secure.bound(tls=True, tls_ca=str(authority.certificate), tls_server_name="smsc.example")
    assert session.state == "bound"


@pytest.mark.parametrize(
    ("certificate", "says"), [("by name", "IP address mismatch"), ("unknown authority", "unable to get local issuer certificate")]
)
async def test_a_certificate_that_is_not_accepted(
    secure: Rig, authority: Authority, certificates: dict[str, Path], certificate: str, says: str
) -> None:
    await secure.smsc.start(authority.serves(certificates[certificate]))
    with pytest.raises(SessionEnded, match=f"the certificate is not accepted: .*{says}"):
        await secure.connect(tls=True, tls_ca=str(authority.certificate))
    assert all(talk.heard == [] for talk in secure.smsc.talks)  # so no password went out


async def test_the_authorities_of_the_system_are_not_enough(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    await secure.smsc.start(authority.serves(certificates["good"]))
    with pytest.raises(SessionEnded, match="the certificate is not accepted"):
        await secure.connect(tls=True)


async def test_our_certificate_where_it_is_asked_for(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    await secure.smsc.start(authority.serves(certificates["good"], asks=True))
    session, _ = await secure.bound(tls=True, tls_ca=str(authority.certificate), tls_cert=str(certificates["ours"]))
    assert session.state == "bound"


@pytest.mark.parametrize("ours", ["", "stranger's"])
async def test_a_certificate_that_the_network_does_not_accept(
    secure: Rig, authority: Authority, certificates: dict[str, Path], ours: str
) -> None:
    await secure.smsc.start(authority.serves(certificates["good"], asks=True))
    path = str(certificates[ours]) if ours else ""
    with pytest.raises(SessionEnded):
        await secure.connect(tls=True, tls_ca=str(authority.certificate), tls_cert=path)


async def test_tls_before_1_2_is_refused(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    old = authority.serves(certificates["good"])
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    await secure.smsc.start(old)
    with pytest.raises(SessionEnded, match=r"TLS failed|no connection"):
        await secure.connect(tls=True, tls_ca=str(authority.certificate))


async def test_a_peer_that_speaks_no_tls(rig: Rig, authority: Authority) -> None:
    rig.smsc.before_bind = [pack(0x15, 0, 1)]
    with pytest.raises(SessionEnded, match=r"TLS failed|no connection"):
        await rig.connect(tls=True, tls_ca=str(authority.certificate))


async def test_a_loss_over_tls(secure: Rig, authority: Authority, certificates: dict[str, Path]) -> None:
    await secure.smsc.start(authority.serves(certificates["good"]))
    session, talk = await secure.bound(tls=True, tls_ca=str(authority.certificate))
    talk.say(deliver(sequence=1))
    await talk.answered(1)
    talk.reset()
    await session.ended.wait()
    assert [key for key, _ in session.candidates()] == [1]

"""The sender over TLS: certificates verified against the host's name, 1.2 or newer."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.forward.call import Call
from odzew.forward.guard import Guard
from odzew.forward.sender import HttpSender, tls_context
from tests.forward.conftest import Listen
from tests.forward.receiver import HOST, Script, TableResolver, Visit, a_call, after, answers, ok, until


class Authority:
    """A certificate authority of the test, made with the openssl command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.certificate = directory / "ca.pem"
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                  "-subj", "/CN=Test authority", "-days", "2")  # fmt: skip
        (directory / "index.txt").touch()
        (directory / "ca.cnf").write_text(
            "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nnew_certs_dir = .\ncertificate = ca.pem\nprivate_key = ca.key\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = p\ncopy_extensions = copy\nunique_subject = no\n[p]\ncommonName = supplied\n"
        )

    def issue(self, name: str, alternative: str, start: str = "20200101000000Z", end: str = "20990101000000Z") -> Path:
        """A certificate with its key, in one file."""
        self._run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
                  f"{name}.csr", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}")  # fmt: skip
        self._run("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.crt", "-startdate", start,
                  "-enddate", end, "-notext")  # fmt: skip
        both = self.directory / f"{name}.pem"
        both.write_text((self.directory / f"{name}.key").read_text() + (self.directory / f"{name}.crt").read_text())
        return both

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def certificates(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    return {
        "good": authority.issue("good", f"DNS:{HOST},IP:127.0.0.1"),
        "other name": authority.issue("other", "DNS:other.example"),
        "expired": authority.issue("expired", f"DNS:{HOST}", end="20210101000000Z"),
        "not yet valid": authority.issue("early", f"DNS:{HOST}", start="20980101000000Z"),
        "unknown authority": stranger.issue("good", f"DNS:{HOST}"),
    }


@pytest.fixture
async def secure(clock: FixedClock, resolver: TableResolver, authority: Authority) -> AsyncIterator[HttpSender]:
    sender = HttpSender(clock, resolver, Guard(), tls=tls_context(str(authority.certificate)))
    yield sender
    await sender.close()


def serves(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def a_secure_call(port: int, host: str = HOST) -> Call:
    return replace(a_call(port, host=host), scheme="https")


@pytest.mark.parametrize("host", [HOST, f"{HOST.upper()}.", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_a_verified_call_and_one_more_on_the_same_connection(
    secure: HttpSender, listen: Listen, certificates: dict[str, Path], host: str
) -> None:
    receiver = await listen(answers(ok(), ok(b"next")), tls=serves(certificates["good"]))
    answer = await secure.send(a_secure_call(receiver.port, host))
    assert (answer.outcome, answer.body, answer.detail) == ("ok", b"OK", "")
    following = await secure.send(a_secure_call(receiver.port, host))
    assert (following.body, following.reused) == (b"next", True)


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        ("other name", "Hostname mismatch"),
        ("expired", "expired"),
        ("not yet valid", "not yet valid"),
        ("unknown authority", "unable to get local issuer"),
    ],
)
async def test_a_certificate_that_is_not_accepted(
    secure: HttpSender, listen: Listen, certificates: dict[str, Path], certificate: str, says: str
) -> None:
    receiver = await listen(answers(ok()), tls=serves(certificates[certificate]))
    answer = await secure.send(a_secure_call(receiver.port))
    assert answer.outcome == "tls"
    assert says in answer.detail
    assert receiver.requests == []


async def test_a_kept_connection_of_one_name_is_not_used_for_another(
    secure: HttpSender, listen: Listen, resolver: TableResolver, certificates: dict[str, Path]
) -> None:
    resolver.table["other.example"] = ["127.0.0.1"]
    receiver = await listen(answers(ok()), tls=serves(certificates["good"]))
    assert (await secure.send(a_secure_call(receiver.port))).outcome == "ok"
    answer = await secure.send(a_secure_call(receiver.port, "other.example"))
    assert (answer.outcome, len(receiver.requests)) == ("tls", 1)


async def test_tls_before_1_2_is_refused(secure: HttpSender, listen: Listen, certificates: dict[str, Path]) -> None:
    old = serves(certificates["good"])
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    receiver = await listen(answers(ok()), tls=old)
    assert (await secure.send(a_secure_call(receiver.port))).outcome == "tls"
    assert receiver.requests == []


async def test_the_context_verifies() -> None:
    context = tls_context()
    assert (context.verify_mode, context.check_hostname, context.minimum_version) == (ssl.CERT_REQUIRED, True, ssl.TLSVersion.TLSv1_2)


def silent(visits: list[bytes]) -> Script:
    async def script(visit: Visit) -> None:
        visits.append(await visit.reader.read(100))
        await visit.gone()

    return script


async def test_a_handshake_that_does_not_end(secure: HttpSender, listen: Listen, clock: FixedClock) -> None:
    heard: list[bytes] = []
    receiver = await listen(silent(heard))
    answer = await after(secure.send(a_secure_call(receiver.port)), clock, lambda: bool(heard), 3.0)
    assert (answer.outcome, answer.total_us, answer.address) == ("timeout_tls", 3_000_000, "127.0.0.1")
    await until(lambda: receiver.open == 0)


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"", bytes(500)],
    ids=["http", "alert", "closed", "zeros"],
)
async def test_a_peer_that_speaks_no_tls(secure: HttpSender, listen: Listen, words: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.read(100)
        visit.say(words)

    receiver = await listen(script)
    assert (await secure.send(a_secure_call(receiver.port))).outcome == "tls"


async def test_a_body_until_closed_and_a_broken_off_one(secure: HttpSender, listen: Listen, certificates: dict[str, Path]) -> None:
    async def until_closed(visit: Visit) -> None:
        await visit.request()
        visit.say(b"HTTP/1.1 200 OK\r\n\r\nOK")

    async def broken_off(visit: Visit) -> None:
        await visit.request()
        visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOK")

    receiver = await listen(until_closed, broken_off, tls=serves(certificates["good"]))
    first = await secure.send(a_secure_call(receiver.port))
    second = await secure.send(a_secure_call(receiver.port))
    assert (first.outcome, first.body, second.outcome) == ("ok", b"OK", "reset")

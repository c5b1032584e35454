"""TLS of a target's own: its client certificate, the only authority it trusts, and files that change or cannot be used."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import SettingError
from odzew.forward.call import Answer, Trust
from odzew.forward.guard import Guard
from odzew.forward.sender import HttpSender, tls_context
from odzew.forward.trust import Trusts
from odzew.model import Target
from tests.forward.builders import a_target
from tests.forward.conftest import Listen
from tests.forward.receiver import HOST, TableResolver, Visit, a_call, answers, ok
from tests.forward.test_sender_tls import Authority

KEEP = ok()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def files(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    authority.issue("server", f"DNS:{HOST}")
    authority.issue("acme", "DNS:acme.example")
    stranger.issue("mallory", "DNS:mallory.example")
    encrypted = ["openssl", "pkcs8", "-topk8", "-in", "acme.key", "-out", "locked.key", "-passout", "pass:secret"]
    subprocess.run(encrypted, check=True, capture_output=True, cwd=authority.directory)
    here, there = authority.directory, stranger.directory
    return {
        "ca": str(here / "ca.pem"), "other ca": str(there / "ca.pem"), "server": str(here / "server.pem"), "both": str(here / "acme.pem"),
        "cert": str(here / "acme.crt"), "key": str(here / "acme.key"), "stranger": str(there / "mallory.pem"),
        "stranger key": str(there / "mallory.key"), "locked": str(here / "locked.key"),
    }  # fmt: skip


@pytest.fixture
async def sender(clock: FixedClock, resolver: TableResolver) -> AsyncIterator[HttpSender]:
    sender = HttpSender(clock, resolver, Guard(), tls=tls_context())
    yield sender
    await sender.close()


def a_secure_target(**fields: Any) -> Target:
    return a_target(f"https://{HOST}/in", **fields)


def serves(files: dict[str, str], wants_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["server"])
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files["ca"])
    return context


async def call(sender: HttpSender, port: int, trust: Trust | None) -> Answer:
    return await sender.send(replace(a_call(port), scheme="https", trust=trust))


@pytest.mark.parametrize(("ca", "outcome"), [("ca", "ok"), ("other ca", "tls"), (None, "tls")])
async def test_only_the_targets_own_authority_is_trusted(
    ca: str | None, outcome: str, sender: HttpSender, listen: Listen, files: dict[str, str]
) -> None:
    receiver = await listen(answers(KEEP), tls=serves(files))
    trust = await Trusts().of(a_secure_target(ca=ca and files[ca]))
    assert (await call(sender, receiver.port, trust)).outcome == outcome


async def test_an_authority_of_the_installation_is_not_trusted_where_the_target_has_its_own(
    sender: HttpSender, listen: Listen, files: dict[str, str]
) -> None:
    receiver = await listen(answers(KEEP), answers(KEEP), tls=serves(files))
    trusts = Trusts(files["ca"])
    own = await trusts.of(a_secure_target(ca=files["other ca"]))
    assert (await call(sender, receiver.port, own)).outcome == "tls"
    certified = await trusts.of(a_secure_target(client_cert=files["both"]))
    assert (await call(sender, receiver.port, certified)).outcome == "ok", "with a certificate alone the installation's still count"


async def seen(visit: Visit) -> None:
    await visit.request()
    found = visit.writer.get_extra_info("peercert")
    visit.say(ok(str(found["subject"][0][0][1]).encode()))
    await visit.gone()


@pytest.mark.parametrize(("cert", "key"), [("both", None), ("cert", "key")])
async def test_a_client_certificate_is_shown(cert: str, key: str | None, sender: HttpSender, listen: Listen, files: dict[str, str]) -> None:
    receiver = await listen(seen, tls=serves(files, wants_certificate=True))
    trust = await Trusts().of(a_secure_target(ca=files["ca"], client_cert=files[cert], client_key=key and files[key]))
    answer = await call(sender, receiver.port, trust)
    assert (answer.outcome, answer.body) == ("ok", b"acme")


@pytest.mark.parametrize("cert", ["stranger", None])
async def test_a_client_certificate_that_is_not_taken_is_told_as_tls(
    cert: str | None, sender: HttpSender, listen: Listen, files: dict[str, str]
) -> None:
    receiver = await listen(answers(KEEP), tls=serves(files, wants_certificate=True))
    trust = await Trusts().of(a_secure_target(ca=files["ca"], client_cert=cert and files[cert]))
    answer = await call(sender, receiver.port, trust)
    assert answer.outcome in ("tls", "reset"), answer.detail  # a server may close before its reason arrives
    assert answer.status is None


async def test_connections_of_two_certificates_are_never_mixed(sender: HttpSender, listen: Listen, files: dict[str, str]) -> None:
    receiver = await listen(*[answers(KEEP, KEEP, KEEP)] * 3, tls=serves(files))
    trusts = Trusts()
    one = await trusts.of(a_secure_target(ca=files["ca"]))
    two = await trusts.of(a_secure_target(ca=files["ca"], client_cert=files["both"]))
    answered = [await call(sender, receiver.port, trust) for trust in (one, two, one, two)]
    assert [answer.reused for answer in answered] == [False, False, True, True]
    assert len(receiver.visits) == 2


async def test_a_context_is_made_once_and_anew_when_a_file_is_written(files: dict[str, str], tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    shutil.copy(files["ca"], ca)
    trusts, target = Trusts(), a_secure_target(ca=str(ca))
    first = await trusts.of(target)
    assert first is await trusts.of(target)
    assert first is await trusts.of(replace(target, url="https://other.example/"))
    shutil.copy(files["other ca"], ca)
    os.utime(ca, ns=(1, 1))
    second = await trusts.of(target)
    assert first is not None
    assert second is not None
    assert second.key != first.key
    assert await Trusts().of(a_secure_target()) is None


# the files; a word of what is said
FAULTS: tuple[tuple[dict[str, str], str], ...] = (
    ({"ca": "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read: No such file"),
    ({"ca": "/"}, "cannot be read: Is a directory"),
    ({"ca": "\0"}, "cannot be read"),
    ({"ca": "empty"}, "no PEM file of certificate authorities"),
    ({"ca": "large"}, "larger than 1 MiB"),
    ({"client_cert": "empty"}, "and its key cannot be used"),
    ({"client_cert": "cert"}, "and its key cannot be used"),
    ({"client_cert": "cert", "client_key": "stranger key"}, "and its key cannot be used"),
    ({"client_cert": "cert", "client_key": "locked"}, "and its key cannot be used"),
)


@pytest.mark.parametrize(("fields", "words"), FAULTS)
async def test_files_that_cannot_be_used(fields: dict[str, str], words: str, files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    known = files | {name: str(tmp_path / name) for name in ("empty", "large")}
    with pytest.raises(SettingError) as caught:
        await Trusts().of(a_secure_target(**{name: known.get(value, value) for name, value in fields.items()}))
    assert words in str(caught.value)

"""The options of a source: their defaults, and what cannot be."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from odzew.errors import SettingError
from odzew.ingest.smpp.options import Host, SmppOptions
from odzew.model import Source
from tests.ingest.smpp.certificates import Authority
from tests.ingest.smpp.rig import a_source

LEAST = {"hosts": ["smsc.example:2775"], "system_id": "odzew"}


def options(**given: Any) -> SmppOptions:
    return SmppOptions.of(a_source(["smsc.example:2775"], **given))


def test_the_defaults() -> None:
    found = SmppOptions.of(Source(1, "net", "smpp", options=dict(LEAST)))
    assert found == SmppOptions(
        hosts=("smsc.example:2775",), system_id="odzew", password="", bind="transceiver", binds=1, system_type="", interface_version=0x34,
        addr_ton=0, addr_npi=0, address_range="", tls=False, tls_ca="", tls_cert="", tls_key="", tls_server_name="",
        reconnect_seconds=1.0, enquire_link_seconds=30.0, answer_seconds=10.0, bind_seconds=10.0, window=5000,
    )  # fmt: skip


def test_keys_of_others_are_passed_over() -> None:
    assert options(default_alphabet="latin1", parts_timeout_seconds=60, whatever=[]) == options()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hosts": "smsc.example:2775"}, {"hosts": []}, {"hosts": ["smsc.example"]}, {"hosts": [":2775"]}, {"hosts": ["a:0"]},
        {"hosts": ["a:65536"]}, {"hosts": ["a:²"]}, {"hosts": [None]}, {"system_id": None}, {"system_id": 1}, {"bind": "transmitter"},
        {"binds": 0}, {"binds": "2"}, {"window": 0}, {"tls": "yes"}, {"reconnect_seconds": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=r"source net|host:port"):
        SmppOptions.of(Source(1, "net", "smpp", options=LEAST | wrong))


@pytest.mark.parametrize("missing", ["hosts", "system_id"])
def test_what_has_no_default(missing: str) -> None:
    with pytest.raises(SettingError, match=missing):
        SmppOptions.of(Source(1, "net", "smpp", options={key: value for key, value in LEAST.items() if key != missing}))


def test_hosts_in_order() -> None:
    found = options(hosts=["b.example:2775", "[::1]:3600", "10.0.0.1:1"]).addresses()
    assert found == (Host("b.example", 2775), Host("::1", 3600), Host("10.0.0.1", 1))
    assert [str(host) for host in found] == ["b.example:2775", "[::1]:3600", "10.0.0.1:1"]


def test_a_password_as_written_or_from_the_environment() -> None:
    assert options(password="plain").secret({}) == "plain"
    assert options(password="env:SMPP_PASSWORD").secret({"SMPP_PASSWORD": "hidden"}) == "hidden"
    with pytest.raises(SettingError, match="no SMPP_PASSWORD"):
        options(password="env:SMPP_PASSWORD").secret({})


def test_no_tls_unless_asked_for() -> None:
    assert options(tls_ca="/nowhere.pem").context() is None


def test_tls_verifies(authority: Authority) -> None:
    for given in ({}, {"tls_ca": str(authority.certificate)}):
        context = options(tls=True, **given).context()
        assert context is not None
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("key", ["tls_ca", "tls_cert"])
def test_files_that_are_none(key: str, tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    for path in (tmp_path / "text.pem", tmp_path / "missing.pem"):
        with pytest.raises(SettingError, match="no readable PEM file"):
            options(tls=True, **{key: str(path)}).context()

"""`odzew check`: plain words, and an exit code (the judges themselves are tested in tests/setup)."""

from __future__ import annotations

import pytest

from odzew.cli.check import reach_by
from odzew.clock import FixedClock
from odzew.forward.guard import Guard
from odzew.forward.resolver import SystemResolver
from odzew.model import Account
from odzew.wire.template import Template
from tests.cli.house import SETUP, House

FINE = """\
[[account]]
name = "acme"
forward_allow = ["192.0.2.0/24"]
  [[account.token]]
  name = "crm"
  value = "11111111111111111111111111111111"
  [[account.forward]]
  for = "sms"
  url = "http://192.0.2.1/sms?id=#ID#"
[[number]]
address = "+48664078059"
service = "ndi"
account = "acme"
[[source]]
name = "aggregator"
protocol = "http"
token = "aggregator-token"
"""


def test_a_set_up_in_order(empty_house: House) -> None:
    assert empty_house.apply(FINE).says("check") == "Everything is in order.\n"


def test_errors_end_with_1_and_say_what_to_do(house: House) -> None:
    result = house.run("check")
    assert result.exit_code == 1
    assert "error: target acme sms: 192.0.2.1 cannot be called: 192.0.2.1 is for documentation" in result.stdout
    assert "allow it by the account's forward_allow" in result.stdout
    assert result.stdout.endswith("Errors: 1, warnings: 1.\n")


def test_warnings_alone_end_with_0(house: House) -> None:
    told = house.says("check", "--offline")
    assert "warning: account other: has no user and no token" in told
    assert told.endswith("Errors: 0, warnings: 1.\n")


def test_in_json(house: House) -> None:
    assert [(finding["severity"], finding["place"]) for finding in house.json("check", "--offline")] == [("warning", "account other")]


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_judged_as_if_it_were_applied(there: bool, empty_house: House) -> None:
    if there:
        empty_house.apply(FINE)  # its forward_allow stays, for the file does not name one
    file = empty_house.directory / "new.toml"
    file.write_text(SETUP)
    told = empty_house.run("check", file).stdout
    assert "account other: has no user and no token" in told
    assert ("target acme sms: 192.0.2.1" in told) is not there
    if there:
        assert empty_house.says("check") == "Everything is in order.\n"
    else:
        assert list(empty_house.directory.iterdir()) == [file]


def test_a_file_that_is_wrong_in_itself(empty_house: House) -> None:
    (empty_house.directory / "new.toml").write_text('[[account]]\nname = ""\n')
    assert "account[0].name" in empty_house.refuses("check", empty_house.directory / "new.toml")


def test_a_target_that_is_the_installation_itself(empty_house: House) -> None:
    empty_house.apply(FINE.replace("192.0.2.0/24", "127.0.0.1").replace("192.0.2.1", "127.0.0.1:8123"))
    assert empty_house.says("check") == "Everything is in order.\n"
    result = empty_house.run("check", ODZEW_LISTEN="127.0.0.1:8123")
    assert result.exit_code == 1
    assert "this installation itself" in result.stdout


NAMES = {"public.example": ["93.184.215.14"], "private.example": ["10.1.2.3"], "both.example": ["93.184.215.14", "10.1.2.3"]}


def look_up(host: str) -> list[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


@pytest.mark.parametrize(
    ("url", "allow", "says"),
    [
        ("http://public.example/", (), None),
        ("http://private.example/", (), "10.1.2.3 is private"),
        ("http://private.example:8080/", ("10.0.0.0/8:8080",), None),
        ("http://private.example:8081/", ("10.0.0.0/8:8080",), "10.1.2.3 is private"),
        ("http://both.example/", (), "10.1.2.3 is private"),
        ("http://none.example/", (), "none.example was not resolved"),
        ("http://public.example:25/", (), "port 25"),
        ("http://0x7f000001/", (), "127.0.0.1 is loopback"),
        ("http://[::1]/", (), "::1 is loopback"),
        ("http://127.0.0.1./", (), "127.0.0.1 is loopback"),
    ],
)
async def test_hosts_are_judged_as_a_call_would_be(url: str, allow: tuple[str, ...], says: str | None) -> None:
    resolver = SystemResolver(FixedClock(), lookup=look_up)
    try:
        told = await reach_by(resolver, Guard())(Template.parse(url), Account(1, "acme", forward_allow=allow))
    finally:
        resolver.close()
    assert (told is None) if says is None else (told is not None and says in told)

"""`odzew apply`: the set-up file from the command line (what it changes is tested in tests/setup)."""

from __future__ import annotations

import re

import pytest

from odzew.access.tokens import hash_token
from odzew.store.directory import Directory, load
from tests.cli.house import SETUP, House


def test_what_was_changed_is_said_and_a_second_time_there_is_nothing(empty_house: House) -> None:
    file = empty_house.directory / "setup.toml"
    file.write_text(SETUP)
    first = empty_house.says("apply", file)
    assert "create account acme: company Acme sp. z o.o." in first
    assert "create user webapi_acme" in first
    assert "secret" not in first
    assert empty_house.says("apply", file) == "Nothing to change: everything is as the file says.\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(there: bool, empty_house: House) -> None:
    if there:
        empty_house.apply('[[account]]\nname = "first"\n')
    file = empty_house.directory / "setup.toml"
    file.write_text(SETUP)
    told = empty_house.says("apply", file, "--dry-run").splitlines()
    assert told
    assert all(line.startswith("would create ") for line in told)
    if there:
        assert [row["name"] for row in empty_house.json("account", "list")] == ["first"]
    else:
        assert list(empty_house.directory.iterdir()) == [file]


def test_a_token_without_a_value_is_printed_once(empty_house: House) -> None:
    file = empty_house.directory / "setup.toml"
    file.write_text('[[account]]\nname = "acme"\n[[account.token]]\nname = "crm"\n')
    found = re.search(r"^token acme/crm: ([0-9a-f]{32})$", empty_house.says("apply", file), re.MULTILINE)
    assert found
    directory: Directory = empty_house.read(load)
    assert directory.tokens[hash_token(found[1])].name == "crm"
    assert "token acme/crm" not in empty_house.says("apply", file)


def test_a_password_is_set_anew_only_when_asked(house: House) -> None:
    file = house.directory / "setup.toml"
    before = house.read(load).users["webapi_acme"].password_hash
    assert before.startswith("$argon2id$")
    house.says("apply", file)
    assert house.read(load).users["webapi_acme"].password_hash == before
    assert "webapi_acme" in house.says("apply", file, "--reset-passwords")
    assert house.read(load).users["webapi_acme"].password_hash != before


def test_values_are_taken_from_the_environment(empty_house: House) -> None:
    file = empty_house.directory / "setup.toml"
    file.write_text('[[account]]\nname = "acme"\n[[account.token]]\nname = "crm"\nvalue = "env:CRM"\n')
    assert "CRM is not set" in empty_house.refuses("apply", file, CRM=None)
    assert "create token acme/crm" in empty_house.says("apply", file, CRM="1" * 32)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[account]\n", "not valid TOML"),
        ('[[account]]\nname = ""\n', "account[0].name"),
        ('[[acount]]\nname = "acme"\n', "did you mean"),
        ("\x00", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_told_fault_by_fault_and_changes_nothing(text: str, says: str, house: House) -> None:
    file = house.directory / "wrong.toml"
    file.write_text(text)
    assert says in house.refuses("apply", file)
    assert len(house.json("account", "list")) == 2


def test_every_fault_has_its_line(house: House) -> None:
    file = house.directory / "wrong.toml"
    file.write_text('[[account]]\nname = ""\n[[number]]\naddress = "x"\nservice = "y"\n')
    assert [line.partition(":")[0] for line in house.refuses("apply", file).splitlines()] == ["odzew"] * 3


def test_a_file_that_is_not_there(house: House) -> None:
    assert "none.toml: cannot be read" in house.refuses("apply", house.directory / "none.toml")


def test_pruning_asks_first_and_a_no_changes_nothing(house: House) -> None:
    file = house.directory / "less.toml"
    file.write_text('[[account]]\nname = "acme"\n')
    would = house.says("apply", file, "--prune", "--dry-run")
    assert "would remove user webapi_acme" in would
    refused = house.run("apply", file, "--prune", input="n\n")
    assert refused.exit_code == 1
    assert "would remove user webapi_acme" in refused.output
    assert "webapi_acme" in house.read(load).users
    assert "remove user webapi_acme" in house.run("apply", file, "--prune", input="y\n").output
    assert "webapi_acme" not in house.read(load).users
    assert house.says("apply", file, "--prune", "--yes") == "Nothing to change: everything is as the file says.\n"

"""`odzew token`: made once, shown once, taken away for good."""

from __future__ import annotations

import pytest

from odzew.access.tokens import find_token
from odzew.model import Token
from odzew.store.directory import Directory, load
from tests.cli.house import House


def known(house: House, value: str) -> Token | None:
    directory: Directory = house.read(load)
    return find_token(directory.tokens, value)


def names(house: House, *words: str) -> list[tuple[str, str]]:
    return [(row["account"], row["name"]) for row in house.json("token", "list", *words)]


def test_a_token_is_printed_alone_and_works(house: House) -> None:
    result = house.run("token", "create", "app", "--account", "acme")
    value = result.stdout.removesuffix("\n")
    assert (len(value), set(value) <= set("0123456789abcdef")) == (32, True)
    assert "shown this once" in result.stderr
    token = known(house, value)
    assert token is not None
    assert (token.name, token.roles, token.allow_from) == ("app", ("api", "numbers"), ())


def test_its_rights_can_be_less(house: House) -> None:
    words = ("--account", "acme", "--without-numbers", "--allow-from", "10.0.0.0/8", "--allow-from", "192.0.2.7")
    token = known(house, house.says("token", "create", "app", *words).strip())
    assert token is not None
    assert (token.roles, token.allow_from) == (("api",), ("10.0.0.0/8", "192.0.2.7"))


def test_the_operators_token_is_nobodys(house: House) -> None:
    token = known(house, house.says("token", "create", "app", "--operator").strip())
    assert token is not None
    assert token.account_id is None


def test_in_json(house: House) -> None:
    made = house.json("token", "create", "app", "--account", "acme")
    assert (made["account"], made["name"]) == ("acme", "app")
    assert known(house, made["token"]) is not None


def test_the_list_has_names_and_no_tokens(house: House) -> None:
    assert names(house) == [("(operator)", "platform"), ("acme", "crm")]
    assert names(house, "--account", "acme") == [("acme", "crm")]
    assert names(house, "--account", "other") == []


def test_a_revoked_token_is_gone_and_its_name_free(house: House) -> None:
    assert known(house, "1" * 32) is not None
    assert house.says("token", "revoke", "crm", "--account", "acme") == "The token crm is no longer valid.\n"
    assert known(house, "1" * 32) is None
    assert names(house) == [("(operator)", "platform")]
    house.says("token", "create", "crm", "--account", "acme")


def test_a_running_server_is_told(house: House) -> None:
    before = house.read(load).counter
    house.says("token", "create", "app", "--account", "acme")
    made = house.read(load).counter
    house.says("token", "revoke", "app", "--account", "acme")
    assert before < made < house.read(load).counter


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["create", "app"], 2, "say whose it is"),
        (["create", "app", "--operator", "--account", "acme"], 2, "say whose it is"),
        (["create", "app", "--account", "nobody"], 1, "there is no account"),
        (["create", "crm", "--account", "acme"], 1, "there is a token 'crm' already"),
        (["create", "platform", "--operator"], 1, "already"),
        (["create", "", "--operator"], 2, "is no name"),
        (["create", "a\nb", "--operator"], 2, "is no name"),
        (["create", "x" * 65, "--operator"], 2, "is no name"),
        (["create", "half \udcff", "--operator"], 2, "is no name"),
        (["create", "app", "--account", "acme", "--allow-from", "everywhere"], 2, "is no network"),
        (["revoke", "crm"], 2, "say whose it is"),
        (["revoke", "crm", "--operator"], 1, "there is no token 'crm'"),
        (["revoke", "crm", "--account", "other"], 1, "there is no token 'crm'"),
        (["revoke", "half \udcff", "--account", "acme"], 2, "is no name"),
        (["list", "--account", "nobody"], 1, "there is no account"),
    ],
)
def test_refusals_change_nothing(words: list[str], code: int, says: str, house: House) -> None:
    assert says in house.refuses("token", *words, code=code)
    assert names(house) == [("(operator)", "platform"), ("acme", "crm")]

"""`odzew account`: what belongs to a customer, and no secret of it."""

from __future__ import annotations

from tests.cli.house import OWN, SHARED, House


def test_the_list(house: House) -> None:
    assert house.json("account", "list") == [
        {"name": "acme", "company": "Acme sp. z o.o.", "active": True, "numbers": 0, "keywords": 1, "users": 1, "tokens": 1, "targets": 1},
        {"name": "other", "company": "", "active": True, "numbers": 1, "keywords": 0, "users": 0, "tokens": 0, "targets": 0},
    ]


def test_the_list_for_people(house: House) -> None:
    assert [line.split()[0] for line in house.says("account", "list").splitlines()] == ["name", "acme", "other"]


def test_one_account(house: House) -> None:
    whole = house.json("account", "show", "acme")
    assert {name: whole[name] for name in ("keywords", "users", "tokens", "targets", "time_zone", "forward_allow")} == {
        "keywords": [f"{SHARED}/AUTO"],
        "users": ["webapi_acme (api)"],
        "tokens": ["crm"],
        "targets": ["acme sms http://192.0.2.1/sms?nr=#NUMER#&id=#ID#"],
        "time_zone": "Europe/Warsaw",
        "forward_allow": [],
    }
    assert house.json("account", "show", "other")["numbers"] == [f"{OWN} (ndi)"]


def test_no_secret_is_shown(house: House) -> None:
    for told in (house.says("account", "show", "acme"), house.says("account", "show", "acme", "--json"), house.says("token", "list")):
        assert "secret" not in told
        assert "argon2" not in told
        assert "1" * 32 not in told


def test_a_target_that_is_off_says_so(house: House) -> None:
    house.apply('[[account]]\nname = "acme"\n[[account.forward]]\nfor = "sms"\nurl = "http://192.0.2.1/"\nactive = false\n')
    assert house.json("account", "show", "acme")["targets"] == ["acme sms http://192.0.2.1/ (off)"]


def test_one_that_is_not_there(house: House) -> None:
    assert house.refuses("account", "show", "nobody") == "odzew: there is no account 'nobody'\n"


def test_none_at_all(empty_house: House) -> None:
    empty_house.apply('[[source]]\nname = "a"\nprotocol = "http"\ntoken = "aggregator-token"\n')
    assert empty_house.run("account", "list").stderr == "There is no account.\n"

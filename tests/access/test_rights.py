"""The gate: who may enter, with which error not, and that each call is judged by the directory as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.rights import Caller, source_token
from odzew.access.throttle import DEFAULT_LIMITS
from odzew.clock import FixedClock
from odzew.errors import Busy, ContractError
from tests.access.builders import HERE, PASSWORD, TOKEN, House, a_directory, a_source, a_token, a_user, an_account, turns

OTHER_TOKEN = "f" * 32
ELSEWHERE = "198.51.100.20"
OFFICE = ("192.0.2.0/24",)


@pytest.fixture
def house(clock: FixedClock) -> Iterator[House]:
    made = House(clock)
    yield made
    made.verifier.close()


async def enter(
    house: House, *, bearer: str | None = None, username: str | None = None, password: str | None = None, address: str = HERE
) -> Caller:
    return await house.gate.enter(bearer=bearer, username=username, password=password, address=address)


async def refusal(
    house: House, *, bearer: str | None = None, username: str | None = None, password: str | None = None, address: str = HERE
) -> int | None:
    """The number of the error; None if the caller was let in."""
    try:
        await enter(house, bearer=bearer, username=username, password=password, address=address)
    except ContractError as error:
        return error.code
    return None


@dataclass(frozen=True)
class Case:
    """One caller at the gate: what is amiss with it, and the number of the error."""

    code: int | None
    roles: tuple[str, ...] = ("api",)
    own_list: tuple[str, ...] = ()
    account_list: tuple[str, ...] = ()
    active: bool = True
    right: bool = True
    address: str = HERE


CASES = {
    "all is well": Case(None),
    "wrong": Case(1001, right=False),
    "wrong comes first": Case(1001, right=False, roles=(), own_list=OFFICE, active=False, address=ELSEWHERE),
    "may not use the API": Case(1002, roles=("panel", "owner", "numbers")),
    "no rights at all": Case(1002, roles=()),
    "no right before the address": Case(1002, roles=(), own_list=OFFICE, active=False, address=ELSEWHERE),
    "on its own list": Case(None, own_list=OFFICE),
    "on the account's list": Case(None, account_list=OFFICE),
    "on both lists": Case(None, own_list=OFFICE, account_list=("192.0.2.10",)),
    "mapped": Case(None, own_list=OFFICE, address=f"::ffff:{HERE}"),
    "not on its own list": Case(1003, own_list=OFFICE, account_list=("0.0.0.0/0",), address=ELSEWHERE),
    "not on the account's list": Case(1003, own_list=("0.0.0.0/0",), account_list=OFFICE, address=ELSEWHERE),
    "the address before the account's state": Case(1003, account_list=OFFICE, active=False, address=ELSEWHERE),
    "no address where one is asked for": Case(1003, own_list=OFFICE, address=""),
    "account not active": Case(1007, active=False),
}


@pytest.mark.parametrize("way", ["token", "user"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_each_caller_is_let_in_or_told_the_first_thing_amiss(house: House, case: Case, way: str) -> None:
    account = an_account(active=case.active, allow_from=case.account_list)
    if way == "token":
        house.holds(account, a_token(account, roles=case.roles, allow_from=case.own_list))
        assert await refusal(house, bearer=TOKEN if case.right else OTHER_TOKEN, address=case.address) == case.code
    else:
        house.holds(account, a_user(account, roles=case.roles, allow_from=case.own_list))
        password = PASSWORD if case.right else "other"
        assert await refusal(house, username="webapi", password=password, address=case.address) == case.code


async def test_a_caller_is_the_account_the_name_and_the_rights(house: House) -> None:
    account = an_account()
    house.holds(account, a_token(account, roles=("api",)), a_user(account, login="jan", roles=("api", "numbers", "owner")))
    by_token = await enter(house, bearer=TOKEN)
    assert by_token == Caller(account, "crm", frozenset({"api"}))
    assert not by_token.may("numbers")
    by_password = await enter(house, username="jan", password=PASSWORD)
    assert by_password == Caller(account, "jan", frozenset({"api", "numbers", "owner"}))
    assert by_password.may("numbers")


MISSING: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    ("", ""),
    ("webapi", None),
    ("webapi", ""),
    (None, PASSWORD),
    ("", PASSWORD),
)


@pytest.mark.parametrize(("username", "password"), MISSING)
async def test_what_is_missing_is_1001_and_neither_computed_nor_counted(house: House, username: str | None, password: str | None) -> None:
    account = an_account()
    house.holds(account, a_user(account))
    for _ in range(DEFAULT_LIMITS.refuse_after + 1):
        assert await refusal(house, username=username, password=password) == 1001
    assert house.verifier.verifications == 0
    assert await refusal(house, username="webapi", password=PASSWORD) is None


BEARERS = ("", " ", "0", TOKEN.upper(), f" {TOKEN}", f"{TOKEN},{TOKEN}", "\0", "\udcff", "x" * 100_000, OTHER_TOKEN)


@pytest.mark.parametrize("bearer", BEARERS)
async def test_a_bearer_wins_even_if_it_is_wrong(house: House, bearer: str) -> None:
    account = an_account()
    house.holds(account, a_token(account), a_user(account))
    assert await refusal(house, bearer=bearer, username="webapi", password=PASSWORD) == 1001
    assert await refusal(house, bearer=TOKEN, username="webapi", password="other") is None
    assert house.verifier.verifications == 0


LOGINS = ("nobody", "WEBAPI", "webapi ", "webapi\0", "\ud800", "x" * 1_000_000, "ｗebapi")


@pytest.mark.parametrize("login", LOGINS)
async def test_an_unknown_login_costs_what_a_wrong_password_costs(house: House, login: str) -> None:
    account = an_account()
    house.holds(account, a_user(account))
    assert await refusal(house, username=login, password=PASSWORD) == 1001
    assert house.verifier.verifications == 1
    assert await refusal(house, username="webapi", password="other") == 1001
    assert house.verifier.verifications == 2


async def test_the_operators_people_and_tokens_never_enter_the_api(house: House) -> None:
    house.holds(an_account(), a_token(None), a_user(None, login="ops"))
    assert await refusal(house, bearer=TOKEN) == 1001
    for computed in (1, 2):  # nor does the time tell that the password was right: nothing is remembered
        assert await refusal(house, username="ops", password=PASSWORD) == 1001
        assert house.verifier.verifications == computed


async def test_people_of_an_account_that_is_gone_do_not_enter(house: House) -> None:
    gone = an_account()
    house.holds(a_token(gone), a_user(gone))
    assert await refusal(house, bearer=TOKEN) == 1001
    assert await refusal(house, username="webapi", password=PASSWORD) == 1001


async def test_a_token_is_judged_anew_at_each_call(house: House) -> None:
    account = an_account()
    token = a_token(account)
    for people, code in (
        ((account, token), None),
        ((account, replace(token, roles=("numbers",))), 1002),
        ((account, replace(token, allow_from=("10.0.0.0/8",))), 1003),
        ((replace(account, allow_from=("10.0.0.0/8",)), token), 1003),
        ((replace(account, active=False), token), 1007),
        ((account,), 1001),
        ((account, token), None),
    ):
        house.directory = a_directory(*people)
        assert await refusal(house, bearer=TOKEN) == code


async def test_a_user_is_judged_anew_at_each_call_though_the_password_is_remembered(house: House) -> None:
    account = an_account()
    user = a_user(account)
    house.holds(account, user)
    for _ in range(3):
        assert await refusal(house, username="webapi", password=PASSWORD) is None
    assert house.verifier.verifications == 1
    house.directory = a_directory(replace(account, active=False), user)
    assert await refusal(house, username="webapi", password=PASSWORD) == 1007
    house.directory = a_directory(replace(account, allow_from=("10.0.0.0/8",)), user)
    assert await refusal(house, username="webapi", password=PASSWORD) == 1003
    assert house.verifier.verifications == 1  # none of these is about the user
    house.holds(account, user)
    house.changes(user, roles=("panel",))
    assert await refusal(house, username="webapi", password=PASSWORD) == 1002
    house.changes(user, password_hash=a_user(account, password="new").password_hash)
    assert await refusal(house, username="webapi", password=PASSWORD) == 1001
    assert await refusal(house, username="webapi", password="new") is None
    house.holds(account)
    assert await refusal(house, username="webapi", password="new") == 1001


MEANWHILE = (
    # what changed while the hash was computed, the error
    ({"password_hash": "changed"}, 1001),
    ({"roles": ()}, 1002),
    ({"allow_from": ("10.0.0.0/8",)}, 1003),
    ({"account_id": None}, 1001),
)


@pytest.mark.parametrize(("change", "code"), MEANWHILE)
async def test_a_change_while_the_password_is_verified_counts(house: House, change: dict[str, object], code: int) -> None:
    account = an_account()
    user = a_user(account)
    house.holds(account, user)
    # The first turn of the loop starts the verification, whose answer cannot come before the change that is planned behind it.
    call = asyncio.create_task(refusal(house, username="webapi", password=PASSWORD))
    asyncio.get_running_loop().call_soon(lambda: house.changes(user, **change))
    assert await call == code


async def test_wrong_passwords_are_slowed_and_refused_and_a_valid_token_never_is(house: House, clock: FixedClock) -> None:
    account = an_account()
    house.holds(account, a_user(account), a_token(account))
    for _ in range(10):
        assert await refusal(house, username="webapi", password="other") == 1001
    for _ in range(10):
        attempt = asyncio.create_task(refusal(house, username="webapi", password="other"))
        await turns()
        assert not attempt.done()
        assert await refusal(house, bearer=TOKEN) is None
        clock.advance(4)
        assert await attempt == 1001
    for _ in range(3):
        with pytest.raises(Busy):
            await enter(house, username="webapi", password=PASSWORD)
        assert await refusal(house, bearer=TOKEN) is None
    assert house.verifier.verifications == 20  # what is refused is not computed
    clock.advance(300)
    assert await refusal(house, username="webapi", password=PASSWORD) is None


async def test_wrong_tokens_count_against_their_address(house: House, clock: FixedClock) -> None:
    account = an_account()
    house.holds(account, a_user(account), a_token(account))
    for _ in range(10):
        assert await refusal(house, bearer=OTHER_TOKEN) == 1001
        assert await refusal(house, bearer=TOKEN) is None
    attempt = asyncio.create_task(refusal(house, bearer=OTHER_TOKEN))
    await turns()
    assert not attempt.done()  # it has to wait
    clock.advance(1)
    assert await attempt == 1001
    for _ in range(9):
        house.throttle.failed(HERE, None)
    with pytest.raises(Busy):
        await enter(house, bearer=OTHER_TOKEN)
    with pytest.raises(Busy):
        await enter(house, username="webapi", password=PASSWORD)
    assert await refusal(house, bearer=OTHER_TOKEN, address=ELSEWHERE) == 1001
    assert await refusal(house, bearer=TOKEN) is None


async def test_what_is_right_but_not_let_in_is_no_failure(house: House) -> None:
    account = an_account(active=False)
    house.holds(account, a_user(account), a_token(account))
    for _ in range(DEFAULT_LIMITS.refuse_after + 1):
        assert await refusal(house, username="webapi", password=PASSWORD) == 1007
        assert await refusal(house, bearer=TOKEN) == 1007


async def test_too_many_log_ins_at_once_are_busy_and_not_failures(house: House) -> None:
    account = an_account()
    users = [a_user(account, login=f"user-{number}") for number in range(40)]
    house.holds(account, *users)
    calls = [enter(house, username=user.login, password=PASSWORD, address=f"192.0.2.{number}") for number, user in enumerate(users)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, Caller) for answer in answers] == [True] * 34 + [False] * 6
    assert {type(answer) for answer in answers[34:]} == {Busy}
    assert await refusal(house, username="user-39", password=PASSWORD) is None


OPERATORS = (
    # what is presented, of the operator?, its list, from, the error
    (TOKEN, True, (), HERE, None),
    (TOKEN, True, OFFICE, HERE, None),
    (TOKEN, True, OFFICE, ELSEWHERE, 1003),
    (TOKEN, False, (), HERE, 1001),
    (OTHER_TOKEN, True, (), HERE, 1001),
    ("", True, (), HERE, 1001),
    ("\udcff", True, (), HERE, 1001),
    (None, True, (), HERE, 1001),
)


@pytest.mark.parametrize(("bearer", "operators", "networks", "address", "code"), OPERATORS)
async def test_only_the_operators_tokens_make_the_operators_calls(
    house: House, bearer: str | None, operators: bool, networks: tuple[str, ...], address: str, code: int | None
) -> None:
    account = an_account()
    token = a_token(None if operators else account, allow_from=networks)
    house.holds(account, token)
    if code is None:
        assert house.gate.operator(bearer, address) is token
    else:
        with pytest.raises(ContractError) as refused:
            house.gate.operator(bearer, address)
        assert refused.value.code == code


SOURCES = (
    (TOKEN, TOKEN, True),
    (TOKEN, OTHER_TOKEN, False),
    (TOKEN, TOKEN.upper(), False),
    (TOKEN, "", False),
    (TOKEN, None, False),
    (None, TOKEN, False),
    (None, "", False),
    (None, None, False),
)


@pytest.mark.parametrize(("held", "presented", "right"), SOURCES)
def test_a_source_is_known_by_its_token(held: str | None, presented: str | None, right: bool) -> None:
    assert source_token(a_source(held), presented) is right


ANYTHING = st.none() | st.text(st.characters(exclude_categories=()), max_size=40)


@given(ANYTHING, ANYTHING, ANYTHING, st.text(st.characters(exclude_categories=()), max_size=40))
async def test_any_words_are_refused_with_an_error_of_the_contract(
    bearer: str | None, username: str | None, password: str | None, address: str
) -> None:
    house = House(FixedClock())
    account = an_account()
    house.holds(account, a_user(account), a_token(account, value=OTHER_TOKEN))
    try:
        assert await refusal(house, bearer=bearer, username=username, password=password, address=address) == 1001
    finally:
        house.verifier.close()

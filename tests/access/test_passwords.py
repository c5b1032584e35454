"""Passwords. That two log-ins cost the same is shown by counting verifications, never by timing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type, hash_secret
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.passwords import DEFAULT_COST, LONGEST_PASSWORD, Cost, Verifier, hash_password
from odzew.clock import FixedClock
from odzew.errors import Busy, SettingError
from odzew.model import User
from tests.access.builders import CHEAP, PASSWORD, a_user

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.fixture
def verifier(clock: FixedClock) -> Iterator[Verifier]:
    made = Verifier(clock, CHEAP)
    yield made
    made.close()


def test_the_hash_is_argon2id_as_published_in_the_contract() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert extract_parameters(stored).salt_len == 16
    assert extract_parameters(stored).hash_len == 32
    assert Cost() == DEFAULT_COST == Cost(19 * 1024, 2, 1)


async def test_with_the_real_cost_the_right_password_is_right(clock: FixedClock) -> None:
    verifier = Verifier(clock)
    user = User(1, 1, "webapi", hash_password(PASSWORD))
    assert await verifier.verify("webapi", user, PASSWORD)
    assert not await verifier.verify("webapi", user, PASSWORD + " ")
    assert not await verifier.verify("nobody", None, PASSWORD)
    verifier.close()


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(PASSWORD, CHEAP) != hash_password(PASSWORD, CHEAP)


@pytest.mark.parametrize("password", ["", "a\0b", "\ud800", "x" * 1025, "ż" * 513])
def test_what_could_never_be_presented_is_not_hashed(password: str) -> None:
    with pytest.raises(SettingError, match="1 to 1024 octets"):
        hash_password(password, CHEAP)


def test_a_cost_that_argon2_refuses_is_a_setting_error() -> None:
    with pytest.raises(SettingError, match="argon2 refuses"):
        hash_password(PASSWORD, Cost(memory_kib=1, passes=0, lanes=1))


RIGHT = ("x", " ", PASSWORD, "p" * LONGEST_PASSWORD, "ż" * 512, "🙂", "a,b'c\"d\\", "\n")


@pytest.mark.parametrize("password", RIGHT)
async def test_any_possible_password_is_verified(verifier: Verifier, password: str) -> None:
    assert await verifier.verify("webapi", a_user(password=password), password)


WRONG = (
    # what is shown, the presented password
    ("another", "other"),
    ("a blank more", PASSWORD + " "),
    ("in capitals", PASSWORD.upper()),
    ("without its end", PASSWORD[:-1]),
    ("NUL at the end", PASSWORD + "\0"),
    ("NUL alone", "\0"),
    ("a lone surrogate", "\ud800"),
    ("empty", ""),
    ("over 1,024 octets", "x" * 1025),
    ("over 1,024 octets in fewer letters", "ż" * 513),
    ("a megabyte", "x" * 1_000_000),
)


@pytest.mark.parametrize("password", [case[1] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_a_wrong_log_in_costs_the_same_whatever_is_wrong(verifier: Verifier, password: str) -> None:
    user = a_user()
    assert not await verifier.verify("webapi", user, password)
    assert verifier.verifications == 1
    assert not await verifier.verify("nobody", None, password)
    assert verifier.verifications == 2
    assert not await verifier.verify("webapi", user, password)  # what was wrong is not remembered
    assert verifier.verifications == 3


BROKEN_HASHES = (
    "",
    "!",
    "x" * 10_000,
    "$argon2id$",
    "$argon2id$v=19$m=8,t=1,p=1$",
    "$argon2id$v=19$m=8,t=1,p=1$!!!!$!!!!",
    "$argon2id$ż",
    "\ud800",
    "\0",
    "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    hash_secret(PASSWORD.encode(), b"saltsalt", 1, 8, 1, 32, Type.I).decode(),
)


@pytest.mark.parametrize("stored", BROKEN_HASHES)
async def test_a_user_without_a_usable_hash_is_refused_at_the_same_cost(verifier: Verifier, stored: str) -> None:
    assert not await verifier.verify("webapi", User(1, 1, "webapi", stored), PASSWORD)
    assert not await verifier.verify("webapi", User(1, 1, "webapi", stored), "")
    assert verifier.verifications == 2


@given(ANY_TEXT, ANY_TEXT)
async def test_any_texts_are_judged(login: str, password: str) -> None:
    verifier = Verifier(FixedClock(), CHEAP)
    try:
        assert await verifier.verify(login, a_user(), password) is (password == PASSWORD)
        assert not await verifier.verify(login, None, password)
    finally:
        verifier.close()


async def test_a_verified_password_is_remembered_for_a_minute(verifier: Verifier, clock: FixedClock) -> None:
    user = a_user()
    for seconds, computed in ((0, 1), (30, 1), (29, 1), (1, 2), (59, 2), (1, 3)):
        clock.advance(seconds)
        assert await verifier.verify("webapi", user, PASSWORD)
        assert verifier.verifications == computed


async def test_the_memory_of_a_right_password_does_not_help_a_wrong_one(verifier: Verifier) -> None:
    user = a_user()
    assert await verifier.verify("webapi", user, PASSWORD)
    assert not await verifier.verify("webapi", user, "other")
    assert not await verifier.verify("webapi", None, PASSWORD)
    assert not await verifier.verify("nobody", a_user(login="nobody", password="other"), PASSWORD)
    assert verifier.verifications == 4


CHANGES = (
    # what changed, the user as the directory now has it, right?
    ("the password", User(1, 1, "webapi", hash_password("new", CHEAP), ("api",)), False),
    ("the hash of the same password", User(1, 1, "webapi", hash_password(PASSWORD, CHEAP), ("api",)), True),
    ("the rights", User(1, 1, "webapi", "", ()), True),
    ("the addresses", User(1, 1, "webapi", "", ("api",), ("10.0.0.0/8",)), True),
    ("the account", User(1, 2, "webapi", "", ("api",)), True),
    ("the user was made anew", User(2, 1, "webapi", "", ("api",)), True),
    ("removed", None, False),
)


@pytest.mark.parametrize(("changed", "right"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
async def test_a_remembered_password_is_forgotten_when_the_user_changes(verifier: Verifier, changed: User | None, right: bool) -> None:
    stored = hash_password(PASSWORD, CHEAP)
    assert await verifier.verify("webapi", User(1, 1, "webapi", stored, ("api",)), PASSWORD)
    if changed is not None and not changed.password_hash:
        changed = User(changed.id, changed.account_id, changed.login, stored, changed.roles, changed.allow_from)
    assert await verifier.verify("webapi", changed, PASSWORD) is right
    assert verifier.verifications == 2


async def test_the_memory_is_bounded_and_the_oldest_goes_first(clock: FixedClock) -> None:
    verifier = Verifier(clock, CHEAP, most_remembered=2)
    users = [a_user(login=f"user-{number}") for number in range(3)]
    for user in users:
        assert await verifier.verify(user.login, user, PASSWORD)
    assert verifier.verifications == 3
    for user in reversed(users):  # two are known still; the first must be computed again
        assert await verifier.verify(user.login, user, PASSWORD)
    assert verifier.verifications == 4
    verifier.close()


@pytest.mark.parametrize("user", [a_user(), None], ids=["a user", "nobody"])
async def test_equal_log_ins_at_the_same_time_share_one_verification(verifier: Verifier, user: User | None) -> None:
    answers = await asyncio.gather(*(verifier.verify("webapi", user, PASSWORD) for _ in range(100)))
    assert answers == [user is not None] * 100
    assert verifier.verifications == 1


async def test_two_are_verified_and_32_wait_and_the_next_is_busy(verifier: Verifier) -> None:
    user = a_user()
    answers = await asyncio.gather(*(verifier.verify("webapi", user, f"guess {n}") for n in range(40)), return_exceptions=True)
    assert answers[:34] == [False] * 34
    assert [type(answer) for answer in answers[34:]] == [Busy] * 6
    assert verifier.verifications == 34
    assert await verifier.verify("webapi", user, PASSWORD)  # the queue has emptied


async def test_at_most_two_run_at_once_and_none_on_the_event_loop(verifier: Verifier) -> None:
    before = {thread for thread in threading.enumerate() if thread.name.startswith("password")}
    await asyncio.gather(*(verifier.verify("webapi", None, f"guess {n}") for n in range(34)))
    threads = {thread for thread in threading.enumerate() if thread.name.startswith("password")} - before
    assert 1 <= len(threads) <= 2
    assert threading.current_thread() not in threads


async def test_one_who_goes_away_does_not_disturb_those_who_share(verifier: Verifier) -> None:
    user = a_user()
    calls = [asyncio.create_task(verifier.verify("webapi", user, PASSWORD)) for _ in range(3)]
    asyncio.get_running_loop().call_soon(calls[0].cancel)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert answers[1:] == [True, True]
    assert verifier.verifications == 1


async def test_a_closed_verifier_is_busy_and_answers_who_waits(clock: FixedClock) -> None:
    verifier = Verifier(clock, CHEAP)
    user = a_user()
    assert await verifier.verify("webapi", user, PASSWORD)
    calls = [asyncio.create_task(verifier.verify("webapi", user, f"guess {n}")) for n in range(34)]
    asyncio.get_running_loop().call_soon(verifier.close)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(answer is False or isinstance(answer, Busy) for answer in answers)
    with pytest.raises(Busy):
        await verifier.verify("webapi", user, PASSWORD)


OUT_OF_MEMORY = """
import asyncio, resource
from odzew.access.passwords import Cost, Verifier
from odzew.clock import FixedClock
from odzew.errors import Busy
from odzew.model import User

async def main():
    verifier = Verifier(FixedClock(), Cost(8, 1, 1))
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    stored = "$argon2id$v=19$m=8388608,t=1,p=1$c2FsdHNhbHQ$" + "A" * 43  # 8 GiB
    try:
        await verifier.verify("webapi", User(1, 1, "webapi", stored), "x")
    except Busy as busy:
        print(busy)
    verifier.close()

asyncio.run(main())
"""


def test_want_of_memory_is_busy_and_not_a_wrong_password() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ran = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "a password could not be verified: Memory allocation error\n"

"""Recovery codes: shown once, each lets in once where the app is lost, renewed with the password, counted and warned of."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.panel.recovery import ALPHABET, COUNT, digest_of, make_codes
from odzew.store.db import statement
from tests.panel.house import OPERATOR, OWNER, PASSWORD, House, Person, Seen
from tests.panel.rows import audited
from tests.panel.test_one_time import code, offered

SPELLED = re.compile(r"\b[2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}\b")


async def switched_on(house: House, clock: FixedClock, login: str = OWNER) -> tuple[Person, list[str]]:
    """Somebody who has switched one-time codes on, and the recovery codes that were shown."""
    person = await house.browse(login)
    secret, offer = await offered(person)
    seen = await person.post("/account/codes", {"offer": offer, "code": code(secret, clock)})
    return person, SPELLED.findall(seen.text)


async def log_in(house: House, typed: str, login: str = OWNER) -> tuple[Person, Seen]:
    """A log-in from elsewhere with a recovery code, and its answer."""
    person = await house.browse()
    await person.post("/login", {"login": login, "password": PASSWORD})
    return person, await person.post("/login/code", {"recovery": typed, "next": "/inbox"})


def test_codes_are_plain_to_read_and_never_the_same() -> None:
    codes = {one for _ in range(200) for one in make_codes()}
    assert len(codes) == 200 * COUNT
    assert all(SPELLED.fullmatch(one) for one in codes)
    assert not set("01ILO") & set(ALPHABET)
    assert {letter for one in codes for letter in one} - {"-"} == set(ALPHABET)


@given(st.text(max_size=30) | st.text(alphabet=ALPHABET + ALPHABET.lower() + "- ", max_size=14))
def test_what_is_typed_is_a_code_or_nothing(typed: str) -> None:
    bare = typed.replace("-", "").replace(" ", "").upper()
    assert (digest_of(7, typed) is not None) == (len("".join(bare.split())) == 10 and set("".join(bare.split())) <= set(ALPHABET))


def test_a_digest_is_of_one_user_and_of_any_spelling() -> None:
    same = {digest_of(7, typed) for typed in ("K7M2P-X9QRT", "k7m2px9qrt", " k7m2p x9qrt ", "K7M2P\u00a0X9QRT", "k-7-m-2-p-x-9-q-r-t")}
    assert len(same) == 1
    assert digest_of(8, "K7M2P-X9QRT") not in same


@pytest.mark.parametrize("login", [OWNER, OPERATOR])
async def test_each_lets_in_once(house: House, clock: FixedClock, login: str) -> None:
    _, codes = await switched_on(house, clock, login)
    assert len(set(codes)) == COUNT
    person, answer = await log_in(house, codes[0].lower(), login)
    assert (answer.status, answer.location) == (303, "/inbox")
    assert "9 recovery codes are left." in (await person.get("/account")).shown
    stranger, answer = await log_in(house, codes[0], login)
    assert (answer.status, "was used already" in answer.shown) == (401, True)
    assert (await stranger.get("/account")).status == 303
    assert [(entry.who, entry.object, entry.detail) for entry in await audited(house, "login.recovery")] == [(login, "", "{}")]


@pytest.mark.parametrize("typed", ["AAAAA-AAAAA", "123456", "0000000000", "<script>alert(1)</script>", "\0", "Ⅷ" * 10, "A" * 5_000])
async def test_what_is_no_code_lets_nobody_in(house: House, clock: FixedClock, typed: str) -> None:
    await switched_on(house, clock)
    person, answer = await log_in(house, typed)
    assert (answer.status, "none of your recovery codes" in answer.shown, "<script>alert" in answer.text) == (401, True, False)
    assert (await person.get("/inbox")).status == 303


async def test_without_the_password_first_a_code_is_worth_nothing(house: House, clock: FixedClock) -> None:
    _, codes = await switched_on(house, clock)
    stranger = await house.browse()
    answer = await stranger.post("/login/code", {"recovery": codes[0]})
    assert (answer.status, answer.location) == (303, "/login")
    assert (await log_in(house, codes[0]))[1].status == 303  # it was not used up


async def test_guesses_are_slowed_as_those_of_one_time_codes(house: House, clock: FixedClock) -> None:
    _, codes = await switched_on(house, clock)
    for _ in range(9):
        assert (await log_in(house, "AAAAA-AAAAA"))[1].status == 401
    for _ in range(11):
        house.server.throttle.failed("127.0.0.1", f"code of {OWNER}")
    answer = (await log_in(house, codes[0]))[1]
    assert (answer.status, "Too many attempts failed" in answer.shown) == (429, True)


async def test_new_ones_ask_for_the_password_and_end_the_old_ones(house: House, clock: FixedClock) -> None:
    anna, codes = await switched_on(house, clock)
    refused = await anna.post("/account/codes/recovery", {"password": "not hers"})
    assert (refused.status, "not your present password" in refused.shown, SPELLED.findall(refused.shown)) == (422, True, [])
    assert not await audited(house, "user.recovery_codes")
    seen = await anna.post("/account/codes/recovery", {"password": PASSWORD})
    new = SPELLED.findall(seen.text)
    assert (seen.status, len(new), seen.headers["cache-control"]) == (200, COUNT, "no-store")
    assert (await log_in(house, codes[0]))[1].status == 401
    assert (await log_in(house, new[0]))[1].status == 303
    assert [entry.who for entry in await audited(house, "user.recovery_codes")] == [OWNER]
    assert not [one for one in (*codes, *new) if one in (await anna.get("/account/codes")).text]


async def test_guesses_of_the_password_are_slowed_too(house: House, clock: FixedClock) -> None:
    anna, _ = await switched_on(house, clock)
    house.server.throttle.failed("127.0.0.1", OWNER)
    for _ in range(20):
        house.server.throttle.failed("127.0.0.1", OWNER)
    seen = await anna.post("/account/codes/recovery", {"password": PASSWORD})
    assert (seen.status, "Too many attempts failed" in seen.shown) == (422, True)


async def test_without_one_time_codes_there_are_no_recovery_codes(house: House) -> None:
    anna = await house.browse(OWNER)
    answer = await anna.post("/account/codes/recovery", {"password": PASSWORD})
    assert (answer.status, answer.location) == (303, "/account/codes")
    assert not await house.server.db.read(statement, "SELECT user_id FROM recovery_codes")
    assert "recovery" not in (await anna.get("/account")).shown


async def test_the_number_left_is_shown_and_few_are_warned_of(house: House, clock: FixedClock) -> None:
    anna, codes = await switched_on(house, clock)
    for left, typed in enumerate(codes[:8], 2):
        person, answer = await log_in(house, typed)
        said = (await person.follow(answer)).shown
        assert f"{11 - left} recovery codes are left." in said
        for path in ("/account", "/account/codes"):
            assert ("Make new ones, lest" in (await anna.get(path)).shown) == (11 - left <= 2), path
    await log_in(house, codes[8])
    assert "1 recovery code is left. Make new ones" in (await anna.get("/account/codes")).shown
    await log_in(house, codes[9])
    assert "0 recovery codes are left. Make new ones" in (await anna.get("/account")).shown


async def test_who_has_lost_the_app_switches_off_with_one(house: House, clock: FixedClock) -> None:
    _, codes = await switched_on(house, clock)
    person, _ = await log_in(house, codes[0])
    refused = await person.post("/account/codes", {"recovery": codes[0]})
    assert (refused.status, "was used already" in refused.shown) == (422, True)
    answer = await person.post("/account/codes", {"recovery": codes[1]})
    assert (answer.status, answer.location) == (303, "/account")
    assert house.server.present.directory.users[OWNER].totp_secret is None
    assert not await house.server.db.read(statement, "SELECT user_id FROM recovery_codes")
    assert len(await audited(house, "user.codes_off")) == 1


async def test_only_digests_are_kept(house: House, clock: FixedClock) -> None:
    _, codes = await switched_on(house, clock)
    rows = await house.server.db.read(statement, "SELECT code_sha256 FROM recovery_codes")
    key = house.server.present.directory.users[OWNER].id
    assert {bytes(row[0]) for row in rows} == {digest_of(key, one) for one in codes}
    details = await house.server.db.read(statement, "SELECT detail, object FROM audit")
    assert not [one for one in codes for row in details if one in f"{row[0]}{row[1]}"]


async def test_who_is_removed_leaves_no_codes(house: House, clock: FixedClock) -> None:
    await switched_on(house, clock, "jan@acme.example")
    anna = await house.browse(OWNER)
    key = house.server.present.directory.users["jan@acme.example"].id
    assert (await anna.post(f"/account/users/{key}/remove")).status == 303
    assert not await house.server.db.read(statement, "SELECT user_id FROM recovery_codes")

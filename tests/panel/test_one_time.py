"""One-time codes: switched on by a code, asked for at the log-in, switched off by another code."""

from __future__ import annotations

import re

import pyotp
import pytest

from odzew.clock import SECOND, FixedClock
from tests.panel.house import OWNER, PASSWORD, House, Person
from tests.panel.rows import audited


def code(secret: str, clock: FixedClock) -> str:
    return pyotp.TOTP(secret).at(clock.now() // SECOND)


async def offered(person: Person) -> tuple[str, str]:
    """(secret, the sealed offer that the form carries)."""
    seen = await person.get("/account/codes")
    (secret,) = re.findall(r"<code>([A-Z2-7]{32})</code>", seen.text)
    (offer,) = re.findall(r'name="offer" value="([^"]+)"', seen.text)
    assert "<svg" in seen.text
    return secret, offer


async def test_on_asked_for_and_off(house: House, clock: FixedClock) -> None:
    anna = await house.browse(OWNER)
    secret, offer = await offered(anna)
    assert secret not in offer
    answer = await anna.post("/account/codes", {"offer": offer, "code": code(secret, clock)})
    assert (answer.status, "Recovery codes" in answer.shown) == (200, True)
    assert (await anna.get("/inbox")).status == 200  # this session has shown a code
    elsewhere = await house.browse()
    answer = await elsewhere.post("/login", {"login": OWNER, "password": PASSWORD})
    assert answer.location.startswith("/login/code")
    assert (await elsewhere.get("/inbox")).status == 303
    seen = await anna.get("/account/codes")
    assert ("They are on" in seen.shown, secret in seen.text) == (True, False)
    refused = await anna.post("/account/codes", {"offer": "", "code": code(secret, clock)})
    assert (refused.status, "was used already" in refused.shown) == (422, True)
    clock.set_wall(clock.now() + 60 * SECOND)
    assert (await anna.post("/account/codes", {"offer": "", "code": code(secret, clock)})).status == 303
    assert "They are on" not in (await anna.get("/account/codes")).shown
    assert [len(await audited(house, action)) for action in ("user.codes_on", "user.codes_off")] == [1, 1]


@pytest.mark.parametrize("typed", ["", "000000", "12345", "abcdef", "１２３４５６", "1" * 400, "\0"])
async def test_a_wrong_code_keeps_the_offer(house: House, typed: str) -> None:
    anna = await house.browse(OWNER)
    secret, offer = await offered(anna)
    seen = await anna.post("/account/codes", {"offer": offer, "code": typed})
    assert (seen.status, "This code is wrong" in seen.shown, secret in seen.text) == (422, True, True)
    assert not await audited(house, "user.codes_on")


@pytest.mark.parametrize("offer", ["", "v1:x", "A" * 500, "not sealed", "<script>"])
async def test_an_offer_that_was_not_ours_does_nothing(house: House, offer: str) -> None:
    anna = await house.browse(OWNER)
    answer = await anna.post("/account/codes", {"offer": offer, "code": "123456"})
    assert answer.status == 422
    assert house.server.present.directory.users[OWNER].totp_secret is None


async def test_guesses_are_slowed(house: House, clock: FixedClock) -> None:
    anna = await house.browse(OWNER)
    secret, offer = await offered(anna)
    for _ in range(20):
        house.server.throttle.failed("127.0.0.1", f"code of {OWNER}")
    seen = await anna.post("/account/codes", {"offer": offer, "code": code(secret, clock)})
    assert (seen.status, "Too many attempts failed" in seen.shown) == (422, True)

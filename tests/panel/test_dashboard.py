"""The first page: the account at a glance."""

from __future__ import annotations

from tests.panel.conftest import together
from tests.panel.house import MASKED, OPERATOR, OTHER, OWNER, House

pytestmark = together


async def test_the_dashboard_counts_the_account_s_own(open_house: House) -> None:
    anna, bob = await open_house.browse(OWNER), await open_house.browse(OTHER)
    seen = await anna.get("/")
    assert (seen.status, "Messages in the last 48 hours" in seen.shown, "First steps" in seen.shown) == (200, True, False)
    assert "ND/SC" in seen.shown
    assert "NDI/SCI" not in (await bob.get("/")).text.partition("Messages in the last 48 hours")[2]
    live = await anna.get("/", hx_request="true")
    assert (live.status, "<html" in live.text) == (200, False)


async def test_the_dashboard_shows_no_number_to_whom_may_not_see_them(open_house: House) -> None:
    ewa = await open_house.browse(MASKED)
    seen = await ewa.get("/")
    assert (seen.status, "500600700" in seen.text) == (200, False)


async def test_an_operator_goes_to_their_own_first_page(open_house: House) -> None:
    ops = await open_house.browse(OPERATOR)
    assert (await ops.get("/")).location == "/operator"

"""Which rule takes a text: the verdict, without sending anything."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.panel.conftest import together
from tests.panel.house import HOSTILE, OTHER, OWNER, House

SHARED, OWN, PREMIUM, ECO = "+48799448855", "+48664078059", "71200", "+48500500501"
pytestmark = together

CASES = (
    (SHARED, "acme biorę udział", "It is yours"), (SHARED, "GLOBEX cześć", "It is not yours"), (SHARED, "co to", "Nobody claims it"),
    (OWN, "cokolwiek", "It is yours"), (PREMIUM, "auto 1", "It is yours"), (PREMIUM, "inne", "Nobody claims it"),
    (ECO, "Przyjadę", "A reply belongs to whoever wrote last"), (OWN, "", "It is yours"),
)  # fmt: skip


@pytest.mark.parametrize(("to", "text", "said"), CASES)
async def test_the_verdict(open_house: House, to: str, text: str, said: str) -> None:
    anna = await open_house.browse(OWNER)
    seen = await anna.get(f"/rule?{urlencode({'to': to, 'text': text, 'from': '600700800'})}")
    assert (seen.status, said in seen.shown) == (200, True)
    assert "globex" not in seen.shown.replace(text, "").lower()


async def test_it_says_where_it_would_be_forwarded_to(open_house: House) -> None:
    anna = await open_house.browse(OWNER)
    assert "/keyword?t=" in (await anna.get(f"/rule?{urlencode({'to': SHARED, 'text': 'acme x'})}")).shown
    assert "/mms" in (await anna.get(f"/rule?{urlencode({'to': OWN, 'text': 'x', 'mms': '1'})}")).shown


WRONG = (("from", "12", "This is not a telephone number."), ("to", "123", "choose one of the list"), ("text", "x" * 2_001, "at most 2000"))


@pytest.mark.parametrize(("name", "typed", "said"), WRONG)
async def test_a_fault_stands_beside_its_field(open_house: House, name: str, typed: str, said: str) -> None:
    anna = await open_house.browse(OWNER)
    seen = await anna.get(f"/rule?{urlencode({'to': OWN, 'text': 'dzień dobry', 'from': '600700800'} | {name: typed})}")
    assert (seen.status, said in seen.shown, f'id="e-{name}"' in seen.text) == (422, True, True)
    assert name == "text" or "dzień dobry" in seen.text


async def test_another_account_s_number_cannot_be_asked_about(open_house: House) -> None:
    bob = await open_house.browse(OTHER)
    assert OWN not in (await bob.get("/rule")).text
    assert (await bob.get(f"/rule?{urlencode({'to': OWN, 'text': 'x'})}")).status == 422


async def test_hostile_texts_do_nothing(open_house: House) -> None:
    anna = await open_house.browse(OWNER)
    for text in HOSTILE:
        seen = await anna.get(f"/rule?{urlencode({'to': SHARED, 'text': f'acme {text}', 'from': text})}")
        assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)

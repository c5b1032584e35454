"""A conversation: both sides in one row by time, page by page, and nobody else's."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import HOUR, FixedClock
from odzew.model import SentMessage
from odzew.panel.pages.conversation import place_of
from odzew.store.conversation import Place
from tests.panel.house import OTHER, OWNER, House, Seen

JAN, POOL = "+48500600700", "+48500500501"


def said(seen: Seen) -> list[str]:
    """The texts, in order; ours with a mark."""
    return [
        ("> " if "talk-ours" in classes else "") + text
        for classes, text in re.findall(r'(?s)<li class="talk-line([^"]*)".*?<bdi class="text-lines">(.*?)</bdi>', seen.text)
    ]


async def send(house: House, key: str, text: str, at: int, name: str = "acme") -> None:
    await house.server.record_sent([SentMessage(house.account_id(name), key, JAN, POOL, at, text)])


async def test_both_sides_stand_in_one_row(house: House, clock: FixedClock) -> None:
    await send(house, "00000000a1", "O której?", clock.now() - HOUR)
    await send(house, "00000000f1", "od innej firmy", clock.now() - 2 * HOUR, "globex")
    first, *_ = await house.bring(house.arrival("O 16", JAN, POOL), house.arrival("inny nadawca", "+48500600701"))
    clock.set_wall(clock.now() + HOUR)
    await send(house, "00000000a2", "Dziękujemy <3", clock.now())
    clock.set_wall(clock.now() + HOUR)
    await house.bring(house.arrival("Do zobaczenia"), house.arrival("GLOBEX nie dla was", JAN, "+48799448855"))
    anna = await house.browse(OWNER)
    seen = await anna.get(f"/conversations/{first}")
    assert said(seen) == ["> O której?", "O 16", "> Dziękujemy &lt;3", "Do zobaczenia"]
    assert seen.text.count('id="latest"') == 1
    assert "Jan Kowalski" in seen.shown
    assert "mail-unseen" not in (await anna.get("/inbox?contact=1")).text  # what was read there is seen
    bob = await house.browse(OTHER)
    assert (await bob.get(f"/conversations/{first}")).status == 404
    assert (await anna.get(f"/conversations/{'9' * 30}")).status == 404


async def test_older_pages_hold_the_rest_without_gaps(house: House, clock: FixedClock) -> None:
    ids = []
    for number in range(50):
        ids += await house.bring(house.arrival(f"r{number}"))
        await send(house, f"{number:010x}", f"s{number}", clock.now() + 1)
        clock.set_wall(clock.now() + 10)
    anna = await house.browse(OWNER)
    found: list[str] = []
    path: str | None = f"/conversations/{ids[0]}"
    pages = 0
    while path:
        seen = await anna.get(path)
        found = said(seen) + found
        older = re.search(r'href="/panel(/conversations/\d+\?before=[\d.]+)"', seen.text)
        path = older.group(1) if older else None
        pages += 1
    assert found == [text for number in range(50) for text in (f"r{number}", f"> s{number}")]
    assert pages == 3
    for wrong in ("x", "1.2", f"{'9' * 19}.1.1", "-1.0.0", "%00"):
        assert (await anna.get(f"/conversations/{ids[0]}?before={wrong}")).status == 200


@given(st.text(alphabet="0123456789.", max_size=70))
def test_a_place_is_one_that_the_database_can_hold(typed: str) -> None:
    place = place_of(typed)
    assert place is None or (isinstance(place, Place) and all(0 <= part <= 1 << 62 for part in place))

"""What comes over the other binds of a source waits until the loss of one is stored."""

from __future__ import annotations

import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreFull
from odzew.ingest.smpp.gate import HELD, Gate
from odzew.model import Arrival
from tests.ingest.smpp.peer import turns
from tests.ingest.smpp.rig import Shelf


def _arrivals(text: str) -> list[Arrival]:
    return [Arrival(7, "+48500600700", "+48799448855", text.encode(), text)]


def _texts(shelf: Shelf) -> list[str | None]:
    return [arrival.text for arrival in shelf.arrivals]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def test_one_bind_goes_straight_through(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring)
    gate.lost(0)
    assert gate.bring(0, _arrivals("a")).done()
    assert _texts(shelf) == ["a"]


async def test_the_others_wait_until_a_loss_is_stored(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    stored = gate.lost(0)
    again = gate.bring(1, _arrivals("again"))
    await turns()
    assert _texts(shelf) == []
    stored()
    assert [receipt.arrival_id for receipt in await again] == [1]
    assert _texts(shelf) == ["again"]
    assert await gate.bring(1, _arrivals("later"))


async def test_a_loss_that_is_heard_of_in_the_same_turn_counts(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    again = gate.bring(1, _arrivals("again"))
    stored = gate.lost(0)
    await turns()
    assert not again.done()
    stored()
    await again


async def test_what_the_lost_session_itself_brought_does_not_wait_for_it(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    own = gate.bring(0, _arrivals("its own"))
    gate.lost(0)
    await own
    assert _texts(shelf) == ["its own"]


async def test_two_losses_do_not_wait_for_each_other(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    first = gate.lost(0)
    own = gate.bring(1, _arrivals("of the second"))
    await turns()
    second = gate.lost(1)
    first()
    await own
    again = gate.bring(2, _arrivals("again"))
    await turns()
    assert not again.done()
    second()
    await again
    assert _texts(shelf) == ["of the second", "again"]


async def test_time_lets_go(clock: FixedClock, shelf: Shelf) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    gate.lost(0)
    again = gate.bring(1, _arrivals("again"))
    await turns()
    clock.advance(HELD)
    await again
    assert _texts(shelf) == ["again"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_the_store_says_is_handed_on(clock: FixedClock, shelf: Shelf, at_once: bool) -> None:
    gate = Gate(clock, shelf.bring, several=True)
    setattr(shelf, "raises" if at_once else "fails", StoreFull("no room"))
    with pytest.raises(StoreFull, match="no room"):
        await gate.bring(0, _arrivals("a"))

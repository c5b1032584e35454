"""Waits that grow, words that are seldom said, and the questions to a silent peer."""

from __future__ import annotations

import pytest

from odzew.clock import FixedClock
from odzew.ingest.smpp.link import Link
from odzew.ingest.smpp.seldom import Seldom
from odzew.ingest.smpp.waits import JITTER, Waits


@pytest.mark.parametrize(
    ("first", "expected"),
    [(1.0, [1, 2, 4, 8, 16, 32, 60, 60]), (0.01, [0.01, 0.02, 0.04]), (50.0, [50, 60, 60]), (300.0, [300, 300, 300])],
)
def test_waits_double_up_to_a_minute(first: float, expected: list[float]) -> None:
    waits = Waits(first)
    for seconds in expected:
        assert seconds <= waits.next() <= seconds * (1 + JITTER)
    waits.reset()
    assert first <= waits.next() <= first * (1 + JITTER)


def test_not_all_come_back_at_once() -> None:
    assert len({Waits(1.0).next() for _ in range(20)}) > 10


def test_seldom_tells_the_first_and_then_how_many(clock: FixedClock) -> None:
    seldom = Seldom(clock, 60.0)
    assert [seldom.count(), seldom.count(), seldom.count(5)] == [1, 0, 0]
    clock.advance(59.9)
    assert seldom.count() == 0
    clock.advance(0.1)
    assert seldom.count() == 8
    clock.advance(60)
    assert seldom.count(2) == 2


class Questions:
    """What a link asked and said, and when."""

    def __init__(self, clock: FixedClock, seconds: float = 30, answer: float = 10) -> None:
        self.clock = clock
        self.begun = clock.monotonic()
        self.said: list[tuple[float, str]] = []
        self.link = Link(clock, seconds, answer, lambda: self.note("asked"), self.note)

    def note(self, what: str) -> None:
        self.said.append((self.clock.monotonic() - self.begun, what))


def test_silence_is_asked_twice_and_then_lost(clock: FixedClock) -> None:
    questions = Questions(clock)
    questions.link.start()
    clock.advance(1000)
    assert questions.said == [(30, "asked"), (40, "asked"), (50, "2 enquire_links were not answered")]


def test_an_answer_begins_the_silence_anew(clock: FixedClock) -> None:
    questions = Questions(clock)
    questions.link.start()
    clock.advance(45)
    questions.link.heard()
    clock.advance(29)
    assert [when for when, _ in questions.said] == [30, 40]
    clock.advance(20)
    assert [when for when, _ in questions.said] == [30, 40, 75, 85]


def test_nothing_after_the_stop(clock: FixedClock) -> None:
    questions = Questions(clock)
    questions.link.stop()
    questions.link.start()
    clock.advance(31)
    questions.link.stop()
    clock.advance(1000)
    assert questions.said == [(30, "asked")]

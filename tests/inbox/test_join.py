"""To which long message a part belongs: the rules as tables, and what they promise whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import HOUR
from odzew.inbox import join
from odzew.inbox.join import REMEMBERED
from odzew.store.parts import Held, PartSet


class Line:
    """The sets of one key, kept as the receiving transaction keeps them. A part is written `b2`: part 2 of the text b."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.sets: list[PartSet] = []
        self.texts: list[str] = []
        self.came = 0

    def comes(self, part: str) -> str:
        self.came += 1
        number = int(part[1:])
        where = join.place(number, part, self.sets)
        if where.how == "repeat":
            return "repeat"
        chosen = where.chosen
        if chosen is None:
            chosen = PartSet(len(self.sets) + 1, "key", 1, "sender", "recipient", self.total)
            self.sets.append(chosen)
        join.put(chosen, number, Held(self.came, part, where.echo), self.came, HOUR)
        if join.is_whole(chosen):
            chosen.state = "whole"
            self.texts.append(said(chosen))
        join.past(self.sets)
        return where.how

    def overdue(self) -> None:
        """An hour later."""
        for one in self.sets:
            if one.state == "open":
                if join.is_only_echo(one):
                    one.state = "echo"
                    continue
                one.state = "whole" if join.is_full(one) else "incomplete"
                self.texts.append(said(one))


def said(one: PartSet) -> str:
    return " ".join(one.parts[number].digest if number in one.parts else "-" for number in range(1, one.total + 1))


# what is meant, the number of parts, what comes (`|`: an hour passes), what becomes of each, the texts in their order
RULES = (
    ("in order", 3, "a1 a2 a3", "new added added", ["a1 a2 a3"]),
    ("in no order", 3, "a2 a3 a1", "new added added", ["a1 a2 a3"]),
    ("a part comes again before the last", 3, "a1 a2 a1 a2 a3", "new added repeat repeat added", ["a1 a2 a3"]),
    ("a part comes again afterwards", 2, "a1 a2 a2 |", "new added new", ["a1 a2"]),
    ("it comes again often", 2, "a1 a2 a2 a2 a2 |", "new added new repeat repeat", ["a1 a2"]),
    ("all of it comes again: the same text twice", 2, "a1 a2 a2 a1", "new added new added", ["a1 a2", "a1 a2"]),
    ("three times", 2, "a1 a2 a2 a1 a1 a2", "new added new added new added", ["a1 a2"] * 3),
    ("the reference again, afterwards", 2, "a1 a2 b1 b2", "new added new added", ["a1 a2", "b1 b2"]),
    ("the reference again, the first one lacking its end", 2, "a1 b1 b2 |", "new new added", ["b1 b2", "a1 -"]),
    ("the reference again, its first part the same", 2, "a1 a2 a1 b2", "new added new added", ["a1 a2", "a1 b2"]),
    ("an echo gives way to a part of other content", 2, "a1 a2 a1 b1 b2", "new added new added added", ["a1 a2", "b1 b2"]),
    ("an echo of the last part does not end the next text", 2, "a1 a2 a2 b1 b2", "new added new added added", ["a1 a2", "b1 b2"]),
    ("nor of three parts", 3, "a1 a2 a3 a3 b1 b2 b3", "new added added new added added added", ["a1 a2 a3", "b1 b2 b3"]),
    ("nor one of the middle", 3, "a1 a2 a3 a2 b1 b3 b2", "new added added new added added added", ["a1 a2 a3", "b1 b2 b3"]),
    ("what was in doubt comes once more: it was meant", 2, "a1 a2 a2 b1 a2", "new added new added added", ["a1 a2", "b1 a2"]),
    ("what is in doubt is meant, if nothing else comes", 2, "a1 a2 a2 b1 |", "new added new added", ["a1 a2", "b1 a2"]),
    ("the end of the next text may be the same", 2, "a1 a2 b1 a2", "new added new added", ["a1 a2", "b1 a2"]),
    ("what has come of a text counts before an echo", 3, "a1 a2 a3 b1 a1 b2 b3 |", "new added added new new added added",
     ["a1 a2 a3", "b1 b2 b3"]),
    ("a late part", 2, "a1 | a2", "new added", ["a1 -", "a1 a2"]),
    ("a late part that came already", 2, "a1 | a1 a2", "new repeat added", ["a1 -", "a1 a2"]),
    ("a late part, but a newer text lacks one too: nobody can tell", 2, "a1 | b1 a2 b2", "new new added added", ["a1 -", "b1 a2", "a1 b2"]),
    ("the reference again after a gap", 2, "a1 | b1 b2", "new new added", ["a1 -", "b1 b2"]),
    ("two gaps, one part: the newest", 2, "a1 | b1 | b2", "new new added", ["a1 -", "b1 -", "b1 b2"]),
    ("one part in all, twice", 1, "a1 a1", "new new", ["a1", "a1"]),
)  # fmt: skip


@pytest.mark.parametrize(("total", "came", "hows", "texts"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_the_rules(total: int, came: str, hows: str, texts: list[str]) -> None:
    line = Line(total)
    became = []
    for word in came.split():
        if word == "|":
            line.overdue()
        else:
            became.append(line.comes(word))
    assert (became, line.texts) == (hows.split(), texts)


def test_a_late_part_fills_the_gap_of_the_set_that_became_the_message() -> None:
    line = Line(3)
    line.comes("a2")
    line.overdue()
    line.comes("a3")
    assert [(one.state, said(one)) for one in line.sets] == [("incomplete", "- a2 a3")]
    line.comes("a1")
    assert [(one.state, said(one)) for one in line.sets] == [("whole", "a1 a2 a3")]


def test_only_the_newest_whole_ones_are_remembered() -> None:
    line = Line(2)
    for letter in "abcdefgh":
        line.comes(f"{letter}1")
        line.comes(f"{letter}2")
    assert [one.state for one in line.sets] == ["past"] * (8 - REMEMBERED) + ["whole"] * REMEMBERED
    assert join.place(1, "e1", line.sets).echo
    assert not join.place(1, "d1", line.sets).echo


def test_the_others_are_waited_for_from_the_newest_part_on() -> None:
    one = PartSet(1, "key", 1, "sender", "recipient", 3)
    join.put(one, 1, Held(1, "a1"), 1000, HOUR)
    assert (one.moved_at, one.due_at) == (1000, 1000 + HOUR)
    join.put(one, 2, Held(2, "a2"), 5000, HOUR)
    assert (one.moved_at, one.due_at) == (5000, 5000 + HOUR)
    join.put(one, 3, Held(3, "a3"), 400, HOUR)  # a clock that was set back
    assert (one.moved_at, one.due_at) == (5000, 5000 + HOUR)


# --- what is promised ------------------------------------------------------------------------------------------------

TOTALS = st.integers(1, 5)


@given(TOTALS, st.data())
def test_of_one_text_each_full_round_of_parts_is_one_message(total: int, data: st.DataObject) -> None:
    """Whatever is repeated, in whatever order: as many messages as there are rounds in which each part came."""
    line, expected, here = Line(total), 0, set[int]()
    for number in data.draw(st.lists(st.integers(1, total), max_size=30)):
        line.comes(f"a{number}")
        here.add(number)
        if len(here) == total:
            expected, here = expected + 1, set()
    assert line.texts == [" ".join(f"a{number}" for number in range(1, total + 1))] * expected


@given(TOTALS, st.data())
def test_texts_one_after_another_under_one_reference_come_each_once(total: int, data: st.DataObject) -> None:
    """Each in any order and with repetitions of what has come of it; the next begins when it is whole."""
    line = Line(total)
    letters = "abcdefg"[: data.draw(st.integers(1, 7))]
    for letter in letters:
        order = data.draw(st.permutations(range(1, total + 1)))
        for at, number in enumerate(order):
            line.comes(f"{letter}{number}")
            if at + 1 < total:
                for repeated in data.draw(st.lists(st.sampled_from(order[: at + 1]), max_size=3)):
                    assert line.comes(f"{letter}{repeated}") == "repeat"
    assert line.texts == [" ".join(f"{letter}{number}" for number in range(1, total + 1)) for letter in letters]


@given(st.integers(2, 5), st.data())
def test_repetitions_of_a_whole_one_do_not_spoil_the_next_in_order(total: int, data: st.DataObject) -> None:
    """Some parts of the last whole one come again, but not all; then the next text, in order."""
    line = Line(total)
    letters = "abcdefg"
    for before, letter in zip(" " + letters, letters, strict=False):
        if before != " ":
            for number in data.draw(st.lists(st.integers(1, total), max_size=4).filter(lambda some: len(set(some)) < total)):
                line.comes(f"{before}{number}")
        for number in range(1, total + 1):
            line.comes(f"{letter}{number}")
    line.overdue()
    assert line.texts == [" ".join(f"{letter}{number}" for number in range(1, total + 1)) for letter in letters]


@given(TOTALS, st.data())
def test_nothing_is_lost_and_nothing_stands_in_a_wrong_place(total: int, data: st.DataObject) -> None:
    """Texts of one sender under one reference at once cannot be told apart. But each part is in a text, and at its own place."""
    line = Line(total)
    came = data.draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, total)), max_size=30))
    rests = data.draw(st.sets(st.integers(0, 30)))
    for at, (letter, number) in enumerate(came):
        line.comes(f"{letter}{number}")
        if at in rests:
            line.overdue()
    line.overdue()
    shown = {part for one in line.sets if one.state != "echo" for part in said(one).split()} - {"-"}
    assert shown == {f"{letter}{number}" for letter, number in came}
    for one in line.sets:
        assert all(held.digest[1:] == str(number) for number, held in one.parts.items())
        assert one.state in ("whole", "past", "incomplete", "echo")

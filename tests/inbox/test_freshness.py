"""What is remembered of an account is forgotten as soon as anything may have changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from odzew.inbox.freshness import Freshness
from odzew.store.unread import Filter

ALL = Filter(1)


def test_a_count_stands_while_nothing_changes() -> None:
    freshness = Freshness(shared=False)
    assert freshness.count(ALL) is None
    freshness.remember(ALL, freshness.version(1), 5)
    assert freshness.count(ALL) == freshness.count(Filter(1)) == 5
    assert freshness.count(Filter(1, kind="nd")) is None
    assert freshness.count(Filter(2)) is None


CHANGES: dict[str, Callable[[Freshness], None]] = {
    "its own": lambda freshness: freshness.touch([1]),
    "its own among others": lambda freshness: freshness.touch([2, 1]),
    "anybody's": lambda freshness: freshness.touch_all(),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@each_change
def test_a_change_forgets_it(change: Callable[[Freshness], None]) -> None:
    freshness = Freshness(shared=False)
    freshness.remember(ALL, freshness.version(1), 5)
    change(freshness)
    assert freshness.count(ALL) is None


def test_another_account_s_change_does_not() -> None:
    freshness = Freshness(shared=False)
    freshness.remember(ALL, freshness.version(1), 5)
    freshness.touch([2, 3])
    assert freshness.count(ALL) == 5


@each_change
def test_what_was_counted_before_a_change_is_not_remembered_after_it(change: Callable[[Freshness], None]) -> None:
    freshness = Freshness(shared=False)
    version = freshness.version(1)
    change(freshness)
    freshness.remember(ALL, version, 5)
    assert freshness.count(ALL) is None


def test_versions_never_come_back() -> None:
    freshness = Freshness(shared=False)
    seen = [freshness.version(1)]
    for change in [*CHANGES.values()] * 2:
        change(freshness)
        seen.append(freshness.version(1))
    assert len(set(seen)) == len(seen)


def test_where_others_write_nothing_is_remembered() -> None:
    freshness = Freshness(shared=True)
    freshness.remember(ALL, freshness.version(1), 0)
    assert freshness.count(ALL) is None


def test_what_is_left_after_marking_is_known_if_nobody_else_moved() -> None:
    freshness = Freshness(shared=False)
    version = freshness.version(1)
    freshness.remember(ALL, version, 5)
    freshness.marked(ALL, version, 5, 2)
    assert freshness.count(ALL) == 3


def test_two_who_mark_at_once_know_nothing_afterwards() -> None:
    freshness = Freshness(shared=False)
    version = freshness.version(1)
    freshness.remember(ALL, version, 5)
    freshness.marked(ALL, version, 5, 2)
    freshness.marked(ALL, version, 5, 2)
    assert freshness.count(ALL) is None


def test_memory_is_bounded() -> None:
    freshness = Freshness(shared=False, remembered=3)
    for n in range(5):
        freshness.remember(Filter(1, since=n), freshness.version(1), n)
    assert [freshness.count(Filter(1, since=n)) for n in range(5)] == [None, None, 2, 3, 4]
    freshness.remember(Filter(1, tuple(map(str, range(100)))), freshness.version(1), 1)
    assert freshness.count(Filter(1, tuple(map(str, range(100))))) is None


def test_readers_who_mark_leave_the_other_version_as_it_is() -> None:
    freshness = Freshness(shared=False)
    before = freshness.unmarked(1)
    freshness.marked(ALL, freshness.version(1), None, 2)
    assert freshness.unmarked(1) == before
    freshness.touch([1])
    assert freshness.unmarked(1) != before
    assert Freshness(shared=True).unmarked(1) is None

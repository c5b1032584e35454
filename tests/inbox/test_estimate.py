"""What clients who mark are told of the pages left: exact for one client, near for many, counted seldom."""

from __future__ import annotations

from odzew.inbox.estimate import LARGE, OLD, Estimates
from odzew.store.unread import Filter

ALL, SOME = Filter(1), Filter(1, kind="nd")


def test_what_was_taken_is_no_longer_left() -> None:
    estimates = Estimates()
    assert estimates.left(ALL, "v", 0.0) is None
    estimates.counted(ALL, 10, "v", 0.0)
    estimates.taken(ALL, 3)
    assert estimates.left(ALL, "v", 99.0) == 7
    estimates.taken(ALL, 30)
    assert estimates.left(ALL, "v", 99.0) == 0


def test_a_change_has_it_counted_again() -> None:
    estimates = Estimates()
    estimates.counted(ALL, LARGE - 1, "v", 0.0)
    assert estimates.left(ALL, "w", 0.0) is None
    assert estimates.left(ALL, None, 0.0) is None


def test_a_large_count_may_be_a_little_old() -> None:
    for version in ("w", None):
        estimates = Estimates()
        estimates.counted(ALL, LARGE, version and "v", 5.0)
        assert estimates.left(ALL, version, 5.0 + OLD) == LARGE
        assert estimates.left(ALL, version, 5.1 + OLD) is None


def test_only_one_filter_of_an_account_is_followed() -> None:
    estimates = Estimates()
    estimates.counted(ALL, 10, "v", 0.0)
    assert estimates.left(SOME, "v", 0.0) is None
    estimates.taken(SOME, 1)
    assert estimates.left(ALL, "v", 0.0) is None
    estimates.taken(ALL, 1)
    assert estimates.left(ALL, "v", 0.0) is None


def test_memory_is_bounded() -> None:
    estimates = Estimates(remembered=2)
    for account in range(4):
        estimates.counted(Filter(account), 1, "v", 0.0)
    assert [estimates.left(Filter(account), "v", 0.0) for account in range(4)] == [None, None, 1, 1]
    large = Filter(9, tuple(map(str, range(100))))
    estimates.counted(large, 1, "v", 0.0)
    assert estimates.left(large, "v", 0.0) is None

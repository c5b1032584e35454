"""Which answers may not have arrived, as a table and against a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from odzew.ingest.smpp.watch import RECENT, Watch
from odzew.store.sessions import Candidate


def stored(*keys: int) -> list[Candidate]:
    return [(key, b"%d" % key) for key in keys]


def doubtful(watch: Watch, lost_at: float) -> list[int]:
    return sorted(key for key, _ in watch.candidates(lost_at))


def test_nothing_yet() -> None:
    assert (Watch().settled(0.0), Watch().candidates(0.0)) == (0, [])


def test_an_answer_is_in_doubt_for_five_seconds() -> None:
    watch = Watch()
    watch.written(10.0, stored(1, 2))
    assert (doubtful(watch, 14.999), watch.settled(14.999)) == ([1, 2], 0)
    assert (doubtful(watch, 15.0), watch.settled(15.0)) == ([], 2)


def test_what_was_never_written_is_in_doubt_for_ever() -> None:
    watch = Watch()
    watch.unwritten(stored(3))
    watch.unwritten(stored(4))
    assert doubtful(watch, 1e9) == [3, 4]


def test_what_waits_in_our_buffer_counts_from_when_it_went_out() -> None:
    watch = Watch()
    watch.written(0.0, stored(1))
    watch.block()
    watch.written(1.0, stored(2))
    assert watch.blocked
    assert (doubtful(watch, 100.0), watch.settled(100.0)) == ([2], 1)
    watch.unblock(100.0)
    assert (doubtful(watch, 104.0), watch.settled(104.0)) == ([2], 1)
    assert (doubtful(watch, 105.0), watch.settled(105.0)) == ([], 2)
    assert not watch.blocked


def test_what_is_settled_leaves_out_what_came_earlier_and_is_not() -> None:
    watch = Watch()
    watch.written(0.0, stored(9))
    watch.block()
    watch.written(0.0, stored(4))
    assert watch.settled(10.0) == 3


def test_what_is_settled_is_forgotten() -> None:
    watch = Watch()
    for second in range(10_000):
        watch.written(float(second), stored(second + 1))
    assert len(watch._answered) <= RECENT + 1


def test_of_a_silent_network_the_last_that_was_heard_counts() -> None:
    watch = Watch()
    watch.heard(10.0)
    watch.written(10.0, stored(1))
    watch.heard(20.0)
    watch.written(20.0, stored(2))
    watch.written(24.0, stored(3))
    assert watch.settled(60.0) == 3
    assert sorted(key for key, _ in watch.candidates(60.0, silent=True)) == [2, 3]
    assert doubtful(watch, 60.0) == [], "a connection that was closed in a moment: the network had time to read"
    watch.heard(70.0)
    assert watch.candidates(90.0, silent=True) == []


steps = st.lists(st.tuples(st.sampled_from(["written", "written", "block", "unblock"]), st.integers(0, 4), st.integers(1, 3)), max_size=40)


@given(steps, st.integers(0, 12))
def test_as_the_plain_model_says(drawn: list[tuple[str, int, int]], later: int) -> None:
    watch, now, key = Watch(), 0.0, 0
    went_out: dict[int, float] = {}
    waiting: list[int] = []
    blocked = False
    for step, seconds, count in drawn:
        now += seconds
        if step == "written":
            keys = list(range(key + 1, key + count + 1))
            key += count
            watch.written(now, stored(*keys))
            if blocked:
                waiting += keys
            else:
                went_out |= dict.fromkeys(keys, now)
        elif step == "block":
            blocked = True
            watch.block()
        else:
            blocked = False
            watch.unblock(now)
            went_out |= dict.fromkeys(waiting, now)
            waiting = []
    now += later
    recent = sorted([key for key, at in went_out.items() if now - at < RECENT] + waiting)
    assert doubtful(watch, now) == recent
    assert watch.settled(now) == (recent[0] - 1 if recent else key)
    assert doubtful(watch, now) == recent  # asking changes nothing

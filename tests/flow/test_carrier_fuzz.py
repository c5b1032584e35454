"""The readers of the wire under random and changed octets, and a session that outlives them; small runs of the proof `fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.clock import Clock
from odzew.errors import WireError
from proof import fuzz, fuzz_session
from proof.fuzz import Count, Found, batch
from proof.fuzz_octets import Chance
from proof.fuzz_targets import TARGETS, Target

INPUTS = 400
PDUS = 3_000


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_value_or_a_wire_error(target: Target, real_clock: Clock) -> None:
    count = Count()
    batch(target, count, real_clock, INPUTS)
    assert (count.inputs, count.batches) == (INPUTS, 1)
    assert count.octets > 0


@pytest.fixture
def reproducer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the octets go that a run has found."""
    monkeypatch.setattr(fuzz, "REPRODUCER", tmp_path / "found")
    return tmp_path / "found"


def test_another_error_is_found(reproducer: Path, real_clock: Clock) -> None:
    def act(octets: bytes, _chance: object) -> None:
        if len(octets) > 100:
            raise KeyError(len(octets))
        raise WireError("short")

    with pytest.raises(Found, match="KeyError") as found:
        batch(Target("bad", act, list), Count(), real_clock, INPUTS)
    assert reproducer.read_bytes().hex() in str(found.value)


def test_the_same_seed_gives_the_same_octets() -> None:
    good = TARGETS[2].good()
    one, two = Chance("seed 1", good), Chance("seed 1", good)
    drawn = [one.octets() for _ in range(50)]
    assert drawn == [two.octets() for _ in range(50)]
    assert len(set(drawn)) > 40


async def test_a_session_outlives_them(real_clock: Clock) -> None:
    found = await fuzz_session.on_sqlite(real_clock, PDUS)
    assert (found.sent, found.binds) == (PDUS, 1)
    assert found.answers.total() == found.of_messages + 1 == found.stored
    assert found.answers[0] > 100
    assert 0 < found.unreadable < found.stored
    assert found.taken_after

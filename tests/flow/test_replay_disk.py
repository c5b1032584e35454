"""The disk that forgets, and what is read of it from strace: the instruments of the proof `replay`."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from proof import trace
from proof.replay import Verdict, played
from proof.replay_disk import EVERYTHING, NOTHING, Change, Crash, Disk, at_random, only
from proof.replay_log import Recording, Step, steps
from proof.stand import opened

DATABASE, WAL = "odzew.db", "odzew.db-wal"
AT_RANDOM = 300


def _disk() -> Disk:
    return Disk({DATABASE: b"old"})


def _written(disk: Disk, at: int, name: str, offset: int, data: bytes | None) -> Disk:
    disk.change(name, Change(at, offset, data))
    return disk


def test_what_was_not_synced_may_be_gone_or_there() -> None:
    disk = _written(_disk(), 1, DATABASE, 0, b"new!")
    assert disk.after(NOTHING) == {DATABASE: b"old"}
    assert disk.after(EVERYTHING) == {DATABASE: b"new!"}
    assert disk.unsafe == 1


def test_a_sync_covers_what_was_there_when_it_began() -> None:
    disk = _written(_written(_disk(), 1, DATABASE, 0, b"new"), 5, DATABASE, 3, b"er")
    disk.sync(DATABASE, begun=4)
    assert disk.after(NOTHING) == {DATABASE: b"new"}
    assert disk.after(EVERYTHING) == {DATABASE: b"newer"}
    disk.sync(DATABASE, begun=6)
    assert disk.after(NOTHING) == {DATABASE: b"newer"}
    assert disk.unsafe == 0


def test_a_sync_of_one_file_is_none_of_another() -> None:
    disk = _disk()
    disk.create(1, WAL)
    disk.sync_directory(begun=2)
    _written(_written(disk, 3, WAL, 0, b"log"), 4, DATABASE, 0, b"new")
    disk.sync(WAL, begun=5)
    assert disk.after(NOTHING) == {DATABASE: b"old", WAL: b"log"}


def test_a_new_file_is_found_only_once_its_directory_was_synced() -> None:
    disk = _disk()
    disk.create(1, WAL)
    _written(disk, 2, WAL, 0, b"log")
    disk.sync(WAL, begun=3)
    assert disk.after(NOTHING) == {DATABASE: b"old"}
    disk.sync_directory(begun=4)
    assert disk.after(NOTHING) == {DATABASE: b"old", WAL: b"log"}


def test_a_file_that_was_removed_may_come_back() -> None:
    disk = _disk()
    disk.remove(1, DATABASE)
    assert disk.after(NOTHING) == {DATABASE: b"old"}
    assert disk.after(EVERYTHING) == {}
    disk.create(2, DATABASE)
    assert disk.after(EVERYTHING) == {DATABASE: b""}
    disk.sync_directory(begun=3)
    assert disk.after(NOTHING) == {DATABASE: b""}


def test_creating_what_is_there_changes_nothing() -> None:
    disk = _disk()
    disk.create(1, DATABASE)
    assert (disk.unsafe, disk.holds(DATABASE), disk.holds(WAL)) == (0, True, False)


def test_lengths() -> None:
    assert _written(_disk(), 1, DATABASE, 1, None).after(EVERYTHING) == {DATABASE: b"o"}
    assert _written(_disk(), 1, DATABASE, 5, None).after(EVERYTHING) == {DATABASE: b"old\0\0"}
    assert _written(_disk(), 1, DATABASE, 4, b"x").after(EVERYTHING) == {DATABASE: b"old\0x"}


def test_only_one_of_the_files() -> None:
    disk = _disk()
    disk.create(1, WAL)
    _written(_written(disk, 2, WAL, 0, b"log"), 3, DATABASE, 0, b"new")
    assert disk.after(only("-wal")) == {DATABASE: b"old", WAL: b"log"}
    assert disk.after(only(".db")) == {DATABASE: b"new", WAL: b""}


def test_at_random_any_part_of_what_is_unsafe_is_there_in_sectors() -> None:
    disk = Disk({DATABASE: bytes(2048)})
    _written(_written(disk, 1, DATABASE, 0, b"a" * 1024), 2, DATABASE, 1024, b"b" * 1024)
    chance = random.Random(1)
    found = {disk.after(at_random(chance))[DATABASE] for _ in range(AT_RANDOM)}
    sectors = {tuple(octets[n : n + 512] for n in range(0, 2048, 512)) for octets in found}
    assert all(set(sector) in ({0}, {ord("a")}, {ord("b")}) for one in sectors for sector in one)
    assert {bytes(2048), b"a" * 1024 + b"b" * 1024, b"a" * 1024 + bytes(1024), bytes(1024) + b"b" * 1024} <= found
    assert any(one[0] != one[1] for one in sectors)  # torn within a write


def test_a_crash_may_reorder_over_files() -> None:
    later_only = Crash(lambda entries: entries, lambda name, changes: [change for change in changes if change.at > 1])
    disk = _written(_written(_disk(), 1, DATABASE, 0, b"A"), 2, DATABASE, 1, b"B")
    assert disk.after(later_only) == {DATABASE: b"oBd"}


# --- what is read from strace -------------------------------------------------------------------------------------------

D = "/d/odzew.db"
SOCKET = "9<TCP:[127.0.0.1:1->127.0.0.1:2]>"
LINES = (
    f'12 openat(AT_FDCWD</>, "{D}-wal", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0644) = 7<{D}-wal>',
    f'11 recvfrom({SOCKET}, "POST /ingest/load mark-000001-", 65536, 0, NULL, NULL) = 99',
    rf'12 pwrite64(7<{D}-wal>, "7\177\6\202\0\0018\"", 8, 32) = 8',
    f'12 pwrite64(8<{D}-shm>, "12", 2, 0) = 2',
    f"12 fdatasync(7<{D}-wal> <unfinished ...>",
    f'13 pwrite64(7<{D}-wal>, "late", 4, 40) = 4',
    "12 <... fdatasync resumed>) = 0",
    "12 fsync(5</d>) = 0",
    f'11 sendto({SOCKET}, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15',
    f"12 ftruncate(7<{D}-wal>, 8) = 0",
    f"12 fdatasync(7<{D}-wal>) = -1 EIO (Input/output error)",
    f'12 unlink("{D}-wal") = 0',
    '12 unlink("/d/other") = 0',
)


def _read(lines: tuple[str, ...] = LINES) -> tuple[list[str], Disk]:
    """What was done, each with the log that would be there if only what is safe were left; and the disk at the end."""
    disk = Disk({DATABASE: b""})
    told = []
    for step in steps(trace.read(lines), "/d", DATABASE):
        if step.disk is not None:
            step.disk(disk)
        told.append(f"{step.name}: {disk.after(NOTHING).get(WAL)!r} {disk.after(EVERYTHING).get(WAL)!r}")
    return told, disk


def test_steps() -> None:
    log = bytes(32) + b'7\x7f\x06\x82\x00\x018"'
    told, disk = _read()
    assert (
        told
        == [
            f"{WAL}: None b''",
            f"{WAL}: None {log!r}",
            f"{WAL}: None {log + b'late'!r}",
            f"{WAL}: None {log + b'late'!r}",  # the log is synced, but its name is not; `late` came while it was
            f"/d: {log!r} {log + b'late'!r}",
            f"mark-000001-: {log!r} {log + b'late'!r}",
            f"{WAL}: {log!r} {log[:8]!r}",
            f"{WAL}: {log!r} None",  # the sync that failed is none
        ]
    )
    assert not disk.holds(WAL)


@pytest.mark.parametrize(
    "line",
    [f'12 rename("{D}", "{D}-old") = 0', f'12 writev(7<{D}>, [{{"x", 1}}], 1) = 1', f'12 pwrite64(7<{D}>, "abc"..., 8, 0) = 8'],
)
def test_what_is_not_understood_is_not_passed_over(line: str) -> None:
    with pytest.raises(ValueError, match="not"):
        steps(trace.read((line,)), "/d", DATABASE)


# --- what is judged -----------------------------------------------------------------------------------------------------


async def test_damage_and_loss_are_found(tmp_path: Path, clock: FixedClock) -> None:
    async with opened(f"sqlite:///{tmp_path}/odzew.db") as db:
        await db.migrate()
    empty, acknowledged = (tmp_path / "odzew.db").read_bytes(), Step(1, None, "mark-000001-")
    assert await played(Recording({DATABASE: empty}, []), clock) == Verdict(1, 1, kinds=Counter(nothing=1))
    lost = await played(Recording({DATABASE: empty}, [acknowledged]), clock)
    assert (lost.lost, lost.losing, lost.damaged) == ({"mark-000001-"}, 1, 0)
    damaged = await played(Recording({DATABASE: empty[:4096] + bytes(4096) + empty[8192:]}, []), clock)
    assert (damaged.damaged, damaged.first_fault) == (1, "cut 1, nothing: damaged")
    assert (await played(Recording({}, []), clock)).damaged == 1

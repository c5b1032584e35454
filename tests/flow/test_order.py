"""Invariant: acknowledged means committed, an fdatasync of SQLite's log between a batch's last write and its first answer (strace)."""

from __future__ import annotations

from pathlib import Path

from odzew.clock import Clock
from proof import trace
from proof.order import UNSAFE, Verdict, answers, judge, traced

PUSHES = 8
WAL = "7</d/odzew.db-wal>"
SOCKET = "9<TCP:[127.0.0.1:1->127.0.0.1:2]>"
GOOD = (
    f'11 recvfrom({SOCKET}, "POST /ingest/load mark-000001-", 65536, 0, NULL, NULL) = 99',
    f'12 pwrite64({WAL}, "page mark-000001-", 4096, 32) = 4096',
    f"12 fdatasync({WAL} <unfinished ...>",
    f'11 recvfrom({SOCKET}, 0x1, 65536, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)',
    "12 <... fdatasync resumed>) = 0",
    f'11 sendto({SOCKET}, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15',
)
WITHOUT_SYNC = (*GOOD[:2], GOOD[3], GOOD[5])
ANSWER_DURING_SYNC = (*GOOD[:3], GOOD[5], GOOD[4])
SYNC_FAILED = (*GOOD[:4], "12 <... fdatasync resumed>) = -1 EIO (Input/output error)", GOOD[5])
SYNC_BEFORE_WRITE = (GOOD[0], f"12 fdatasync({WAL}) = 0", GOOD[1], GOOD[5])
NEVER_WRITTEN = (GOOD[0], *GOOD[2:])
REFUSED = (*GOOD[:2], f'11 sendto({SOCKET}, "HTTP/1.1 503 Service Unavailable", 32, 0, NULL, 0) = 32')


async def test_acknowledged_means_committed(tmp_path: Path, real_clock: Clock) -> None:
    acknowledged, verdict = await traced(real_clock, tmp_path, pushes=PUSHES)
    assert verdict.answered == acknowledged > 0
    assert verdict.batches > 1
    assert verdict.early == []
    assert verdict.unwritten == []


async def test_a_database_that_does_not_wait_for_the_disk_is_found_out(tmp_path: Path, real_clock: Clock) -> None:
    acknowledged, verdict = await traced(real_clock, tmp_path, UNSAFE, pushes=PUSHES)
    assert len(verdict.early) == acknowledged > 0


def _judged(lines: tuple[str, ...]) -> Verdict:
    calls = trace.read(lines)
    return judge(calls, answers(calls))


def test_judge() -> None:
    assert _judged(GOOD).early == []
    assert _judged(GOOD).answered == 1
    for bad in (WITHOUT_SYNC, ANSWER_DURING_SYNC, SYNC_FAILED, SYNC_BEFORE_WRITE):
        assert _judged(bad).early == ["mark-000001-"], bad
    assert _judged(NEVER_WRITTEN).unwritten == ["mark-000001-"]
    assert _judged(REFUSED).answered == 0

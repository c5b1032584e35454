"""What the operating system says of this process (Linux), under the names that Prometheus uses for any process."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from odzew.clock import SECOND, Clock
from odzew.metrics import Metrics

PROC: Final = Path("/proc/self")

One = Iterator[tuple[tuple[str, ...], float]]


def watch_process(metrics: Metrics, clock: Clock, proc: Path = PROC) -> None:
    """Adds the metrics of the process, which starts now. What the system does not tell is left out."""
    started = clock.now() / SECOND
    metrics.read("gauge", "process_start_time_seconds", "When the process started, seconds since 1970.", (), _one(lambda: started))
    metrics.read("counter", "process_cpu_seconds_total", "Processor time used, user and system.", (), _one(_cpu))
    metrics.read("gauge", "process_resident_memory_bytes", "Memory in use (RSS).", (), _one(lambda: _resident(proc)))
    metrics.read("gauge", "process_open_fds", "Open files and sockets.", (), _one(lambda: len(os.listdir(proc / "fd"))))
    metrics.read("gauge", "process_max_fds", "How many files and sockets may be open.", (), _one(_most))


def _one(read: Callable[[], float]) -> Callable[[], One]:
    def values() -> One:
        try:
            value = read()
        except OSError:
            return
        yield (), value

    return values


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident(proc: Path) -> float:
    return int((proc / "statm").read_text("ascii").split()[1]) * resource.getpagesize()


def _most() -> float:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit

"""`odzew` as a process of its own, read line by line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

SOURCES = Path(__file__).parents[2] / "src"


class Program:
    """Runs `odzew WORDS`; ends it with SIGTERM when the test is done with it, and waits for it."""

    def __init__(self, *words: object, **environment: str) -> None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("ODZEW_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "odzew.cli.main", *(str(word) for word in words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**bare, "PYTHONPATH": str(SOURCES), **environment},
            text=True,
            encoding="utf-8",
        )
        self.lines: list[str] = []

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self.stop()

    def until(self, wanted: Callable[[str], bool]) -> str:
        """The next line that is wanted. Fails if the program ends first."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            if wanted(line):
                return line
        raise AssertionError("".join(self.lines))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and gives the exit code; the rest of the output is in `lines`."""
        self._process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Waits for the end by itself and gives the exit code."""
        rest, _ = self._process.communicate()
        self.lines += rest.splitlines(keepends=True)
        return self._process.returncode

"""The lines of `odzew demo`: the time since its start, what happened, and to what; coloured on a terminal."""

from __future__ import annotations

import os
import sys
from typing import Final

import typer

from odzew.cli.listing import visible
from odzew.clock import Clock
from odzew.model import Attempt, Owed
from odzew.simulate.client import FAILURES, Called
from odzew.store.deliveries import Result

COLOURS: Final = {
    "brought": "cyan", "answered": "cyan", "bound": "cyan", "stored": "cyan", "sent": "cyan", "assigned": "cyan", "called": "blue",
    "forwarded": "blue", "pulled": "magenta", "failed": "yellow", "repeated": "yellow", "ended": "yellow", "delivered": "green",
    "held": "green", "refused": "red", "wrong": "red", "exhausted": "red",
}  # fmt: skip
LONGEST: Final = 110


class Lines:
    """Prints what happens, as it happens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock.monotonic()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def seconds(self) -> float:
        """Seconds since the first line could have been printed."""
        return self._clock.monotonic() - self._begun

    def say(self, what: str, about: str) -> None:
        """One step: `  1.204 s  delivered  message 3 ...`."""
        word = what.ljust(10)
        if self._coloured:
            word = typer.style(word, fg=COLOURS.get(what))
        shown = visible(about)
        typer.echo(f"{self.seconds():8.3f} s  {word} {shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + '…'}")

    def called(self, called: Called) -> None:
        """The client's URL was called."""
        number = called.query.get("id") or called.form.get("id", "?")
        how = "answers OK" if called.failure is None else FAILURES[called.failure]
        self.say("called", f"the client's URL, {called.method} {called.path} for message {number}: {how}")

    def attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        """A call has ended, as the service sees it."""
        which = f"message {owed.message_id}, call {attempt.number}"
        if attempt.number > 1:
            self.say("repeated", f"{which}: {attempt.outcome}")
        elif attempt.outcome == "ok":
            self.say("forwarded", f"{which}: {attempt.outcome} in {attempt.took_us // 1000} ms")
        if result.state == "pending" and result.due_at is not None:
            self.say("failed", f"{which}: {attempt.outcome}; again in {(result.due_at - attempt.started_at) / 1e6:.1f} s")
        elif result.state != "pending":
            self.say(result.state, which)

"""The lines of the demonstration."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from odzew.cli.demo_lines import LONGEST, Lines
from odzew.clock import FixedClock
from odzew.model import Attempt, Owed
from odzew.simulate.client import Called
from odzew.store.deliveries import Result

AT = 1_413_883_083_000_000
OWED = Owed(5, 1, 1, 7, AT)


def attempted(number: int, outcome: str, state: str, due_in: float | None = None) -> Callable[[Lines], None]:
    """Tells of one attempt."""
    attempt = Attempt(5, number, AT, 12_345, outcome)
    due_at = None if due_in is None else AT + round(due_in * 1_000_000)
    return lambda lines: lines.attempted(OWED, attempt, Result(attempt, 1, state, AT, 0, due_at))  # type: ignore[arg-type]  # a word of the table


def called(target: str, body: bytes = b"", failure: str | None = None) -> Callable[[Lines], None]:
    """Tells of one call at the client."""
    method = "POST" if body else "GET"
    return lambda lines: lines.called(Called(1, method, target, {}, body, failure))  # type: ignore[arg-type]  # a word of the table


@pytest.mark.parametrize(
    ("tell", "lines"),
    [
        (attempted(1, "ok", "delivered"), ["forwarded  message 7, call 1: ok in 12 ms", "delivered  message 7, call 1"]),
        (attempted(1, "http_5xx", "pending", 0.6), ["failed     message 7, call 1: http_5xx; again in 0.6 s"]),
        (
            attempted(2, "reset", "pending", 3.0),
            ["repeated   message 7, call 2: reset", "failed     message 7, call 2: reset; again in 3.0 s"],
        ),
        (attempted(2, "ok", "delivered"), ["repeated   message 7, call 2: ok", "delivered  message 7, call 2"]),
        (attempted(5, "http_4xx", "exhausted"), ["repeated   message 7, call 5: http_4xx", "exhausted  message 7, call 5"]),
        (called("/sms?id=7"), ["called     the client's URL, GET /sms for message 7: answers OK"]),
        (called("/mms", b"id=8"), ["called     the client's URL, POST /mms for message 8: answers OK"]),
        (called("/sms?id=7", failure="status"), ["called     the client's URL, GET /sms for message 7: answers 500"]),
        (called("/other"), ["called     the client's URL, GET /other for message ?: answers OK"]),
    ],
)
def test_what_is_told(tell: Callable[[Lines], None], lines: list[str], clock: FixedClock, capsys: pytest.CaptureFixture[str]) -> None:
    told = Lines(clock)
    clock.advance(1.204)
    tell(told)
    assert capsys.readouterr().out.splitlines() == [f"   1.204 s  {line}" for line in lines]


def test_nothing_in_a_text_moves_the_cursor_and_no_line_is_endless(clock: FixedClock, capsys: pytest.CaptureFixture[str]) -> None:
    Lines(clock).say("brought", "\x1b[2J" + "x" * 1000)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("   0.000 s  brought    \\u001b[2Jxxx")
    assert line.endswith("x…")
    assert len(line) == LONGEST + len("   0.000 s  brought    ")


@pytest.mark.parametrize(("terminal", "no_color", "coloured"), [(True, False, True), (True, True, False), (False, False, False)])
def test_colours_are_for_terminals(
    terminal: bool, no_color: bool, coloured: bool, clock: FixedClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", "1") if no_color else monkeypatch.delenv("NO_COLOR", raising=False)
    Lines(clock).say("delivered", "message 7")
    assert ("\x1b[" in capsys.readouterr().out) is coloured

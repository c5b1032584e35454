"""What the log of a delivery's attempts shows: how long each step took, and texts with the sender's number as it may be seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from odzew.model import Attempt, Message
from odzew.panel.render import unnumbered

SPANS: Final = {
    "dns": "address looked up", "connect": "connected", "tls": "encrypted", "first_byte": "first octet of the answer", "total": "in all",
}  # fmt: skip
_span = re.compile(r"(\w+)=(\d+)").findall


def spans_of(attempt: Attempt) -> list[tuple[str, int]]:
    """How long each step of an attempt took: (its name in words, microseconds)."""
    return [(SPANS[name], int(value)) for name, value in _span(attempt.timings) if name in SPANS and int(value)]


def hidden_of(message: Message | None, whole: bool) -> Callable[[str], str]:
    """Hides the number of who sent `message` in what was called and answered from those who may not see numbers."""
    number = message.sender if message else ""
    return lambda text: unnumbered(text, number, whole)

"""What alarms say, in the visitor's language.

They are kept in English, as the letter said them: what a sentence was made of is read from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

SENTENCES: Final = {
    "fails: %(failures)s attempts in a row, the last one: %(outcome)s": "%(failures)s attempts in a row failed, the last one: %(outcome)s",
    "is paused: it has failed for days (%(failures)s attempts). What is owed to it waits": (
        "It has failed for days (%(failures)s attempts). What is owed to it waits."
    ),
    "answers again": "",
    "a delivery is exhausted, the last attempt: %(outcome)s": "The last attempt: %(outcome)s",
    "a delivery is exhausted without a further attempt: %(why)s": "There is no further attempt: %(why)s",
}
"""What `forward.target_health` says, and what the page says beside the kind of the alarm."""
REASONS: Final = {
    "cut_short": "It was owed for too long.",
    "no_more_attempts": "The schedule was made shorter than the attempts already made.",
}
"""Why there is no further attempt (`forward.plan`)."""
KINDS: Final = {
    "failing": ("It fails", "pending"),
    "paused": ("It is paused", "exhausted"),
    "recovered": ("It answers again", "delivered"),
    "exhausted": ("A delivery is exhausted", "exhausted"),
}
"""The kind of an alarm in words, and the colour of its badge."""


def _reader(sentence: str) -> re.Pattern[str]:
    escaped = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(sentence))
    return re.compile(escaped, re.DOTALL)


_READERS: Final = [(_reader(kept), sentence) for kept, sentence in SENTENCES.items()]


def said(t: Callable[..., str], words: str) -> str:
    """What an alarm says beside its kind, by the translator `t`; as it is where it is no sentence that we know."""
    for reader, sentence in _READERS:
        if found := reader.fullmatch(words):
            values: dict[str, Any] = {name: said(t, value) for name, value in found.groupdict().items()}
            return t(sentence, **values) if sentence else ""
    return t(REASONS.get(words, words))


def kind_of(t: Callable[..., str], kind: str) -> tuple[str, str]:
    """(the kind in words, the colour of its badge)."""
    words, colour = KINDS.get(kind, (kind, "cancelled"))
    return t(words), colour

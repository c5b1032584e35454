"""Forms that keep what was typed and say what is wrong beside the field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from odzew.clock import from_datetime
from odzew.errors import OdzewError, sentence_of
from odzew.panel.words import spoken
from odzew.wire.localtime import zone_of

LONGEST: Final = 4_000
CSRF: Final = "csrf"


class Form:
    """Values as typed, by field, and the faults found, by field ('' for the form as a whole). Texts of faults are translated already.

    `t` is the translator of the visit. Read the fields first; if `valid` is false, show the page again with this form.
    """

    def __init__(self, given: Mapping[str, Any] | Any, t: Callable[..., str], most: int = LONGEST) -> None:
        self._given = given
        self._t = t
        self._most = most
        self.errors: dict[str, str] = {}

    @property
    def valid(self) -> bool:
        """Whether no fault was found so far."""
        return not self.errors

    def typed(self, name: str) -> str:
        """What stands in a field, unjudged: '' for nothing."""
        value = self._given.get(name, "")
        return value if isinstance(value, str) else "" if value is None else str(value)

    def all_typed(self, name: str) -> list[str]:
        """All values of a field that may come several times."""
        many = getattr(self._given, "getlist", None)
        values = many(name) if many else self._given.get(name, [])
        return [value for value in ([values] if isinstance(values, str) else values) if isinstance(value, str)]

    def ids(self, name: str = "id") -> list[int]:
        """The ids that stand in a field that may come several times; what can be none is left out."""
        return [int(text) for text in self.all_typed(name) if text.isascii() and text.isdecimal() and len(text) < 19]

    def day(self, name: str, zone: str, days: int = 0) -> int | None:
        """The instant at which a day that was typed, and `days` more, begins in a zone; None where none was typed."""
        text = self.text(name, most=10)
        if not text:
            return None
        try:
            day = date.fromisoformat(text) + timedelta(days)
            return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone_of(zone)))
        except (ValueError, OverflowError):
            self.fault(name, "This is not a date.")
            return None

    def fault(self, name: str, text: str, /, **values: Any) -> None:
        """Notes a fault of a field; the first one of each field is kept."""
        self.errors.setdefault(name, self._t(text, **values))

    def told(self, name: str, sentence: str) -> None:
        """Notes what a judge has said of a field."""
        self.errors.setdefault(name, self.spoken(sentence))

    def spoken(self, sentence: str) -> str:
        """A judge's sentence in the visitor's language."""
        return spoken(self._t, sentence)

    def text(self, name: str, *, required: bool = False, most: int | None = None) -> str:
        """A text without white space around it."""
        value = self.typed(name).replace("\r\n", "\n").strip()
        if required and not value:
            self.fault(name, "Please fill this in.")
        limit = self._most if most is None else most
        if len(value) > limit:
            self.fault(name, "This is too long: at most %(most)d characters.", most=limit)
        if "\0" in value:
            self.fault(name, "This has a character that cannot be stored.")
        return value

    def flag(self, name: str) -> bool:
        """A check box."""
        return self.typed(name) in ("1", "on", "true", "yes")

    def whole(self, name: str, *, least: int = 0, most: int = 1 << 53, default: int | None = None) -> int | None:
        """A whole number, `default` where nothing was typed."""
        value = self.text(name, most=30)
        if not value:
            return default
        if not (value.isascii() and value.removeprefix("-").isdecimal()):
            self.fault(name, "This is not a whole number.")
            return default
        if not least <= int(value) <= most:
            self.fault(name, "This is a number from %(least)d to %(most)d.", least=least, most=most)
            return default
        return int(value)

    def choice(self, name: str, choices: Iterable[str], default: str = "") -> str:
        """One of `choices`."""
        value = self.typed(name) or default
        if value not in choices:
            self.fault(name, "Please choose one of the list.")
            return default
        return value

    def lines(self, name: str, *, most: int = 200) -> tuple[str, ...]:
        """The lines, or words between commas, of a text area; empty ones left out."""
        pieces = [piece.strip() for line in self.text(name, most=20_000).splitlines() for piece in line.split(",")]
        found = tuple(piece for piece in pieces if piece)
        if len(found) > most:
            self.fault(name, "These are too many: at most %(most)d.", most=most)
        return found

    def judged(self, name: str, judge: Callable[..., Any], value: Any, *more: Any) -> Any:
        """What `judge(value, ...)` gives; an error of ours that it raises becomes the field's fault."""
        if name in self.errors:
            return value
        try:
            return judge(value, *more)
        except (OdzewError, ValueError) as error:
            self.told(name, sentence_of(error))
            return value


def empty(t: Callable[..., str], values: Mapping[str, Any] | None = None) -> Form:
    """A form as it is first shown, filled with `values`."""
    return Form(values or {}, t)


Options = Sequence[tuple[str, str]]
"""(value, label) of a list to choose from."""

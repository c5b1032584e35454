"""Templates and what they can say: texts in the visitor's language, times in the account's zone, numbers that may be masked.

Everything is escaped. A text of a stranger is shown through `plain`, which also makes visible what would turn or hide its surroundings.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from odzew.clock import to_datetime
from odzew.panel.icons import ICONS
from odzew.panel.static import Static
from odzew.panel.words import LANGUAGES, Words
from odzew.wire.localtime import zone_of

KEPT_LINES: Final = "\n\t"
MONTHS: Final = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "pl": ("sty", "lut", "mar", "kwi", "maj", "cze", "lip", "sie", "wrz", "paź", "lis", "gru"),
}


class Pages:
    """The templates, an environment for each language."""

    def __init__(self, words: Words, root: str, url_of: Callable[..., str], menu: Callable[[Any], Any]) -> None:
        self._static = Static()
        self._environments = {language: self._environment(words, language, root, url_of, menu) for language in LANGUAGES}

    @property
    def static(self) -> Static:
        return self._static

    def render(self, template: str, visit: Any, values: Mapping[str, Any]) -> str:
        """A template with `visit` and `values`."""
        return self._environments[visit.language].get_template(template).render(visit=visit, **values)

    def _environment(self, words: Words, language: str, root: str, url_of: Callable[..., str], menu: Callable[[Any], Any]) -> Environment:
        found = Environment(
            loader=PackageLoader("odzew.panel"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )  # fmt: skip
        gettext = functools.partial(words.of, language)
        ngettext = functools.partial(words.counted, language)
        found.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
        found.globals.update(
            url=url_of, static=lambda name: root + self._static.url(name), icon=icon, menu=menu, root=root, languages=LANGUAGES
        )
        found.filters.update(
            plain=plain, when=functools.partial(when, language), day=functools.partial(day, language),
            count=functools.partial(count, language), phone=phone, took=took, octets=octets, json=as_json,
            hexed=hexed, merged=merged, without=without, ago=functools.partial(ago, gettext, ngettext),
        )  # fmt: skip
        return found


def inside(path: str, otherwise: str = "/") -> str:
    """`path` where it is one behind `/panel` and not of the log-in, else `otherwise`."""
    fine = path.startswith("/") and not path.startswith(("//", "/login", "/logout")) and "\\" not in path
    return path if fine and path.isprintable() and len(path) < 1_000 else otherwise


def icon(name: str, label: str = "") -> Markup:
    """An icon (see `icons`). With a label it is an image of that name to a screen reader, without one it is decoration."""
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>'
    ).format(spoken, Markup(ICONS[name]))


def plain(text: str | None, lines: bool = False) -> Markup:
    """A stranger's text: escaped, kept from turning its surroundings, what cannot be seen made visible. `lines`: line ends stay."""
    shown = "".join(_shown(character, lines) for character in text or "")
    return Markup('<bdi class="{}">{}</bdi>').format("text-lines" if lines else "text-line", Markup(shown))


@functools.lru_cache(4_096)
def _shown(character: str, lines: bool) -> str:
    if character in KEPT_LINES:
        return character if lines else " "
    kind = unicodedata.category(character)
    if kind == "Cc":
        if character == "\r":
            return "" if lines else " "
        return f'<span class="odd">{chr(0x2400 + ord(character)) if ord(character) < 0x20 else f"U+{ord(character):04X}"}</span>'
    if kind in ("Cs", "Co", "Cn") or (kind == "Cf" and character != "\u200d") or character in "\u2028\u2029":
        return f'<span class="odd">U+{ord(character):04X}</span>'
    return str(escape(character))


def when(language: str, instant: int | None, zone: str, short: bool = True) -> Markup:
    """An instant in the account's zone; the whole of it, with the zone, on hover. '–' for none."""
    if instant is None:
        return Markup('<span class="text-secondary">–</span>')
    here = to_datetime(instant).astimezone(zone_of(zone))
    whole = f"{here:%Y-%m-%d %H:%M:%S}.{here.microsecond // 1000:03d} {zone} ({here:%Z}, UTC{here:%z})"
    shown = f"{here.day} {MONTHS[language][here.month - 1]} {here:%H:%M}" if short else f"{here:%Y-%m-%d %H:%M:%S}"
    if short:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(here.isoformat(), whole, shown)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(here.isoformat(), whole, shown)


def day(language: str, instant: int, zone: str) -> str:
    """The day of an instant in a zone: `23 Nov 2026`."""
    here = to_datetime(instant).astimezone(zone_of(zone))
    return f"{here.day} {MONTHS[language][here.month - 1]} {here.year}"


def ago(gettext: Callable[[str], str], ngettext: Callable[[str, str, int], str], instant: int | None, now: int) -> str:
    """How long ago an instant was, roughly."""
    if instant is None:
        return gettext("never")
    span = timedelta(microseconds=max(0, now - instant))
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(num)d minute ago", "%(num)d minutes ago", minutes) % {"num": minutes}
    if minutes < 48 * 60:
        return ngettext("%(num)d hour ago", "%(num)d hours ago", minutes // 60) % {"num": minutes // 60}
    return ngettext("%(num)d day ago", "%(num)d days ago", minutes // 1440) % {"num": minutes // 1440}


def count(language: str, number: int, most: int | None = None) -> str:
    """A number with its thousands apart (a narrow no-break space in Polish, commas in English); over `most`: `999+`."""
    shown = f"{min(number, most) if most is not None else number:,}"
    if language == "pl":
        shown = shown.replace(",", "\u202f")
    return shown + ("+" if most is not None and number > most else "")


def phone(number: str | None, whole: bool) -> Markup:
    """A telephone number, its middle hidden from those who may not see numbers (contract 3)."""
    return Markup('<bdi class="phone">{}</bdi>').format(masked(number or "", whole))


def masked(number: str, whole: bool) -> str:
    """The number as it may be seen: `+48500***700`. A short one or a name shows its first character only."""
    if whole or not number:
        return number
    return f"{number[:6]}***{number[-3:]}" if len(number) > 9 else f"{number[:1]}***"


def unnumbered(text: str, number: str, whole: bool) -> str:
    """A text in which a telephone number may stand, as a URL that was called or its answer, with the number as it may be seen."""
    digits = number.lstrip("+")
    if whole or not digits.isdecimal():
        return text
    return text.replace(digits, masked(number, False).lstrip("+")).replace(digits[-9:], f"***{digits[-3:]}")


def took(microseconds: int | None) -> str:
    """A span of time: `840 µs`, `4.9 ms`, `10.0 s`."""
    if microseconds is None:
        return "–"
    if microseconds < 1_000:
        return f"{microseconds} µs"
    return f"{microseconds / 1_000:.1f} ms" if microseconds < 1_000_000 else f"{microseconds / 1_000_000:.1f} s"


def octets(size: int) -> str:
    """A size: `312 B`, `4.0 KiB`, `1.2 MiB`."""
    if size < 1_024:
        return f"{size} B"
    return f"{size / 1_024:.1f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"


def hexed(data: bytes, most: int = 512) -> str:
    """Octets as pairs of hex digits, at most `most` of them."""
    return bytes(data[:most]).hex(" ") + (" …" if len(data) > most else "")


def as_json(value: Any) -> str:
    """For a `data-` attribute or a `pre`: escaped by the template like any other text."""
    return json.dumps(value, ensure_ascii=False)


def merged(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A mapping with more in it; what is None or '' is left out."""
    return {name: value for name, value in (dict(values) | more).items() if value not in (None, "")}


def without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A mapping with one name less."""
    return {key: value for key, value in values.items() if key != name}

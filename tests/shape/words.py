"""The rules about words: places of one machine, hosts of package registries, and the one misspelling of the contract."""

from __future__ import annotations

import re

# Spelled in pieces, for these rules judge this file too.
_BARE = "|".join(("wo" + "rk", "ro" + "ot", "t" + "mp"))
_WITH_MORE = "|".join(("ho" + "me", "o" + "pt", "Us" + "ers", "m" + "nt"))
_MACHINE = re.compile(rf"(?<![\w./:}})\]~-])/(?:(?:{_BARE})(?![\w-])|(?:{_WITH_MORE})/\w)")
_HOSTS = (
    "py" + "pi.", "python" + "hosted", "npm" + "js.", "gh" + "cr.io", "docker" + ".io", "quay" + ".io", "proxy" + ".golang",
    "deb" + ".debian",
)
_OPTIONS = ("index" + "-url", "find" + "-links", "trusted" + "-host")
_REGISTRY = re.compile("|".join(re.escape(word) for word in (*_HOSTS, *_OPTIONS)))
_MISSPELLED = re.compile("reci" + "ved", re.IGNORECASE)


def machine_paths(text: str) -> list[str]:
    return _found(_MACHINE, text, "names a place of one machine")


def registry_hosts(text: str) -> list[str]:
    return _found(_REGISTRY, text, "names where packages are downloaded from")


def misspelling(text: str) -> list[str]:
    return _found(_MISSPELLED, text, "has the contract's misspelling, which belongs in wire/published.py")


def _found(pattern: re.Pattern[str], text: str, what: str) -> list[str]:
    return [f"{number}: {found.group()!r} {what}" for number, line in enumerate(text.splitlines(), 1) for found in pattern.finditer(line)]

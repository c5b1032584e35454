"""The rule about pinned requirement files: every line is a version with hashes, and none says where it comes from."""

from __future__ import annotations

import re

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==\S+(?: ; [^\\]+)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)")


def unpinned(text: str) -> list[str]:
    """Faults of one requirement file: a line that is not `name==version`, an optional marker and at least one SHA-256."""
    return [f"not pinned by version and hash: {line[:80]}" for line in _lines(text) if not _PIN.fullmatch(line)]


def pinned_names(text: str) -> set[str]:
    """The names that a requirement file pins, in the normal spelling (lower case, hyphens)."""
    return {normal(found["name"]) for line in _lines(text) if (found := _PIN.fullmatch(line))}


def asked_names(text: str) -> set[str]:
    """The names that an `.in` file asks for."""
    return {normal(found.group()) for line in _lines(text) if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(text: str) -> list[str]:
    """Logical lines, continuations joined by one blank, without comments."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]

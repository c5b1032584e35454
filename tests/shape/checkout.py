"""The files of the checkout, as the shape tests see them: what would be committed, without what tools left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
TESTS = ROOT / "tests"

_LEFT_BEHIND = {"__pycache__", "build", "dist", "node_modules"}
_HIDDEN_BUT_OURS = {".ci", ".gitignore", ".github"}
_TEXT = {
    "", ".cfg", ".css", ".html", ".in", ".ini", ".js", ".json", ".md", ".py", ".sh", ".sql", ".svg", ".toml",
    ".txt", ".xml", ".yaml", ".yml",
}


def files(below: Path = ROOT, suffix: str | None = None) -> list[Path]:
    """Every file of ours below a directory, sorted; only those that end in `suffix` when one is given."""
    return sorted(path for path in _walk(below) if suffix is None or path.suffix == suffix)


def texts(below: Path = ROOT) -> list[Path]:
    """Every file of ours that people read as text (captured wire files are octets and not among them)."""
    return [path for path in files(below) if path.suffix in _TEXT]


def name(path: Path) -> str:
    """The path as people say it: from the root of the checkout, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def _walk(below: Path) -> Iterator[Path]:
    for directory, subdirectories, names in os.walk(below):
        subdirectories[:] = [d for d in subdirectories if _ours(d)]
        yield from (Path(directory, n) for n in names if _ours(n))


def _ours(part: str) -> bool:
    if part in _LEFT_BEHIND or part.endswith((".egg-info", ".pyc")):
        return False
    return not part.startswith(".") or part in _HIDDEN_BUT_OURS

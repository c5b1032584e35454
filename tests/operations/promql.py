"""As much of PromQL as it takes to see whether an expression asks for something that is there."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR: Final = re.compile(r"\b([a-zA-Z_]\w*)\s*(?:\{([^}]*)\})?")
_GROUPING: Final = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")
_MATCHER: Final = re.compile(r"\b(\w+)\s*(?:=~|!~|!=|=)")
_OURS: Final = re.compile(r"(?:odzew|process)_\w+").fullmatch


class Asked(NamedTuple):
    """The series that an expression selects, each with the labels that it matches, and the labels by which it groups."""

    series: dict[str, set[str]]
    grouped: set[str]


def asked(expression: str) -> Asked:
    """What an expression asks for of ours."""
    bare = _TEXT.sub('""', expression)
    found: dict[str, set[str]] = {}
    for name, matchers in _SELECTOR.findall(bare):
        if _OURS(name):
            found.setdefault(name, set()).update(_MATCHER.findall(matchers))
    return Asked(found, {label.strip() for group in _GROUPING.findall(bare) for label in group.split(",") if label.strip()})


def is_balanced(expression: str) -> bool:
    """Whether all brackets are closed, in order."""
    open_: list[str] = []
    pairs = {")": "(", "}": "{", "]": "["}
    for sign in _TEXT.sub("", expression):
        if sign in pairs.values():
            open_.append(sign)
        elif sign in pairs and (not open_ or open_.pop() != pairs[sign]):
            return False
    return not open_

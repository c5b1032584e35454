"""Reads what strace wrote (`-f -y`): which call began and ended where, in the order in which it was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_LINE: Final = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_RESUMED: Final = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_CALL: Final = re.compile(r"^(?P<name>\w+)\((?P<rest>.*)$")
_UNFINISHED: Final = " <unfinished ...>"
_RESULT: Final = re.compile(r"\) += (?P<result>-?\d+|\?)")
_FILE: Final = re.compile(r"^(?P<number>\d+)<(?P<file>[^>]*)>")
_PATH: Final = re.compile(r'^(?:AT_FDCWD<[^>]*>, )?"(?P<file>[^"]*)"')
NO_DESCRIPTOR: Final = -1


@dataclass(slots=True)
class Call:
    """One system call on a file, open or (`descriptor` is NO_DESCRIPTOR) named by its path.

    `begun` and `ended` are line numbers of the trace; `ended` is None for one that never returned.
    """

    thread: int
    name: str
    descriptor: int
    file: str
    text: str
    begun: int
    ended: int | None = None
    result: int | None = None


def read(lines: Iterable[str]) -> list[Call]:
    """The calls whose first argument is an open file, a socket or a path, in the order in which they began."""
    calls: list[Call] = []
    open_calls: dict[int, Call] = {}
    for number, thread, rest in _lines(lines):
        if resumed := _RESUMED.match(rest):
            call = open_calls.pop(thread, None)
            if call is not None:
                call.text += resumed["rest"]
                _end(call, number, resumed["rest"])
            continue
        begun = _CALL.match(rest)
        file = _FILE.match(begun["rest"]) or _PATH.match(begun["rest"]) if begun else None
        if begun is None or file is None:
            continue
        descriptor = int(file.groupdict().get("number", NO_DESCRIPTOR))
        call = Call(thread, begun["name"], descriptor, file["file"], begun["rest"], number)
        calls.append(call)
        if rest.endswith(_UNFINISHED):
            call.text = call.text.removesuffix(_UNFINISHED)
            open_calls[thread] = call
        else:
            _end(call, number, begun["rest"])
    return calls


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    for number, line in enumerate(lines):
        if found := _LINE.match(line.rstrip("\n")):
            yield number, int(found["thread"]), found["rest"]


def _end(call: Call, number: int, text: str) -> None:
    found = list(_RESULT.finditer(text))
    call.ended = number
    call.result = int(found[-1]["result"]) if found and found[-1]["result"] != "?" else None

"""The curl lines of the pages, made as the calls that they stand for. An option that is not known here is an error."""

from __future__ import annotations

import http.client
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_SWITCHES = {"-s", "--retry-connrefused"}
_WITH_A_VALUE = {"--retry"}
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Call:
    """What a curl line asks for."""

    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)

    def make(self, port: int) -> tuple[int, str]:
        """Makes the call at another port of 127.0.0.1: status and body."""
        parts = urlsplit(self.url)
        assert parts.hostname == "127.0.0.1", f"{self.url} leads elsewhere"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            headers = {"Content-Type": _FORM, **self.headers} if self.data else self.headers
            body = "&".join(self.data).encode() if self.data else None
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST" if self.data else "GET", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def lines_of(block: str) -> list[str]:
    """The commands of a shell block, continued lines joined, the prompt's `&` left out."""
    joined = block.replace("\\\n", " ").splitlines()
    return [line.strip().removesuffix("&").strip() for line in joined if line.strip() and not line.lstrip().startswith("#")]


def calls(blocks: list[str], environment: Mapping[str, str]) -> list[Call]:
    """Every curl command of these blocks."""
    return [read(line, environment) for block in blocks for line in lines_of(block) if line.startswith("curl ")]


def read(line: str, environment: Mapping[str, str]) -> Call:
    """One command. Variables in double quotes are taken from `environment`."""
    call = Call()
    words = iter(shlex.split(line)[1:])
    for word in words:
        if word == "-H":
            name, _, value = _filled(next(words), environment).partition(": ")
            call.headers[name] = value
        elif word == "-d":
            call.data.append(_filled(next(words), environment))
        elif word in _WITH_A_VALUE:
            next(words)
        elif word not in _SWITCHES:
            assert word.startswith("http://"), f"{word} is not known here"
            call.url = word
    return call


def _filled(text: str, environment: Mapping[str, str]) -> str:
    for name, value in environment.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text, f"a variable in {text!r} is not set"
    return text

"""Is the answer of a client's URL the one that means success (contract 5.4)? Pure."""

from __future__ import annotations

from typing import Final

from odzew.forward.outcome import Outcome, of_status

# UTF-32 stands before UTF-16: its little-endian mark starts with the one of UTF-16.
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_TRIMMED: Final = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + "\ufeff"
SHOWN: Final = 200


def judge(status: int, body: bytes, expected: str | None) -> tuple[Outcome, str]:
    """The outcome of an answer, and a detail for people.

    `body` is what was read of the answer (up to 64 KiB), not only what is kept. `expected` None: verification is off and any
    2xx is success; else the body must equal it, white space and a byte order mark around both being trimmed.
    """
    outcome = of_status(status)
    if outcome != "ok" or expected is None:
        return outcome, "" if outcome == "ok" else f"status {status}"
    if body == expected.encode("utf-8", "surrogatepass"):
        return "ok", ""
    wanted = expected.strip(_TRIMMED)
    answered = decode(body).strip(_TRIMMED)
    if answered == wanted:
        return "ok", ""
    return "verify_mismatch", f"expected {_shown(wanted)}, the answer is {_shown(answered)}"


def decode(body: bytes) -> str:
    """The text of an answer: by its byte order mark, else UTF-8, else Latin-1, which reads any octets."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _shown(text: str) -> str:
    """A quoted, printable and short form of a text."""
    if not text:
        return "empty"
    return ascii_safe(text[:SHOWN]) + (" (cut)" if len(text) > SHOWN else "")


def ascii_safe(text: str) -> str:
    """The text in quotes; what cannot be printed is escaped, so that a log line or a page stays whole."""
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text) + '"'

"""MIME entities written: what `wire.mime` reads. Every odd form is one that some network sends."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

CRLF: Final = b"\r\n"
NOTHING: Final[Mapping[str, str]] = {}

_ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64": lambda data: base64.encodebytes(data).replace(b"\n", CRLF),
    # Line ends are content too, so that they come back as they were.
    "quoted-printable": lambda data: binascii.b2a_qp(data, istext=False).replace(b"=\n", b"=\r\n"),
}


def entity(content_type: str, data: bytes, encoding: str = "", headers: Mapping[str, str] = NOTHING, newline: bytes = CRLF) -> bytes:
    """Headers, a blank line, and `data` in a transfer encoding. An empty `content_type` or `encoding` writes no such header."""
    lines = {"Content-Type": content_type, "Content-Transfer-Encoding": encoding, **headers}
    head = newline.join(f"{name}: {value}".encode() for name, value in lines.items() if value)
    body = _ENCODERS.get(encoding, bytes)(data)
    return head + (newline if head else b"") + newline + body


def multipart(entities: Sequence[bytes], boundary: str, newline: bytes = CRLF, padding: str = "", closed: bool = True) -> bytes:
    """The body of a multipart. `padding` follows each boundary line; without `closed` there is no final one."""
    mark = b"--" + boundary.encode("ascii")
    line_end = padding.encode("ascii") + newline
    body = newline.join(mark + line_end + one for one in entities)
    return body + newline + mark + b"--" + line_end if closed else body


def encoded_word(text: str, charset: str = "utf-8") -> str:
    """`text` as one encoded word (RFC 2047)."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode('ascii')}?="


def extended(name: str, text: str, longest: int = 20) -> str:
    """The parameter `name` in UTF-8 (RFC 2231), in sections of at most `longest` octets."""
    octets = text.encode()
    pieces = [quote(octets[at : at + longest], safe="") for at in range(0, len(octets), longest)]
    if len(pieces) < 2:
        return f"{name}*=utf-8''{''.join(pieces)}"
    pieces[0] = f"utf-8''{pieces[0]}"
    return "; ".join(f"{name}*{number}*={piece}" for number, piece in enumerate(pieces))

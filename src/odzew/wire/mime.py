"""MIME entities (RFC 2045, 2046), read as networks really send them, and byte-exact.

Bodies are slices of the octets that came: nothing is copied before a part's own content is asked for, so that a message of
many megabytes costs its size once. The time is linear in the size (each level of nesting looks through its own octets once).

What is put up with: LF for CRLF, blanks after a boundary line, no final boundary line, a boundary that is not given or is not the
one in use, no blank line after the headers, no headers at all, folded and repeated headers, any transfer encoding's name.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from odzew.errors import WireError
from odzew.wire import mime_field
from odzew.wire.mime_field import Field

MOST_PARTS: Final = 256  # entities in all
DEEPEST: Final = 8  # multiparts inside one another
LONGEST_HEADERS: Final = 64 * 1024  # octets of the headers of one entity
MOST_HEADERS: Final = 200
LONGEST_BOUNDARY: Final = 200  # RFC 2046 s.5.1.1 allows 70

_name_of_field = re.compile(rb"([!-9;-~]{1,100})[ \t]*:").match
_after_boundary = re.compile(rb"(--)?[ \t]*(\r?\n|\Z)").match
_first_line = re.compile(rb"[ \t\r\n]*--([^\r\n]{1,%d}?)[ \t]*(?:\r?\n|\Z)" % LONGEST_BOUNDARY).match
_media_type = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,127}/[!#$%&'*+.^_`|~0-9a-z-]{1,127}").fullmatch
_file_name = re.compile(r"[^@]+\.[0-9A-Za-z]{1,8}").fullmatch


class MimeFault(WireError):
    """The entity has more parts, levels or headers than anything that is meant to be read."""


@dataclass(slots=True)
class Entity:
    """One entity. `headers` have lower-case names, `octets` is the body still in its transfer encoding, `parts` those of a multipart."""

    headers: dict[str, str]
    content: Field
    octets: memoryview
    parts: list[Entity] = field(default_factory=list)

    @property
    def media_type(self) -> str:
        """`image/jpeg`, in lower case; '' where none is given or it is none."""
        return self.content.word if _media_type(self.content.word) else ""

    @property
    def charset(self) -> str:
        return self.content.parameters.get("charset", "")

    @property
    def content_id(self) -> str:
        """Without its angle brackets."""
        return self.headers.get("content-id", "").strip().strip("<>").strip()

    @property
    def name(self) -> str:
        """What the sender calls it, from the header that says so best; '' if none does. Not safe to use as it is."""
        disposition = mime_field.parse(self.headers.get("content-disposition", ""))
        given = disposition.parameters.get("filename") or self.content.parameters.get("name") or self.headers.get("content-location")
        if given:
            return mime_field.words(given).strip()
        return self.content_id if _file_name(self.content_id) else ""

    def data(self) -> bytes:
        """The content itself, out of its transfer encoding (RFC 2045 s.6). An unknown encoding is none."""
        encoding = self.headers.get("content-transfer-encoding", "").strip().lower()
        return _DECODERS.get(encoding, bytes)(self.octets)


_DECODERS: Final[dict[str, Callable[[memoryview], bytes]]] = {"base64": mime_field.base64, "quoted-printable": binascii.a2b_qp}


@dataclass(slots=True)
class _Delimiter:
    """A boundary line: where it starts, where the next octet after it is, whether it is the last one, and how it ended."""

    start: int
    end: int
    closing: bool
    newline: bytes


def read(octets: bytes) -> Entity:
    """The entity: headers, a blank line, a body. MimeFault if it goes beyond all limits."""
    return _entity(octets, 0, len(octets), 0, [MOST_PARTS])


def leaves(entity: Entity) -> Iterator[Entity]:
    """The entities that hold something, in order; an entity without parts is its own."""
    if not entity.parts:
        yield entity
    for part in entity.parts:
        yield from leaves(part)


def _entity(octets: bytes, start: int, end: int, depth: int, left: list[int]) -> Entity:
    left[0] -= 1
    if left[0] < 0:
        raise MimeFault(f"more than {MOST_PARTS} parts")
    headers, body = _headers(octets, start, end)
    content = mime_field.parse(headers.get("content-type", ""))
    entity = Entity(headers, content, memoryview(octets)[body:end])
    # The type of the whole may be wrong or missing; inside it, dashes may also be what somebody wrote.
    if "multipart" in content.word or (not depth and _first_line(octets, body, end)):
        if depth == DEEPEST:
            raise MimeFault(f"more than {DEEPEST} multiparts inside one another")
        entity.parts = [_entity(octets, *place, depth + 1, left) for place in _places(octets, body, end, content)]
    return entity


def _headers(octets: bytes, start: int, end: int) -> tuple[dict[str, str], int]:
    """The headers by name, of those alike the first, and where the body starts."""
    lines: list[tuple[bytes, list[bytes]]] = []
    position = start
    while position < end:
        if octets.startswith((b"\r\n", b"\n"), position, end):
            position = octets.index(b"\n", position) + 1
            break
        found = _name_of_field(octets, position, end)
        folded = octets[position : position + 1] in (b" ", b"\t") and bool(lines)
        if not found and not folded:
            break  # no blank line came: what is no header is the body
        newline = octets.find(b"\n", position, min(end, start + LONGEST_HEADERS))
        if newline < 0 and end > start + LONGEST_HEADERS:
            raise MimeFault(f"headers of more than {LONGEST_HEADERS} octets")
        line_end = end if newline < 0 else newline
        if found:
            lines.append((found[1].lower(), [octets[found.end() : line_end].strip()]))
        else:
            lines[-1][1].append(octets[position:line_end].strip())
        if len(lines) > MOST_HEADERS:
            raise MimeFault(f"more than {MOST_HEADERS} headers")
        position = line_end + (newline >= 0)
    headers: dict[str, str] = {}
    for name, pieces in lines:
        headers.setdefault(name.decode("ascii"), _text(b" ".join(pieces)))
    return headers, position


def _text(octets: bytes) -> str:
    """A header's octets: ASCII by the rules, but raw UTF-8 and Latin-1 come too."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _places(octets: bytes, start: int, end: int, content: Field) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart start and end (RFC 2046 s.5.1.1: the line end before a boundary belongs to the boundary)."""
    delimiters = _delimiters(octets, start, end, content.parameters.get("boundary", ""))
    if not delimiters and (found := _first_line(octets, start, end)):
        delimiters = _delimiters(octets, start, end, found[1].decode("latin-1"))
    for number, opening in enumerate(delimiters):
        if opening.closing:
            return
        if number + 1 == len(delimiters):
            yield opening.end, end  # the final boundary line is missing
            return
        last = delimiters[number + 1].start
        if last > opening.end:
            last -= 1
            # In a message of bare LF an octet 13 before it is content.
            if opening.newline == b"\r\n" and last > opening.end and octets[last - 1] == 13:
                last -= 1
        yield opening.end, last


def _delimiters(octets: bytes, start: int, end: int, boundary: str) -> list[_Delimiter]:
    found: list[_Delimiter] = []
    mark = b"--" + boundary.strip().encode("latin-1", "replace")
    if not 2 < len(mark) <= LONGEST_BOUNDARY + 2:
        return found
    position = start
    while (at := octets.find(mark, position, end)) >= 0:
        position = at + len(mark)
        if at > start and octets[at - 1] != 10:
            continue  # the same signs inside a line
        rest = _after_boundary(octets, position, end)
        if rest is None:
            continue  # the boundary of another level, which begins alike
        position = rest.end()
        found.append(_Delimiter(at, position, rest[1] is not None, rest[2]))
        if rest[1] is not None:
            break
        if len(found) > MOST_PARTS:
            raise MimeFault(f"more than {MOST_PARTS} parts")
    return found

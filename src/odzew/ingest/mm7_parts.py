"""The parts of an MM7 message: which one is the SOAP envelope, and which are the attachments, with types and names that can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from odzew.errors import WireError
from odzew.ingest.parts import safe_name
from odzew.model import Attachment
from odzew.wire import mime_sniff, mm7_xml
from odzew.wire.mime import Entity, leaves
from odzew.wire.mime_sniff import SMIL, UNKNOWN

LONGEST_NAME: Final = 255
_LONGEST_ENDING: Final = 16
_CANDIDATES: Final = 8  # parts that are looked into for the envelope
_ENCODED: Final = 2 * mm7_xml.LARGEST  # octets of an envelope in base64

_charset = re.compile(r"[A-Za-z0-9._:+-]{1,40}").fullmatch
# Where the type says so little that the content has to (`text/plain` may be what somebody wrote about SMIL).
_MAYBE_SMIL: Final = frozenset(("", UNKNOWN, "text/xml", "application/xml"))
_SMIL_TYPES: Final = frozenset((SMIL, "application/smil+xml", "text/smil"))


class NoEnvelope(WireError):
    """Nothing in the request is a SOAP envelope."""


def envelope_of(root: Entity) -> tuple[Entity, bytes]:
    """The part that is the SOAP envelope, and its octets: the one that `start` names (RFC 2387), else the first that looks like one."""
    start = root.content.parameters.get("start", "").strip().strip("<>").strip()
    parts = list(leaves(root))
    named = [part for part in parts if start and part.content_id == start]
    for part in (named + parts)[:_CANDIDATES]:
        if len(part.octets) <= _ENCODED:
            octets = part.data()
            # UTF-16 has a NUL beside each of these signs.
            if b"Envelope" in octets[:4096].replace(b"\0", b""):
                return part, octets
    raise NoEnvelope("no SOAP envelope")


def attachments_of(root: Entity, envelope: Entity) -> tuple[Attachment, ...]:
    """Every part but the envelope and SMIL, in order, byte-exact. Whatever the references between the parts say: they are often wrong."""
    return tuple(_attachments(root, envelope))


def _attachments(root: Entity, envelope: Entity) -> Iterator[Attachment]:
    number = 0
    for part in leaves(root):
        if part is envelope:
            continue
        data = part.data()
        content_type = _content_type(part, data)
        media_type = content_type.partition(";")[0]
        if media_type in _SMIL_TYPES or (part.media_type in _MAYBE_SMIL and mime_sniff.is_smil(data)):
            continue
        number += 1
        yield Attachment(_name(part.name, media_type, number), content_type, data)


def _content_type(part: Entity, data: bytes) -> str:
    """The given type with its charset, which a reader needs; where none is given, or one that says nothing, what it looks like."""
    if part.media_type in ("", UNKNOWN):
        return mime_sniff.media_type_of(data, part.name)
    charset = part.charset
    return f"{part.media_type}; charset={charset}" if _charset(charset) else part.media_type


def _name(name: str, media_type: str, number: int) -> str:
    """A name that is safe to show and to save; a long one keeps its ending, and where there is none one is made up."""
    made_up = f"part_{number}{mime_sniff.ending_of(media_type)}"
    nothing = safe_name("", number)
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = stem[: LONGEST_NAME - _LONGEST_ENDING] + dot + ending if dot and len(ending) < _LONGEST_ENDING else name
    safe = safe_name(name, number)
    return made_up if safe == nothing else safe

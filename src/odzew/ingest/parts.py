"""The parts of an MMS in an aggregator's push: base64 to attachments, with names that are safe to show and to save."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from odzew.errors import WireError
from odzew.model import Attachment
from odzew.wire import clean

MOST_PARTS: Final = 100
LONGEST_NAME: Final = 255
TEXT_NAME: Final = "text_0001.txt"
_ANY_TYPE: Final = "application/octet-stream"
_SMIL: Final = "application/smil"  # says how the parts are shown; contract 2 leaves it out

# RFC 9110 s.8.3.1, parameters not looked into: printable ASCII.
_media_type = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+ *(;[ -~]*)?").fullmatch
_path = re.compile(r".*[/\\]", re.DOTALL)
_unprintable = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class PartFault(WireError):
    """Why the parts are refused, in a sentence."""


class Part(msgspec.Struct):
    """One attachment as it came; `data` is base64."""

    name: str | None = None
    content_type: str | None = None
    data: str | None = None


def attachments_of(parts: Sequence[Part], text: str) -> tuple[Attachment, ...]:
    """The attachments of an MMS; a `text` beside them becomes the first one. SMIL is left out. PartFault."""
    if len(parts) > MOST_PARTS:
        raise PartFault(f"more than {MOST_PARTS} attachments")
    first = (Attachment(TEXT_NAME, "text/plain; charset=utf-8", clean.text(text).encode("utf-8")),) if text else ()
    read = (_attachment(number, part) for number, part in enumerate(parts, len(first) + 1))
    return first + tuple(attachment for attachment in read if attachment is not None)


def safe_name(name: str, number: int) -> str:
    """`name` without folders, control characters and signs that turn the direction of writing; a made-up one if nothing is left."""
    bare = _unprintable.sub("", _path.sub("", clean.text(name))).strip()
    return bare[:LONGEST_NAME] if bare.strip(".") else f"part_{number:04}"


def _attachment(number: int, part: Part) -> Attachment | None:
    content_type = part.content_type or _ANY_TYPE
    if len(content_type) > LONGEST_NAME or not _media_type(content_type):
        raise PartFault(f"attachment {number}: content_type is no media type")
    if part.data is None:
        raise PartFault(f"attachment {number}: data is missing")
    try:
        data = binascii.a2b_base64(part.data, strict_mode=True)
    except ValueError:
        raise PartFault(f"attachment {number}: data is not base64") from None
    if content_type.partition(";")[0].strip().lower() == _SMIL:
        return None
    return Attachment(safe_name(part.name or "", number), content_type, data)

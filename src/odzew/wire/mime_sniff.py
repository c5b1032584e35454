"""What the parts of an MMS are where their sender does not say: told by their first octets, else by their name."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "application/octet-stream"
SMIL: Final = "application/smil"
TEXT: Final = "text/plain"

_LOOKED_AT: Final = 4_096  # octets

_FIRST: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"#!AMR", "audio/amr"),
    (b"BEGIN:VCARD", "text/x-vcard"),
    (b"\xfe\xff", "text/plain; charset=utf-16"),
    (b"\xff\xfe", "text/plain; charset=utf-16"),
)
_BRANDS: Final = {b"3gp": "video/3gpp", b"3g2": "video/3gpp2", b"M4A": "audio/mp4"}  # ISO 14496-12: `ftyp` and the major brand
_NAMES: Final = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "amr": "audio/amr", "3gp": "video/3gpp",
    "mp4": "video/mp4", "mp3": "audio/mpeg", "mid": "audio/midi", "vcf": "text/x-vcard", "txt": TEXT, "smil": SMIL, "smi": SMIL,
}  # fmt: skip
_ENDINGS: Final = {
    TEXT: ".txt", SMIL: ".smil", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/png": ".png", "image/gif": ".gif",
    "audio/amr": ".amr", "audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/midi": ".mid", "video/3gpp": ".3gp", "video/3gpp2": ".3g2",
    "video/mp4": ".mp4", "text/x-vcard": ".vcf", "text/vcard": ".vcf", "application/pdf": ".pdf",
}  # fmt: skip
_smil = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE\s+)?<?smil[\s>]", re.DOTALL | re.IGNORECASE
).match
_controls = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]").search


def media_type_of(octets: bytes, name: str) -> str:
    """The media type, with a charset where it is text; `application/octet-stream` if nothing tells."""
    if is_smil(octets):
        return SMIL
    for first, media_type in _FIRST:
        if octets.startswith(first):
            return media_type
    if octets[4:8] == b"ftyp":
        return _BRANDS.get(octets[8:11], "video/mp4")
    named = _NAMES.get(name.rpartition(".")[2].lower(), "") if "." in name else ""
    if named and not named.startswith("text/"):
        return named
    if octets and _is_text(octets):
        return f"{named or TEXT}; charset=utf-8"
    return named or UNKNOWN


def is_smil(octets: bytes) -> bool:
    """Whether it is a SMIL document, whatever its type says."""
    return _smil(octets[:_LOOKED_AT]) is not None


def ending_of(media_type: str) -> str:
    """How names of this type end: `.jpg`; '' for one that we do not know."""
    return _ENDINGS.get(media_type.partition(";")[0].strip().lower(), "")


def _is_text(octets: bytes) -> bool:
    if _controls(octets[:_LOOKED_AT]):
        return False
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

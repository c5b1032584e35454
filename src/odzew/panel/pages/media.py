"""What came with an MMS: shown where a browser only ever paints or plays it, else downloaded. Nothing of it is ever run."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from odzew.errors import NotOurs
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import attachments
from odzew.store.attachments import AttachmentHead
from odzew.store.messages import SLICE

LARGEST: Final = (1 << 62) - 1
UNKNOWN: Final = "application/octet-stream"
SHOWN: Final = {
    "image/png": "image", "image/jpeg": "image", "image/jpg": "image", "image/gif": "image", "image/webp": "image", "image/bmp": "image",
    "audio/mpeg": "audio", "audio/mp4": "audio", "audio/aac": "audio", "audio/ogg": "audio", "audio/wav": "audio", "audio/x-wav": "audio",
    "audio/webm": "audio", "audio/amr": "audio", "audio/3gpp": "audio",
    "video/mp4": "video", "video/webm": "video", "video/ogg": "video", "video/3gpp": "video", "video/3gpp2": "video",
}  # fmt: skip
"""The types that a browser only paints or plays. SVG and HTML may hold scripts: they are not among them."""
POLICY: Final = "sandbox; default-src 'none'"

_range = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})").fullmatch


def type_of(content_type: str) -> str:
    """The bare type, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def showing_of(content_type: str) -> str:
    """How the page shows it: image, audio, video, or '' for a download only."""
    return SHOWN.get(type_of(content_type), "")


async def media(visit: Visit) -> Response:
    """An attachment, or the part of it that a `Range` asks for."""
    key = visit.path("id")
    found: tuple[AttachmentHead, int | None] | None = await visit.db.read(attachments.owned, key) if key <= LARGEST else None
    assert visit.visitor is not None
    account = visit.visitor.account.id if visit.visitor.account else None
    if found is None or not (visit.visitor.is_operator or found[1] == account):
        raise NotOurs("there is no such attachment")
    head = found[0]
    shown = bool(showing_of(head.content_type)) and "download" not in visit.query
    headers = {
        "content-type": type_of(head.content_type) if shown else UNKNOWN, "content-security-policy": POLICY,
        "content-disposition": _disposition(head, "inline" if shown else "attachment"), "accept-ranges": "bytes",
    }  # fmt: skip
    asked = visit.request.headers.get("range", "")
    span = span_of(asked, head.size)
    if span is None:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{head.size}"})
    start, end, is_part = span
    headers["content-length"] = str(end - start)
    if is_part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{head.size}"
    return StreamingResponse(_slices(visit, head.id, start, end), 206 if is_part else 200, headers)


def span_of(asked: str, size: int) -> tuple[int, int, bool] | None:
    """First octet, the one behind the last, and whether it is a part, of a `Range` header (RFC 9110, 14.2). Several ranges, or what is no
    range of octets, give the whole; None: it lies outside."""
    found = _range(asked)
    first, last = found.groups() if found else ("", "")
    if not (first or last) or (first and last and int(last) < int(first)):
        return 0, size, False
    if not first:
        return (max(0, size - int(last)), size, True) if int(last) and size else None
    end = min(size, int(last) + 1) if last else size
    return (int(first), end, True) if int(first) < size else None


def name_of(head: AttachmentHead) -> str:
    """The file's name without what could lead elsewhere or turn it round."""
    last = re.split(r"[/\\]", head.name)[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '"*:<>?|;%').strip(". ")[:100]
    return kept or f"attachment-{head.id}"


def _disposition(head: AttachmentHead, way: str) -> str:
    """RFC 6266 with the name of RFC 8187, and for old clients what of it is ASCII."""
    name = name_of(head)
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"{way}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _slices(visit: Visit, key: int, start: int, end: int) -> AsyncIterator[bytes]:
    for place in range(start // SLICE, -(-end // SLICE)):
        data: Any = await visit.db.read(attachments.slice_of, key, place)
        if data is None:
            return
        base = place * SLICE
        yield data[max(0, start - base) : max(0, end - base)]


PAGES: Final = (Page("/media/{id:int}", media, "user", "media"),)

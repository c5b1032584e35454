"""The forms in which MMSCs put a message together: the specification's own, and those that differ from it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from odzew.model import Attachment
from odzew.wire import mime_write
from odzew.wire.mime_write import CRLF

LF: Final = b"\n"
CONTENT_ID: Final = "mms-content"
SMIL: Final = b"""<smil><head><layout><root-layout/></layout></head><body><par dur="5s"/></body></smil>"""

Made = tuple[str, bytes]
"""The content type of a request, and its body."""


@dataclass(slots=True, frozen=True)
class Shape:
    """One form. `words` says for people what is special; each switch is one difference from the specification's own example.

    `envelope_charset`: the envelope is written in it. `levels`: multiparts around the parts, 0: the parts stand beside the envelope.
    """

    words: str
    encoding: str = "binary"
    text_encoding: str = ""
    levels: int = 1
    kind: str = "multipart/mixed"
    newline: bytes = CRLF
    padding: str = ""
    closed: bool = True
    quoted: bool = True
    typed: Callable[[Attachment], str] = field(default=lambda part: part.content_type)
    name: Callable[[str], str] = field(default=lambda name: f'name="{name}"')
    content_id: str = CONTENT_ID
    start: str = "envelope"
    envelope_charset: str = "utf-8"
    smil_type: str = "application/smil"


SHAPES: Final[dict[str, Shape]] = {
    "nested": Shape("as the specification's example: the parts in a multipart of their own"),
    "flat": Shape("the parts beside the envelope", levels=0),
    "base64": Shape("the parts in base64", "base64"),
    "quoted": Shape("texts in quoted-printable, the rest in base64", "base64", "quoted-printable"),
    "related": Shape("the inner multipart is a multipart/related", kind="multipart/related"),
    "alternative": Shape("the inner multipart is a multipart/alternative", kind="multipart/alternative"),
    "deep": Shape("five multiparts inside one another", levels=5),
    "lf": Shape("lines end with LF alone", newline=LF),
    "padded": Shape("blanks after boundary lines, and a boundary without quotes", padding=" \t ", quoted=False),
    "open": Shape("no final boundary lines", closed=False),
    "untyped": Shape("parts without a content type", typed=lambda part: ""),
    "octets": Shape("every part is application/octet-stream", typed=lambda part: "application/octet-stream"),
    "wrong-cid": Shape("references that match no part", content_id="somewhere-else", start="nowhere"),
    "words": Shape("names as encoded words (RFC 2047)", name=lambda name: f'name="{mime_write.encoded_word(name)}"'),
    "extended": Shape("names in sections (RFC 2231)", name=lambda name: mime_write.extended("name", name)),
    "folded": Shape("names on a line of their own", name=lambda name: f'\r\n\tname="{name}"'),
    "nameless": Shape("parts without names", name=lambda name: ""),
    "smil-as-xml": Shape("SMIL that is called text/xml", smil_type="text/xml"),
    "latin2": Shape("the envelope in ISO-8859-2", envelope_charset="iso-8859-2"),
    "utf16": Shape("the envelope in UTF-16", envelope_charset="utf-16"),
}


def put_together(shape: Shape, envelope: bytes, parts: Sequence[Attachment], smil: bytes = SMIL) -> Made:
    """The request of an envelope (in UTF-8) and its parts."""
    entities = [_entity(shape, Attachment("start.smil", shape.smil_type, smil), 0)] if smil else []
    entities += [_entity(shape, part, number) for number, part in enumerate(parts, 1)]
    for _ in range(shape.levels):
        boundary = _boundary()
        body = mime_write.multipart(entities, boundary, shape.newline, shape.padding, shape.closed)
        headers = {"Content-ID": f"<{CONTENT_ID}>"}
        entities = [mime_write.entity(f"{shape.kind}; {_parameter(shape, boundary)}", body, "", headers, shape.newline)]
    boundary = _boundary()
    charset = shape.envelope_charset
    text = envelope.decode().replace('encoding="UTF-8"', f'encoding="{charset}"', 1)
    first = mime_write.entity(
        f'text/xml; charset="{charset}"', text.encode(charset, "xmlcharrefreplace"), "", {"Content-ID": "<envelope>"}, shape.newline
    )
    body = mime_write.multipart([first, *entities], boundary, shape.newline, shape.padding, shape.closed)
    return f'multipart/related; type="text/xml"; start="<{shape.start}>"; {_parameter(shape, boundary)}', body


def _entity(shape: Shape, part: Attachment, number: int) -> bytes:
    content_type = shape.typed(part)
    name = shape.name(part.name)
    if content_type and name:
        content_type = f"{content_type}; {name}"
    headers = {"Content-ID": f"<{number}>"}
    if name and not content_type:
        headers["Content-Location"] = part.name
    text = part.content_type.startswith("text/") and shape.text_encoding
    return mime_write.entity(content_type, part.data, text or shape.encoding, headers, shape.newline)


def _boundary() -> str:
    return f"=_{secrets.token_hex(12)}"


def _parameter(shape: Shape, boundary: str) -> str:
    return f'boundary="{boundary}"' if shape.quoted else f"boundary={boundary}"


def samples() -> tuple[Attachment, ...]:
    """A text, a picture, a sound and a film, of the sizes that telephones send; the film has every octet and every line end in it."""
    every = bytes(range(256)) + b"\r\n--\n\r--=_\r\n.\r\n"
    return (
        Attachment("pozdrowienia.txt", "text/plain; charset=utf-8", "Zażółć gęślą jaźń 😀\r\n--\r\n".encode()),
        Attachment("zdjęcie z gór.jpg", "image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + every * 40 + b"\xff\xd9"),
        Attachment("nagranie.amr", "audio/amr", b"#!AMR\n" + every * 4),
        Attachment("film.3gp", "video/3gpp", b"\0\0\0\x18ftyp3gp4\0\0\0\0" + every * 100 + b"\r"),
    )

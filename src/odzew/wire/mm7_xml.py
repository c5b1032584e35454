"""XML of a stranger, read into a small tree. No DTD, no entities but the five of XML itself, nothing looked up, all of it bounded.

Prefixes that nobody declared are put up with, as real senders write them: names are compared without their prefix.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from odzew.errors import WireError
from odzew.wire import clean
from odzew.wire.mime_field import text_of

LARGEST: Final = 1 << 20  # octets; an envelope has some thousand
DEEPEST: Final = 32
MOST_ELEMENTS: Final = 4_096
MOST_ATTRIBUTES: Final = 32  # of one element
LONGEST_ATTRIBUTE: Final = 4_096

_declared = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,64})["']""").match
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16be"), (codecs.BOM_UTF16_LE, "utf-16le"))
_WIDE: Final = ((b"\0<", "utf-16be"), (b"<\0", "utf-16le"))


class XmlFault(WireError):
    """Not well-formed, or nothing that an honest sender writes."""


@dataclass(slots=True)
class Element:
    """`name` is without its prefix, `namespace` the one in force for it ('' if none is declared), `text` all text directly in it."""

    name: str
    namespace: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Without blanks around it."""
        return "".join(self.pieces).strip()

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def value(self, name: str) -> str:
        """The text of the first child of that name; '' if there is none."""
        child = self.child(name)
        return "" if child is None else child.text

    def descendants(self) -> Iterator[Element]:
        """All inside it, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.descendants()


class _Builder:
    """Hears the parser and builds the tree."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[tuple[Element, dict[str, str]]] = []
        self._count = 0

    def start(self, name: str, given: list[str]) -> None:
        attributes = dict(zip(given[::2], given[1::2], strict=True))
        self._count += 1
        if len(self._open) == DEEPEST:
            raise XmlFault(f"elements more than {DEEPEST} deep")
        if self._count > MOST_ELEMENTS:
            raise XmlFault(f"more than {MOST_ELEMENTS} elements")
        if len(attributes) > MOST_ATTRIBUTES or any(len(one) > LONGEST_ATTRIBUTE for one in given):
            raise XmlFault("too many or too long attributes")
        outer = self._open[-1][1] if self._open else {}
        declared = {key.partition(":")[2]: value for key, value in attributes.items() if key == "xmlns" or key.startswith("xmlns:")}
        scope = outer | declared if declared else outer
        prefix, _, bare = name.rpartition(":")
        element = Element(bare, scope.get(prefix, ""), attributes)
        if self._open:
            self._open[-1][0].children.append(element)
        else:
            self.root = element
        self._open.append((element, scope))

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1][0].pieces.append(text)


def _refuse(*_anything: object) -> NoReturn:
    raise XmlFault("a document type declaration")


def parse(octets: bytes, charset: str = "") -> Element:
    """The root. `charset` is what the transport says, if the document says nothing. XmlFault."""
    if len(octets) > LARGEST:
        raise XmlFault(f"more than {LARGEST} octets of XML")
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(_decoded(octets, charset), True)
    except expat.ExpatError as error:
        raise XmlFault(f"malformed XML: {expat.ErrorString(error.code)}, line {error.lineno}") from None
    if builder.root is None:
        raise XmlFault("no element")
    return builder.root


def _decoded(octets: bytes, charset: str) -> str:
    """The text of the document. Given as text, the parser does not follow what the document says of its encoding."""
    for mark, name in _MARKS:
        if octets.startswith(mark):
            return _text(octets[len(mark) :], name)
    for sign, name in _WIDE:
        if octets.startswith(sign):
            return _text(octets, name)
    found = _declared(octets)
    declared = found[1].decode("ascii") if found else ""
    # A declaration that can be read as ASCII stands in no UTF-16: somebody changed the encoding and not the declaration.
    wide = declared.lower().startswith(("utf-16", "utf16", "iso-10646-ucs", "ucs"))
    return _text(octets, charset or "utf-8" if wide or not declared else declared)


def _text(octets: bytes, name: str) -> str:
    text = text_of(octets, name)
    if text is None:
        raise XmlFault(f"unknown encoding {name[:64]!r}")
    return text


def escaped(text: str) -> str:
    """`text` for the content of an element, or of an attribute in double quotes."""
    return escape(clean.xml(text), {'"': "&quot;", "\r": "&#13;"})

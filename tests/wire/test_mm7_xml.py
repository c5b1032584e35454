"""XML of strangers: what is read of it, and a thousand hostile documents."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import mm7_xml
from odzew.wire.mm7_xml import XmlFault, parse

DECLARED = '<?xml version="1.0" encoding="{}"?>\n<a b="ż">Zażółć</a>'

# Octets and what the transport says of their charset; all mean the same.
ENCODINGS: tuple[tuple[bytes, str], ...] = (
    (DECLARED.format("UTF-8").encode(), ""),
    (DECLARED.format("utf-8").encode(), "iso-8859-2"),
    (DECLARED.format("UTF-8").encode("utf-8-sig"), ""),
    (DECLARED.format("ISO-8859-2").encode("iso-8859-2"), ""),
    (DECLARED.format("windows-1250").encode("cp1250"), "utf-8"),
    (DECLARED.format("UTF-16").encode("utf-16"), ""),
    (DECLARED.format("UTF-16").encode("utf-16-be"), ""),
    (DECLARED.format("UTF-16").encode("utf-16-le"), ""),
    (DECLARED.format("UTF-8").encode("utf-16-le"), "utf-8"),
    (DECLARED.format("UTF-16").encode(), "utf-8"),
    (DECLARED.format("UTF-16").encode(), ""),
    (DECLARED.format("UTF-16").encode("iso-8859-2"), "iso-8859-2"),
    (DECLARED.partition("\n")[2].encode(), ""),
    (DECLARED.partition("\n")[2].encode("iso-8859-2"), "iso-8859-2"),
)


@pytest.mark.parametrize(("octets", "charset"), ENCODINGS)
def test_encodings(octets: bytes, charset: str) -> None:
    root = parse(octets, charset)
    assert (root.name, root.text, root.attributes) == ("a", "Zażółć", {"b": "ż"})


def test_octets_that_are_no_letters_cost_one_letter() -> None:
    assert parse(b"<a>\xff\xfe!\0</a>").text == "\ufffd\ufffd!\ufffd"


def test_names_without_prefix_and_namespaces() -> None:
    root = parse(b'<x:a xmlns:x="one" xmlns="two"><b xmlns="three"><x:c/></b><b/><undeclared:d/><e::f/></x:a>')
    assert [(one.name, one.namespace) for one in (root, *root.descendants())] == [
        ("a", "one"), ("b", "three"), ("c", "one"), ("b", "two"), ("d", ""), ("f", ""),
    ]  # fmt: skip


def test_text_is_all_text_directly_inside() -> None:
    root = parse(b"<a> one <b>two</b> <![CDATA[<three>]]> &amp; &#380;<!-- not this --><?nor this?> </a>")
    assert (root.text, root.value("b"), root.value("none")) == ("one  <three> & ż", "two", "")


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(12))

# Documents that must be refused, each for its reason.
HOSTILE: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("blanks", b" \r\n "),
    ("no XML", b"GET / HTTP/1.1"),
    ("not closed", b"<a>"),
    ("closed by another", b"<a></b>"),
    ("two roots", b"<a/><b/>"),
    ("text after the root", b"<a/>x"),
    ("entity bomb", f"<!DOCTYPE a [{ENTITIES}]><a>&e11;</a>".encode()),
    ("quadratic bomb", b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 100_000 + b'">]><a>' + b"&e;" * 100_000 + b"</a>"),
    ("entity of a file", b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'),
    ("entity of a host", b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]><a>&e;</a>'),
    ("parameter entity", b'<!DOCTYPE a [<!ENTITY % e SYSTEM "file:///etc/passwd"> %e;]><a/>'),
    ("DTD elsewhere", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>'),
    ("DTD that is public", b'<!DOCTYPE a PUBLIC "x" "file:///dev/zero"><a/>'),
    ("DTD that is empty", b"<!DOCTYPE a><a/>"),
    ("DTD in small letters", b"<!doctype a><a/>"),
    ("DTD in UTF-16", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16")),
    ("attributes by a DTD", b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>'),
    ("unknown entity", b"<a>&nbsp;</a>"),
    ("bare ampersand", b"<a>Tom & Jerry</a>"),
    ("reference to NUL", b"<a>&#0;</a>"),
    ("reference to a surrogate", b"<a>&#xD800;</a>"),
    ("control sign", b"<a>\x1b</a>"),
    ("100,000 deep", b"<a>" * 100_000),
    ("100,000 deep and closed", b"<a>" * 100_000 + b"</a>" * 100_000),
    ("33 deep", b"<a>" * 33 + b"</a>" * 33),
    ("100,000 elements", b"<a>" + b"<b/>" * 100_000 + b"</a>"),
    ("attribute of 1 MiB", b'<a b="' + b"x" * (1 << 20) + b'"/>'),
    ("attribute of 100 KB", b'<a b="' + b"x" * 100_000 + b'"/>'),
    ("name of 100 KB", b"<a " + b"x" * 100_000 + b'="1"/>'),
    ("10,000 attributes", b"<a " + b" ".join(b'x%d="1"' % n for n in range(10_000)) + b"/>"),
    ("the same attribute twice", b'<a b="1" b="2"/>'),
    ("2 MiB", b"<a>" + b"x" * (2 << 20) + b"</a>"),
    ("UTF-7", b'<?xml version="1.0" encoding="UTF-7"?>+ADw-a/+AD4-'),
    ("UTF-7 in a document", b'<?xml version="1.0" encoding="utf-7"?><a/>'),
    ("a codec that is no charset", b'<?xml version="1.0" encoding="rot13"?><a/>'),
    ("a codec that compresses", b'<?xml version="1.0" encoding="zlib"?><a/>'),
    ("a codec of escapes", b'<?xml version="1.0" encoding="unicode_escape"?><a/>'),
    ("a codec that takes its time", b'<?xml version="1.0" encoding="punycode"?><a/>'),
    ("EBCDIC", '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037")),
    ("UTF-32", '<?xml version="1.0"?><a/>'.encode("utf-32")),
    ("UTF-16 cut in two", "<a>ż</a>".encode("utf-16")[:-1]),
    ("UTF-16 that is none", b"\xff\xfe<a/>"),
    ("UTF-8 that says UTF-16", b"\xfe\xff<a/>"),
    ("processing instruction alone", b"<?xml-stylesheet href='file:///etc/passwd'?>"),
    ("declaration not first", b' <?xml version="1.0"?><a/>'),
    ("CDATA that never ends", b"<a><![CDATA[" + b"x" * 100_000),
    ("comment that never ends", b"<a><!--" + b"-" * 100_000),
    ("tag that never ends", b"<a" + b" " * 100_000),
)


@pytest.mark.parametrize("octets", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_refused(octets: bytes) -> None:
    with pytest.raises(XmlFault):
        parse(octets)


@pytest.mark.parametrize("charset", ["utf-7", "rot13", "idna", "x" * 1000, "\0", "\ud800"])
def test_charsets_of_the_transport_that_are_none(charset: str) -> None:
    with pytest.raises(XmlFault, match="unknown encoding"):
        parse(b"<a/>", charset)


def hostile() -> Iterator[bytes]:
    """A thousand: each of the above, whole and damaged in ways that the seed alone decides."""
    chance = random.Random(23140)
    seeds = [octets for _, octets in HOSTILE]
    yield from seeds
    while True:
        one = bytearray(chance.choice(seeds)[: 1 << 17])
        for _ in range(chance.randint(1, 20)):
            at = chance.randrange(len(one) + 1)
            one[at : at + chance.randrange(8)] = chance.choice(
                (b"<", b">", b"&", b"<!DOCTYPE x [", b"]>", b"\0", b"\xff\xfe", b"<a>", b'"', b"%x;")
            )
        other = chance.choice(seeds)[: 1 << 16]
        # What chance may have mended is hostile again: by a document type, or by a tag that is open at the end.
        yield b'<!DOCTYPE b [<!ENTITY x "y">]>' + bytes(one) if chance.random() < 0.3 else bytes(one) + other + b"<"


def test_a_thousand_hostile_documents() -> None:
    refused = 0
    documents = hostile()
    for _ in range(1_000):
        with pytest.raises(WireError) as caught:
            parse(next(documents))
        refused += bool(str(caught.value))
    assert refused == 1_000


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "utf-16", "iso-8859-2", "klingon"]))
def test_any_octets_are_a_tree_or_a_fault(octets: bytes, charset: str) -> None:
    try:
        told = parse(octets, charset).name
    except XmlFault as error:
        told = str(error)
    assert told


signs = st.lists(
    st.sampled_from(
        ["<", ">", "</", "/>", "a", "b", ":", " ", '="', '"', "xmlns", "&amp;", "&", "<![CDATA[", "]]>", "<!--", "-->", "ż", "<?", "?>"]
    ),
    max_size=40,
)


@given(signs)
def test_anything_like_xml_is_a_tree_or_a_fault(parts: list[str]) -> None:
    try:
        told = parse("".join(parts).encode()).name
    except XmlFault as error:
        told = str(error)
    assert told


@given(st.text(max_size=100))
def test_what_is_escaped_is_read_again(text: str) -> None:
    written = mm7_xml.escaped(text)
    root = parse(f'<a b="{written}">{written}</a>'.encode())
    shown = parse(f"<a>{mm7_xml.escaped(root.text)}</a>".encode())
    assert shown.text == root.text
    # Only what XML forbids is replaced, and only blanks inside an attribute are made one.
    assert (
        root.text
        == "".join(
            one if one in "\t\n\r" or " " <= one < "\ud800" or "\ue000" <= one <= "\ufffd" or one > "\uffff" else "\ufffd" for one in text
        ).strip()
    )

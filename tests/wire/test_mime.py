"""MIME entities: what networks send, byte-exact, and what nobody should send."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import WireError
from odzew.wire import mime, mime_write
from odzew.wire.mime import Entity

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) + b"\r\n\r"


def parts_of(octets: bytes) -> list[bytes]:
    return [part.data() for part in mime.leaves(mime.read(octets))]


def mixed(body: bytes, parameters: str = "boundary=b") -> bytes:
    return f"Content-Type: multipart/mixed; {parameters}\r\n\r\n".encode() + body


# What is special about the body of a multipart with the boundary `b`; the body; the contents of its parts.
BODIES: tuple[tuple[str, bytes, list[bytes]], ...] = (
    ("as it should be", b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"]),
    ("LF", b"--b\n\none\n--b\n\ntwo\n--b--\n", [b"one", b"two"]),
    ("LF, and an octet 13 before the boundary", b"--b\n\none\r\n--b--\n", [b"one\r"]),
    ("CRLF in LF", b"--b\n\none\r\ntwo\n--b--\n", [b"one\r\ntwo"]),
    ("blanks after boundary lines", b"--b  \r\n\r\none\r\n--b\t \r\n\r\ntwo\r\n--b-- \r\n", [b"one", b"two"]),
    ("no final boundary", b"--b\r\n\r\none\r\n--b\r\n\r\ntwo", [b"one", b"two"]),
    ("nothing after the final boundary", b"--b\r\n\r\none\r\n--b--", [b"one"]),
    ("preamble and epilogue", b"hello\r\n--b\r\n\r\none\r\n--b--\r\nbye\r\n--b\r\n\r\nmore", [b"one"]),
    ("an empty line first", b"\r\n--b\r\n\r\none\r\n--b--", [b"one"]),
    ("empty parts", b"--b\r\n\r\n\r\n--b\r\n\r\n--b\r\n--b--", [b"", b"", b""]),
    ("line ends that are content", b"--b\r\n\r\n\r\n\r\n\r\n--b--", [b"\r\n\r\n"]),
    ("the boundary inside a line", b"--b\r\n\r\nx--b\r\n--bx\r\n --b\r\n--b--", [b"x--b\r\n--bx\r\n --b"]),
    ("dashes that are content", b"--b\r\n\r\n--\r\n----\r\n--B\r\n--b--", [b"--\r\n----\r\n--B"]),
    ("no part", b"--b--\r\n", [b"--b--\r\n"]),
    ("no boundary anywhere", b"just text", [b"just text"]),
    ("another boundary", b"--other\r\n\r\none\r\n--other--", [b"one"]),
    ("nothing", b"", [b""]),
)

# Parameters that all mean the boundary `b c`.
GIVEN = ('boundary="b c"', "boundary=b c", "Boundary = b c", 'type="x"; boundary="b c"', 'boundary="b c', "", "boundary=", "boundary=no")

# Header lines, and what is read of them: type, name, content id.
HEADERS: tuple[tuple[bytes, str, str, str], ...] = (
    (b"", "", "", ""),
    (b"Content-Type: image/jpeg", "image/jpeg", "", ""),
    (b"content-type:IMAGE/JPEG;name=a.jpg", "image/jpeg", "a.jpg", ""),
    (b"Content-Type : image/jpeg ; name = a.jpg", "image/jpeg", "a.jpg", ""),
    (b'Content-Type: image/jpeg;\r\n\tname="a\r\n b.jpg"', "image/jpeg", "a b.jpg", ""),
    (b"Content-Type: jpeg", "", "", ""),
    (b"Content-Type: image/", "", "", ""),
    (b"Content-Type: ; name=a.jpg", "", "a.jpg", ""),
    (b"Content-Type: image/gif\r\nContent-Type: image/png", "image/gif", "", ""),
    (b"Content-ID: <a1>", "", "", "a1"),
    (b"Content-Id: a1", "", "", "a1"),
    (b"Content-ID: < kot.jpg >", "", "kot.jpg", "kot.jpg"),
    (b"Content-ID: <kot.jpg@mms.example>", "", "", "kot.jpg@mms.example"),
    (b"Content-Location: kot.jpg\r\nContent-ID: <1>", "", "kot.jpg", "1"),
    (b"Content-Type: a/b; name=x.jpg\r\nContent-Location: y.jpg", "a/b", "x.jpg", ""),
    (b"Content-Type: a/b; name=x.jpg\r\nContent-Disposition: attachment; filename=z.jpg", "a/b", "z.jpg", ""),
    (b"Content-Disposition: attachment; filename*=utf-8''%C5%BC.jpg", "", "ż.jpg", ""),
    (b'Content-Type: a/b; name="=?utf-8?B?xbw=?=.jpg"', "a/b", "ż.jpg", ""),
    ("Content-Location: żółw.jpg".encode(), "", "żółw.jpg", ""),
    ("Content-Location: głos.amr".encode("latin-1", "replace"), "", "g?os.amr", ""),
    (b"Content-Location: \xff.jpg", "", "ÿ.jpg", ""),
)

ENCODED: tuple[tuple[str, bytes, bytes], ...] = (
    ("", JPEG, JPEG),
    ("7bit", b"a=41\r\n", b"a=41\r\n"),
    ("8bit", JPEG, JPEG),
    ("binary", JPEG, JPEG),
    ("x-unknown", JPEG, JPEG),
    ("base64", b"QUJD\r\nQUI", b"ABCAB"),
    (" BASE64 ", b"QUJD", b"ABC"),
    ("quoted-printable", b"a=41=\r\nb=zz =C5=BC\r\n", b"aAb=zz \xc5\xbc\r\n"),
    ("Quoted-Printable", b"a=\nb=", b"ab"),
)


@pytest.mark.parametrize(("body", "contents"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES])
def test_bodies(body: bytes, contents: list[bytes]) -> None:
    assert parts_of(mixed(body)) == contents


@pytest.mark.parametrize("given_as", GIVEN)
def test_boundaries(given_as: str) -> None:
    assert parts_of(mixed(b"--b c\r\n\r\none\r\n--b c--\r\n", given_as)) == [b"one"]


@pytest.mark.parametrize("head", [b"", b"Content-Type: text/xml\r\n", b"Content-Type: nonsense\r\n", b"X: y\r\n"])
def test_a_whole_that_does_not_say_what_it_is(head: bytes) -> None:
    assert parts_of(head + b"\r\n--b\r\n\r\none\r\n--b--") == [b"one"]


def test_a_part_that_starts_with_dashes_is_no_multipart() -> None:
    assert parts_of(mixed(b"--b\r\nContent-Type: text/plain\r\n\r\n--x\r\n\r\nhi\r\n--b--")) == [b"--x\r\n\r\nhi"]


def test_a_binary_type_of_telephones_may_hold_a_textual_multipart() -> None:
    octets = mixed(b"--b\r\n\r\none\r\n--b--").replace(b"multipart/mixed", b"application/vnd.wap.multipart.related")
    assert parts_of(octets) == [b"one"]


@pytest.mark.parametrize(("lines", "media_type", "name", "content_id"), HEADERS)
def test_headers(lines: bytes, media_type: str, name: str, content_id: str) -> None:
    entity = mime.read(lines + (b"\r\n" if lines else b"") + b"\r\ncontent")
    assert (entity.media_type, entity.name, entity.content_id, entity.data()) == (media_type, name, content_id, b"content")


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        (b"Content-Type: text/xml\r\n<?xml?>", b"<?xml?>"),
        (b"Content-Type: text/xml\n\n\nx", b"\nx"),
        (b"no headers at all", b"no headers at all"),
        (b"\r\nContent-Type: no header", b"Content-Type: no header"),
        (b" folded into nothing", b" folded into nothing"),
        (b"Content-Type: text/plain", b""),
        (b"X: 1\r\n\r\n", b""),
        (b"", b""),
        (b"\n", b""),
        (b"\xff\xd8: no name of a header", b"\xff\xd8: no name of a header"),
    ],
)
def test_where_the_body_starts(octets: bytes, body: bytes) -> None:
    assert mime.read(octets).data() == body


@pytest.mark.parametrize(("encoding", "octets", "content"), ENCODED)
def test_transfer_encodings(encoding: str, octets: bytes, content: bytes) -> None:
    assert mime.read(f"Content-Transfer-Encoding:{encoding}\r\n\r\n".encode() + octets).data() == content


def nested(levels: int) -> bytes:
    octets = mime_write.entity("text/plain", b"deep")
    for level in range(levels):
        octets = mime_write.entity(f"multipart/mixed; boundary=b{level}", mime_write.multipart([octets], f"b{level}"))
    return octets


def test_nesting_has_an_end() -> None:
    assert parts_of(nested(mime.DEEPEST)) == [b"deep"]
    with pytest.raises(mime.MimeFault, match="inside one another"):
        mime.read(nested(mime.DEEPEST + 1))


@pytest.mark.parametrize("count", [mime.MOST_PARTS - 1, mime.MOST_PARTS, 100_000])
def test_parts_have_an_end(count: int) -> None:
    body = b"--b\r\n\r\n" * count + b"--b--"
    if count < mime.MOST_PARTS:
        assert len(parts_of(mixed(body))) == count
    else:
        with pytest.raises(mime.MimeFault, match="parts"):
            mime.read(mixed(body))


@pytest.mark.parametrize(
    "octets",
    [b"X: " + b"a" * 100_000 + b"\r\n\r\n", b"X: 1\r\n" * 1000, b"X: 1\r\n " + b"a\r\n " * 100_000, b"X:" + b"\r\n " * 100_000],
    ids=["long", "many", "folded", "folded and empty"],
)
def test_headers_have_an_end(octets: bytes) -> None:
    with pytest.raises(mime.MimeFault, match="headers"):
        mime.read(octets)


@pytest.mark.parametrize(
    "body",
    [
        b"--b" * 1_000_000,
        b"--b " * 1_000_000,
        b"\r\n" * 2_000_000,
        b"\n--b" + b" " * 3_000_000,
        b"-" * 3_000_000,
        b"--b\r\n" + b"\n--bx" * 500_000,
    ],
    ids=["marks", "marks and blanks", "lines", "blanks", "dashes", "almost"],
)
def test_hostile_bodies_are_read_once(body: bytes) -> None:
    assert sum(map(len, parts_of(mixed(body)))) <= len(body)


def test_nothing_is_copied_before_it_is_asked_for() -> None:
    octets = mixed(b"--b\r\n\r\n" + JPEG * 1000 + b"\r\n--b--")
    (part,) = mime.leaves(mime.read(octets))
    assert part.octets.obj is octets


contents = st.lists(st.binary(max_size=60) | st.sampled_from([b"\r\n", b"\r", b"\n", b"--", b"--b", b"\r\n\r\n", b"=41", JPEG]), max_size=5)
line_ends = st.sampled_from([b"\r\n", b"\n"])


@given(
    contents, line_ends, st.sampled_from(["", " ", "\t \t"]), st.booleans(), st.sampled_from(["", "binary", "base64", "quoted-printable"])
)
def test_what_is_written_is_read(data: list[bytes], newline: bytes, padding: str, closed: bool, encoding: str) -> None:
    # The boundary stands in none of the contents.
    entities = [mime_write.entity("image/jpeg", one, encoding, {"Content-ID": f"<{n}>"}, newline) for n, one in enumerate(data)]
    body = mime_write.multipart(entities, "=_0123456789", newline, padding, closed)
    root = mime.read(mime_write.entity('multipart/related; boundary="=_0123456789"', body, newline=newline))
    assert [part.data() for part in root.parts] == data
    assert [part.content_id for part in root.parts] == [str(n) for n in range(len(data))]


pieces = st.lists(
    st.sampled_from(
        [b"--b", b"--", b"\r\n", b"\n", b"\r", b" ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/plain", b";", b'"', b"=",
         b"Content-Transfer-Encoding: base64", b"\0", b"\xff", b"boundary*0*=utf-8''b", b"<?xml", b":"]
    ) | st.binary(max_size=8),
    max_size=40,
)  # fmt: skip


def everything(entity: Entity) -> object:
    return [
        (one.media_type, one.name, one.charset, one.content_id, one.data(), [everything(part) for part in one.parts])
        for one in mime.leaves(entity)
    ]


@given(pieces.map(b"".join))
def test_any_octets_are_an_entity_or_a_fault_of_ours(octets: bytes) -> None:
    try:
        found = everything(mime.read(octets))
    except WireError as error:
        found = str(error)
    assert found


@given(st.binary(max_size=300))
def test_any_octets_at_all(octets: bytes) -> None:
    assert sum(len(part.octets) for part in mime.leaves(mime.read(octets))) <= len(octets)


@given(st.binary(max_size=100))
def test_quoted_printable_of_any_octets(octets: bytes) -> None:
    written = mime_write.entity("text/plain", octets, "quoted-printable")
    assert max(map(len, written.split(b"\r\n"))) <= 76
    assert mime.read(written).data() == octets == binascii.a2b_qp(written.partition(b"\r\n\r\n")[2])

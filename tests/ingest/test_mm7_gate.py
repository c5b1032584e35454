"""Who may bring MMS, and what is told to those who may not, in the words of MM7 where it is no secret."""

from __future__ import annotations

import base64

import pytest

from odzew.ingest.app import create_ingest
from odzew.ingest.mm7 import admits
from odzew.model import Source
from tests.ingest import mm7_house
from tests.ingest.asgi import HERE, call, with_token
from tests.ingest.house import Recorder
from tests.ingest.mm7_house import ENVIRONMENT, PASSWORD, House, basic, post, status_of
from tests.ingest.server import connected, served

Headers = list[tuple[bytes, bytes]]
INSIDE = "10.1.2.3"


def authorization(value: bytes) -> Headers:
    return [(b"authorization", value)]


def encoded(octets: bytes) -> bytes:
    return base64.b64encode(octets)


# What, source, headers, address; the HTTP status.
GATE: tuple[tuple[str, str, Headers, str, int], ...] = (
    ("right", "mmsc", basic(), HERE, 200),
    ("right, its password in the set-up", "literal", basic(), HERE, 200),
    ("right, not ASCII and with a colon", "unicode", basic("vasp", "zażółć:gęślą"), HERE, 200),
    ("scheme in any case", "mmsc", authorization(b"bAsIc " + encoded(b"vasp:tajne")), HERE, 200),
    ("blanks around it", "mmsc", authorization(b"Basic   " + encoded(b"vasp:tajne") + b" "), HERE, 200),
    ("wrong password", "mmsc", basic("vasp", "tajn"), HERE, 401),
    ("wrong name", "mmsc", basic("vas", PASSWORD), HERE, 401),
    ("name and password of another length, the same together", "mmsc", basic("vasp:", "tajne"), HERE, 401),
    ("no password", "mmsc", basic("vasp", ""), HERE, 401),
    ("the reference itself", "mmsc", basic("vasp", "env:MM7_PASSWORD"), HERE, 401),
    ("nothing", "mmsc", [], HERE, 401),
    ("an empty header", "mmsc", authorization(b""), HERE, 401),
    ("a scheme alone", "mmsc", authorization(b"Basic"), HERE, 401),
    ("no base64", "mmsc", authorization(b"Basic vasp:tajne"), HERE, 401),
    ("octets", "mmsc", authorization(b"Basic \xff\xfe\0"), HERE, 401),
    ("no colon", "mmsc", authorization(b"Basic " + encoded(b"vasptajne")), HERE, 401),
    ("two headers", "mmsc", basic() + basic(), HERE, 401),
    ("a token", "mmsc", with_token("tajne"), HERE, 401),
    ("digest", "mmsc", authorization(b'Digest username="vasp"'), HERE, 401),
    ("a megabyte", "mmsc", authorization(b"Basic " + b"A" * (1 << 20)), HERE, 401),
    ("right, from inside", "both", basic(), INSIDE, 200),
    ("right, from outside", "both", basic(), HERE, 403),
    ("wrong, from inside", "both", basic("vasp", "x"), INSIDE, 401),
    ("nothing, from inside", "both", [], INSIDE, 401),
    ("known by its address", "fenced", [], INSIDE, 200),
    ("known by its address, whatever it presents", "fenced", basic("a", "b"), INSIDE, 200),
    ("from outside", "fenced", [], HERE, 403),
    ("neither password nor list", "open", [], HERE, 401),
    ("neither, and something presented", "open", basic("", ""), HERE, 401),
    ("no name in the set-up", "nameless", basic("", PASSWORD), HERE, 401),
    ("no password in the set-up", "wordless", basic("vasp", ""), HERE, 401),
    ("no password in the set-up, but a list", "wordless-fenced", basic("vasp", ""), HERE, 401),
    ("the variable is not set", "unset", basic("vasp", ""), HERE, 401),
    ("the variable is not set, its name presented", "unset", basic("vasp", "env:NOT_SET"), HERE, 401),
    ("the variable is not set, nothing presented", "unset", [], HERE, 401),
    ("the variable is empty", "empty", basic("vasp", ""), HERE, 401),
    ("switched off", "off", basic(), HERE, 401),
    ("unknown", "nobody", basic(), HERE, 401),
)


@pytest.mark.parametrize(("source", "headers", "address", "status"), [row[1:] for row in GATE], ids=[row[0] for row in GATE])
async def test_who_may_come_in(mms: House, source: str, headers: Headers, address: str, status: int) -> None:
    body, content_type = mm7_house.request("plain")
    answer = await post(mms.app, body, content_type, source, address, headers)
    assert answer.status == status
    assert (await mms.rows("SELECT count(*) FROM messages")) == [(int(status == 200),)]
    if status != 200:
        assert answer.read == 0, "the body of a stranger is not even read"


async def test_401_tells_nothing_apart_and_asks_for_both_ways(mms: House) -> None:
    answers = [await post(mms.app, b"", source=name, headers=[]) for name in ("mmsc", "open", "unset", "off", "nobody", "literal")]
    assert {(answer.status, answer.body) for answer in answers} == {(401, answers[0].body)}
    async with served(mms.app) as port, connected(port) as connection:
        status, head, _ = await connection.exchange(b"POST /ingest/mmsc HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    asked = [line.partition(b": ")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"www-authenticate")]
    assert (status, asked) == (401, [b"Bearer", b'Basic realm="odzew"'])


async def test_a_method_that_is_not_taken(mms: House) -> None:
    answer = await call(mms.app, "GET", "/ingest/mmsc", headers=basic())
    assert (answer.status, answer.headers[b"allow"], status_of(answer)) == (405, b"POST", ("Fault", "", 4003))


async def test_an_address_that_is_not_allowed_hears_it_in_mm7(mms: House) -> None:
    assert status_of(await post(mms.app, b"", source="both")) == ("Fault", "", 4007)


@pytest.mark.parametrize(
    "options", [{"username": None, "password": None}, {"username": 5, "password": ["x"]}, {"username": "", "password": ""}]
)
def test_options_of_any_type_let_nobody_in(options: dict[str, object]) -> None:
    assert not admits(Source(1, "m", "mm7", options=options), [(b"authorization", b"Basic " + encoded(b"vasp:tajne"))], ENVIRONMENT)


# --- how much ----------------------------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_never_read(mms: House) -> None:
    answer = await post(mms.app, b"x", source="small", headers=[*basic(), (b"content-length", b"2000000")])
    assert (answer.status, answer.read, status_of(answer)) == (413, 0, ("Fault", "", 2004))


async def test_a_chunked_body_is_cut_when_it_is_over(mms: House) -> None:
    headers = [*basic(), (b"content-type", b"text/xml")]
    answer = await call(mms.app, "POST", "/ingest/small", [b"x" * 400_000] * 100, headers)
    assert (answer.status, answer.read, status_of(answer)) == (413, 3, ("Fault", "", 2004))


async def test_the_general_limit_is_not_for_mms(mms: House) -> None:
    recorder = Recorder()
    app = create_ingest(lambda: mms.api.present.directory, recorder.receive, body_limit=10, environment=ENVIRONMENT)
    body, content_type = mm7_house.request("annex_l")
    assert (await post(app, body, content_type)).status == 200
    assert len(recorder.arrivals) == 1

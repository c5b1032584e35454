"""Sources in the panel: how they are, added and changed field by field, secrets sealed."""

from __future__ import annotations

import base64
import re

import pytest

from odzew.access.sealing import Sealer
from odzew.access.tokens import hash_token
from odzew.ingest.smpp.options import SmppOptions
from odzew.model import Source
from odzew.store import audit
from odzew.store.inbox_lines import EVERYBODY
from tests.panel.house import ENVIRONMENT, HOSTILE, OPERATOR, House, Person

SMPP = {"name": "smsc", "hosts": "127.0.0.1:1", "system_id": "us", "bind": "transceiver", "default_alphabet": "gsm7", "ucs2_order": "big"}


@pytest.fixture
async def ops(house: House) -> Person:
    return await house.browse(OPERATOR)


def source_of(house: House, name: str) -> Source:
    return house.server.present.directory.sources[name]


async def test_a_password_that_is_typed_is_sealed_and_the_bind_can_open_it(house: House, ops: Person) -> None:
    done = await ops.post("/operator/sources/new?protocol=smpp", SMPP | {"password": "s3cret", "binds": "2", "active": "", "window": "100"})
    assert done.location == "/operator/sources", done.shown
    source = source_of(house, "smsc")
    assert str(source.options["password"]).startswith("sealed:")
    assert Sealer(ENVIRONMENT["ODZEW_KEY"]).open(str(source.options["password"])) == "s3cret"
    options = SmppOptions.of(source)
    assert (options.secret(ENVIRONMENT), options.binds, options.window, options.hosts) == ("s3cret", 2, 100, ("127.0.0.1:1",))
    entries, _ = await house.server.db.read(audit.page, EVERYBODY)
    assert entries[0].action == "source.added"
    assert "s3cret" not in entries[0].detail
    assert "sealed:" not in entries[0].detail
    seen = await ops.get(f"/operator/sources/{source.id}")
    assert "sealed:" not in seen.text
    assert "Empty: the password stays." in seen.shown


async def test_what_is_left_empty_stays_or_has_its_default_again(house: House, ops: Person) -> None:
    await ops.post("/operator/sources/new?protocol=smpp", SMPP | {"password": "s3cret", "binds": "2", "alphabets": "8 = utf8"})
    source = source_of(house, "smsc")
    done = await ops.post(f"/operator/sources/{source.id}", SMPP | {"binds": "", "system_id": "them"})
    assert done.location == "/operator/sources", done.shown
    after = source_of(house, "smsc")
    assert (after.options["binds"], after.options["system_id"], after.options["alphabets"]) == (1, "them", {})
    assert after.options["password"] == source.options["password"]


async def test_a_password_may_be_a_variable_of_the_environment(house: House, ops: Person) -> None:
    done = await ops.post("/operator/sources/new?protocol=mm7", {"name": "mmsc", "username": "us", "password": "env:HOOK"})
    assert done.location == "/operator/sources", done.shown
    source = source_of(house, "mmsc")
    assert source.options["password"] == "env:HOOK"
    seen = await ops.get(f"/operator/sources/{source.id}")
    assert "taken from env:HOOK" in seen.shown
    assert ENVIRONMENT["HOOK"] not in seen.text


async def test_an_mmsc_shows_the_sealed_password(house: House, ops: Person) -> None:
    await ops.post("/operator/sources/new?protocol=mm7", {"name": "mmsc", "username": "us", "password": "żółw", "active": "1"})
    answers = {}
    for word in ("żółw", "other"):
        async with ops.session.post(f"{house.url}/ingest/mmsc", data=b"no MM7", headers={"Authorization": basic("us", word)}) as answer:
            answers[word] = answer.status
    assert answers["other"] == 401
    assert answers["żółw"] != 401


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


async def test_a_push_gets_a_token_that_is_shown_once(house: House, ops: Person) -> None:
    seen = await ops.post("/operator/sources/new?protocol=http", {"name": "new-push", "active": "1"})
    assert seen.status == 200
    found = re.search(r'id="made" value="([0-9a-f]{32})"', seen.text)
    assert found
    source = source_of(house, "new-push")
    assert source.token_sha256 == hash_token(found[1])
    done = await ops.post(f"/operator/sources/{source.id}", {"active": ""})
    assert done.location == "/operator/sources"
    assert (source_of(house, "new-push").token_sha256, source_of(house, "new-push").active) == (source.token_sha256, False)
    again = await ops.post(f"/operator/sources/{source.id}", {"make": "1"})
    assert again.status == 200
    assert source_of(house, "new-push").token_sha256 not in (None, source.token_sha256)
    typed = await ops.post(f"/operator/sources/{source.id}", {"token": "typed-by-hand"})
    assert typed.location == "/operator/sources"
    assert source_of(house, "new-push").token_sha256 == hash_token("typed-by-hand")
    assert "switched off" in (await ops.get("/operator/sources")).shown


FAULTS = [
    ("smpp", {"name": ""}, "name", "Please fill this in."),
    ("smpp", {"name": "push"}, "name", "There is a source of this name."),
    ("smpp", {"name": "a/b"}, "name", "because it stands in a URL"),
    ("smpp", {"hosts": ""}, "hosts", "must name at least one"),
    ("smpp", {"hosts": "127.0.0.1"}, "hosts", 'is not "host:port"'),
    ("smpp", {"binds": "0"}, "binds", "must be from 1 to 64"),
    ("smpp", {"binds": "many"}, "binds", "This is not a whole number."),
    ("smpp", {"answer_seconds": "1e9"}, "answer_seconds", "must be from 0.1 to 600"),
    ("smpp", {"alphabets": "8"}, "alphabets", "Write it as 8 = utf8"),
    ("smpp", {"alphabets": "8 = klingon"}, "alphabets", "is no alphabet"),
    ("smpp", {"tls_ca": "/etc/ca.pem"}, "tls_ca", "means nothing without tls"),
    ("smpp", {"system_id": "env:ODZEW_KEY"}, "system_id", "is not set in the environment"),
    ("smpp", {"password": "env:MISSING"}, "password", "The environment of the service has no such variable."),
    ("smpp", {"password": "env:not a name"}, "password", "This does not name a variable"),
    ("smpp", {"password": "x" * 65}, "password", "at most 64 characters"),
    ("mm7", {"username": "us"}, "username", "needs a password beside it"),
    ("mm7", {"max_bytes": "1"}, "max_bytes", "must be from 1024"),
    ("http", {"token": "env:HOOK"}, "token", "Type the token itself"),
    ("http", {"token": "two words"}, "token", "visible ASCII"),
    ("http", {"allow_from": "10.0.0.1/8"}, "allow_from", "did you mean"),
]


@pytest.mark.parametrize(("protocol", "typed", "field", "said"), FAULTS)
async def test_a_fault_is_told_beside_its_field(
    house: House, ops: Person, protocol: str, typed: dict[str, str], field: str, said: str
) -> None:
    fields = (SMPP if protocol == "smpp" else {}) | {"name": "new"} | typed
    before = dict(house.server.present.directory.sources)
    seen = await ops.post(f"/operator/sources/new?protocol={protocol}", fields)
    assert seen.status == 422, seen.shown
    assert said in seen.shown
    assert f'id="e-{field}"' in seen.text
    assert house.server.present.directory.sources == before
    assert ENVIRONMENT["ODZEW_KEY"] not in seen.text


async def test_a_bind_that_cannot_be_made_is_told_in_words(house: House, ops: Person) -> None:
    await ops.post("/operator/sources/new?protocol=smpp", SMPP | {"active": "1"})
    seen = await ops.get("/operator/sources")
    assert "not connected" in seen.shown
    anna = await house.browse("anna@acme.example")
    assert "some are not connected" in (await anna.get("/")).shown


async def test_hostile_names_are_refused_and_hostile_options_do_nothing(house: House, ops: Person) -> None:
    for text in HOSTILE:
        assert (await ops.post("/operator/sources/new?protocol=smpp", SMPP | {"name": text})).status == 422
        await ops.post("/operator/sources/new?protocol=smpp", SMPP | {"name": "hostile", "system_id": text})
    source = house.server.present.directory.sources.get("hostile")
    for path in ["/operator/sources", "/operator", *([f"/operator/sources/{source.id}"] if source else [])]:
        seen = await ops.get(path)
        assert seen.status == 200
        assert "<script>alert" not in seen.text
        assert "<svg onload" not in seen.text


async def test_a_source_that_is_not_there_is_404(ops: Person) -> None:
    assert (await ops.get("/operator/sources/999")).status == 404
    assert "How do messages come?" in (await ops.get("/operator/sources/new?protocol=xx")).shown

"""Applying: what is in the database afterwards, on both engines."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.errors import SetupError
from odzew.model import Account, Keyword, Number, Source, Target, Token, User
from odzew.setup.after import after
from odzew.setup.apply import Made
from odzew.setup.compare import compare
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from odzew.store.directory import Directory, load
from odzew.store.engines import open_database
from tests.setup.documents import ACME, WHOLE, applied, document, lines

USER = ACME + '[[account.user]]\nlogin = "anna"\npassword = "first"\n'
TOKEN = ACME + '[[account.token]]\nname = "crm"\n'
SHARED = '[[number]]\naddress = "71200"\nservice = "pr"\n'
KEYWORD = '[[number.keyword]]\nword = "AUTO"\naccount = "acme"\n'
FORWARD = '[[number.keyword.forward]]\nurl = "http://acme.example/"\n'


def sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def test_the_whole_document_is_in_the_database(db: Database) -> None:
    await applied(db, WHOLE)
    found: Directory = await db.read(load)
    acme = found.account_named("acme")
    whole = ("Acme sp. z o.o.", "Europe/Warsaw", "en", True, (), ("10.1.2.0/24:8080",), 7.0, ("it@acme.example",), 50.0)
    assert acme == Account(acme.id, "acme", *whole)
    assert list(found.users.values()) == [
        User(
            found.users["ops@operator.example"].id, None, "ops@operator.example", "hash of ops-pass", ("panel", "owner"),
            ("192.0.2.0/24",),
        ),
        User(found.users["webapi_acme"].id, acme.id, "webapi_acme", "hash of api-pass", ("api", "numbers")),
        User(
            found.users["anna@acme.example"].id, acme.id, "anna@acme.example", "hash of anna-pass", ("panel", "owner", "numbers"),
            ("10.0.0.0/8", "127.0.0.1/32"),
        ),
    ]  # fmt: skip
    assert {(t.account_id, t.name, t.sha256, t.allow_from, t.roles) for t in found.tokens.values()} == {
        (None, "sending-platform", sha("0" * 32), ("127.0.0.0/8",), ("api", "numbers")),
        (acme.id, "crm", sha("1" * 32), ("198.51.100.7/32",), ("api",)),
    }
    assert found.installation == {"trusted_proxies": ["127.0.0.1/32"]}


async def test_numbers_keywords_and_targets_point_at_each_other(db: Database) -> None:
    await applied(db, WHOLE)
    found: Directory = await db.read(load)
    acme = found.account_named("acme").id
    nd, ndi = found.numbers["+48799448855"], found.numbers["+48664078059"]
    keyword = found.keywords[nd.id]["serwersms",]
    assert nd == Number(nd.id, "+48799448855", "nd", None, False)
    assert ndi == Number(ndi.id, "+48664078059", "ndi", acme, True, True)
    assert keyword == Keyword(keyword.id, nd.id, acme, "SERWERSMS", ("serwersms",), False, True)
    urls = {level: [target.url for target in targets] for level, targets in found.levels.items()}
    assert urls["account", acme][1:] == ["https://crm.acme.example/mms", "https://crm.acme.example/events", ""]
    assert urls["number", ndi.id] == ["http://10.1.2.3:8080/in?n=#NUMER#&t=#WIADOMOSC#&k=#HASLO#"]
    assert urls["keyword", keyword.id] == ["https://crm.acme.example/nd?nr=#NUMER#&t=#WIADOMOSC#"]
    eco = found.levels["account", acme][0]
    assert eco == Target(
        eco.id, acme, "account", acme, "eco", "crm",
        "https://crm.acme.example/sms?nr=#NUMER#&tresc=#WIADOMOSC#&data=#DATA#&id=#ID#&do=#SMSID#",
        False, "form", "OK", None, None, "env:ACME_WEBHOOK_SECRET", 4, True, per_second=2.5,
    )  # fmt: skip


async def test_sources_keep_their_secrets_as_hash_or_reference(db: Database) -> None:
    await applied(db, WHOLE)
    found: Directory = await db.read(load)
    smpp, push, mm7 = found.sources["carrier-a"], found.sources["aggregator"], found.sources["mmsc"]
    assert push == Source(push.id, "aggregator", "http", sha("aggregator-token"))
    assert (smpp.options["hosts"], smpp.options["password"], smpp.options["binds"]) == (["127.0.0.1:2775"], "env:CARRIER_A_PASSWORD", 1)
    assert (mm7.options, mm7.allow_from) == (
        {"username": "mmsc", "password": "env:MMSC_PASSWORD", "max_bytes": 10485760}, ("10.9.0.0/16",),
    )  # fmt: skip


async def test_the_database_is_as_the_plan_said(db: Database) -> None:
    """The directory laid over by the plan and the one that was stored differ in their ids alone."""
    text = WHOLE + SHARED.replace("71200", "71300") + KEYWORD + FORWARD
    await applied(db, text)
    stored: Directory = await db.read(load)
    planned = after(Directory(), compare(document(text), Directory()))
    assert [str(change) for change in compare(document(text), stored).changes] == []
    for name in ("accounts", "numbers_by_id", "keywords_by_id", "sources_by_id", "targets", "users", "tokens"):
        assert len(getattr(stored, name)) == len(getattr(planned, name)), name


async def test_a_second_time_changes_nothing(db: Database) -> None:
    await applied(db, WHOLE)
    before = await db.read(counters)
    result = await applied(db, WHOLE)
    assert (result.changes, result.made) == ([], [])
    assert await db.read(counters) == before


async def test_a_dry_run_says_the_same_and_writes_nothing(db: Database) -> None:
    before = await db.read(counters)
    said = await applied(db, WHOLE, dry_run=True)
    assert await db.read(counters) == before
    assert (await db.read(load)).accounts == {}
    assert said.made == []
    assert (await applied(db, WHOLE)).changes == said.changes


async def test_a_dry_run_counts_what_lists_would_get(db: Database) -> None:
    await applied(db, ACME)
    text = ACME + '[[account.contact]]\nphone = "500600700"\n[[account.blacklisted]]\nphone = "500600701"\n'
    assert lines(await applied(db, text, dry_run=True)) == ["create contacts of acme: 1 in number", "create blacklist of acme: 1 in number"]
    assert await db.read(statement, "SELECT id FROM contacts UNION ALL SELECT id FROM blacklist") == []


async def test_only_what_changed_is_counted(db: Database) -> None:
    await applied(db, ACME + SHARED + KEYWORD + FORWARD)
    first = await db.read(counters)
    await applied(db, SHARED + KEYWORD + FORWARD + 'verify = "OK"')
    second = await db.read(counters)
    await applied(db, ACME + 'language = "pl"')
    third = await db.read(counters)
    assert (second["directory"], second["targets"]) == (first["directory"], first["targets"] + 1)
    assert (third["directory"], third["targets"]) == (second["directory"] + 1, second["targets"])


async def test_what_is_there_is_updated_and_keeps_its_id(db: Database) -> None:
    await applied(db, ACME + SHARED + KEYWORD + FORWARD)
    before: Directory = await db.read(load)
    await applied(
        db, ACME + 'company = "A"\n' + SHARED + "mms = true\n" + KEYWORD + "strip_keyword = true\n" + FORWARD + "active = false\n"
    )
    now: Directory = await db.read(load)
    for name in ("accounts", "numbers_by_id", "keywords_by_id", "targets"):
        old, new = getattr(before, name), getattr(now, name)
        assert old.keys() == new.keys()
        assert old != new


async def test_dropping_blacklisted_is_switched_on_and_off_and_stays_where_the_file_says_nothing(db: Database) -> None:
    async def options() -> tuple[bool, bool, bool]:
        found: Directory = await db.read(load)
        (number,), (keyword,) = found.numbers.values(), found.keywords_by_id.values()
        return number.drop_blacklisted, keyword.drop_blacklisted, found.withholding

    option = "drop_blacklisted = {}\n"
    await applied(db, ACME + SHARED + KEYWORD)
    assert await options() == (False, False, False)
    done = await applied(db, SHARED + option.format("true") + KEYWORD)
    assert lines(done) == ["update number 71200: drop_blacklisted no -> yes"]
    assert await options() == (True, False, True)
    done = await applied(db, SHARED + option.format("false") + KEYWORD + option.format("true"))
    assert lines(done) == [
        "update number 71200: drop_blacklisted yes -> no", "update keyword 71200/AUTO: drop_blacklisted no -> yes",
    ]  # fmt: skip
    assert await options() == (False, True, True)
    assert lines(await applied(db, SHARED + KEYWORD)) == []
    assert await options() == (False, True, True)


async def test_a_password_is_set_at_creation_and_when_asked(db: Database) -> None:
    async def stored() -> str:
        found: Directory = await db.read(load)
        return found.users["anna"].password_hash

    await applied(db, USER)
    assert await stored() == "hash of first"
    await applied(db, USER.replace("first", "second") + 'roles = ["api"]')
    assert await stored() == "hash of first"
    await applied(db, USER.replace("first", "second"), reset_passwords=True)
    assert await stored() == "hash of second"


async def test_a_token_is_made_once_and_told_once(db: Database) -> None:
    made = (await applied(db, TOKEN + '[[operator_token]]\nname = "ops"\n')).made
    assert sorted(made, key=lambda token: token.name) == [Made("acme/crm", made[1].value), Made("operator/ops", made[0].value)]
    found: Directory = await db.read(load)
    assert {found.tokens[sha(token.value)].name for token in made} == {"ops", "crm"}
    assert (await applied(db, TOKEN)).made == []
    assert (await db.read(load)).tokens == found.tokens


async def test_a_token_gets_another_value(db: Database) -> None:
    await applied(db, TOKEN)
    await applied(db, TOKEN + f'value = "{"b" * 32}"\nallow_from = ["10.0.0.0/8"]')
    found: Directory = await db.read(load)
    assert [(t.sha256, t.allow_from) for t in found.tokens.values()] == [(sha("b" * 32), ("10.0.0.0/8",))]


async def test_a_wrong_document_changes_nothing(db: Database) -> None:
    before = await db.read(counters)
    with pytest.raises(SetupError, match="there is no account 'beta'"):
        await applied(db, ACME + SHARED + KEYWORD.replace("acme", "beta"))
    assert await db.read(counters) == before
    assert (await db.read(load)).accounts == {}


async def test_a_keyword_that_changes_hands_takes_no_target_with_it(db: Database) -> None:
    beta = ACME.replace("acme", "beta")
    await applied(db, ACME + beta + SHARED + KEYWORD + FORWARD)
    (old,) = (await db.read(load)).targets
    text = SHARED + (KEYWORD + FORWARD).replace("acme", "beta")
    assert lines(await applied(db, text))[:2] == ["update keyword 71200/AUTO: account acme -> beta", "remove target 71200/AUTO sms"]
    found: Directory = await db.read(load)
    assert [(t.url, t.account_id) for t in found.targets.values()] == [("http://beta.example/", found.account_named("beta").id)]
    assert old not in found.targets
    assert [tuple(row) for row in await db.read(statement, "SELECT url, active FROM targets WHERE id = ?", old)] == [
        ("http://acme.example/", 0)
    ]
    await applied(db, SHARED + KEYWORD + FORWARD)
    assert old not in (await db.read(load)).targets


async def test_two_at_once_leave_what_one_would(db: Database) -> None:
    results = await asyncio.gather(*(applied(db, WHOLE) for _ in range(3)))
    assert sorted(bool([change for change in result.changes if change.kind == "account"]) for result in results) == [False, False, True]
    assert (await applied(db, WHOLE)).changes == []


async def test_it_works_beside_a_server_on_the_same_file(tmp_path: Path, clock: FixedClock) -> None:
    url = f"sqlite:///{tmp_path}/odzew.db"
    server, verb = open_database(url, clock), open_database(url, clock)
    try:
        await server.migrate()
        heard: list[str] = []
        server.listen(heard.append)
        await server.look()
        await server.look()
        heard.clear()
        await applied(verb, TOKEN)
        await server.look()
        assert heard == [""]
        assert [token.name for token in (await server.read(load)).tokens.values()] == ["crm"]
    finally:
        await verb.close()
        await server.close()


async def test_no_secret_is_in_what_is_told(db: Database) -> None:
    told = " ".join(lines(await applied(db, WHOLE)))
    for secret in ("ops-pass", "api-pass", "anna-pass", "0" * 32, "1" * 32, "aggregator-token", "kannel-token", "mmsc-pass", "whsec_"):
        assert secret not in told


async def test_every_token_in_the_directory_is_a_model(db: Database) -> None:
    await applied(db, WHOLE)
    assert all(isinstance(token, Token) for token in (await db.read(load)).tokens.values())

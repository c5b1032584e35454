"""Forwards of the set-up file: which keys belong to which way, filters, a change of secret, TLS of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from odzew.clock import from_datetime
from odzew.model import Target
from odzew.setup.after import after
from odzew.setup.check import check
from odzew.setup.compare import compare
from odzew.setup.tables import ForwardTable
from odzew.setup.ways import KEYS, idle, without
from odzew.store.db import Database
from odzew.store.directory import Directory, load
from tests.setup.documents import ACME, applied, document, faults, faults_on, lines

PLACE = "account[0].forward[0]"
URL = 'url = "https://crm.acme.example/in"'
SIGNED = 'secret = "env:ACME_WEBHOOK_SECRET"'
MAIL = 'way = "email"\nmail_to = ["jan@acme.example"]'


def forward(*keys: str) -> str:
    return f'{ACME}[[account.forward]]\nfor = "sms"\n' + "\n".join(keys) + "\n"


def target_of(*keys: str, before: Directory | None = None) -> Target:
    directory = before or Directory()
    found = after(directory, compare(document(forward(*keys)), directory))
    [target] = found.targets.values()
    return target


def with_target(*keys: str) -> Directory:
    return after(Directory(), compare(document(forward(*keys)), Directory()))


# what stands there, the fault: a key and a word of the sentence
FAULTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    ((), "url", "is missing"),
    (('url = ""',), "url", "is missing"),
    (('way = "json"',), "url", "is missing"),
    (('way = "email"',), "mail_to", "is missing"),
    (('way = "email"', "mail_to = []"), "mail_to", "is missing"),
    (('way = "pigeon"', URL), "way", "must be one of url, json, email"),
    (('way = "e-mail"', URL), "way", "did you mean 'email'"),
    ((MAIL, URL), "url", 'means nothing for a target with way = "email"'),
    ((MAIL, SIGNED), "secret", "means nothing"),
    ((MAIL, 'verify = "OK"'), "verify", "means nothing"),
    ((MAIL, 'ca = "/a"'), "ca", "means nothing"),
    ((URL, 'mail_to = ["jan@acme.example"]'), "mail_to", 'means nothing for a target with way = "url"'),
    (('way = "json"', URL, 'body = "json"'), "body", "means nothing"),
    ((URL, 'body = "json"'), "body", "is for mms only"),
    (('way = "email"', 'mail_to = "jan@acme.example"'), "mail_to", "expected a list"),
    (('way = "email"', 'mail_to = ["Jan <jan@acme.example>"]'), "mail_to", "no address"),
    (('way = "email"', 'mail_to = ["jan@acme.example\\r\\nBcc: x@y"]'), "mail_to", "control character"),
    (('way = "email"', f"mail_to = {[f'a{n}@x.example' for n in range(51)]}"), "mail_to", "more than 50"),
    ((URL, 'secret_before = "env:ACME_WEBHOOK_SECRET_BEFORE"'), "secret_before", "there is none"),
    ((URL, SIGNED, 'secret_before = "env:ACME_WEBHOOK_SECRET"'), "secret_before", "the same as secret"),
    ((URL, SIGNED, 'secret_before = "whsec_AAAA"'), "secret_before", "env:NAME"),
    ((URL, SIGNED, "secret_before_until = 2026-12-01T00:00:00Z"), "secret_before_until", "no secret_before"),
    ((URL, SIGNED, "secret_before_until = 2026-12-01T00:00:00"), "secret_before_until", "needs an offset"),
    ((URL, SIGNED, "secret_before_until = 2026-12-01"), "secret_before_until", "expected a time"),
    ((URL, SIGNED, 'secret_before_until = "soon"'), "secret_before_until", "invalid"),
    (('way = "json"', 'url = "https://a.example/#ID#"', SIGNED), "url", "placeholders only in its query"),
    ((URL, 'client_key = "/k"'), "client_key", "no client_cert"),
    (('url = "http://a.example/"', 'client_cert = "/c"'), "client_cert", "https only"),
    (('url = "http://a.example/"', 'ca = "/c"'), "ca", "https only"),
    ((URL, 'only_senders = ["500*"]'), "only_senders", "+48500*"),
    ((URL, 'only_senders = ["*"]'), "only_senders", "one * may stand at the end"),
    ((URL, 'only_senders = ["+48*600"]'), "only_senders", "one * may stand at the end"),
    ((URL, 'only_senders = ["+48**"]'), "only_senders", "one * may stand at the end"),
    ((URL, 'only_senders = ["+x*"]'), "only_senders", "not the beginning of a number"),
    ((URL, 'only_senders = [""]'), "only_senders", "empty sender"),
    ((URL, f"only_senders = {['71200'] * 1001}"), "only_senders", "more than 1000"),
    ((URL, 'only_keywords = ["..."]'), "only_keywords", "no letter or digit"),
    ((URL, 'only_text = ["..."]'), "only_text", "a letter or digit"),
    ((URL, 'only_text = ["*"]'), "only_text", "a letter or digit"),
    ((URL, 'only_text = ["a* b"]'), "only_text", "one * may stand at the end of a word"),
    ((URL, 'only_text = ["a *"]'), "only_text", "one * may stand at the end of a word"),
    ((URL, f'only_text = ["{"a" * 161}"]'), "only_text", "1 to 160"),
)


@pytest.mark.parametrize(("keys", "key", "words"), FAULTS)
def test_faults(keys: tuple[str, ...], key: str, words: str) -> None:
    found = faults(forward(*keys)) or faults_on(Directory(), forward(*keys))
    assert len(found) == 1, found
    assert found[0].startswith(f"{PLACE}.{key}: "), found
    assert words in found[0], found


# the keys, the fields of the target
GOOD: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    ((URL,), {"way": "url", "url": "https://crm.acme.example/in"}),
    (('way = "json"', URL), {"way": "json", "url": "https://crm.acme.example/in", "secret": None}),
    (('way = "email"', 'mail_to = ["Jan@ACME.example", "Jan@acme.example"]'),
     {"way": "email", "mail_to": ("Jan@acme.example",), "url": ""}),
    ((URL, 'only_senders = ["500 600 700", "0048 500*", "+48 600-700*", "71200", "Info*", "InfoSMS"]'),
     {"only_senders": ("+48500600700", "+48500*", "+48600700*", "71200", "Info*", "InfoSMS")}),
    ((URL, 'only_keywords = ["Łódź", "AUTO MOTO"]'), {"only_keywords": ("Łódź", "AUTO MOTO")}),
    ((URL, 'only_text = ["nie dzwoń*", "STOP"]'), {"only_text": ("nie dzwoń*", "STOP")}),
    ((URL, 'client_cert = "/c"', 'ca = "/a"'), {"client_cert": "/c", "client_key": None, "ca": "/a"}),
    ((URL, SIGNED, 'secret_before = "env:ACME_WEBHOOK_SECRET_BEFORE"', "secret_before_until = 2026-12-01T01:00:00+01:00"),
     {"secret_before": "env:ACME_WEBHOOK_SECRET_BEFORE", "secret_before_until": from_datetime(datetime(2026, 12, 1, tzinfo=UTC))}),
)  # fmt: skip


@pytest.mark.parametrize(("keys", "fields"), GOOD)
def test_what_becomes_of_the_keys(keys: tuple[str, ...], fields: dict[str, Any]) -> None:
    target = target_of(*keys)
    assert {name: getattr(target, name) for name in fields} == fields


EVERYTHING = (
    URL, SIGNED, 'verify = "OK"', 'secret_before = "env:ACME_WEBHOOK_SECRET_BEFORE"', "secret_before_until = 2026-12-01T00:00:00Z",
    'client_cert = "/c"', 'client_key = "/k"', 'ca = "/a"', 'only_text = ["stop"]', 'only_senders = ["+48*"]', 'only_keywords = ["AUTO"]',
)  # fmt: skip


def test_a_key_that_is_left_out_stays() -> None:
    before = with_target(*EVERYTHING)
    assert compare(document(forward()), before).changes == []


def test_an_empty_value_takes_a_thing_off() -> None:
    names = ("verify", "secret", "secret_before", "secret_before_until", "client_cert", "client_key", "ca")
    lists = ("only_text", "only_senders", "only_keywords")
    keys = [f'{name} = ""' for name in names] + [f"{name} = []" for name in lists]
    target = target_of(*keys, before=with_target(*EVERYTHING))
    bare = target_of(URL)
    assert replace(target, id=0, account_id=0, level_id=0) == replace(bare, id=0, account_id=0, level_id=0)


def test_another_way_leaves_behind_what_means_nothing_for_it() -> None:
    target = target_of(MAIL, before=with_target(*EVERYTHING))
    assert all(getattr(target, key) == without(key) for key in idle("email"))
    assert (target.way, target.mail_to, target.only_text) == ("email", ("jan@acme.example",), ("stop",))
    [change] = compare(document(forward('way = "json"')), with_target(*EVERYTHING)).changes
    assert str(change) == "update target acme sms: way url -> json"


def test_every_key_belongs_to_a_way() -> None:
    named = {key for keys in KEYS.values() for key in keys}
    assert named == {"for" if field == "for_kind" else field for field in ForwardTable.__struct_fields__} - {"place"}


async def test_applied_and_read_back(db: Database) -> None:
    result = await applied(db, forward(*EVERYTHING))
    [created] = [line for line in lines(result) if "target" in line]
    assert "secret_before_until 2026-12-01T00:00:00Z" in created
    assert "only_senders +48*" in created
    found: Directory = await db.read(load)
    [target] = found.targets.values()
    assert (target.only_text, target.secret_before_until, target.ca) == (("stop",), 1_796_083_200_000_000, "/a")
    assert (await applied(db, forward(*EVERYTHING))).changes == []


# the keys, whether there is a mail server; words of the finding about the target, or None
FINDINGS: tuple[tuple[tuple[str, ...], bool, str | None], ...] = (
    ((MAIL,), True, None),
    ((MAIL,), False, "error: target acme sms: is for e-mail, and there is no mail server"),
    ((URL,), False, None),
    (('way = "json"', URL), True, "warning: target acme sms: posts events that are not signed"),
    (('way = "json"', URL, SIGNED), True, None),
    ((URL, SIGNED, 'secret_before = "env:ACME_WEBHOOK_SECRET_BEFORE"'), True,
     "error: target acme sms: needs the variable ACME_WEBHOOK_SECRET_BEFORE"),
)  # fmt: skip


@pytest.mark.parametrize(("keys", "can_mail", "words"), FINDINGS)
async def test_findings(keys: tuple[str, ...], can_mail: bool, words: str | None) -> None:
    async def reach(*_: object) -> str | None:
        return None

    found = await check(with_target(*keys), {"ACME_WEBHOOK_SECRET": ""}, reach, can_mail=can_mail)
    about = [str(finding) for finding in found if finding.place.startswith("target ")]
    assert len(about) == (words is not None), about
    assert all(one.startswith(words or "") for one in about)

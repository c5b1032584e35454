"""What `odzew check` finds, in plain words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from odzew.model import Account, Keyword, Source, Target
from odzew.setup.after import after
from odzew.setup.check import AT_ONCE, Finding, Reach, check
from odzew.setup.compare import compare
from odzew.store.directory import Directory
from odzew.wire.template import Template
from tests.setup.documents import ACME, ENVIRONMENT, WHOLE, document

TOKEN = '[[account.token]]\nname = "crm"\n'
SOURCE = '[[source]]\nname = "s"\nprotocol = "http"\ntoken = "x"\n'
GOOD = ACME + TOKEN + SOURCE
NUMBER = '[[number]]\naddress = "71200"\nservice = "pr"\n'
FORWARD = '[[account.forward]]\nfor = "eco"\nurl = "https://crm.example/?t=#WIADOMOSC#"\n'
SMPP = '[[source]]\nname = "c"\nprotocol = "smpp"\nhosts = ["a:1"]\nsystem_id = "x"\n'


def of(text: str) -> Directory:
    """The directory as the document would make it."""
    return after(Directory(), compare(document(text), Directory()))


async def found(directory: Directory, reach: Reach | None = None, **environment: str) -> list[str]:
    return [str(finding) for finding in await check(directory, environment, reach)]


FINDINGS = [
    ("nothing at all", "", [
        "warning: set-up: there is no account; every message will be unclaimed until one is applied",
        "warning: set-up: there is no source, so no message can come in; apply a [[source]]",
    ]),
    ("all is well", GOOD, []),
    ("nobody can pull", ACME + SOURCE,
     ["warning: account acme: has no user and no token, so nobody can pull its messages; give it a [[account.token]]"]),
    ("not active", ACME + "active = false\n" + TOKEN + SOURCE,
     ["warning: account acme: is not active, so its calls are answered 1007; set active = true, or leave it"]),
    ("no roles", ACME + '[[account.user]]\nlogin = "a"\npassword = "x"\n' + SOURCE,
     ['warning: user a: has no roles, so it can never log in; give it roles = ["api"] or ["panel"]']),
    ("no way in", ACME + '[[account.user]]\nlogin = "a"\npassword = "x"\nroles = ["numbers"]\n' + SOURCE,
     ['warning: user a: may neither call the API nor log in to the panel; give it the role "api" or "panel"']),
    ("a shared number without keywords", GOOD + NUMBER,
     ["warning: number 71200: has no keyword and no account: its messages will be unclaimed; give it a [[number.keyword]]"]),
    ("a shared number with a catch-all", GOOD + NUMBER + 'account = "acme"', []),
    ("a shared number with a keyword", GOOD + NUMBER + '[[number.keyword]]\nword = "A"\naccount = "acme"', []),
    ("an own number of nobody", GOOD + NUMBER.replace('"pr"', '"pri"'),
     ["error: number 71200: is an own number (pri) without an owner; give it an account, or its messages will be unclaimed"]),
    ("an own number of nobody with a keyword", GOOD + NUMBER.replace('"pr"', '"pri"') + '[[number.keyword]]\nword = "A"\naccount = "acme"',
     ["warning: number 71200: is an own number (pri) without an owner; give it an account, or its messages will be unclaimed"]),
    ("a reply number of nobody", GOOD + NUMBER.replace('"pr"', '"eco"'), []),
    ("MMS to nobody", GOOD + NUMBER.replace('"pr"', '"eco"') + "mms = true",
     ["warning: number 71200: takes MMS but is nobody's: they will be unclaimed; give it an account"]),
    ("a keyword on a reply number", GOOD + NUMBER.replace('"pr"', '"eco"') + '[[number.keyword]]\nword = "A"\naccount = "acme"',
     ["warning: number 71200: is a reply number, where no keyword is looked for; take its keywords away"]),
    ("a source without a token", GOOD.replace('token = "x"\n', ""),
     ['error: source s: has no token, so everything pushed to it is refused; give it token = "env:NAME"']),
    ("a source that is off", GOOD + "active = false", ["warning: source s: is switched off; set active = true, or leave it"]),
    ("an MMSC without a password", GOOD + '[[source]]\nname = "m"\nprotocol = "mm7"\nallow_from = ["10.9.0.0/16"]\n',
     ["warning: source m: has no username and password; give it both, or its address list alone protects it"]),
    ("an MMSC that nobody can be", GOOD + '[[source]]\nname = "m"\nprotocol = "mm7"\n',
     [("error: source m: has no username and password and no address list, so everything pushed to it is refused; "
       'give it username and password = "env:NAME", or allow_from')]),
    ("a password written out", GOOD + SMPP + 'password = "hush"',
     ['warning: source c: has its password written out in the database; write password = "env:NAME"']),
    ("a password that is not set", GOOD + SMPP + 'password = "env:CARRIER_A_PASSWORD"',
     ["error: source c: needs the variable CARRIER_A_PASSWORD, which is not set; set it where `odzew serve` runs"]),
    ("a secret that is not set", ACME + TOKEN + FORWARD + 'secret = "env:ACME_WEBHOOK_SECRET"\n' + SOURCE,
     ["error: target acme eco: needs the variable ACME_WEBHOOK_SECRET, which is not set; set it where `odzew serve` runs"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), [row[1:] for row in FINDINGS], ids=[row[0] for row in FINDINGS])
async def test_a_fault_is_found_and_what_to_do_is_said(text: str, told: list[str]) -> None:
    assert await found(of(text)) == told


async def test_the_whole_document_is_well() -> None:
    assert await check(of(WHOLE), ENVIRONMENT) == []


async def test_a_keyword_that_nobody_owns_is_found() -> None:
    directory = of(GOOD + NUMBER + '[[number.keyword]]\nword = "AUTO"\naccount = "acme"')
    (keyword,) = directory.keywords_by_id.values()
    directory.keywords_by_id = {keyword.id: replace(keyword, account_id=77)}
    assert await found(directory) == [
        "error: keyword 71200/AUTO: belongs to an account that is not there; apply the account, or give it to another"
    ]


async def test_a_keyword_of_an_account_that_is_not_active_is_found() -> None:
    text = ACME + "active = false\n" + TOKEN + SOURCE + NUMBER + '[[number.keyword]]\nword = "AUTO"\naccount = "acme"'
    assert (
        "warning: keyword 71200/AUTO: belongs to the account acme, which is not active; activate it, or give it to another"
        in await found(of(text))
    )


async def test_what_an_older_program_or_a_hand_left_is_found() -> None:
    directory = of(ACME + 'time_zone = "Europe/Warsaw"\n' + TOKEN + FORWARD + SOURCE)
    acme = directory.account_named("acme")
    directory.accounts[acme.id] = replace(acme, time_zone="Mars/Base")
    (target,) = directory.targets.values()
    directory.keywords_by_id[5] = Keyword(5, 99, acme.id, "A", ("a",))
    directory.targets |= {
        1: replace(target, id=1, url="ftp://crm.example/"),
        2: replace(target, id=2, secret="env:SECRET", url="https://crm.example/#ID#"),
        3: Target(3, acme.id, "number", 12, "sms", "sms", "http://a.example/"),
        4: Target(4, acme.id, "keyword", 13, "sms", "sms", "http://a.example/"),
        5: Target(5, acme.id, "keyword", 5, "mms", "mms", "http://a.example/"),
    }
    places = [line.partition(";")[0] for line in await found(directory, SECRET="x")]
    assert places == [
        "error: account acme: has the time zone 'Mars/Base', which is not known here",
        "error: keyword (no number)/A: stands on a number that is not there",
        "error: target acme eco: has a URL that cannot be called: the scheme must be http or https, not ftp",
        "error: target acme eco: is signed but has placeholders outside its query",
        "error: target (number 12 is not there) sms: stands where another account is the owner, so it is never called",
        "error: target (keyword 13 is not there) sms: stands where another account is the owner, so it is never called",
    ]


class Reaching:
    """Notes what was asked, and says of one host that it is forbidden."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []

    async def __call__(self, template: Template, account: Account) -> str | None:
        self.asked.append((template.host, template.port, account.name))
        return "127.0.0.1 is a loopback address" if template.host == "inside.example" else None


async def test_a_target_whose_host_is_forbidden_is_found() -> None:
    text = GOOD + NUMBER + 'account = "acme"\n[[number.forward]]\nurl = "http://inside.example:8080/"\n'
    reach = Reaching()
    (told,) = await found(of(ACME + TOKEN + FORWARD + SOURCE + text.removeprefix(GOOD)), reach)
    problem, _, advice = told.partition("; ")
    assert problem == "error: target 71200 sms: inside.example cannot be called: 127.0.0.1 is a loopback address"
    assert advice == "correct the host, or allow it by the account's forward_allow"
    assert reach.asked == [("crm.example", 443, "acme"), ("inside.example", 8080, "acme")]


async def test_a_host_is_asked_for_once_and_not_for_targets_that_are_off() -> None:
    reach = Reaching()
    twice = ACME + TOKEN + FORWARD + FORWARD + FORWARD.replace("crm", "off") + "active = false\n" + SOURCE
    assert await found(of(twice), reach) == []
    assert reach.asked == [("crm.example", 443, "acme")]


class Trying:
    """Notes which binds were tried, and says of those named what went wrong."""

    def __init__(self, **faults: str) -> None:
        self.tried: list[str] = []
        self._faults = faults

    async def __call__(self, source: Source) -> str | None:
        self.tried.append(source.name)
        return self._faults.get(source.name)


SECOND = SMPP.replace('"c"', '"d"')


async def test_a_bind_that_failed_is_found_and_one_that_did_not_is_not() -> None:
    trying = Trying(c="a:1: the bind was refused: the password is wrong.")
    assert await check(of(GOOD + SMPP + SECOND), {}, None, trying) == [
        Finding(
            "error", "source c", "the bind was tried: a:1: the bind was refused: the password is wrong",
            "correct hosts, system_id, password or TLS, or ask the network",
        )
    ]  # fmt: skip
    assert trying.tried == ["c", "d"]


async def test_while_a_server_is_bound_a_bind_that_failed_is_no_error() -> None:
    (finding,) = await check(of(GOOD + SMPP), {}, None, Trying(c="refused"), {"c"})
    assert (finding.severity, finding.advice) == (
        "warning", "a server holds this source's binds now; the network may allow no more of them",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [GOOD, GOOD + SMPP + "active = false\n", GOOD + SMPP + 'password = "env:CARRIER_A_PASSWORD"\n'],
    ids=["none there", "off", "without its password"],
)
async def test_there_is_nothing_to_try(text: str) -> None:
    trying = Trying()
    await check(of(text), {}, None, trying)
    assert trying.tried == []


async def test_a_password_that_is_there_is_tried() -> None:
    trying = Trying()
    assert await check(of(GOOD + SMPP + 'password = "env:CARRIER_A_PASSWORD"'), ENVIRONMENT, None, trying) == []
    assert trying.tried == ["c"]


async def test_only_a_few_binds_are_tried_at_once() -> None:
    many = "".join(SMPP.replace('"c"', f'"c{number}"') for number in range(3 * AT_ONCE))
    running = most = 0
    go_on = asyncio.Event()

    async def trying(source: Source) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == AT_ONCE:
            go_on.set()
        await go_on.wait()
        running -= 1

    assert await check(of(GOOD + many), {}, None, trying) == []
    assert most == AT_ONCE


async def test_findings_are_sorted_errors_first() -> None:
    findings = await check(of(ACME + SOURCE.replace('token = "x"\n', "")), {})
    assert [finding.severity for finding in findings] == ["error", "warning"]
    assert str(Finding("error", "a", "b", "c")) == "error: a: b; c"

"""A document against what is there: nothing is written here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.setup.after import after
from odzew.setup.compare import compare
from odzew.setup.plan import Change, difference, shown
from odzew.store.directory import Directory
from tests.setup.documents import ACME, SECRET, WHOLE, document, faults_on

BETA = ACME.replace("acme", "beta")
SHARED = '[[number]]\naddress = "71200"\nservice = "pr"\n'
FORWARD = '  [[account.forward]]\n  for = "eco"\n  url = "http://a.example/"\n'
KEYWORD = '  [[number.keyword]]\n  word = "AUTO"\n  account = "acme"\n'
HTTP = '[[source]]\nname = "s"\nprotocol = "http"\ntoken = "hush"\n'
SMPP = '[[source]]\nname = "s"\nprotocol = "smpp"\nhosts = ["a:1"]\nsystem_id = "x"\n'


def there(*texts: str) -> Directory:
    """What is there after these documents, one after the other."""
    directory = Directory()
    for text in texts:
        directory = after(directory, compare(document(text), directory))
    return directory


def changes(before: str, text: str, reset_passwords: bool = False) -> list[str]:
    """What the text changes where `before` has been applied."""
    return [str(change) for change in compare(document(text), there(before), reset_passwords).changes]


def test_the_same_document_changes_nothing() -> None:
    assert len(changes("", WHOLE)) == 23
    assert changes(WHOLE, WHOLE) == []


def test_what_is_not_named_stays() -> None:
    assert changes(WHOLE, "") == []
    assert changes(WHOLE, ACME) == []


TAKEN_OFF = {"verify": "OK", "retry_minutes": "1, 2", "retry_basis": "first", "concurrency": "3", "per_second": "2.5"}

CHANGES = [
    ("a new account", "", ACME, ["create account acme: time_zone Europe/Warsaw, language en, active yes, reply_window_days 7"]),
    ("a key of an account", ACME, ACME + 'language = "pl"', ["update account acme: language en -> pl"]),
    ("a key that is left out stays", ACME + 'language = "pl"', ACME + 'company = "A"', ["update account acme: company (none) -> A"]),
    (
        "an empty value takes a thing off",
        ACME + FORWARD + 'verify = "OK"\nconcurrency = 3\nper_second = 2.5\nretry_minutes = [1, 2]\nretry_basis = "first"',
        ACME + FORWARD + 'verify = ""\nconcurrency = 0\nper_second = 0\nretry_minutes = []\nretry_basis = ""',
        [
            f"update target acme eco: {', '.join(f'{key} {value} -> (none)' for key, value in TAKEN_OFF.items())}",
        ],
    ),
    ("a limit per second", ACME, ACME + "per_second = 20", ["update account acme: per_second (none) -> 20"]),
    ("no limit any more", ACME + "per_second = 20", ACME + "per_second = 0", ["update account acme: per_second 20 -> (none)"]),
    ("a target switched off", ACME + FORWARD, ACME + FORWARD + "active = false", ["update target acme eco: active yes -> no"]),
    (
        "a second target of a kind",
        ACME + FORWARD,
        ACME + FORWARD + FORWARD.replace("a.ex", "b.ex"),
        ["create target acme eco eco-2: url http://b.example/, active yes, body form, completions yes"],
    ),
    (
        "a password in a URL is not shown",
        "",
        ACME + FORWARD.replace("http://", "http://me:hush@"),
        [
            "create account acme: time_zone Europe/Warsaw, language en, active yes, reply_window_days 7",
            "create target acme eco: url http://me:(hidden)@a.example/, active yes, body form, completions yes",
        ],
    ),
    ("a number goes to an account", ACME + SHARED, SHARED + 'account = "acme"', ["update number 71200: account (none) -> acme"]),
    (
        "a number is nobody's any more",
        ACME + SHARED + 'account = "acme"',
        SHARED + 'account = ""',
        ["update number 71200: account acme -> (none)"],
    ),
    ("a service", SHARED, SHARED.replace('"pr"', '"pri"'), ["update number 71200: service pr -> pri"]),
    (
        "a keyword's spelling",
        ACME + SHARED + KEYWORD,
        SHARED + KEYWORD.replace("AUTO", "Áuto!") + "strip_keyword = true\ndrop_blacklisted = true",
        ["update keyword 71200/Áuto!: word AUTO -> Áuto!, strip_keyword no -> yes, drop_blacklisted no -> yes"],
    ),
    (
        "a keyword on an own number is its owner's",
        ACME + SHARED + 'account = "acme"',
        SHARED + KEYWORD.replace('account = "acme"', ""),
        ["create keyword 71200/AUTO: account acme, word AUTO, strip_keyword no, drop_blacklisted no"],
    ),
    ("a source's token", HTTP, HTTP.replace("hush", "hush2"), ["update source s: token (none) -> (hidden)"]),
    ("a source's token taken off", HTTP, HTTP.replace("hush", ""), ["update source s: token (none) -> (none)"]),
    ("a source's option", SMPP + "binds = 2", SMPP + 'bind = "receiver"', ["update source s: bind (none) -> receiver"]),
    (
        "a source's alphabets",
        SMPP,
        SMPP + 'alphabets = { "8" = "utf8", "0xF5" = "binary" }',
        ["update source s: alphabets (none) -> 8=utf8, 245=binary"],
    ),
    ("alphabets taken off", SMPP + 'alphabets = { 8 = "utf8" }', SMPP + "alphabets = {}", ["update source s: alphabets 8=utf8 -> (none)"]),
    (
        "a source's password",
        SMPP + 'password = "hush"',
        SMPP + 'password = "hush2"',
        ["update source s: password (hidden) -> (hidden), changed"],
    ),
    (
        "a source of another protocol",
        SMPP,
        HTTP,
        ["update source s: protocol smpp -> http, token (none) -> (hidden), hosts a:1 -> (none), system_id x -> (none)"],
    ),
    (
        "proxies",
        '[network]\ntrusted_proxies = ["127.0.0.1"]',
        "[network]\ntrusted_proxies = []",
        ["update network settings: trusted_proxies 127.0.0.1/32 -> (none)"],
    ),
    ("a line break in a value", ACME, ACME + 'company = "a\\nb"', ["update account acme: company (none) -> 'a\\nb'"]),
]


@pytest.mark.parametrize(("before", "text", "told"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_change_is_told(before: str, text: str, told: list[str]) -> None:
    assert changes(before, text) == told


USER = ACME + '[[account.user]]\nlogin = "anna"\npassword = "hush"\n'
TOKEN = ACME + '[[account.token]]\nname = "crm"\n'


def test_a_password_is_set_at_creation_only() -> None:
    assert changes(ACME, USER) == ["create user anna: password (hidden)"]
    assert changes(USER, USER.replace("hush", "other")) == []
    assert changes(USER, USER.replace("hush", "other"), reset_passwords=True) == ["update user anna: password (none) -> (hidden)"]


def test_no_password_is_needed_for_a_user_who_is_there() -> None:
    assert changes(USER, USER.replace('password = "hush"', 'roles = ["api"]')) == ["update user anna: roles (none) -> api"]


def test_an_operator_may_do_what_people_do_unless_it_is_said() -> None:
    plan = compare(
        document('[[operator]]\nlogin = "ops"\npassword = "x"\n[[operator]]\nlogin = "o2"\npassword = "x"\nroles = ["panel"]'), Directory()
    )
    assert [(user.account_id, user.roles) for user in plan.users] == [(None, ("panel", "owner", "numbers")), (None, ("panel",))]


def test_a_token_without_a_value_is_to_be_made_once() -> None:
    first = compare(document(TOKEN), Directory())
    assert first.unmade == {token.id for token in first.tokens}
    assert changes(TOKEN, TOKEN) == []


def test_a_token_gets_another_value() -> None:
    assert changes(TOKEN, TOKEN + f'value = "{"a" * 32}"') == ["update token acme/crm: value (none) -> (hidden)"]


def test_the_same_name_may_be_the_operators_and_an_accounts() -> None:
    text = TOKEN + '[[operator_token]]\nname = "crm"\n'
    assert [change.name for change in compare(document(text), Directory()).changes] == ["acme", "operator/crm", "acme/crm"]


TOGETHER_WRONG = [
    ("no such account", ACME, SHARED + KEYWORD.replace("acme", "acne"),
     ["number[0].keyword[0].account: there is no account 'acne'; did you mean 'acme'?"]),
    ("no such owner", "", SHARED + 'account = "acme"', ["number[0].account: there is no account 'acme'"]),
    ("a keyword of nobody", "", SHARED + '[[number.keyword]]\nword = "A"\n',
     ["number[0].keyword[0].account: is missing: a keyword on a shared number belongs to an account"]),
    ("a forward of nobody's number", "", SHARED + '[[number.forward]]\nurl = "http://a.example/"\n',
     ["number[0].forward: nobody's number has no forward: give it an account, or its keywords forwards"]),
    ("somebody else's log-in", USER, BETA + '[[account.user]]\nlogin = "anna"\npassword = "x"',
     ["account[0].user[0].login: 'anna' belongs to another account; log-ins are unique in the installation"]),
    ("an account's log-in for the operator", USER, '[[operator]]\nlogin = "anna"\npassword = "x"',
     ["operator[0].login: 'anna' belongs to another account; log-ins are unique in the installation"]),
    ("a new user without a password", "", ACME + '[[account.user]]\nlogin = "anna"',
     ["account[0].user[0].password: is missing: a new user needs one"]),
    ("another token's value", TOKEN + f'value = "{"a" * 32}"', BETA + f'[[account.token]]\nname = "x"\nvalue = "{"a" * 32}"',
     ["account[0].token[0].value: another token has this value"]),
    ("signed with a placeholder in the path", "", ACME + FORWARD.replace("e/", "e/#ID#") + 'secret = "env:ACME_WEBHOOK_SECRET"',
     ["account[0].forward[0].url: a signed target has placeholders only in its query, because only that is signed"]),
    ("a URL that its secret does not suit", ACME + FORWARD + 'secret = "env:ACME_WEBHOOK_SECRET"', ACME + FORWARD.replace("e/", "e/#ID#"),
     ["account[0].forward[0].url: a signed target has placeholders only in its query, because only that is signed"]),
    ("repeats that go back", "", ACME + FORWARD + "retry_minutes = [5, 5]",
     ['account[0].forward[0].retry_minutes: must grow, for they count from the first attempt (or set retry_basis = "previous")']),
    ("repeats that do not suit the basis that is there", ACME + FORWARD + 'retry_basis = "previous"\nretry_minutes = [5, 5]',
     ACME + FORWARD + 'retry_basis = "first"',
     ['account[0].forward[0].retry_minutes: must grow, for they count from the first attempt (or set retry_basis = "previous")']),
    ("repeats for longer than a week", "", ACME + FORWARD + 'retry_minutes = [10000, 10000]\nretry_basis = "previous"',
     ["account[0].forward[0].retry_minutes: the last repeat would be more than 7 days after the first attempt"]),
    ("a certificate without its key", "", SMPP + 'tls = true\ntls_cert = "/c.pem"',
     ["source[0].tls_cert: needs tls_key beside it (both may name the same file)"]),
    ("a key without its certificate", "", SMPP + 'tls = true\ntls_key = "/k.pem"',
     ["source[0].tls_key: needs tls_cert beside it (both may name the same file)"]),
    ("the key is taken off", SMPP + 'tls = true\ntls_cert = "/c.pem"\ntls_key = "/k.pem"', SMPP + 'tls_key = ""',
     ["source[0].tls_cert: needs tls_key beside it (both may name the same file)"]),
    ("authorities without TLS", "", SMPP + 'tls_ca = "/ca.pem"', ["source[0].tls_ca: means nothing without tls = true"]),
    ("a name without TLS", "", SMPP + 'tls = false\ntls_server_name = "a"',
     ["source[0].tls_server_name: means nothing without tls = true"]),
    ("TLS is switched off", SMPP + 'tls = true\ntls_ca = "/ca.pem"', SMPP + "tls = false",
     ["source[0].tls_ca: means nothing without tls = true"]),
    ("half of a log-in", "", '[[source]]\nname = "m"\nprotocol = "mm7"\nusername = "mmsc"',
     ["source[0].username: needs a password beside it"]),
    ("the other half of a log-in", "", '[[source]]\nname = "m"\nprotocol = "mm7"\npassword = "env:MMSC_PASSWORD"',
     ["source[0].password: needs a username beside it"]),
    ("a body for SMS", "", ACME + FORWARD + 'body = "json"',
     ["account[0].forward[0].body: is for mms only: an SMS is forwarded by GET, which has no body"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "text", "told"), [row[1:] for row in TOGETHER_WRONG], ids=[row[0] for row in TOGETHER_WRONG])
def test_what_only_the_two_together_show_is_a_fault(before: str, text: str, told: list[str]) -> None:
    assert faults_on(there(before), text) == told


def test_faults_of_all_places_are_told_at_once() -> None:
    text = ACME + '[[account.user]]\nlogin = "a"\n' + FORWARD + 'body = "json"\n' + SHARED + 'account = "beta"'
    assert len(faults_on(Directory(), text)) == 3


KEYWORD_FORWARD = '    [[number.keyword.forward]]\n    url = "http://acme.example/"\n'


def test_a_keyword_that_goes_to_another_account_leaves_its_targets_behind() -> None:
    before = ACME + BETA + SHARED + KEYWORD + KEYWORD_FORWARD
    assert changes(before, SHARED + KEYWORD.replace("acme", "beta")) == [
        "update keyword 71200/AUTO: account acme -> beta",
        "remove target 71200/AUTO sms",
    ]


def test_its_new_owner_gets_a_target_of_its_own() -> None:
    text = SHARED + (KEYWORD + KEYWORD_FORWARD).replace("acme", "beta")
    directory = there(ACME + BETA + SHARED + KEYWORD + KEYWORD_FORWARD)
    plan = compare(document(text), directory)
    (old,), (new,) = plan.removed_targets, plan.targets
    assert (old.url, new.url) == ("http://acme.example/", "http://beta.example/")
    assert new.account_id == directory.account_named("beta").id != old.account_id
    assert new.id not in directory.targets


def test_a_plan_tells_what_moves() -> None:
    only_target = compare(document(ACME + FORWARD + 'verify = "OK"'), there(ACME + FORWARD))
    only_number = compare(document(SHARED), Directory())
    assert (only_target.directory_moves, only_target.targets_move) == (False, True)
    assert (only_number.directory_moves, only_number.targets_move) == (True, False)


def test_a_difference_tells_only_what_differs() -> None:
    assert difference("account", "acme", {"a": "1", "b": "2"}, {"a": "1", "b": ""}) == Change(
        "account", "acme", "update", (("b", "2", ""),)
    )
    assert difference("account", "acme", None, {"a": "1", "b": ""}) == Change("account", "acme", "create", (("a", "", "1"),))


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "yes"), (7.0, "7"), (0.25, "0.25"), ((1.5, 2.0), "1.5, 2"), ("\x1b[", "'\\x1b['")]
)
def test_values_are_shown_on_one_line(value: object, text: str) -> None:
    assert shown(value) == text


_PIECES = st.sampled_from(
    (ACME, BETA, ACME + FORWARD, ACME + FORWARD + FORWARD, USER, USER.replace("acme", "beta").replace("anna", "bea"), TOKEN, HTTP, SMPP)
)
_NUMBERS = st.sampled_from((SHARED, SHARED + KEYWORD, SHARED + KEYWORD + KEYWORD_FORWARD, SHARED + 'account = "beta"\n' + KEYWORD, ""))


@given(first=_PIECES, numbers=_NUMBERS, second=_PIECES, more=_NUMBERS)
def test_what_was_laid_over_changes_nothing_again(first: str, numbers: str, second: str, more: str) -> None:
    directory = there(ACME + BETA, first + numbers, second + more)
    assert compare(document(second + more), directory).changes == []
    assert compare(document(second), directory).changes == []


def test_comparing_leaves_the_directory_as_it_is() -> None:
    directory = there(WHOLE)
    before = replace(directory)
    compare(document(WHOLE.replace('"Acme sp. z o.o."', '"B"').replace(SECRET, "")), directory)
    assert directory == before

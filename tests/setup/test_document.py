"""The file: what is read, and that every fault is told at once, with its place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from odzew.errors import SetupError
from odzew.setup.document import SHOWN, read_document, read_file
from odzew.setup.reading import Reader, Table
from odzew.setup.tables import Document, Mm7Table, PushTable, SmppTable, SourceTable
from tests.setup.documents import ACME, ENVIRONMENT, SECRET, WHOLE, document, faults

TARGET = '  [[account.forward]]\n  for = "eco"\n  url = "http://a.example/"\n'
NUMBER = '[[number]]\naddress = "71200"\nservice = "pr"\n'
SMPP = '[[source]]\nname = "s"\nprotocol = "smpp"\nhosts = ["127.0.0.1:1"]\nsystem_id = "x"\n'

FAULTY = [
    ("acount = 1", ["acount: is not a key here; did you mean 'account'?"]),
    ("account = 1", ["account: must be a list of tables: write [[account]]"]),
    ("[account]\nname = 'acme'", ["account: must be a list of tables: write [[account]]"]),
    ("account = [1]", ["account[0]: must be a table", "account[0].name: is missing"]),
    ("[[network]]", ["network: must be a table"]),
    ('[[account]]\ncompany = "Acme"', ["account[0].name: is missing"]),
    ("[[account]]\nname = 7", ["account[0].name: expected a text, got a whole number"]),
    (ACME + "active = 1", ["account[0].active: expected true or false, got a whole number"]),
    (ACME + 'active = "true"', ["account[0].active: expected true or false, got a text"]),
    (ACME + 'allow_from = "10.0.0.0/8"', ["account[0].allow_from: expected a list, got a text"]),
    (ACME + "allow_from = [1]", ["account[0].allow_from: expected a text, got a whole number"]),
    (ACME + "company = 2014-02-28", ["account[0].company: expected a text, got a date"]),
    (ACME + 'company = "a\\u0000b"', ["account[0].company: has a control character or is not valid UTF-8"]),
    (ACME + 'language = "de"', ["account[0].language: must be one of en, pl"]),
    (ACME + 'time_zone = "Europe/Warsw"', ["account[0].time_zone: there is no time zone 'Europe/Warsw'; did you mean 'Europe/Warsaw'?"]),
    (ACME + "reply_window_days = 0", ["account[0].reply_window_days: must be from 0.01 to 366"]),
    (ACME + "reply_window_days = nan", ["account[0].reply_window_days: must be from 0.01 to 366"]),
    (ACME + 'tokens = "x"', ["account[0].tokens: is not a key here; did you mean 'token'?"]),
    (ACME + '"strange\\nkey" = 1', ["account[0].'strange\\nkey': is not a key here"]),
    (ACME + 'place = "x"', ["account[0].place: is not a key here"]),
    (ACME + ACME, ["account[1].name: 'acme' is already at account[0]"]),
    (
        ACME + '[[account.user]]\nlogin = "a"\nroles = ["apy"]',
        ["account[0].user[0].roles: must be one of api, panel, owner, numbers; did you mean 'api'?"],
    ),
    ('[[operator]]\nlogin = "a"\n' + ACME + '[[account.user]]\nlogin = "a"', ["account[0].user[0].login: 'a' is already at operator[0]"]),
    (ACME + '[[account.token]]\nname = "x"\nvalue = "secret"', ["account[0].token[0].value: must be 32 lower-case hexadecimal digits"]),
    (
        ACME + "".join(f'[[account.token]]\nname = "{name}"\nvalue = "{"a" * 32}"\n' for name in "xy"),
        ["account[0].token[1].value: the same value is already at account[0].token[0]"],
    ),
    (ACME + '[[account.token]]\nname = "x"\n' * 2, ["account[0].token[1].name: 'x' is already at account[0].token[0]"]),
    (
        ACME + '[[account.contact]]\nphone = "500600700"\n[[account.contact]]\nphone = "+48 500 600 700"',
        ["account[0].contact[1].phone: '+48500600700' is already at account[0].contact[0]"],
    ),
    (ACME + '[[account.blacklisted]]\nphone = "x"', ["account[0].blacklisted[0].phone: not a telephone number"]),
    (
        ACME + '[[account.forward]]\nurl = "http://a.example/"',
        ["account[0].forward[0].for: is missing: an account's forward is for one of eco, nd, ndi, pre, mms, sms"],
    ),
    (
        ACME + '[[account.forward]]\nfor = "ecco"\nurl = "http://a.example/"',
        [
            "account[0].forward[0].for: must be one of sms, mms, eco, nd, ndi, pre; did you mean 'eco'?",
            "account[0].forward[0].for: is missing: an account's forward is for one of eco, nd, ndi, pre, mms, sms",
        ],
    ),
    (
        ACME + TARGET + '  secret = "' + SECRET + '"',
        ['account[0].forward[0].secret: must be "env:NAME": a secret that we present or compare is kept as a reference to the environment'],
    ),
    (
        ACME + TARGET + '  secret = "env:OPS_PASSWORD"',
        ["account[0].forward[0].secret: must be whsec_ followed by the base64 of 32 random octets"],
    ),
    (
        ACME + TARGET + "  retry_minutes = [5, -1]",
        ["account[0].forward[0].retry_minutes: each must be from 0.001 to 10080 minutes (7 days)"],
    ),
    (ACME + TARGET + '  retry_basis = "last"', ["account[0].forward[0].retry_basis: must be one of first, previous"]),
    (ACME + TARGET + "  concurrency = 4.5", ["account[0].forward[0].concurrency: expected a whole number, got a number"]),
    (
        ACME + TARGET + '  name = "x"\n' + TARGET + '  name = "x"',
        ["account[0].forward[1].name: 'eco x' is already at account[0].forward[0]"],
    ),
    (NUMBER + NUMBER, ["number[1].address: '71200' is already at number[0]"]),
    (
        '[[number]]\naddress = "71200"\nservice = "premium"',
        ["number[0].service: must be one of eco, nd, sc, ndi, sci, pr, pri; did you mean 'pri'?"],
    ),
    (
        NUMBER + '[[number.keyword]]\nword = "Łódź"\n[[number.keyword]]\nword = "LODZ!"',
        ["number[0].keyword[1].word: 'lodz' is already at number[0].keyword[0]"],
    ),
    (NUMBER + '[[number.keyword]]\nword = "!!"', ["number[0].keyword[0].word: '!!' has no letter or digit that could be matched"]),
    (
        NUMBER + '[[number.forward]]\nfor = "eco"\nurl = "http://a.example/"',
        ["number[0].forward[0].for: a forward of a number is for sms or mms, not eco"],
    ),
    (
        NUMBER + '[[number.keyword]]\nword = "A"\n[[number.keyword.forward]]\nfor = "pre"\nurl = "http://a.example/"',
        ["number[0].keyword[0].forward[0].for: a forward of a keyword is for sms or mms, not pre"],
    ),
    ('[[source]]\nname = "s"', ["source[0].protocol: is missing"]),
    (
        '[[source]]\nname = "s"\nprotocol = "smp"\nhosts = 7',
        ["source[0].protocol: must be one of http, kannel, smpp, mm7; did you mean 'smpp'?"],
    ),
    ('[[source]]\nname = "s"\nprotocol = []', ["source[0].protocol: must be one of http, kannel, smpp, mm7"]),
    ('[[source]]\nname = "s"\nprotocol = "http"\nhosts = ["a:1"]', ["source[0].hosts: is not a key here"]),
    ('[[source]]\nname = "s"\nprotocol = "smpp"', ["source[0].hosts: is missing", "source[0].system_id: is missing"]),
    (
        '[[source]]\nname = "s"\nprotocol = "mm7"\npassword = "plain"',
        ['source[0].password: must be "env:NAME": a secret that we present or compare is kept as a reference to the environment'],
    ),
    (SMPP + "binds = 0", ["source[0].binds: must be from 1 to 64"]),
    (SMPP + "addr_ton = 256", ["source[0].addr_ton: must be from 0 to 255"]),
    (SMPP + 'addr_npi = "1"', ["source[0].addr_npi: expected a whole number, got a text"]),
    (SMPP + "window = 0", ["source[0].window: must be from 1 to 10000"]),
    (SMPP + f'system_type = "{"x" * 65}"', ["source[0].system_type: must have 0 to 64 characters"]),
    (SMPP + 'tls_server_name = "a b"', ["source[0].tls_server_name: must be the name of a host, or an address, without a port"]),
    (SMPP + "bind_seconds = 0", ["source[0].bind_seconds: must be from 0.1 to 600"]),
    (SMPP + 'alphabets = "utf8"', ["source[0].alphabets: expected a table, got a text"]),
    (SMPP + "alphabets = { 8 = 1 }", ["source[0].alphabets: expected a text, got a whole number"]),
    (SMPP + 'alphabets = { 8 = "uft8" }', ["source[0].alphabets: 'uft8' is no alphabet; did you mean 'utf8'?"]),
    (SMPP + 'alphabet = { 8 = "utf8" }', ["source[0].alphabet: is not a key here; did you mean 'alphabets'?"]),
    ('[network]\ntrusted_proxies = ["proxy"]', ["network.trusted_proxies: 'proxy' is no address and no network"]),
    ('[[account]]\nname = "env:NOBODY"', ["account[0].name: the variable NOBODY is not set in the environment"]),
    ('[[account]]\nname = "env:no such"', ["account[0].name: 'env:no such' does not name a variable of the environment"]),
    (ACME + TARGET + '  secret = "env:NOBODY"', ["account[0].forward[0].secret: the variable NOBODY is not set in the environment"]),
]


@pytest.mark.parametrize(("text", "told"), FAULTY)
def test_a_fault_is_told_with_its_place(text: str, told: list[str]) -> None:
    assert faults(text) == told


def test_the_whole_document_is_read() -> None:
    read = document(WHOLE)
    assert [account.name for account in read.account] == ["acme"]
    assert [user.login for user in read.account[0].user] == ["webapi_acme", "anna@acme.example"]
    assert [type(source) for source in read.source] == [SmppTable, PushTable, PushTable, Mm7Table]
    assert read.number[0].keyword[0].forward[0].retry_minutes == (5.0, 10.0, 15.0, 60.0)
    assert read.number[0].keyword[0].forward[0].place == "number[0].keyword[0].forward[0]"


def test_the_whole_document_has_every_key_there_is() -> None:
    """So that a key that is added is tried too."""
    seen: set[tuple[type[Table], str]] = set()
    _look(document(WHOLE), seen)
    kinds = {kind for kind, _ in seen}
    wanted = {(kind, field.name) for kind in kinds for field in msgspec.structs.fields(kind)}
    assert wanted - seen == {(PushTable, "active"), (Mm7Table, "active"), (PushTable, "trust_time"), (Mm7Table, "trust_time")}


def _look(table: Table, seen: set[tuple[type[Table], str]]) -> None:
    for field in msgspec.structs.fields(type(table)):
        value = getattr(table, field.name)
        if value is not UNSET:
            seen.add((type(table), field.name))
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Table):
                _look(item, seen)


def test_all_faults_are_told_at_once() -> None:
    text = WHOLE.replace('language = "en"', 'langage = "en"').replace("binds = 1\n", "binds = 1000\n")
    found = faults(text.replace('service = "ndi"', 'service = "mdi"'))
    assert found == [
        "account[0].langage: is not a key here; did you mean 'language'?",
        "number[1].service: must be one of eco, nd, sc, ndi, sci, pr, pri; did you mean 'ndi'?",
        "source[0].binds: must be from 1 to 64",
    ]


def test_very_many_faults_are_counted() -> None:
    found = faults("\n".join("[[account]]" for _ in range(SHOWN + 5)))
    assert found[SHOWN - 1 :] == [f"account[{SHOWN - 1}].name: is missing", "and 5 more faults"]


def test_values_of_the_environment_are_taken_or_kept_as_references() -> None:
    account = document(WHOLE).account[0]
    assert account.user[0].password == "api-pass"
    assert account.token[0].value == "1" * 32
    assert account.forward[0].secret == "env:ACME_WEBHOOK_SECRET"
    smpp, _, _, mm7 = document(WHOLE).source
    assert isinstance(smpp, SmppTable)
    assert isinstance(mm7, Mm7Table)
    assert (smpp.password, mm7.password) == ("env:CARRIER_A_PASSWORD", "env:MMSC_PASSWORD")


def test_a_number_may_come_from_the_environment() -> None:
    account = document(ACME + 'reply_window_days = "env:DAYS"\nactive = "env:ACTIVE"', DAYS="3.5", ACTIVE="false").account[0]
    assert (account.reply_window_days, account.active) == (3.5, False)


def test_a_list_may_have_values_of_the_environment() -> None:
    assert document(ACME + 'allow_from = ["10.0.0.1", "env:OFFICE"]', OFFICE="192.0.2.0/24").account[0].allow_from == (
        "10.0.0.1/32", "192.0.2.0/24",
    )  # fmt: skip


def test_an_smpp_password_may_be_written_out() -> None:
    (source,) = document(SMPP + 'password = "bench"').source
    assert isinstance(source, SmppTable)
    assert source.password == "bench"


@pytest.mark.parametrize("value", ["hush\udcff", "hush\x00hush", "hush" * 1000])
def test_a_fault_never_repeats_a_value_of_the_environment(value: str) -> None:
    text = '[[operator]]\nlogin = "ops"\npassword = "env:P"\n[[operator_token]]\nname = "t"\nvalue = "env:P"\n'
    text += '[[source]]\nname = "s"\nprotocol = "http"\ntoken = "env:P"\n' + ACME + TARGET + '  secret = "env:P"'
    found = faults(text, P=value)
    assert len(found) == 4
    assert "hush" not in str(found)


EMPTY = [
    ('verify = ""', "verify", ""), ("retry_minutes = []", "retry_minutes", ()), ('retry_basis = ""', "retry_basis", ""),
    ('secret = ""', "secret", ""), ("concurrency = 0", "concurrency", 0),
]  # fmt: skip


@pytest.mark.parametrize(("line", "name", "value"), EMPTY)
def test_an_empty_value_takes_a_thing_off(line: str, name: str, value: object) -> None:
    assert getattr(document(ACME + TARGET + line).account[0].forward[0], name) == value


def test_false_is_no_empty_number() -> None:
    assert faults(ACME + TARGET + "concurrency = false") == [
        "account[0].forward[0].concurrency: expected a whole number, got true or false"
    ]


NOT_TOML = [
    (b"\xff\xfe", "not valid UTF-8 (octet 0)"),
    (b"[[account]\n", "not valid TOML"),
    (b'a = "\x00"', "not valid TOML"),
    (b"a = " + b"[" * 100_000, "nested too deeply"),
    (b"a = 2014-02-30", "Invalid date"),
    (b"a = " + b"9" * 5000, "value"),
]


@pytest.mark.parametrize(("octets", "words"), NOT_TOML)
def test_what_is_no_toml_is_one_fault(octets: bytes, words: str) -> None:
    with pytest.raises(SetupError) as caught:
        read_document(octets, {})
    assert len(caught.value.faults) == 1
    assert words in str(caught.value)


def test_a_byte_order_mark_and_an_empty_file_are_harmless() -> None:
    assert read_document(b"\xef\xbb\xbf" + ACME.encode(), {}).account[0].name == "acme"
    assert read_document(b"", {}) == Document()


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "setup.toml"
    path.write_text(WHOLE, encoding="utf-8")
    assert read_file(path, ENVIRONMENT) == document(WHOLE)


@pytest.mark.parametrize(("name", "words"), [("none.toml", "No such file"), (".", "Is a directory"), ("a\0b", "is no name of a file")])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        read_file(tmp_path / name, {})


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(SetupError, match="larger than 64 MiB"):
        read_file(path, {})


def test_the_kinds_of_source_are_those_of_the_table() -> None:
    assert list(SourceTable.kinds) == ["http", "kannel", "smpp", "mm7"]


@given(octets=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_give_a_document_or_a_setup_error(octets: bytes) -> None:
    try:
        read, told = read_document(octets, {}), ["none"]
    except SetupError as error:
        read, told = Document(), error.faults
    assert (read, bool(told)) == (Document(), True)


_WORDS = st.sampled_from(
    (
        "account",
        "name",
        "user",
        "token",
        "forward",
        "for",
        "url",
        "number",
        "keyword",
        "word",
        "service",
        "source",
        "protocol",
        "smpp",
        "http",
        "sms",
        "acme",
        "env:X",
        "secret",
        "password",
        "network",
    )
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | _WORDS | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)


@given(value=st.dictionaries(_WORDS, _VALUES))
def test_any_shape_of_values_is_read_to_the_end(value: dict[str, object]) -> None:
    reader = Reader({"X": "\udcff"}, "PL")
    assert isinstance(reader.table(Document, value), Document)
    assert all(isinstance(fault, str) and fault.isprintable() for fault in reader.faults)

"""What the page on SMPP says, held against the program."""

from __future__ import annotations

import re

import msgspec
import pytest

from odzew.clock import DAY, MINUTE
from odzew.inbox import join, parts
from odzew.ingest.smpp import bind, carriers, connect, link, session, tenure, waits, watch
from odzew.ingest.smpp.options import SmppOptions
from odzew.setup.tables import SmppTable, SourceTable
from odzew.store import leases, sessions
from odzew.wire import coding
from odzew.wire.coding import Reading
from odzew.wire.pdu import LARGEST, SMALLEST
from odzew.wire.published import gap
from odzew.wire.status import Status
from tests.docs.pages import page
from tests.docs.test_setup_page import told_keys

PAGE = page("smpp.md")
OPTIONS = re.findall(r"^\| (`[^|]+) \| ([^|]*) \|", PAGE.section("Options"), re.MULTILINE)
SETUP = re.findall(r"^\| (`[^|]+) \| ([^|]*) \|", page("setup-file.md").section("`[[source]]`"), re.MULTILINE)
ALPHABETS = re.findall(r"^\| ([0-9][^|]*) \| ([^|]+) \|", PAGE.section("Alphabets"), re.MULTILINE)

WORDS = {
    "`default_alphabet`": {"gsm7"}, "ASCII": {"ascii"}, "binary": {"binary"}, "Latin-1": {"latin1"}, "Shift-JIS": {"shift_jis"},
    "ISO-2022-JP": {"iso2022_jp"}, "EUC-JP": {"euc_jp"}, "EUC-KR": {"euc_kr"}, "ISO 8859-5": {"iso8859-5"}, "ISO 8859-8": {"iso8859-8"},
    "UCS-2": {"utf-16-be"}, "GSM": {"gsm7"}, "unknown": {"unknown"}, "compressed texts cannot be read": {"unknown"},
    "reserved: read as the default alphabet": {"gsm7"},
}  # fmt: skip
"""What the table calls an alphabet, and the words of the program for it."""


def keys(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def values_of(cell: str) -> list[int]:
    """The numbers that the first column names: `5, 10`, `16 to 127`, `9 and what else is left of 0 to 15`."""
    if "left of" in cell:
        named = {value for other, _ in ALPHABETS if "left" not in other for value in values_of(other)}
        return [value for value in range(16) if value not in named]
    if found := re.fullmatch(r"(\d+) to (\d+)", cell):
        return list(range(int(found[1]), int(found[2]) + 1))
    return [int(number) for number in cell.split(", ")]


def test_the_table_has_every_option_of_a_carrier() -> None:
    own = {field.name for field in msgspec.structs.fields(SmppTable)} - {field.name for field in msgspec.structs.fields(SourceTable)}
    assert {key for cell, _ in OPTIONS for key in keys(cell)} == own | {"trust_time"}
    assert own <= told_keys("`[[source]]`")


@pytest.mark.parametrize("rows", [OPTIONS, SETUP], ids=["smpp.md", "setup-file.md"])
def test_the_defaults_are_those_of_the_program(rows: list[tuple[str, str]]) -> None:
    options, reading = SmppOptions(hosts=("a:1",), system_id="x"), Reading()
    known = {name: getattr(options, name) for name in SmppOptions.__struct_fields__} | {"parts_timeout_seconds": parts.TIMEOUT}
    known |= {name: getattr(reading, name) for name in ("default_alphabet", "ucs2_order", "text_receipts")}
    told = {key: re.sub(r"[`\"]", "", default) for cell, default in rows for key in keys(cell) if re.search(r"\d|`\w|\"\w", default)}
    told = {key: default for key, default in told.items() if key in known and default != "none"}
    assert {"window", "bind", "binds", "answer_seconds", "bind_seconds", "default_alphabet", "parts_timeout_seconds"} <= told.keys()
    for key, default in told.items():
        value = known[key]
        shown = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else f"{value:g}"
        assert default in (shown, hex(value) if isinstance(value, int) else shown), key


@pytest.mark.parametrize(("cell", "meaning"), ALPHABETS, ids=[cell for cell, _ in ALPHABETS])
def test_a_data_coding_means_what_the_table_says(cell: str, meaning: str) -> None:
    words = set().union(*(found for name, found in WORDS.items() if name in meaning))
    assert words, f"{meaning} is not known here"
    values = values_of(cell)
    assert values
    assert {coding.of(value, Reading()).word for value in values} == words


def test_every_data_coding_is_in_the_table() -> None:
    assert sorted(value for cell, _ in ALPHABETS for value in values_of(cell)) == list(range(256))


def test_every_alphabet_is_named() -> None:
    assert {word for word in coding.ALPHABETS if f"`{word}`" in PAGE.text} == coding.ALPHABETS


def test_every_status_that_is_named_is_one() -> None:
    named = set(re.findall(r"ESME_(\w+)", PAGE.text))
    assert {"ROK", "RMSGQFUL", "RX_T_APPN"} <= named <= Status.__members__.keys()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("Binds", f"and so on up to {waits.LONGEST:g} seconds"),
        ("Binds", f"After a session of more than {bind.LIVED:g} seconds"),
        ("Copies after a lost session", f"written less than {watch.RECENT:g} seconds before the break"),
        ("Copies after a lost session", f"which is made every {carriers.SETTLED:g} seconds"),
        ("Copies after a lost session", f"within {sessions.SUSPECTED // MINUTE} minutes of the next bind"),
        ("What an answer means", f"below {SMALLEST}, or above {LARGEST >> 20} MiB"),
    ],
)
def test_a_figure_is_that_of_the_program(section: str, told: str) -> None:
    assert told in PAGE.section(section).replace("\n", " ")


def test_what_is_said_in_words_is_so() -> None:
    assert link.UNANSWERED == 2  # "after two that nobody answered"
    assert leases.LASTS + tenure.LOOK <= 20.0  # "within 20 seconds"
    assert join.LATE == sessions.UNTIL_OPENED == DAY  # "within a day", "at most a day"
    assert f"the last {sessions.KEPT}" in page("storage.md").section("Tables")
    assert (gap(2, 2, 3), gap(1, 2, 3)) == ("[…2/3…]", "[…1-2/3…]")
    for shown in (gap(2, 2, 3), gap(1, 2, 3)):
        assert shown in page("receiving.md").section("Long messages")


def test_the_faults_that_are_explained_are_the_words_of_the_program() -> None:
    source = "".join(open_text(module.__file__) for module in (session, connect, link))
    quoted = re.findall(r"^\| (`.+?) \|", PAGE.section("When it does not work"), re.MULTILINE)
    beginnings = {re.split(r": |[0-9]", fault)[0] for cell in quoted for fault in keys(cell) if not fault.startswith("ESME_")}
    assert len(beginnings) >= 5
    for words in beginnings - {""}:
        assert words.strip() in source, words


def open_text(path: str | None) -> str:
    assert path is not None
    with open(path, encoding="utf-8") as file:
        return file.read()

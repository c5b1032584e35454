"""Every key of the set-up file is documented, no other is, and the examples can be applied."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest

from odzew.ingest.smpp import carriers
from odzew.ingest.table import INGESTS
from odzew.settings import BY_NAME
from odzew.setup.compare import compare
from odzew.setup.document import read_document
from odzew.setup.reading import Table
from odzew.setup.tables import (
    AccountTable,
    BlacklistedTable,
    ContactTable,
    Document,
    ForwardTable,
    KeywordTable,
    NetworkTable,
    NumberTable,
    SourceTable,
    TokenTable,
    UserTable,
)
from odzew.store.directory import Directory
from tests.docs.house import environment_of
from tests.docs.pages import all_pages, page

PAGE = page("setup-file.md")
FORWARDS = "`[[account.forward]]`, `[[number.forward]]`, `[[number.keyword.forward]]`"
SECTIONS: tuple[tuple[str, tuple[type[Table], ...]], ...] = (
    ("`[[account]]`", (AccountTable,)),
    ("`[[account.user]]`", (UserTable,)),
    ("`[[account.token]]`", (TokenTable,)),
    (FORWARDS, (ForwardTable,)),
    ("`[[account.contact]]`", (ContactTable,)),
    ("`[[account.blacklisted]]`", (BlacklistedTable,)),
    ("`[[number]]`", (NumberTable,)),
    ("`[[number.keyword]]`", (KeywordTable,)),
    ("`[[source]]`", (SourceTable, *SourceTable.kinds.values())),
    ("`[network]`", (NetworkTable,)),
)
BLOCKS = [(f"{one.name}-{number}", text) for one in all_pages() for number, text in enumerate(one.in_language("toml"), 1)]


def keys_of(kinds: tuple[type[Table], ...]) -> set[str]:
    return {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind) if field.name != "place"}


def told_keys(title: str) -> set[str]:
    """Words in code in the first cells of the section's own tables, those of deeper headings left out."""
    own = re.split(r"^#+ ", PAGE.section(title), maxsplit=1, flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| (`[^|]*) \|", own, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(("title", "kinds"), SECTIONS, ids=[title for title, _ in SECTIONS])
def test_the_keys_of_a_table_are_documented(title: str, kinds: tuple[type[Table], ...]) -> None:
    assert told_keys(title) == keys_of(kinds)


def test_every_table_has_a_section() -> None:
    for name in keys_of((Document,)):
        assert PAGE.section(f"`[{name}]`" if name == "network" else f"`[[{name}]]`")


def test_every_source_protocol_is_documented() -> None:
    section = PAGE.section("`[[source]]`")
    for protocol in SourceTable.kinds:
        assert f"rotocol `{protocol}`" in section
    assert SourceTable.kinds.keys() == {*INGESTS, carriers.PROTOCOL}, "a protocol can be set up that nothing serves"


@pytest.mark.parametrize(("name", "text"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_the_example_is_a_settings_file_or_can_be_applied(name: str, text: str) -> None:
    found = tomllib.loads(text)
    if found.keys() <= BY_NAME.keys():
        return
    document = read_document(text.encode(), environment_of(text))
    if document.account:
        plan = compare(document, Directory())
        assert plan.changes, f"{name} changes nothing"

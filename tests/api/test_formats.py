"""Both formats: any value comes through, and what is made in pieces is what would be made at once."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.api.formats import FORMATS, Format
from odzew.wire import clean
from tests.api.house import House
from tests.builders import a_message, store_messages

JSON, XML = FORMATS[".json"], FORMATS[".xml"]

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_items = st.lists(st.fixed_dictionaries({"id": st.integers(), "flag": st.booleans(), "text": _texts, "none": st.none()}), max_size=4)


@given(_items, st.none() | st.fixed_dictionaries({"page": st.integers(1), "count": st.integers(1)}))
def test_a_list_of_any_items(items: list[dict[str, Any]], paging: dict[str, int] | None) -> None:
    for size in (1, 2, 10):
        groups = [items[start : start + size] for start in range(0, len(items), size)]
        whole: dict[str, Any] = {"items": items} | ({} if paging is None else {"paging": paging})
        assert json.loads(_joined(JSON, groups, paging)) == whole
        assert _joined(JSON, groups, paging) == JSON.document(whole)
        assert _joined(XML, groups, paging) == XML.document(whole)


def _joined(form: Format, groups: list[list[dict[str, Any]]], paging: dict[str, int] | None) -> bytes:
    return form.head + form.between.join(form.items(group) for group in groups) + form.tail(paging)


_values = _texts | st.booleans() | st.none() | st.integers() | st.lists(_texts, max_size=3)


@given(st.dictionaries(st.sampled_from("abc"), _values, min_size=1))
def test_xml_says_the_same_as_json(value: dict[str, Any]) -> None:
    root = ElementTree.fromstring(XML.document(value))
    assert [child.tag for child in root] == list(json.loads(JSON.document(value)))
    for child, (name, item) in zip(root, value.items(), strict=True):
        if isinstance(item, list):
            assert [(element.tag, element.text or "") for element in child] == [("item", clean.xml(text)) for text in item], name
        else:
            shown = "" if item is None else str(item).lower() if isinstance(item, bool) else clean.xml(str(item))
            assert (child.text or "") == shown, name


@pytest.mark.parametrize("first", [True, False])
def test_an_attachment_in_pieces(first: bool) -> None:
    head = {"id": 1, "name": '<"&\\', "content_type": "a/b"}
    rest = {"contact": {"phone": "x", "email": None}}
    before = b"" if first else JSON.attachment_begin(head, first=True) + JSON.attachment_end
    for end in ({}, rest):
        attachment = JSON.attachment_begin(head, first) + b"QQ==" + JSON.attachment_end
        octets = JSON.item_begin({"id": 2}) + before + attachment + JSON.item_end(end)
        attachments = json.loads(octets)["attachments"]
        assert attachments[-1] == head | {"data": "QQ=="}
        assert json.loads(octets) == {"id": 2, "attachments": attachments} | end


HOSTILE = "a\x01\x0b\x1f\ufffe\U0010ffff <b>&\"']]> \r\n\t ż😀\x7f\x85\u2028"


async def test_hostile_texts_come_through_in_both(both: House) -> None:
    await store_messages(both.db, a_message(1, text=HOSTILE), a_message(2, kind="mms", title=HOSTILE))
    one, two = (await both.client.post("/messages/recived")).json["items"]
    assert (one["text"], two["title"]) == (HOSTILE, HOSTILE)
    root = (await both.client.post("/messages/recived.xml")).xml
    assert [root.findtext("items/item/text"), root.findtext("items/item/title")] == [clean.xml(HOSTILE)] * 2


async def test_letters_are_not_escaped(house: House) -> None:
    await store_messages(house.db, a_message(1, text="zażółć / 😀"))
    for suffix in (".json", ".xml"):
        assert "zażółć / 😀".encode() in (await house.client.post(f"/messages/recived{suffix}")).body

"""Properties of reading a push: any octets give items or a fault of ours, and cutting a list loses nothing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.ingest import http
from odzew.ingest.http import MalformedBody, octets_of_items
from odzew.ingest.item import Item, ItemFault, arrival_of, read_item
from odzew.model import Arrival, Source

SOURCE = Source(3, "push", "http", trust_time=True)

# Strings of JSON with everything that may stand in one, halves of surrogate pairs too.
words = st.text(st.characters(exclude_categories=()), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["from", "to", "text", "id", "received", "title", "attachments", "name", "data", "content_type"]) | words
items = st.dictionaries(names, values | st.lists(st.dictionaries(names, words), max_size=3), max_size=8)
blanks = st.text(" \t\r\n", max_size=3)


def read(octets: bytes) -> Arrival | ItemFault:
    try:
        return arrival_of(read_item(octets), octets, SOURCE, "PL")
    except ItemFault as fault:
        return fault


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_give_items_or_our_fault(octets: bytes) -> None:
    for body in (octets, b"[" + octets, b"[" + octets + b"]", b'{"from":' + octets + b"}", b'[{"from":"' + octets + b'"}]'):
        try:
            pieces = octets_of_items(body)
        except MalformedBody:
            continue
        assert all(piece in body for piece in pieces)
        assert all(isinstance(read(piece), Arrival | ItemFault) for piece in pieces)


@given(items, st.booleans())
def test_any_item_gives_an_arrival_or_our_fault(item: dict[str, Any], ascii_only: bool) -> None:
    octets = json.dumps(item, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    made = read(octets)
    if isinstance(made, Arrival):
        assert (made.raw, made.source_id, made.trust_time) == (octets, 3, True)
        assert made.mms == (item.get("title") is not None or item.get("attachments") is not None)
        assert str(item["from"]) == made.sender
        if not made.mms:
            assert len(made.text) >= len(item["text"])
    else:
        assert made.code in (1006, 2000)


@given(st.lists(values, max_size=6), blanks, blanks, st.booleans())
def test_a_list_is_cut_into_its_own_octets(listed: list[Any], before: str, between: str, ascii_only: bool) -> None:
    pieces = [json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") for value in listed]
    comma = (before + "," + between).encode()
    body = (before + "[" + between).encode() + comma.join(pieces) + (between + "]" + before).encode()
    assert octets_of_items(body) == pieces
    assert http._cut_tolerantly(body) == pieces


@given(st.binary(max_size=60).map(lambda octets: b"[" + octets + b"]") | st.lists(values, max_size=3).map(lambda v: json.dumps(v).encode()))
def test_the_tolerant_cut_takes_all_that_the_fast_one_takes(body: bytes) -> None:
    try:
        fast = [bytes(piece) for piece in http._decode_list(body)]
    except (ValueError, msgspec.DecodeError):
        return
    assert http._cut_tolerantly(body) == fast


@given(items)
def test_both_ways_of_reading_agree(item: dict[str, Any]) -> None:
    """The typed way and the tolerant one give the same fields; a trailing half pair sends an item the tolerant way."""
    plain = {key: value for key, value in item.items() if "\ud800" not in repr(key)}
    octets = json.dumps(plain).encode()
    odd = json.dumps({**plain, "zz": "\ud800"}).encode()
    results: list[Item | tuple[int, str | None]] = []
    for way in (octets, odd):
        try:
            results.append(read_item(way))
        except ItemFault as fault:
            results.append((fault.code, fault.field))
    assert results[0] == results[1]


@pytest.mark.parametrize("depth", [10, 100_000])
def test_depth_is_no_danger(depth: int) -> None:
    body = b'{"from":"500600700","to":"71200","text":"x","deep":' + b"[" * depth + b"]" * depth + b"}"
    made = read(body)
    assert isinstance(made, Arrival) if depth == 10 else isinstance(made, ItemFault)


def test_a_fault_says_what_was_wanted() -> None:
    made = read(b'{"from":"500600700","to":"71200","text":5}')
    assert isinstance(made, ItemFault)
    assert str(made) == "text must be a string"

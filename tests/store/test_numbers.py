"""Numbers, keywords, sources and settings of the installation as they are written, and read back as the directory."""

from __future__ import annotations

from odzew.model import Account, Keyword, Number, Source
from odzew.store import numbers
from odzew.store.db import Database
from odzew.store.directory import Directory, load
from odzew.store.installation import save_installation
from odzew.store.people import save_accounts


async def read(db: Database) -> Directory:
    found: Directory = await db.read(load)
    return found


async def test_a_number_is_updated_by_its_address(db: Database) -> None:
    acme = (await db.write(save_accounts, [Account(0, "acme")]))["acme"]
    first = await db.write(numbers.save_numbers, [Number(0, "71200", "pr"), Number(0, "+48500500501", "eco", acme, True)])
    again = await db.write(numbers.save_numbers, [Number(0, "71200", "pri", acme, True, True)])
    assert again == {"71200": first["71200"]}
    assert (await read(db)).numbers == {
        "71200": Number(first["71200"], "71200", "pri", acme, True, True),
        "+48500500501": Number(first["+48500500501"], "+48500500501", "eco", acme, True),
    }


async def test_a_keyword_is_updated_by_its_number_and_words(db: Database) -> None:
    accounts = await db.write(save_accounts, [Account(0, "acme"), Account(0, "beta")])
    ids = await db.write(numbers.save_numbers, [Number(0, "71200", "pr"), Number(0, "71300", "pr")])
    one, two = ids["71200"], ids["71300"]
    words = ("serwersms", "pl")
    first = await db.write(numbers.save_keywords, [Keyword(0, n, accounts["acme"], "SerwerSMS.pl", words) for n in (one, two)])
    again = await db.write(numbers.save_keywords, [Keyword(0, one, accounts["beta"], "SERWERSMS PL", words, True, True)])
    assert again[one, words] == first[one, words] != first[two, words]
    keywords = (await read(db)).keywords
    assert keywords[one][words] == Keyword(first[one, words], one, accounts["beta"], "SERWERSMS PL", words, True, True)
    assert keywords[two][words] == Keyword(first[two, words], two, accounts["acme"], "SerwerSMS.pl", words, False)


async def test_a_source_is_updated_by_its_name(db: Database) -> None:
    await db.write(
        numbers.save_sources, [Source(0, "a", "http", b"x" * 32), Source(0, "b", "smpp", options={"hosts": ["ż:1"], "binds": 2})]
    )
    before = (await read(db)).sources
    await db.write(numbers.save_sources, [Source(0, "a", "kannel", None, ("10.0.0.0/8",), True, False)])
    now = (await read(db)).sources
    assert now["a"] == Source(before["a"].id, "a", "kannel", None, ("10.0.0.0/8",), True, False)
    assert now["b"] == before["b"] == Source(before["b"].id, "b", "smpp", options={"hosts": ["ż:1"], "binds": 2})


async def test_a_setting_of_the_installation_is_replaced(db: Database) -> None:
    await db.write(save_installation, {"trusted_proxies": ["127.0.0.1/32"], "other": 1})
    await db.write(save_installation, {"trusted_proxies": []})
    assert (await read(db)).installation == {"trusted_proxies": [], "other": 1}

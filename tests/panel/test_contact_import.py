"""Contacts from a file: sent, shown with what is wrong, and only then brought in."""

from __future__ import annotations

import re

import aiohttp
import pytest

from odzew.clock import HOUR, FixedClock
from odzew.store.db import statement
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House, Person, Seen
from tests.panel.rows import audited, differences

FILE = "Telefon;Imię;Nazwisko;Kolor\n500 600 710;Anna;Żółć;red\n500600711;Piotr;;blue\n12;Bez;Numeru;\n;Nikt;;\n+48500600700;Jan;Nowak;\n"


def table(text: str | bytes, name: str = "lista.csv") -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("file", text if isinstance(text, bytes) else text.encode(), filename=name, content_type="text/csv")
    return form


async def sent(person: Person, text: str | bytes) -> str:
    """The path of the preview of a file."""
    answer = await person.post("/contacts/import", table(text))
    assert answer.status == 303, answer.shown
    return answer.location


def fields_of(seen: Seen) -> dict[str, str]:
    """What a browser would send of the preview's form."""
    found = {name: value for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', seen.text) if name != "header"}
    if re.search(r'name="header" value="1" checked', seen.text):
        found["header"] = "1"
    for name, options in re.findall(r'(?s)<select[^>]* name="(\w+)".*?>(.*?)</select>', seen.text):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrf", None)
    return found


async def count(house: House) -> int:
    return int((await house.server.db.read(statement, "SELECT count(*) FROM contacts"))[0][0])


async def test_a_file_is_shown_then_brought_in(house: House) -> None:
    anna, before = await house.browse(OWNER), await count(house)
    assert (await anna.get("/contacts/import")).status == 200
    path = await sent(anna, FILE)
    seen = await anna.get(path)
    fields = fields_of(seen)
    assert [fields[f"column{place}"] for place in range(4)] == ["phone", "first_name", "last_name", ""]
    assert (fields["header"], fields["delimiter"], fields["encoding"]) == ("1", "semicolon", "utf-8")
    for said in ("3 contacts would be imported", "+48500600710", "Żółć", "2 rows are left out", "not a telephone number. 12", "nothing"):
        assert said in seen.shown
    assert await count(house) == before

    done = await anna.post(path, fields | {"do": "import", "group": "z pliku"})
    assert done.status == 200
    assert [said for said in ("New contacts 2", "Known already 1", "Left out 2") if said not in done.shown] == []
    assert await count(house) == before + 2
    seen = await anna.get("/contacts?q=zolc")
    assert ("+48500600710" in seen.shown, "z pliku" in seen.shown) == (True, True)
    assert "Kowalski i Synowie" in (await anna.get("/contacts?q=nowak")).shown  # what the row does not have stays
    assert await differences(house, "contact.imported") == ({}, {"file": "lista.csv", "new": 2, "known": 1, "left out": 2})
    assert (await anna.get(path)).status == 404  # it is forgotten
    assert await house.server.db.read(statement, "SELECT count(*) FROM contact_upload_pieces") == [(0,)]


async def test_how_it_is_read_can_be_changed(house: House) -> None:
    anna = await house.browse(OWNER)
    path = await sent(anna, "Anna|500600710\nPiotr|500600711\n".encode("utf-16"))
    fields = fields_of(await anna.get(path))
    assert (fields["column0"], fields["column1"], fields["delimiter"], fields["encoding"]) == ("", "phone", "bar", "utf-16")
    seen = await anna.post(path, fields | {"column0": "first_name", "do": "look"})
    assert (seen.status, "2 contacts would be imported" in seen.shown) == (200, True)
    seen = await anna.post(path, fields | {"header": "1", "do": "look"})
    assert "1 contact would be imported" in seen.shown
    seen = await anna.post(path, fields | {"column0": "phone", "do": "import"})
    assert (seen.status, "Another column is this already." in seen.shown) == (422, True)
    assert fields_of(seen)["column0"] == "phone"
    seen = await anna.post(path, fields | {"column1": "", "do": "import", "group": "g"})
    assert (seen.status, "Say which column has the numbers." in seen.shown, 'value="g"' in seen.text) == (422, True, True)
    seen = await anna.post(path, fields | {"column0": "secret", "do": "import"})
    assert (seen.status, "Please choose one of the list." in seen.shown) == (422, True)
    assert not await audited(house, "contact.imported")


@pytest.mark.parametrize("given", [b"", None])
async def test_no_file_is_a_fault(house: House, given: bytes | None) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/contacts/import", table(b"") if given is not None else {})
    assert (seen.status, "Choose a file with at least one row." in seen.shown) == (422, True)


ODD = (b"\x00\x01\x02\xff" * 500, b'"' + b"a" * 200_000, b";" * 5_000, b"\n\n\n", b"\xff\xfe\x00", b"500600710")


@pytest.mark.parametrize("given", ODD)
async def test_any_octets_have_a_preview(house: House, given: bytes) -> None:
    anna = await house.browse(OWNER)
    path = await sent(anna, given)
    seen = await anna.get(path)
    assert seen.status == 200
    answer = await anna.post(path, fields_of(seen) | {"do": "import"})
    assert answer.status == (200 if given in (b"500600710", b"\xff\xfe\x00") else 422)  # a name is a sender too


async def test_what_a_stranger_wrote_does_nothing(house: House) -> None:
    anna = await house.browse(OWNER)
    lines = "".join(f'50060071{number % 10}\t"{text.replace(chr(34), chr(34) * 2)}"\n' for number, text in enumerate(HOSTILE))
    path = await sent(anna, lines)
    seen = await anna.post(path, fields_of(await anna.get(path)) | {"column1": "last_name", "delimiter": "tab", "do": "look"})
    assert "<script>alert" not in seen.text
    assert "<svg onload" not in seen.text
    assert "\u202e" not in seen.text
    assert "alert(1)" in seen.shown


async def test_an_upload_is_its_user_s_alone_and_ends(house: House, clock: FixedClock) -> None:
    anna, bob = await house.browse(OWNER), await house.browse(OTHER)
    path = await sent(anna, FILE)
    for answer in (await bob.get(path), await bob.post(path, {"do": "import"}), await (await house.browse(MASKED)).get(path)):
        assert answer.status == 404
    again = await sent(anna, FILE)
    assert ((await anna.get(path)).status, (await anna.get(again)).status) == (404, 200)  # one of each user
    clock.set_wall(clock.now() + HOUR)
    assert (await anna.get(again)).status == 404
    path = await sent(anna, FILE)
    assert (await anna.post(path, {"do": "drop"})).location == "/contacts"
    assert (await anna.get(path)).status == 404


async def test_numbers_are_masked_in_the_preview(house: House) -> None:
    ewa = await house.browse(MASKED)
    path = await sent(ewa, FILE)
    seen = await ewa.get(path)
    assert "Żółć" in seen.shown
    for number in ("500600710", "500 600 710", "500600711"):
        assert number not in seen.text


async def test_our_own_export_can_be_brought_in_again(house: House) -> None:
    anna = await house.browse(OWNER)
    exported = (await anna.get("/contacts/export.csv")).body
    path = await sent(anna, exported)
    done = await anna.post(path, fields_of(await anna.get(path)) | {"do": "import"})
    assert ("New contacts 0" in done.shown, "Known already 2" in done.shown, "Left out 0" in done.shown) == (True, True, True)

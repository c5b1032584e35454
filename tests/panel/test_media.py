"""Attachments: only what a browser paints or plays is shown, all else is downloaded, and nothing of it runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.model import Attachment
from odzew.panel.pages.media import POLICY, UNKNOWN, name_of, showing_of, span_of
from odzew.store.attachments import AttachmentHead
from odzew.store.messages import SLICE
from tests.panel.house import MASKED, NOBODY, OPERATOR, OTHER, OWNER, PNG, House, mms

# content type as it came -> what the answer says, and whether it is shown
TYPES = (
    ("image/png", "image/png", True), ("IMAGE/JPEG; name=x", "image/jpeg", True), ("image/gif", "image/gif", True),
    ("image/webp", "image/webp", True), ("image/bmp", "image/bmp", True), ("audio/mpeg", "audio/mpeg", True),
    ("video/mp4", "video/mp4", True), ("image/svg+xml", UNKNOWN, False), ("text/html", UNKNOWN, False), ("text/plain", UNKNOWN, False),
    ("application/xhtml+xml", UNKNOWN, False), ("application/javascript", UNKNOWN, False), ("application/pdf", UNKNOWN, False),
    ("", UNKNOWN, False), ("image/png\r\nx: y", UNKNOWN, False), ("multipart/x-mixed-replace", UNKNOWN, False),
)  # fmt: skip


async def test_only_harmless_types_are_shown_and_none_is_guessed(house: House) -> None:
    await house.bring(house.arrival("", mms=True, attachments=tuple(Attachment(f"{n}", row[0], PNG) for n, row in enumerate(TYPES))))
    anna = await house.browse(OWNER)
    for key, (given_type, told, shown) in enumerate(TYPES, start=1):
        seen = await anna.get(f"/media/{key}")
        assert (seen.status, seen.body) == (200, PNG)
        headers = seen.headers
        assert (given_type, headers["content-type"]) == (given_type, told)
        assert headers["content-disposition"].startswith("inline" if shown else "attachment")
        assert (headers["content-security-policy"], headers["x-content-type-options"]) == (POLICY, "nosniff")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert showing_of(given_type) != "" or not shown
        seen = await anna.get(f"/media/{key}?download=1")
        assert (seen.headers["content-type"], seen.headers["content-disposition"][:10]) == (UNKNOWN, "attachment")


async def test_it_is_for_the_account_alone(house: House) -> None:
    await house.bring(mms(house), house.arrival("", recipient="+48799448855", mms=True, attachments=(Attachment("a", "image/png", PNG),)))
    for login, status in ((OWNER, 200), (MASKED, 200), (OPERATOR, 200), (OTHER, 404), (NOBODY, 303)):
        assert (await (await house.browse(login)).get("/media/1")).status == status
    anna, ops = await house.browse(OWNER), await house.browse(OPERATOR)
    assert (await anna.get("/media/4")).status == 404  # nobody's
    assert (await ops.get("/media/4")).status == 200
    for path in ("/media/0", "/media/99", f"/media/{'9' * 30}", f"/media/{1 << 62}", "/media/x"):
        assert (await anna.get(path)).status == 404


async def test_a_player_asks_for_pieces(house: House) -> None:
    film = bytes(range(256)) * (SLICE * 2 // 256) + b"end"
    await house.bring(house.arrival("", mms=True, attachments=(Attachment("f.mp4", "video/mp4", film), Attachment("e", "video/mp4", b""))))
    anna = await house.browse(OWNER)
    for asked, start, end in (
        ("bytes=0-9", 0, 10), (f"bytes={SLICE - 5}-{SLICE + 4}", SLICE - 5, SLICE + 5), (f"bytes={2 * SLICE}-", 2 * SLICE, len(film)),
        ("bytes=-3", len(film) - 3, len(film)), (f"bytes=0-{10**17}", 0, len(film)), ("bytes=-9999999", 0, len(film)),
    ):  # fmt: skip
        seen = await anna.get("/media/1", range=asked)
        assert (seen.status, seen.headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{len(film)}")
        assert seen.body == film[start:end]
    for asked in ("", "bytes=0-1,5-6", "bytes=-", "octets=0-1", "bytes=9-1", "bytes=x-y", f"bytes={'9' * 30}-"):
        seen = await anna.get("/media/1", range=asked)
        assert (seen.status, len(seen.body), seen.headers["accept-ranges"]) == (200, len(film), "bytes")
    for path, asked in (("/media/1", f"bytes={len(film)}-"), ("/media/1", "bytes=-0"), ("/media/2", "bytes=0-"), ("/media/2", "bytes=-1")):
        assert (await anna.get(path, range=asked)).status == 416
    assert (await anna.get("/media/2")).body == b""


@given(st.integers(0, 1000), st.integers(0, 2000), st.integers(0, 2000), st.sampled_from(["{0}-{1}", "{0}-", "-{0}"]))
def test_a_span_lies_within(size: int, first: int, last: int, form: str) -> None:
    span = span_of("bytes=" + form.format(first, last), size)
    assert span is None or 0 <= span[0] <= span[1] <= size


NAMES = (
    ("photo.png", "photo.png"), ("../../etc/passwd", "passwd"), ("C:\\x\\y.exe", "y.exe"), ("", "attachment-7"), ("...", "attachment-7"),
    ('a"b;c%.png', "abc.png"), ("a\r\nset-cookie: x", "aset-cookie x"), ("\u202egnp.exe", "gnp.exe"), ("zdjęcie.png", "zdjęcie.png"),
    ("x" * 300, "x" * 100), ("\ud800.png", "png"), ("<script>", "script"),
)  # fmt: skip


@pytest.mark.parametrize(("given_name", "kept"), NAMES)
def test_a_name_leads_nowhere(given_name: str, kept: str) -> None:
    assert name_of(AttachmentHead(7, given_name, "", 0)) == kept


async def test_a_name_is_told_in_both_spellings(house: House) -> None:
    await house.bring(house.arrival("", mms=True, attachments=(Attachment('zdjęcie "1".png', "image/png", PNG),)))
    anna = await house.browse(OWNER)
    told = (await anna.get("/media/1")).headers["content-disposition"]
    assert told == "inline; filename=\"zdj_cie 1.png\"; filename*=UTF-8''zdj%C4%99cie%201.png"
    assert re.fullmatch(r"[\x20-\x7e]+", told)

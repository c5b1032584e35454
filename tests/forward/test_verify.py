"""Contract 5.4: which answers are success."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.forward.outcome import OUTCOMES
from odzew.forward.verify import decode, judge


@pytest.mark.parametrize(
    ("status", "body", "expected", "outcome"),
    [
        # verification off: any 2xx
        (200, b"", None, "ok"),
        (204, b"", None, "ok"),
        (200, b"whatever", None, "ok"),
        (302, b"OK", None, "http_3xx"),
        (500, b"OK", None, "http_5xx"),
        # verification on
        (200, b"OK", "OK", "ok"),
        (200, b"  OK\r\n", "OK", "ok"),
        (200, b"\t\nOK\n\n\x0b\x0c", "OK", "ok"),
        (200, b"\xef\xbb\xbfOK", "OK", "ok"),
        (200, b"\xef\xbb\xbf\r\nOK ", "OK", "ok"),
        (200, b"\r\n\xef\xbb\xbfOK", "OK", "ok"),
        (200, b"\xc2\xa0OK\xc2\xa0", "OK", "ok"),
        (200, b"\xff\xfeO\x00K\x00", "OK", "ok"),
        (200, b"\xfe\xff\x00O\x00K", "OK", "ok"),
        (200, b"2477793", " 2477793 ", "ok"),
        (200, "zażółć".encode(), "zażółć", "ok"),
        (200, "dziękuję ó".encode("latin-1", "replace"), "dzi?kuj? ó", "ok"),
        (200, b"", "", "ok"),
        (200, b" \n", "", "ok"),
        (201, b"OK", "OK", "ok"),
        # not quite
        (200, b"", "OK", "verify_mismatch"),
        (200, b"ok", "OK", "verify_mismatch"),
        (200, b"OKK", "OK", "verify_mismatch"),
        (200, b"O K", "OK", "verify_mismatch"),
        (200, b"OK\x00", "OK", "verify_mismatch"),
        (200, b'"OK"', "OK", "verify_mismatch"),
        (200, b"<html>OK</html>", "OK", "verify_mismatch"),
        (200, b"OK" + b" " * 5000 + b"x", "OK", "verify_mismatch"),
        (204, b"", "OK", "verify_mismatch"),
        (200, b"\xff\xfeO", "OK", "verify_mismatch"),
        # the status comes first
        (404, b"OK", "OK", "http_4xx"),
        (301, b"OK", "OK", "http_3xx"),
        (503, b"OK", "OK", "http_5xx"),
    ],
)
def test_judge(status: int, body: bytes, expected: str | None, outcome: str) -> None:
    assert judge(status, body, expected)[0] == outcome


def test_the_detail_tells_what_was_expected_and_what_came() -> None:
    assert judge(200, b"ERROR 7\n", "OK")[1] == 'expected "OK", the answer is "ERROR 7"'
    assert judge(200, b" ", "OK")[1] == 'expected "OK", the answer is empty'
    assert judge(404, b"", None)[1] == "status 404"
    assert judge(200, b"OK", "OK")[1] == ""


def test_the_detail_is_short_and_printable() -> None:
    detail = judge(200, b"a\x00\r\n\x1b[31m" + b"z" * 60_000, "OK")[1]
    assert detail.isprintable()
    assert len(detail) < 300
    assert detail.endswith("(cut)")


@given(st.binary(max_size=200), st.text(max_size=20), st.integers(0, 999))
def test_any_octets_get_an_outcome(body: bytes, expected: str, status: int) -> None:
    outcome, detail = judge(status, body, expected)
    assert outcome in OUTCOMES
    assert detail.isprintable()
    assert isinstance(decode(body), str)


@given(st.text(max_size=50))
def test_an_answer_that_echoes_the_expected_value_is_ok(expected: str) -> None:
    assert judge(200, expected.encode("utf-8", "surrogatepass"), expected)[0] == "ok"
    assert judge(200, b"\xef\xbb\xbf " + expected.encode() + b"\r\n", expected)[0] == "ok"

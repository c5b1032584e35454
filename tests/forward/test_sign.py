"""Contract 5.9: signatures of Standard Webhooks. The expected values were made with the openssl command, not with this code."""

from __future__ import annotations

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import SettingError
from odzew.forward.sign import Signer, headers, read_secret

KEY = bytes(range(32))
OTHER = bytes(range(32, 64))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def by_openssl(key: bytes, content: bytes) -> str:
    """The signature as another implementation makes it."""
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"]
    digest = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    return "v1," + base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        (b'{"test": 2432232314}', b'msg_1.1614265330.{"test": 2432232314}'),
        (b"", b"msg_1.1614265330."),
        (b"nr=%2B48500600700&t=Przyjad%C4%99", b"msg_1.1614265330.nr=%2B48500600700&t=Przyjad%C4%99"),
        (bytes(range(256)), b"msg_1.1614265330." + bytes(range(256))),
    ],
)
def test_the_signature_is_the_one_that_openssl_makes(payload: bytes, content: bytes) -> None:
    assert headers("msg_1", 1614265330, payload, [KEY]) == [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", by_openssl(KEY, content)),
    ]


def test_a_fixed_vector() -> None:
    # printf 'msg_1.1614265330.a=1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f -binary | base64
    assert headers("msg_1", 1614265330, b"a=1", [KEY])[2][1] == "v1,F8A9eqQytrINmAxd5aXoq8RNNGPMEfGXTduhwS0/k+c="


def test_two_secrets_give_two_signatures_in_their_order() -> None:
    content = b"msg_1.7.x"
    assert dict(headers("msg_1", 7, b"x", [KEY, OTHER]))["webhook-signature"] == f"{by_openssl(KEY, content)} {by_openssl(OTHER, content)}"


def test_without_a_secret_the_id_and_time_are_still_sent() -> None:
    assert headers("msg_1", 7, b"x", []) == [("webhook-id", "msg_1"), ("webhook-timestamp", "7")]


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_slices_sign_like_the_whole(slices: list[bytes]) -> None:
    signer = Signer("m", 1, [KEY, OTHER])
    for part in slices:
        signer.update(part)
    assert signer.finish() == headers("m", 1, b"".join(slices), [KEY, OTHER])


@pytest.mark.parametrize("length", [24, 32, 64])
def test_secrets_of_the_standard_are_read(length: int) -> None:
    key = bytes(range(length))
    assert read_secret("whsec_" + base64.b64encode(key).decode()) == key


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "starts with whsec_"),
        ("WHSEC_" + SECRET[6:], "starts with whsec_"),
        (SECRET[6:], "starts with whsec_"),
        ("whsec_", "24 to 64 octets"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "not 23"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "not 65"),
        ("whsec_*" + SECRET[7:], "not base64"),
        (SECRET + "\n", "not base64"),
        (SECRET.rstrip("="), "not base64"),
        ("whsec_żółć" + SECRET[6:], "not base64"),
        ("whsec_" + "_-" * 16, "not base64"),
    ],
)
def test_other_secrets_are_refused_and_never_repeated(secret: str, says: str) -> None:
    with pytest.raises(SettingError, match=says) as caught:
        read_secret(secret)
    assert len(secret) < 10 or secret[7:] not in str(caught.value)

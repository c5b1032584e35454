"""The headers by which a receiver can refuse forgeries and drop duplicates (contract 5.9, Standard Webhooks 1.0.0).

The signed content is `id.timestamp.payload`: the payload is the body of a POST and the raw query string of a GET.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from odzew.errors import SettingError

PREFIX: Final = "whsec_"
# Contract 5.9 makes secrets of 32 octets. Standard Webhooks lets a key have 24 to 64, and a client who moves here brings the one
# that its receiver already has.
SHORTEST_KEY: Final = 24
LONGEST_KEY: Final = 64

Headers = list[tuple[str, str]]


def read_secret(text: str) -> bytes:
    """The key of a secret `whsec_<base64>`. Raises SettingError, which never repeats the secret."""
    if not text.startswith(PREFIX):
        raise SettingError(f"a signing secret starts with {PREFIX}")
    try:
        key = base64.b64decode(text[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(f"a signing secret is {PREFIX} and base64; what follows is not base64") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SettingError(f"a signing secret holds {SHORTEST_KEY} to {LONGEST_KEY} octets (ours hold 32), not {len(key)}")
    return key


def headers(webhook_id: str, timestamp_s: int, payload: bytes, secrets: Sequence[bytes]) -> Headers:
    """The three headers of one attempt. `secrets` are keys as `read_secret` gives them; without any, nothing is signed."""
    signer = Signer(webhook_id, timestamp_s, secrets)
    signer.update(payload)
    return signer.finish()


def unsigned(webhook_id: str, timestamp_s: int) -> Headers:
    """The two headers of an attempt that is not signed."""
    return [("webhook-id", webhook_id), ("webhook-timestamp", str(timestamp_s))]


class Signer:
    """Signs a payload that comes in slices, so that a body is never held whole."""

    __slots__ = ("_id", "_macs", "_timestamp")

    def __init__(self, webhook_id: str, timestamp_s: int, secrets: Sequence[bytes]) -> None:
        self._id = webhook_id
        self._timestamp = str(timestamp_s)
        start = f"{webhook_id}.{timestamp_s}.".encode()
        self._macs = [hmac.new(secret, start, hashlib.sha256) for secret in secrets]

    def update(self, payload: bytes) -> None:
        """Adds the next slice of the payload."""
        for mac in self._macs:
            mac.update(payload)

    def finish(self) -> Headers:
        """The headers; several secrets give several signatures, separated by a space, in the order of the secrets."""
        made: Headers = [("webhook-id", self._id), ("webhook-timestamp", self._timestamp)]
        if self._macs:
            signatures = " ".join("v1," + base64.b64encode(mac.digest()).decode("ascii") for mac in self._macs)
            made.append(("webhook-signature", signatures))
        return made

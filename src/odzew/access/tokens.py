"""Bearer tokens: made here, shown once, and known afterwards by their SHA-256 alone.

A token has 128 random bits, so a plain hash is enough: there is nothing to guess, and nothing that argon2 would slow down.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

from odzew.model import Token

_NOBODYS: Final = bytes(32)


def make_token() -> str:
    """A new token: 32 lower-case hex (contract 1, Authentication)."""
    return secrets.token_hex(16)


def hash_token(token: str) -> bytes:
    """What is stored of a token: its SHA-256, 32 octets. Any text has one, lone surrogates too."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def find_token(tokens: Mapping[bytes, Token], presented: str) -> Token | None:
    """The token that was presented, among those of the directory; None if it is nobody's.

    The look-up is by the hash, so its work does not depend on how much of a guess was right.
    """
    return tokens.get(hash_token(presented))


def is_token(sha256: bytes | None, presented: str | None) -> bool:
    """Whether `presented` is the token of this hash, in constant time. What has no token (None) is never matched."""
    same = hmac.compare_digest(_NOBODYS if sha256 is None else sha256, hash_token(presented or ""))
    return same and sha256 is not None and bool(presented)

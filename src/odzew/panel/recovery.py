"""Recovery codes as people see and type them. What is kept of them: `store.recovery_codes`."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

COUNT: Final = 10
LENGTH: Final = 10  # characters of one code
GROUP: Final = 5
LONGEST: Final = 100  # characters that are typed for one
FEW: Final = 2
"""So many left, or fewer: time to make new ones."""
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0 beside O, no 1 beside I and L. 31 to the power of 10 is close to 2 to the power of 50."""


def make_codes() -> list[str]:
    """New codes, as they are shown: `K7M2P-X9QRT`."""
    found: set[str] = set()
    while len(found) < COUNT:
        found.add("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))
    return [f"{code[:GROUP]}-{code[GROUP:]}" for code in found]


def digest_of(user_id: int, typed: str) -> bytes | None:
    """What is kept of a user's code, however it is spaced and in capitals or not; None for what cannot be one."""
    code = "".join(typed.replace("-", " ").split()).upper() if len(typed) < LONGEST else ""
    if len(code) != LENGTH or not set(code) <= set(ALPHABET):
        return None
    return hashlib.sha256(f"recovery code of user {user_id}: {code}".encode("ascii")).digest()

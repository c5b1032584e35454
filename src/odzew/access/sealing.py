"""Secrets that are kept so that they can be read again, encrypted with the installation's key (`ODZEW_KEY`).

A secret that we must present ourselves (a signing key, a one-time code's seed) cannot be hashed. What was written by people is stored as
`sealed:` and a Fernet token (AES-128-CBC and HMAC-SHA256; cryptography's recipe), bound to nothing but the key. Several keys, separated by
commas, allow a change of key: the first one seals, all of them open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odzew.errors import SettingError

SEALED: Final = "sealed:"
VARIABLE: Final = "ODZEW_KEY"


class Sealer:
    """Seals and opens texts. `keys`: the value of `ODZEW_KEY`, '' where there is none. SettingError for one that is no key."""

    def __init__(self, keys: str = "") -> None:
        self._fernet: MultiFernet | None = None
        names = [key.strip() for key in keys.split(",") if key.strip()]
        if names:
            try:
                self._fernet = MultiFernet([Fernet(key.encode("ascii")) for key in names])
            except (ValueError, UnicodeEncodeError):
                raise SettingError(f"{VARIABLE} is no key: it is 32 octets in URL-safe base64, as `odzew key` prints one") from None

    @property
    def usable(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def seal(self, text: str) -> str:
        """SettingError where there is no key."""
        if self._fernet is None:
            raise SettingError(f"to keep a secret, {VARIABLE} must be set: `odzew key` makes one")
        return SEALED + self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text again. SettingError where there is no key, or another one."""
        if self._fernet is None:
            raise SettingError(f"a stored secret cannot be read: {VARIABLE} is not set")
        try:
            return self._fernet.decrypt(sealed.removeprefix(SEALED).encode("ascii")).decode()
        except (InvalidToken, UnicodeEncodeError):
            raise SettingError(f"a stored secret cannot be read with this {VARIABLE}") from None


def is_sealed(text: str) -> bool:
    """Whether a stored reference is a sealed secret."""
    return text.startswith(SEALED)


def revealed(text: str, environment: Mapping[str, str]) -> str:
    """A secret as it is kept, opened with the key of the environment where it is sealed. SettingError where it cannot be opened."""
    return Sealer(environment.get(VARIABLE, "")).open(text) if is_sealed(text) else text


def new_key() -> str:
    """A key for `ODZEW_KEY`."""
    return Fernet.generate_key().decode("ascii")

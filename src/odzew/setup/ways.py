"""Which keys of a forward mean something for which way (`forward.ways`), and what a key stands for where it means nothing."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from odzew.model import Target, Way

_COMMON: Final = (
    "for", "name", "active", "way", "retry_minutes", "retry_basis", "concurrency", "per_second", "completions", "only_keywords",
    "only_senders", "only_text",
)  # fmt: skip
_OF_A_URL: Final = ("url", "verify", "secret", "secret_before", "secret_before_until", "client_cert", "client_key", "ca")

KEYS: Final[MappingProxyType[Way, tuple[str, ...]]] = MappingProxyType(
    {
        "url": (*_COMMON, *_OF_A_URL, "body"),
        "json": (*_COMMON, *_OF_A_URL),
        "email": (*_COMMON, "mail_to"),
    }
)
_OF_SOME: Final = tuple(dict.fromkeys(key for keys in KEYS.values() for key in keys if key not in _COMMON))
_UNUSED: Final = Target(0, 0, "account", 0, "sms", "", "")


def idle(way: Way) -> tuple[str, ...]:
    """The keys that mean nothing for this way, but for another."""
    return tuple(key for key in _OF_SOME if key not in KEYS[way])


def without(key: str) -> Any:
    """The value of a target that does not have it."""
    return getattr(_UNUSED, key)

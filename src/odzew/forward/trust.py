"""Whom a target's TLS connections trust, and who we are there: its own `ca`, `client_cert` and `client_key`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from collections import OrderedDict
from pathlib import Path
from typing import Final

from odzew.errors import SettingError
from odzew.forward.call import Trust
from odzew.forward.sender import tls_context
from odzew.model import Target

KEPT: Final = 1024
LARGEST: Final = 1 << 20

Paths = tuple[str | None, str | None, str | None]  # ca, client_cert, client_key
Stamp = tuple[tuple[int, int, int], ...]  # of each file: when it was written, its size, its inode


class Trusts:
    """Contexts by the files they are made of. A file that was written anew counts from the next call on."""

    def __init__(self, extra_ca: str | None = None) -> None:
        self._extra_ca = extra_ca
        self._known: OrderedDict[Paths, tuple[Stamp, Trust]] = OrderedDict()

    async def of(self, target: Target) -> Trust | None:
        """The target's own, or None where it has nothing of its own. SettingError says which file cannot be used."""
        paths = (target.ca, target.client_cert, target.client_key)
        if paths == (None, None, None):
            return None
        stamp = tuple(_stamp(path) for path in paths if path is not None)
        known = self._known.get(paths)
        if known is not None and known[0] == stamp:
            self._known.move_to_end(paths)
            return known[1]
        trust = await asyncio.to_thread(self._made, paths)  # the system's authorities alone take tens of milliseconds
        self._known[paths] = stamp, trust
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return trust

    def _made(self, paths: Paths) -> Trust:
        ca, certificate, key = paths
        digest = hashlib.sha256()
        for path in paths:
            digest.update(b"-" if path is None else hashlib.sha256(_octets(path)).digest())
        context = tls_context(self._extra_ca) if ca is None else _of_authority(ca)
        if certificate is not None:
            try:
                # Without a password OpenSSL would ask for one on the terminal.
                context.load_cert_chain(certificate, key, password=lambda: "")
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                raise SettingError(f"client_cert {certificate} and its key cannot be used: {_words(error)}") from None
        return Trust(context, digest.hexdigest())


def _of_authority(path: str) -> ssl.SSLContext:
    try:
        return tls_context(only_ca=path)
    except (OSError, ValueError) as error:
        raise SettingError(f"ca {path} is no PEM file of certificate authorities: {_words(error)}") from None


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise SettingError(f"the file {path} cannot be read: {_words(error)}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _octets(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            found = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingError(f"the file {path} cannot be read: {_words(error)}") from None
    if len(found) > LARGEST:
        raise SettingError(f"the file {path} is larger than {LARGEST >> 20} MiB")
    return found


def _words(error: Exception) -> str:
    return (error.reason if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)) or str(error)


def trusted(extra_ca: str) -> ssl.SSLContext:
    """Whom calls to clients' URLs trust. SettingError for a file that holds no authorities."""
    try:
        return tls_context(extra_ca or None)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise SettingError(f"extra_ca {extra_ca} is no readable PEM file of certificate authorities: {error}") from None

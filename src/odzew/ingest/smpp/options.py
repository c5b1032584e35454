"""What a source of protocol `smpp` says about its binds, with a default for everything but host and name (docs/setup-file.md)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import msgspec

from odzew.access.sealing import revealed
from odzew.errors import SettingError
from odzew.model import Source

ENVIRONMENT: Final = "env:"


class Host(NamedTuple):
    """One address of a network's SMSC."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


class SmppOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one source that its binds need; those of its alphabets are `wire.segment.Reading`'s. Times are seconds."""

    hosts: tuple[str, ...]
    system_id: str
    password: str = ""
    bind: Literal["receiver", "transceiver"] = "transceiver"
    binds: int = 1
    system_type: str = ""
    interface_version: int = 0x34
    addr_ton: int = 0
    addr_npi: int = 0
    address_range: str = ""
    tls: bool = False
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_server_name: str = ""
    reconnect_seconds: float = 1.0
    enquire_link_seconds: float = 30.0
    answer_seconds: float = 10.0  # that the network may take to answer an enquire_link or an unbind
    bind_seconds: float = 10.0  # to connect, and again to be bound
    window: int = 5_000  # messages of one bind that may wait for their answers

    @classmethod
    def of(cls, source: Source) -> SmppOptions:
        """SettingError for options that cannot be; keys of others are passed over."""
        try:
            options = msgspec.convert(source.options, cls)
        except msgspec.ValidationError as error:
            raise SettingError(f"the options of source {source.name} are wrong: {error}") from None
        if not options.hosts or options.binds < 1 or options.window < 1:
            raise SettingError(f"source {source.name} needs hosts, and binds and a window of 1 or more")
        options.addresses()
        return options

    def addresses(self) -> tuple[Host, ...]:
        """The hosts, in the order in which they are tried. SettingError for what is not `host:port`."""
        return tuple(_host(text) for text in self.hosts)

    def secret(self, environment: Mapping[str, str]) -> str:
        """The password: as written; where it is `env:NAME` what the environment says; opened where it is sealed.

        SettingError if the environment says nothing, or has not the key.
        """
        if not self.password.startswith(ENVIRONMENT):
            return revealed(self.password, environment)
        name = self.password.removeprefix(ENVIRONMENT)
        if name not in environment:
            raise SettingError(f"the environment has no {name}, which the password refers to")
        return environment[name]

    def context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer with the certificate and the host's name verified; None for plain TCP. SettingError for bad files."""
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.tls_ca or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.tls_cert:
                context.load_cert_chain(self.tls_cert, self.tls_key or None, password="")  # nobody is there to be asked
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise SettingError(f"tls_ca, tls_cert or tls_key is no readable PEM file: {error}") from None
        return context


def _host(text: str) -> Host:
    name, _, port = text.rpartition(":")
    if not (name and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise SettingError(f'{text[:80]!r} is not "host:port"')
    return Host(name.removeprefix("[").removesuffix("]"), int(port))

"""One table of settings. A setting is a row: name, type, default, help. Read once at the top and passed down as values.

Each is taken from the command line, else from the environment (`ODZEW_` and the name in capitals), else from the settings
file (TOML, `--settings` or `ODZEW_SETTINGS`), else it has its default. docs/settings.md is this table, and a test insists.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from odzew.errors import SettingError

Type = Literal["text", "whole", "number", "flag", "list", "numbers"]
Value = Any  # one of: str, int, float, bool, tuple of str, tuple of float


@dataclass(slots=True, frozen=True)
class Setting:
    """One row of the table. `least`: the smallest number that makes sense; `one_of`: the only words that do."""

    name: str
    type: Type
    default: Value
    help: str
    least: float = 0
    one_of: tuple[str, ...] = ()


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("db", "text", "sqlite:///odzew.db", "The database: sqlite:///file.db or postgresql://user:password@host/name."),
    Setting("listen", "list", ("127.0.0.1:8080",), "Addresses to listen on, host:port; several separated by commas."),
    Setting("tls_cert", "text", "", "Certificate chain (PEM file) to serve HTTPS with; empty: plain HTTP."),
    Setting("tls_key", "text", "", "Private key (PEM file) of the certificate."),
    Setting("country", "text", "PL", "Country whose telephone numbers are written without a country code (two letters)."),
    Setting("api_body", "whole", 4 << 20, "Largest body of an API call, in octets; more is answered 413.", 1024),
    Setting("ingest_body", "whole", 16 << 20, "Largest body of a push from a network, in octets; more is answered 413.", 1024),
    Setting("phones", "whole", 10_000, "Most numbers in the API's parameter phone; more is error 2001.", 1),
    Setting("retry_minutes", "numbers", (5.0, 10.0, 15.0, 60.0), "When a failed call to a client's URL is repeated, in minutes."),
    Setting(
        "retry_basis", "text", "first", "What retry_minutes count from: the first attempt or the previous one (first, previous).",
        one_of=("first", "previous"),
    ),
    Setting("calls", "whole", 256, "Calls to clients' URLs in flight, in all.", 1),
    Setting("calls_per_account", "whole", 128, "Calls in flight for one account.", 1),
    Setting("calls_per_target", "whole", 8, "Calls in flight for one target that sets no concurrency of its own.", 1),
    Setting("forward_per_second", "number", 0.0, "Calls to clients' URLs that each process begins in a second; 0: no limit."),
    Setting("connect_seconds", "number", 3.0, "How long a connection to a client's URL may take.", 0.1),
    Setting("answer_seconds", "number", 10.0, "How long a call may take in all; 1 s more for each 256 KiB sent, at most 60 s.", 0.1),
    Setting("extra_ca", "text", "", "PEM file of certificate authorities that are trusted beside the system's for clients' URLs."),
    Setting(
        "metrics_from", "list", ("127.0.0.0/8", "::1"),
        "Networks that may read /metrics, separated by commas; behind a proxy its trusted_proxies count. Empty: nobody.",
    ),
    Setting("smtp_host", "text", "", "The mail server that e-mails to targets go through; empty: there is none."),
    Setting("smtp_port", "whole", 587, "Port of the mail server.", 1),
    Setting("smtp_user", "text", "", "Whom to log in as at the mail server; empty: nobody."),
    Setting("smtp_password", "text", "", "The password for it; best given by the environment."),
    Setting(
        "smtp_tls", "text", "starttls", "TLS with the mail server, its certificate verified: starttls, tls from the first octet, or none.",
        one_of=("starttls", "tls", "none"),
    ),
    Setting("mail_from", "text", "", "The address that e-mails are from."),
    Setting("alarm_to", "list", (), "Addresses that get an e-mail for every alarm; an account's own get those about its targets."),
    Setting("help_telephone", "text", "", "Whom clients of the API may ask (account/help): a telephone number."),
    Setting("help_email", "text", "", "The same: an e-mail address."),
    Setting("help_form", "text", "", "The same: the address of a page with a form."),
    Setting("help_faq", "text", "", "The same: the address of a page with questions and answers."),
    Setting("password_verifications", "whole", 2, "Password verifications at once.", 1),
    Setting("password_waiting", "whole", 32, "Password verifications that may wait; beyond it log-ins are answered 429.", 1),
    Setting(
        "roles", "list", ("api", "panel", "ingest", "forward"), "What this process does; on PostgreSQL processes may share the work."
    ),
    Setting("lease_seconds", "number", 15.0, "PostgreSQL: how long a process that died keeps its share of the forwarding.", 1),
    Setting("stop_seconds", "number", 15.0, "How long a stop waits for what is in flight.", 0),
    Setting("log_format", "text", "json", "How log lines are written: json, or text for people.", one_of=("json", "text")),
    Setting(
        "log_level", "text", "info", "Least severe events that are logged: debug, info, warning, error.",
        one_of=("debug", "info", "warning", "error"),
    ),
    Setting("log_access", "flag", False, "Log a line for each HTTP request, without parameters."),
)  # fmt: skip
BY_NAME: Final = {setting.name: setting for setting in SETTINGS}

_TRUE: Final = ("1", "true", "yes", "on")
_FALSE: Final = ("0", "false", "no", "off", "")


class Settings(dict[str, Value]):
    """The values by name; every setting is there."""


def read(given: Mapping[str, Value], environment: Mapping[str, str] = os.environ, file: str | None = None) -> Settings:
    """The settings from command line (`given`, None for what was not), environment and file. SettingError says which is wrong."""
    values = Settings({setting.name: setting.default for setting in SETTINGS})
    path = file or environment.get("ODZEW_SETTINGS") or None
    for name, value in _from_file(path).items():
        values[name] = _checked(name, value, f"{name} in {path}")
    for setting in SETTINGS:
        variable = f"ODZEW_{setting.name.upper()}"
        if variable in environment:
            values[setting.name] = _checked(setting.name, environment[variable], variable)
    for name, value in given.items():
        if value is not None:
            values[name] = _checked(name, value, f"--{name.replace('_', '-')}")
    return values


def _from_file(path: str | None) -> dict[str, Value]:
    if path is None:
        return {}
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"the settings file {path} is not TOML: {error}") from None
    unknown = sorted(set(found) - set(BY_NAME))
    if unknown:
        raise SettingError(f"the settings file {path} has unknown settings: {', '.join(unknown)}")
    return found


def _checked(name: str, value: Value, place: str) -> Value:
    setting = BY_NAME[name]
    try:
        read_value = _READERS[setting.type](value)
    except (ValueError, TypeError, OverflowError):
        raise SettingError(f"{place}: {value!r} is not {_WORDS[setting.type]}") from None
    numbers = read_value if isinstance(read_value, tuple) else (read_value,)
    if any(isinstance(number, int | float) and not setting.least <= number < 1 << 60 for number in numbers):
        raise SettingError(f"{place}: {value!r} is out of range")
    if setting.one_of and read_value not in setting.one_of:
        raise SettingError(f"{place} is one of {', '.join(setting.one_of)}, not {value!r}")
    return read_value


def _flag(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(word)
    return word in _TRUE


def _text(value: Value) -> str:
    if not isinstance(value, str) or "\0" in value:  # NUL is in the name of no file and of no host
        raise TypeError(value)
    return value


def _list(value: Value) -> tuple[str, ...]:
    pieces = value.split(",") if isinstance(value, str) else value
    return tuple(_text(piece).strip() for piece in pieces if _text(piece).strip())


def _numbers(value: Value) -> tuple[float, ...]:
    pieces = value.split(",") if isinstance(value, str) else value
    return tuple(float(piece) for piece in pieces)


def _whole(value: Value) -> int:
    if isinstance(value, bool | float):
        raise TypeError(value)
    return int(value)


_READERS: Final[dict[Type, Callable[[Value], Value]]] = {
    "text": _text, "whole": _whole, "number": float, "flag": _flag, "list": _list, "numbers": _numbers,
}  # fmt: skip
_WORDS: Final = {
    "text": "a text", "whole": "a whole number", "number": "a number", "flag": "yes or no", "list": "a list of texts",
    "numbers": "a list of numbers",
}  # fmt: skip

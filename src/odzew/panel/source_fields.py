"""The fields of a source's form, protocol by protocol: what is asked, and how what was typed becomes a value of the set-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from odzew.model import Source
from odzew.panel.forms import Form
from odzew.panel.written import decimal, number_text

Kind = Literal["text", "lines", "whole", "number", "flag", "choice", "pairs"]


@dataclass(slots=True, frozen=True)
class Field:
    """One option. `default` counts where nothing was typed; `rare`: shown only when asked for."""

    name: str
    kind: Kind
    label: str
    help: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    rare: bool = False
    required: bool = False


_SMPP: Final = (
    Field("hosts", "lines", "Hosts", "host:port, one on a line; they are tried in this order.", required=True),
    Field("system_id", "text", "system_id", "The name that the network gave you.", required=True),
    Field("bind", "choice", "Bind as", "", "transceiver", ("transceiver", "receiver")),
    Field("binds", "whole", "Binds at once", "", "1"),
    Field("tls", "flag", "TLS", "The network's certificate is verified."),
    Field("tls_server_name", "text", "Name in its certificate", "Only where it is another one than the host's."),
    Field("tls_ca", "text", "Its certificate authority", "A PEM file where the service runs.", rare=True),
    Field("tls_cert", "text", "Our certificate", "A PEM file where the service runs.", rare=True),
    Field("tls_key", "text", "Its key", "A PEM file where the service runs.", rare=True),
    Field("system_type", "text", "system_type", rare=True),
    Field("interface_version", "whole", "interface_version", "", "52", rare=True),
    Field("addr_ton", "whole", "addr_ton", "", "0", rare=True),
    Field("addr_npi", "whole", "addr_npi", "", "0", rare=True),
    Field("address_range", "text", "address_range", rare=True),
    Field(
        "default_alphabet", "choice", "Alphabet of data_coding 0", "", "gsm7",
        ("gsm7", "gsm7-packed", "latin1", "ascii", "utf8", "ucs2"), rare=True,
    ),
    Field("alphabets", "pairs", "Alphabets of other codings", "One on a line, such as 8 = utf8.", rare=True),
    Field("ucs2_order", "choice", "Order of octets in UCS-2", "", "big", ("big", "little"), rare=True),
    Field("national_number_prefix", "text", "Calling code of national numbers", "Such as 48.", rare=True),
    Field("text_receipts", "flag", "Delivery receipts in the text", "The network sets no esm_class for them.", rare=True),
    Field("parts_timeout_seconds", "number", "Seconds until a long message is shown without its missing parts", "", "3600", rare=True),
    Field("reconnect_seconds", "number", "Seconds until a lost bind is tried again", "", "1", rare=True),
    Field("enquire_link_seconds", "number", "Seconds between two enquire_link", "", "30", rare=True),
    Field("answer_seconds", "number", "Seconds that the network may take to answer", "", "10", rare=True),
    Field("bind_seconds", "number", "Seconds to connect and to be bound", "", "10", rare=True),
    Field("window", "whole", "Messages that may wait for their answers", "", "5000", rare=True),
)  # fmt: skip
_MM7: Final = (
    Field("username", "text", "User name", "The MMSC shows it with the password (HTTP Basic)."),
    Field("max_bytes", "whole", "Largest message in octets", "All attachments together.", "10485760", rare=True),
)
OPTIONS: Final[dict[str, tuple[Field, ...]]] = {"smpp": _SMPP, "http": (), "kannel": (), "mm7": _MM7}
PROTOCOLS: Final = {
    "smpp": "SMPP 3.4: we bind to the network", "http": "HTTP: somebody pushes messages to us",
    "kannel": "Kannel: it pushes messages to us", "mm7": "MM7: an MMSC brings MMS",
}  # fmt: skip
WITH_TOKEN: Final = ("http", "kannel")
WITH_PASSWORD: Final = ("smpp", "mm7")
SHARED: Final = ("name", "protocol", "allow_from", "trust_time", "active", "token", "password")


def read_options(form: Form, protocol: str, source: Source | None) -> dict[str, Any]:
    """The values of the set-up. What was left empty has its default where something is stored, and is left out where nothing is."""
    stored = source.options if source is not None and source.protocol == protocol else {}
    values: dict[str, Any] = {}
    for field in OPTIONS[protocol]:
        value = _value(form, field)
        if value not in (None, "") or field.name in stored:
            values[field.name] = value if value is not None else _default(field)
    return values


def typed_of(source: Source) -> dict[str, Any]:
    """What a form shows first of a source that is there."""
    values: dict[str, Any] = {
        "allow_from": "\n".join(source.allow_from), "trust_time": "1" if source.trust_time else "", "active": "1" if source.active else "",
    }  # fmt: skip
    for field in OPTIONS[source.protocol]:
        values[field.name] = _typed(field, source.options.get(field.name))
    return values


def _typed(field: Field, value: Any) -> str:
    if value is None:
        return field.default
    match field.kind:
        case "lines":
            return "\n".join(map(str, value))
        case "pairs":
            return "\n".join(f"{key} = {word}" for key, word in value.items())
        case "flag":
            return "1" if value else ""
        case "number":
            return number_text(float(value))
        case _:
            return str(value)


def _value(form: Form, field: Field) -> Any:
    match field.kind:
        case "lines":
            return list(form.lines(field.name))
        case "pairs":
            return _pairs(form, field.name)
        case "flag":
            return form.flag(field.name)
        case "whole":
            return form.whole(field.name)
        case "number":
            return decimal(form, field.name)
        case "choice":
            return form.choice(field.name, field.choices, field.default)
        case _:
            return form.text(field.name, required=field.required, most=1_000)


def _pairs(form: Form, name: str) -> dict[str, str]:
    found = {}
    for line in form.lines(name):
        key, equals, word = line.partition("=")
        if not equals:
            form.fault(name, "Write it as 8 = utf8, one on a line.")
        found[key.strip()] = word.strip()
    return found


def _default(field: Field) -> Any:
    match field.kind:
        case "whole":
            return int(field.default)
        case "number":
            return float(field.default)
        case _:
            return field.default

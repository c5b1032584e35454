"""How a message may look on the wire: its alphabet, how it is carried, which command brings it, and what it claims to be.

A shape is written as words joined by `+`, in any order, such as `ucs2+udh16` or `data_sm+receipt`; what is not said is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from odzew.errors import SettingError, WireError
from odzew.wire import gsm7
from odzew.wire.pdu import Command

GSM_OCTETS: Final = 140
"""User data of one short message on the air, in octets: 160 septets (3GPP 23.040 9.2.3.16)."""


@dataclass(slots=True, frozen=True)
class Alphabet:
    """`septets`: `encode` gives one septet in each octet. `locking` and `single` are national tables (3GPP 23.038 6.2.1.2)."""

    data_coding: int
    encode: Callable[[str], bytes]
    septets: bool = False
    packed: bool = False
    locking: int = 0
    single: int = 0


def _codec(name: str) -> Callable[[str], bytes]:
    def encode(text: str) -> bytes:
        try:
            # A lone surrogate is what a network sends that cut an emoji in two.
            return text.encode(name, "surrogatepass" if name.startswith("utf-16") else "strict")
        except UnicodeEncodeError as error:
            raise WireError(f"{name} has no {text[error.start]!r}") from None

    return encode


def _national(locking: int, single: int) -> Alphabet:
    return Alphabet(0x00, lambda text: gsm7.encode(text, locking, single), septets=True, locking=locking, single=single)


# Language identifiers of 3GPP 23.038 6.2.1.2.4. Spanish has no locking shift table.
_LANGUAGES: Final = (
    "turkish", "spanish", "portuguese", "bengali", "gujarati", "hindi", "kannada", "malayalam", "oriya", "punjabi", "tamil", "telugu",
    "urdu",
)  # fmt: skip
_SPANISH: Final = 2

ALPHABETS: Final[dict[str, Alphabet]] = {
    "gsm7": Alphabet(0x00, gsm7.encode, septets=True),
    "packed": Alphabet(0x00, gsm7.encode, septets=True, packed=True),
    "ascii": Alphabet(0x01, _codec("ascii")),
    "latin1": Alphabet(0x03, _codec("latin-1")),
    "binary": Alphabet(0x04, _codec("utf-8")),
    "cyrillic": Alphabet(0x06, _codec("iso8859-5")),
    "hebrew": Alphabet(0x07, _codec("iso8859-8")),
    "ucs2": Alphabet(0x08, _codec("utf-16-be")),
    "ucs2-le": Alphabet(0x08, _codec("utf-16-le")),
    **{language: _national(0 if number == _SPANISH else number, number) for number, language in enumerate(_LANGUAGES, 1)},
    **{f"{language}-single": _national(0, number) for number, language in enumerate(_LANGUAGES, 1)},
}
CARRIAGES: Final[dict[str, str]] = {
    "single": "one PDU, the text in short_message",
    "udh8": "parts with an 8 bit reference in the header",
    "udh16": "parts with a 16 bit reference in the header",
    "sar": "parts told by the SAR parameters",
    "payload": "one PDU, the text in message_payload",
    "payload-udh8": "parts with a header, in message_payload",
    "payload-udh16": "the same with a 16 bit reference",
}
COMMANDS: Final[dict[str, Command]] = {"deliver_sm": Command.DELIVER_SM, "data_sm": Command.DATA_SM}


@dataclass(slots=True, frozen=True)
class Role:
    """What the message claims to be: the type bits of esm_class (SMPP 3.4 s.5.2.12), and how a receipt says it."""

    esm_class: int = 0
    text: bool = False  # the text is that of appendix B
    parameters: bool = False  # receipted_message_id and message_state
    help: str = ""


ROLES: Final[dict[str, Role]] = {
    "message": Role(help="a message"),
    "receipt": Role(0x04, text=True, parameters=True, help="a delivery receipt: esm_class, text and parameters"),
    "receipt-text": Role(text=True, help="a receipt that only its text tells"),
    "receipt-tlv": Role(parameters=True, help="a receipt that only its parameters tell"),
    "delivery-ack": Role(0x08, help="an acknowledgement by the handset"),
    "user-ack": Role(0x10, help="an acknowledgement by its user, with a text"),
    "intermediate": Role(0x20, text=True, help="an intermediate notification"),
}
EXTRAS: Final[dict[str, str]] = {"flash": "message class 0", "ports": "port numbers in the header, before all else"}


@dataclass(slots=True, frozen=True)
class Shape:
    """One way in which a message may look. `alphabet` and `carriage` empty: chosen by the text."""

    alphabet: str = ""
    carriage: str = ""
    command: str = "deliver_sm"
    role: str = "message"
    extras: frozenset[str] = frozenset()


def read_shape(text: str) -> Shape:
    """The shape that the words say. SettingError for an unknown word, or two that exclude each other."""
    found: dict[str, str] = {}
    extras: set[str] = set()
    for word in text.split("+"):
        kind = next((kind for kind, table in _WORDS.items() if word in table), None)
        if kind is None:
            known = "; ".join(", ".join(table) for table in _WORDS.values())
            raise SettingError(f"{word!r} is no word of a shape: use {known}")
        if kind == "extras":
            extras.add(word)
        elif kind in found:
            raise SettingError(f"{word!r} and {found[kind]!r} exclude each other in a shape")
        elif word != "auto":
            found[kind] = word
    return Shape(**found, extras=frozenset(extras))


_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "alphabet": ("auto", *ALPHABETS),
    "carriage": tuple(CARRIAGES),
    "command": tuple(COMMANDS),
    "role": tuple(ROLES),
    "extras": tuple(EXTRAS),
}


def words() -> list[tuple[str, str]]:
    """Every word that a shape may have, with what it means."""
    rows = [("auto", "the GSM alphabet where it has every letter, else UCS-2")]
    rows += [(name, f"alphabet, data_coding {alphabet.data_coding}{_tables(alphabet)}") for name, alphabet in ALPHABETS.items()]
    rows += CARRIAGES.items()
    rows += [(name, f"the command {command.name.lower()}") for name, command in COMMANDS.items()]
    rows += [(name, role.help) for name, role in ROLES.items()]
    return rows + list(EXTRAS.items())


def _tables(alphabet: Alphabet) -> str:
    shifts = [f"{kind} shift table {table}" for kind, table in (("locking", alphabet.locking), ("single", alphabet.single)) if table]
    return "".join(f", {shift}" for shift in (*shifts, *(["packed"] if alphabet.packed else [])))

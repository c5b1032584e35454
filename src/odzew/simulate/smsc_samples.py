"""A message of every shape, each with a text that shows what is particular about it."""

from __future__ import annotations

from typing import Final, NamedTuple

from odzew.simulate.smsc_messages import ShortText


class Sample(NamedTuple):
    """A shape, its text and, where parts are sent in another order, that order. `special`: the source must be set to read it."""

    shape: str
    text: str
    order: tuple[int, ...] = ()
    special: bool = False


BASIC: Final = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà"
EXTENSION: Final = "Cena 10€ [ok] {a|b} ^~ \\ koniec"
POLISH: Final = "Zażółć gęślą jaźń 👍😀🇵🇱"
# Long enough for three parts; the cuts fall where they fall, also inside an escape or a pair.
LONG: Final = ("Czesc pierwsza {1} " + "abcdefghij " * 40)[:400]
LONG_ESCAPES: Final = "x" + "€[]" * 70
LONG_POLISH: Final = "Długa wiadomość: " + "zażółć gęślą jaźń 👍 " * 8
LONG_PAIRS: Final = "x" + "👍" * 80
TURKISH: Final = "İğüş çığ ŞĞı @ Ω€"
TURKISH_SINGLE: Final = "şğıİĞŞç € [x]"
SPANISH: Final = "Árbol, corazón, último, ñandú, Ó Í Ú"
PORTUGUESE: Final = "coração, pão, ô ê á í ó ú ã õ Â À "

SAMPLES: Final = (
    Sample("gsm7", BASIC),
    Sample("gsm7", EXTENSION),
    Sample("gsm7", ""),
    Sample("ascii", "plain ASCII {text}"),
    Sample("latin1", "café ñ ü ÿ"),
    Sample("cyrillic", "Привет"),
    Sample("hebrew", "שלום"),
    Sample("binary", "\x00\x01 Ala \x7f ma"),
    Sample("ucs2", POLISH),
    Sample("gsm7+flash", "flash"),
    Sample("ucs2+flash", "błysk"),
    Sample("ucs2+ports", "porty: 9200 ł"),
    Sample("gsm7+udh8", LONG, (3, 1, 2)),
    Sample("gsm7+udh8", LONG_ESCAPES, (2, 1, 3)),
    Sample("gsm7+udh16", LONG),
    Sample("ucs2+udh8", LONG_PAIRS, (3, 2, 1)),
    Sample("ucs2+udh16", LONG_POLISH, (2, 3, 1)),
    Sample("gsm7+udh8+ports", LONG, (3, 2, 2, 1)),
    Sample("gsm7+sar", LONG, (2, 3, 1)),
    Sample("ucs2+sar", LONG_POLISH),
    Sample("gsm7+payload", LONG),
    Sample("ucs2+payload", LONG_POLISH),
    Sample("gsm7+payload-udh8", LONG, (3, 2, 1)),
    Sample("ucs2+payload-udh16", LONG_PAIRS),
    Sample("turkish", TURKISH),
    Sample("turkish-single", TURKISH_SINGLE),
    Sample("turkish+udh8", TURKISH * 12, (2, 1)),
    Sample("spanish", SPANISH),
    Sample("portuguese+udh16", PORTUGUESE * 8, (2, 1)),
    Sample("gsm7+data_sm", EXTENSION),
    Sample("ucs2+udh8+data_sm", LONG_POLISH),
    Sample("receipt", "Kiedy?"),
    Sample("receipt-tlv", ""),
    Sample("data_sm+receipt", "Kiedy?"),
    Sample("intermediate", "Kiedy?"),
    Sample("delivery-ack", ""),
    Sample("user-ack", "Potwierdzam ł"),
    Sample("packed", EXTENSION, special=True),
    Sample("packed+udh8", LONG, (2, 1, 3), special=True),
    Sample("ucs2-le", POLISH, special=True),
    Sample("receipt-text", "Kiedy?", special=True),
)


def every(sender: str, recipient: str, special: bool = False) -> list[ShortText]:
    """One message of every shape that a source reads as it comes; `special`: those too that it must be set to read."""
    return [
        ShortText(sender, recipient, sample.text, sample.shape, sample.order) for sample in SAMPLES if special or not sample.special
    ]

"""Tables of a TOML file into structs, with every fault found and its place.

The structs (`odzew.setup.tables`) say which keys there are; a `Rule` beside a key's type says how its value is judged. Reading
goes on after a fault, so that one run tells of all of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from odzew.errors import Sentence, WireError, sentence_of

ENV: Final = "env:"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FAULTY: Final = object()


class Table(msgspec.Struct, kw_only=True):
    """Base of all tables. `place` is where it stands in the file, e.g. `account[0].forward[1]`."""

    choice: ClassVar[str] = ""
    """The key whose value says which of `kinds` this table is; '' where there is one kind only."""
    kinds: ClassVar[dict[str, type[Table]]] = {}

    place: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a value is judged beyond its type."""

    judge: Callable[[Any, str], Any] | None = None
    """Gives the value as it is kept, or raises ValueError or WireError with a sentence. Second argument: the default country."""
    empty: bool = False
    """An empty value (`""`, `[]`, `0`) is allowed: it takes the thing off."""
    keep: Literal["value", "reference", "either"] = "value"
    """What becomes of `env:NAME`: its value is taken; it stays a reference; it stays one, and a literal is allowed too."""


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    type: Any
    rule: Rule
    required: bool
    table: type[Table] | None
    many: bool


_T = TypeVar("_T", bound=Table)


@lru_cache(maxsize=64)
def _keys(kind: type[Table]) -> dict[str, _Key]:
    return {field.encode_name: _key(field) for field in msgspec.structs.fields(kind) if field.name != "place"}


def _key(field: msgspec.structs.FieldInfo) -> _Key:
    """Takes apart `Annotated[T, Rule(...)] | UnsetType`, `tuple[SomeTable, ...]` and `SomeTable | UnsetType`."""
    inner, rule = field.type, Rule()
    if get_origin(inner) in (Union, UnionType):
        (inner,) = (choice for choice in get_args(inner) if choice is not msgspec.UnsetType)
    if get_origin(inner) is Annotated:
        inner, rule = get_args(inner)
    many = get_origin(inner) is tuple and isinstance(get_args(inner)[0], type) and issubclass(get_args(inner)[0], Table)
    table = get_args(inner)[0] if many else inner if isinstance(inner, type) and issubclass(inner, Table) else None
    return _Key(field.name, inner, rule, field.required, table, many)


class Reader:
    """Reads tables and gathers `faults`, one sentence each, with its place."""

    def __init__(self, environment: Mapping[str, str], country: str) -> None:
        self.faults: list[str] = []
        self._environment = environment
        self._country = country

    def table(self, kind: type[_T], value: object, place: str = "") -> _T:
        """The struct of one table. What is faulty in it has its default, or '' where the key is required."""
        given = self._entries(value, place)
        kind = self._chosen(kind, given, place)
        keys = _keys(kind)
        # Of which kind an undecided table is, and so which keys it may have, is not known.
        decided = not kind.choice or kind in kind.kinds.values()
        for unknown in (key for key in given if decided and key not in keys):
            self.fault(_join(place, _shown(unknown)), Sentence("is not a key here%(near)s", near=did_you_mean(unknown, keys)))
        arguments: dict[str, Any] = {"place": place}
        for word, key in keys.items():
            found = self._value(key, given[word], _join(place, word)) if word in given else _FAULTY
            if word not in given and key.required:
                self.fault(_join(place, word), Sentence("is missing"))
            if found is not _FAULTY:
                arguments[key.name] = found
            elif key.required:
                arguments[key.name] = ""
        return kind(**arguments)

    def fault(self, place: str, sentence: str) -> None:
        """Notes a fault."""
        self.faults.append(placed(place, sentence) if place else sentence)

    def _entries(self, value: object, place: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return dict(value)
        self.fault(place, Sentence("must be a table"))
        return {}

    def _chosen(self, kind: type[_T], given: dict[str, Any], place: str) -> type[_T]:
        if not kind.choice:
            return kind
        word = given.get(kind.choice)
        found = kind.kinds.get(word) if isinstance(word, str) else None
        if found is not None and issubclass(found, kind):
            return found
        if kind.choice in given:
            at = _join(place, kind.choice)
            self.fault(at, _one_of(kind.kinds, word))
            given[kind.choice] = ""  # told once
        return kind

    def _value(self, key: _Key, value: object, place: str) -> Any:
        if key.table is None:
            return self._leaf(key, value, place)
        if not key.many:
            return self.table(key.table, value, place)
        if not isinstance(value, list):
            self.fault(place, Sentence("must be a list of tables: write [[%(name)s]]", name=place.rpartition(".")[2]))
            return _FAULTY
        return tuple(self.table(key.table, item, f"{place}[{i}]") for i, item in enumerate(value))

    def _leaf(self, key: _Key, value: object, place: str) -> Any:
        before = len(self.faults)
        resolved = self._resolved(value, place)
        if len(self.faults) > before:
            return _FAULTY
        is_reference = isinstance(value, str) and value.startswith(ENV)
        if key.rule.keep == "reference" and not is_reference and value != "":
            sentence = Sentence('must be "env:NAME": a secret that we present or compare is kept as a reference to the environment')
            self.fault(place, sentence)
            return _FAULTY
        try:
            judged = self._judged(key, resolved, lax=is_reference)
        except (ValueError, WireError) as error:
            self.fault(place, _sentence(error))
            return _FAULTY
        return value if is_reference and key.rule.keep != "value" else judged

    def _judged(self, key: _Key, value: Any, lax: bool) -> Any:
        if key.rule.empty and value in ("", 0, []) and value is not False:
            return () if value == [] else value
        _refuse_unknown_words(key.type, value)
        converted = msgspec.convert(value, key.type, strict=not lax)
        for text in converted if isinstance(converted, tuple) else (converted,):
            if isinstance(text, str) and _UNSAFE.search(text):
                raise ValueError(Sentence("has a control character or is not valid UTF-8"))
        return key.rule.judge(converted, self._country) if key.rule.judge else converted

    def _resolved(self, value: object, place: str) -> object:
        if isinstance(value, list):
            return [self._resolved(item, place) for item in value]
        if not isinstance(value, str) or not value.startswith(ENV):
            return value
        name = value.removeprefix(ENV)
        if not _VARIABLE.fullmatch(name):
            self.fault(place, Sentence("%(typed)s does not name a variable of the environment", typed=_shown(value)))
        elif name not in self._environment:
            self.fault(place, Sentence("the variable %(name)s is not set in the environment", name=name))
        return self._environment.get(name, "")


def _refuse_unknown_words(type_: Any, value: object) -> None:
    """ValueError where one of a few words, or a list of such, is wanted and something else is given."""
    choice = get_args(type_)[0] if get_origin(type_) is tuple else type_
    if get_origin(choice) is not Literal:
        return
    words = get_args(choice)
    for word in value if choice is not type_ and isinstance(value, list) else [value]:
        if word not in words:
            raise ValueError(_one_of(words, word))


def _one_of(words: Collection[str], given: object) -> Sentence:
    return Sentence("must be one of %(words)s%(near)s", words=", ".join(words), near=did_you_mean(str(given), words))


def placed(place: str, sentence: str) -> Sentence:
    """A fault with the place where it is: `account[0].user[1].login: is missing`."""
    return Sentence("%(place)s: %(sentence)s", place=place, sentence=sentence)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or '' where nothing is near."""
    near = difflib.get_close_matches(word[:80], list(known), 1)
    return Sentence("; did you mean %(near)r?", near=near[0]) if near else ""


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shown(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_:-]{1,60}", word) else ascii(word[:60])


def _sentence(error: Exception) -> str:
    if not isinstance(error, msgspec.ValidationError):
        return sentence_of(error)
    found = _WRONG_TYPE.match(str(error))  # "Expected `str`, got `int`", with no value in it
    if found is None:
        text = str(error).split(" - at ")[0]
        return text[:1].lower() + text[1:]
    wanted, given = (_TYPES.get(word, f"`{word}`") for word in found.groups())
    return Sentence("expected %(wanted)s, got %(given)s", wanted=wanted, given=given)


_WRONG_TYPE: Final = re.compile(r"Expected `([^`]*)`, got `([^`]*)`(?= - at |$)")
_TYPES: Final = {
    "str": Sentence("a text"), "int": Sentence("a whole number"), "float": Sentence("a number"), "bool": Sentence("true or false"),
    "array": Sentence("a list"), "object": Sentence("a table"), "datetime": Sentence("a time"), "date": Sentence("a date"),
    "time": Sentence("a time of day"),
}  # fmt: skip

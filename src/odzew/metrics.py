"""Counters, gauges and histograms with labels, and how they are written for Prometheus.

A `Metrics` is made by the composition root and passed down; nothing here is global. What counts keeps its child, found once with
`of`, so that an increment is one addition: no lock (all of it happens on the event loop), no dictionary of labels. What stands
somewhere anyway is not counted twice: it is read when it is asked for (`read`).

Written are the text format 0.0.4 of Prometheus and, for whoever asks for it, OpenMetrics 1.0.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Generic, Literal, TypeVar

Kind = Literal["counter", "gauge", "histogram", "info"]
Labels = tuple[str, ...]
Read = Callable[[], Iterable[tuple[Labels, float]]]
"""Gives the values of a metric as they stand: the values of its labels, and the number."""

TEXT: Final = b"text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = b"application/openmetrics-text; version=1.0.0; charset=utf-8"

_is_name = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*").fullmatch


class Counter:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self) -> None:
        """One more."""
        self.value += 1

    def add(self, amount: float) -> None:
        """So many more; not less than 0."""
        self.value += amount


class Histogram:
    """How many observations were at most each bound, and their sum. `counts` is not cumulative; its last is beyond every bound."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """One observation."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


Child = TypeVar("Child", Counter, Histogram)


@dataclass(slots=True)
class Described:
    """What is told of a metric whatever it holds. `name` is as it is queried, but for the endings of a histogram's samples."""

    name: str
    kind: Kind
    help: str
    labels: Labels
    bounds: tuple[float, ...] = ()


@dataclass(slots=True)
class Family(Generic[Child]):
    """One metric with a child for each combination of its labels' values. Those must come from a closed list, or from the set-up."""

    described: Described
    _make: Callable[[], Child]
    children: dict[Labels, Child] = field(default_factory=dict)

    def of(self, *values: str) -> Child:
        """The child of these values, made when it is first asked for. ValueError for too many or too few."""
        child = self.children.get(values)
        if child is None:
            if len(values) != len(self.described.labels):
                raise ValueError(f"{self.described.name} has the labels {self.described.labels}, not {values}")
            child = self.children[values] = self._make()
        return child


class Metrics:
    """All metrics of one process. ValueError for a name that is taken, or none."""

    def __init__(self) -> None:
        self._known: dict[str, Described] = {}
        self._families: dict[str, Family[Counter] | Family[Histogram]] = {}
        self._reads: dict[str, Read] = {}

    def counter(self, name: str, help: str, *labels: str) -> Family[Counter]:
        """A counter; its name ends in `_total`."""
        family = Family(self._add(Described(name, "counter", help, labels)), Counter)
        self._families[name] = family
        if not labels:
            family.of()
        return family

    def histogram(self, name: str, help: str, bounds: Sequence[float], *labels: str) -> Family[Histogram]:
        """A histogram with these bounds, which grow; what is beyond the last is counted as well."""
        if not bounds or any(one >= other for one, other in pairwise(bounds)):
            raise ValueError(f"the bounds of {name} must grow")
        described = self._add(Described(name, "histogram", help, labels, tuple(bounds)))
        family = Family(described, lambda: Histogram(described.bounds))
        self._families[name] = family
        if not labels:
            family.of()
        return family

    def read(self, kind: Literal["counter", "gauge", "info"], name: str, help: str, labels: Labels, read: Read) -> None:
        """A metric that `read` gives the values of, at each rendering."""
        self._reads[self._add(Described(name, kind, help, labels)).name] = read

    def described(self) -> list[Described]:
        """All metrics, by name."""
        return [self._known[name] for name in sorted(self._known)]

    def render(self, openmetrics: bool = False) -> bytes:
        """All values as they are now."""
        lines: list[str] = []
        for described in self.described():
            lines += _head(described, openmetrics)
            family = self._families.get(described.name)
            if family is None:
                lines += (_sample(described, values, value) for values, value in self._reads[described.name]())
                continue
            children: dict[Labels, Counter] | dict[Labels, Histogram] = family.children
            for labels in sorted(children):
                lines += _samples(described, labels, children[labels])
        lines += ["# EOF"] if openmetrics else []
        return "\n".join([*lines, ""]).encode()

    def _add(self, described: Described) -> Described:
        name, kind = described.name, described.kind
        bad = [word for word in (name, *described.labels) if not _is_name(word) or word == "le"]
        if bad or name in self._known:
            raise ValueError(f"{name} is taken already, or {bad} cannot be names")
        if (kind == "counter") != name.endswith("_total") or (kind == "info") != name.endswith("_info"):
            raise ValueError(f"{name} has not the ending of a {kind}")
        self._known[name] = described
        return described


def prefers_openmetrics(accept: str) -> bool:
    """Whether the header `Accept` asks for OpenMetrics at least as much as for anything else that we write."""
    best = {"text": 0.0, "openmetrics": 0.0}
    for piece in accept.split(","):
        media, *parameters = (word.strip().lower() for word in piece.split(";"))
        known = dict(word.split("=", 1) for word in parameters if "=" in word)
        kind = {"application/openmetrics-text": "openmetrics", "text/plain": "text", "text/*": "text", "*/*": "text"}.get(media)
        if kind is None or (kind == "openmetrics" and known.get("version", "1.0.0") not in ("0.0.1", "1.0.0")):
            continue
        best[kind] = max(best[kind], _quality(known.get("q", "1")))
    return best["openmetrics"] > 0 and best["openmetrics"] >= best["text"]


def _quality(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text, re.ASCII) else 0.0


def _head(described: Described, openmetrics: bool) -> list[str]:
    name, kind, words = described.name, described.kind, described.help.replace("\\", r"\\").replace("\n", r"\n")
    if openmetrics:
        name, words = name.removesuffix("_total").removesuffix("_info"), words.replace('"', r"\"")
    elif kind == "info":
        kind = "gauge"
    return [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]


def _samples(described: Described, values: Labels, child: Counter | Histogram) -> Iterator[str]:
    if isinstance(child, Counter):
        yield _sample(described, values, child.value)
        return
    labelled = _labelled(described.labels, values)
    total = 0
    for bound, count in zip((*described.bounds, float("inf")), child.counts, strict=True):
        total += count
        yield f"{described.name}_bucket{_labelled((*described.labels, 'le'), (*values, _number(bound)))} {total}"
    yield f"{described.name}_count{labelled} {total}"
    yield f"{described.name}_sum{labelled} {_number(child.sum)}"


def _sample(described: Described, values: Labels, value: float) -> str:
    return f"{described.name}{_labelled(described.labels, values)} {_number(value)}"


def _labelled(names: Labels, values: Labels) -> str:
    pairs = (
        f'{name}="{value}"' if value.isalnum() else f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)
    )
    return f"{{{','.join(pairs)}}}" if names else ""


def _escaped(value: str) -> str:
    return value.encode(errors="replace").decode().replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text := repr(float(value)), text)

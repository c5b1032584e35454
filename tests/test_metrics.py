"""The registry, and what it writes: read again by Prometheus' own parsers, in both formats."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from odzew.metrics import Metrics, prefers_openmetrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
PARSERS: tuple[tuple[bool, Callable[[str], Any]], ...] = ((False, read_text), (True, read_openmetrics))
FORMATS = pytest.mark.parametrize(("openmetrics", "parse"), PARSERS, ids=("text", "openmetrics"))


def samples(octets: bytes, parse: Callable[[str], Any]) -> Samples:
    """{(name, labels): value} of all that a parser finds."""
    found = [sample for family in parse(octets.decode()) for sample in family.samples]
    read = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in found}
    assert len(read) == len(found), "a sample stands there twice"
    return read


@FORMATS
def test_counters(openmetrics: bool, parse: Callable[[str], Any]) -> None:
    metrics = Metrics()
    plain = metrics.counter("calls_total", "Calls.").of()
    labelled = metrics.counter("arrivals_total", "Arrivals.", "source", "role")
    labelled.of("a", "message").add(2.5)
    labelled.of("b", "message").inc()
    kept = labelled.of("a", "message")
    kept.inc()
    assert kept is labelled.of("a", "message")
    plain.inc()
    plain.inc()
    assert samples(metrics.render(openmetrics), parse) == {
        ("calls_total", ()): 2,
        ("arrivals_total", (("role", "message"), ("source", "a"))): 3.5,
        ("arrivals_total", (("role", "message"), ("source", "b"))): 1,
    }


@FORMATS
def test_what_has_no_labels_is_there_from_the_start(openmetrics: bool, parse: Callable[[str], Any]) -> None:
    metrics = Metrics()
    metrics.counter("calls_total", "Calls.")
    metrics.counter("arrivals_total", "Arrivals.", "source")
    metrics.histogram("seconds", "Seconds.", (1.0,))
    assert {name for name, _ in samples(metrics.render(openmetrics), parse)} == {
        "calls_total", "seconds_bucket", "seconds_count", "seconds_sum",
    }  # fmt: skip


@FORMATS
def test_histograms_are_cumulative_and_a_bound_belongs_to_its_bucket(openmetrics: bool, parse: Callable[[str], Any]) -> None:
    metrics = Metrics()
    histogram = metrics.histogram("seconds", "Seconds.", (0.5, 1.0, 60.0), "call").of("first")
    for value in (0.1, 0.5, 0.7, 60.0, 61.0):
        histogram.observe(value)
    found = samples(metrics.render(openmetrics), parse)
    counts = {dict(labels)["le"]: value for (name, labels), value in found.items() if name == "seconds_bucket"}
    assert counts == {"0.5": 2, "1.0": 3, "60.0": 4, "+Inf": 5}
    assert found["seconds_count", (("call", "first"),)] == 5
    assert found["seconds_sum", (("call", "first"),)] == pytest.approx(122.3)


@FORMATS
def test_what_is_read_is_read_anew_each_time(openmetrics: bool, parse: Callable[[str], Any]) -> None:
    metrics, stands = Metrics(), {("a", "0"): 1.0}
    metrics.read("gauge", "bound", "Bound.", ("source", "slot"), stands.items)
    metrics.read("counter", "cpu_total", "Processor.", (), lambda: [((), 2.5)])
    metrics.read("info", "build_info", "Build.", ("version",), lambda: [(("1.0",), 1)])
    key = ("bound", (("slot", "0"), ("source", "a")))
    before = samples(metrics.render(openmetrics), parse)
    assert (before[key], before["cpu_total", ()], before["build_info", (("version", "1.0"),)]) == (1, 2.5, 1)
    stands.clear()
    assert key not in samples(metrics.render(openmetrics), parse)


@FORMATS
def test_types_and_help(openmetrics: bool, parse: Callable[[str], Any]) -> None:
    metrics = Metrics()
    metrics.counter("a_total", 'One "line"\nand\\another.')
    metrics.histogram("b", "B.", (1.0,))
    metrics.read("gauge", "c", "C.", (), lambda: ())
    metrics.read("info", "d_info", "D.", ("x",), lambda: ())
    found = {family.name: (family.type, family.documentation) for family in parse(metrics.render(openmetrics).decode())}
    d = ("info", "D.") if openmetrics else ("gauge", "D.")
    assert found == {
        "a": ("counter", 'One "line"\nand\\another.'), "b": ("histogram", "B."), "c": ("gauge", "C."), "d" if openmetrics else "d_info": d,
    }  # fmt: skip


def test_only_openmetrics_has_an_end() -> None:
    assert Metrics().render(openmetrics=True) == b"# EOF\n"
    assert Metrics().render() == b""


@pytest.mark.parametrize(("openmetrics", "parse"), PARSERS, ids=("text", "openmetrics"))
@given(value=st.text(), number=st.floats(allow_nan=False))
def test_any_label_and_number_can_be_read_again(openmetrics: bool, parse: Callable[[str], Any], value: str, number: float) -> None:
    metrics = Metrics()
    metrics.read("gauge", "g", "G.", ("label",), lambda: [((value,), number)])
    found = samples(metrics.render(openmetrics), parse)
    assert found == {("g", (("label", value),)): number}


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb"])
def test_half_a_surrogate_pair_spoils_nothing(value: str) -> None:
    metrics = Metrics()
    metrics.counter("a_total", "A.", "label").of(value).inc()
    assert list(samples(metrics.render(), read_text).values()) == [1]


SPELLED = ((math.inf, b"+Inf"), (-math.inf, b"-Inf"), (math.nan, b"NaN"), (0, b"0.0"), (1e300, b"1e+300"))


@pytest.mark.parametrize(("number", "written"), SPELLED)
def test_numbers_as_prometheus_spells_them(number: float, written: bytes) -> None:
    metrics = Metrics()
    metrics.read("gauge", "g", "G.", (), lambda: [((), number)])
    assert metrics.render().splitlines()[-1] == b"g " + written


NO_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("calls", ()),
    ("calls_total", ()),
    ("9calls_total", ()),
    ("calls-total", ()),
    ("żółw_total", ()),
    ("_total ", ()),
    ("a_total", ("le",)),
    ("a_total", ("a b",)),
)


@pytest.mark.parametrize(("name", "labels"), NO_NAMES)
def test_names_that_are_refused(name: str, labels: tuple[str, ...]) -> None:
    metrics = Metrics()
    metrics.read("counter", "calls_total", "Taken.", (), lambda: ())
    with pytest.raises(ValueError, match=name.strip()):
        metrics.counter(name, "Wrong.", *labels)


@pytest.mark.parametrize(("kind", "name"), [("gauge", "a_total"), ("info", "a"), ("counter", "a"), ("gauge", "a_info")])
def test_the_ending_tells_the_kind(kind: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has not the ending of a {kind}"):
        Metrics().read(kind, name, "Wrong.", (), lambda: ())


@pytest.mark.parametrize("bounds", [(), (1.0, 1.0), (2.0, 1.0)])
def test_bounds_must_grow(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must grow"):
        Metrics().histogram("seconds", "Seconds.", bounds)


@pytest.mark.parametrize("values", [(), ("a",), ("a", "b", "c")])
def test_a_child_has_a_value_for_each_label(values: tuple[str, ...]) -> None:
    family = Metrics().counter("a_total", "A.", "one", "two")
    with pytest.raises(ValueError, match="has the labels"):
        family.of(*values)
    assert family.children == {}


OPENMETRICS_OF_PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    (
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        (OPENMETRICS_OF_PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0", True),
        ("Application/OpenMetrics-Text; Version=0.0.1", True),
        ("application/openmetrics-text; version=2.0.0", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.3", False),
        ("application/openmetrics-text;q=0.2, */*;q=0.3", False),
        ("application/openmetrics-text;q=many", False),
        ("application/openmetrics-text;q=1e9", False),
        ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;q=0.7", False),
        (";;;,,,=;q=;", False),
    ),
)
def test_which_format_is_asked_for(accept: str, openmetrics: bool) -> None:
    assert prefers_openmetrics(accept) is openmetrics


@given(st.text())
def test_any_accept_is_understood_somehow(accept: str) -> None:
    assert prefers_openmetrics(accept) in (True, False)

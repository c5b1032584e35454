"""The dashboard and the alerts ask for metrics that exist, by labels that they have."""

from __future__ import annotations

import importlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from odzew.clock import FixedClock
from tests.operations.metrics_house import without_database
from tests.operations.promql import asked, is_balanced

DEPLOY = Path(__file__).parents[2] / "deploy"
yaml: Any = importlib.import_module("yaml")  # it says nothing of its types
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
GROUPS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
WHERE = {target["expr"]: panel["title"] for panel in PANELS for target in panel.get("targets", ())}
WHERE |= {rule["expr"]: rule["alert"] for rule in RULES}
EXPRESSIONS = [pytest.param(where, expression, id=expression) for expression, where in WHERE.items()]
OF_EVERY_SERIES = {"instance", "job"}  # added by whoever scrapes


def known() -> dict[str, set[str]]:
    """Every series that may be asked for, with its labels."""
    found: dict[str, set[str]] = {}
    for one in without_database(FixedClock()).metrics.described():
        labels = {*one.labels, *OF_EVERY_SERIES}
        if one.kind == "histogram":
            found |= {f"{one.name}_bucket": labels | {"le"}, f"{one.name}_count": labels, f"{one.name}_sum": labels}
        else:
            found[one.name] = labels
    return found


SERIES = known()


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_every_series_and_label_exists(where: str, expression: str) -> None:
    assert is_balanced(expression)
    series, grouped = asked(expression)
    assert series or expression == 'up{job="odzew"} == 0', f"{where} asks for nothing of ours"
    for name, matched in series.items():
        assert name in SERIES, f"{where}: there is no {name}"
        assert matched <= SERIES[name], f"{where}: {name} has not the labels {matched - SERIES[name]}"
        assert grouped <= SERIES[name], f"{where}: {name} has not the labels {grouped - SERIES[name]}"


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_counters_are_asked_for_their_increase_and_histograms_for_quantiles(where: str, expression: str) -> None:
    for name in asked(expression).series:
        if name.endswith(("_total", "_bucket", "_sum", "_count")):
            assert re.search(rf"\b(?:rate|increase)\({name}\b", expression), f"{where}: {name} only grows"
        else:
            assert not re.search(rf"\b(?:rate|increase)\({name}\b", expression), f"{where}: {name} is no counter"
        assert not name.endswith("_bucket") or "histogram_quantile(" in expression


# --- the alerts ------------------------------------------------------------------------------------------------------


def test_there_are_ten_alerts_and_each_has_its_own_name() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) == 10


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_each_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert all(text.endswith(".") for text in rule["annotations"].values())
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_what_an_alert_quotes_is_there_to_be_quoted(rule: dict[str, Any]) -> None:
    quoted = {label for text in rule["annotations"].values() for label in re.findall(r"\$labels\.(\w+)", text)}
    grouped = asked(rule["expr"]).grouped
    if grouped or "(" in rule["expr"]:
        assert quoted <= grouped
    else:
        assert quoted <= OF_EVERY_SERIES


# --- the dashboard ---------------------------------------------------------------------------------------------------


def test_the_dashboard_can_be_imported() -> None:
    assert [one["name"] for one in DASHBOARD["__inputs"]] == ["DS_PROMETHEUS"]
    assert {panel["datasource"]["uid"] for panel in PANELS if "targets" in panel} == {"${DS_PROMETHEUS}"}
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    assert {panel["type"] for panel in PANELS} == {"row", "stat", "timeseries"}


def test_its_rows_are_those_that_are_promised() -> None:
    assert [panel["title"] for panel in PANELS if panel["type"] == "row"] == ["Receiving", "Forwarding", "Store", "Sources"]


def test_no_panel_covers_another() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    for one, other in itertools.combinations(places, 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart or above
    assert all(place["x"] + place["w"] <= 24 for place in places)


def test_its_variable_asks_for_a_metric_that_exists() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    name, label = re.findall(r"\w+", variable["definition"])[1:]
    assert label in SERIES[name]
    assert f"${variable['name']}" in json.dumps(PANELS)


# --- the check itself ------------------------------------------------------------------------------------------------


def test_expressions_are_taken_apart() -> None:
    found = asked('sum by (le, what) (rate(odzew_a_bucket{what="x} odzew_no", slot=~"1"}[5m])) / on() process_b and up{job="odzew_c"}')
    assert found.series == {"odzew_a_bucket": {"what", "slot"}, "process_b": set()}
    assert found.grouped == {"le", "what"}
    assert [is_balanced(text) for text in ("(a[5m])", "(a", "a)", "([)]", '(")")')] == [True, False, False, False, True]

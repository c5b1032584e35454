"""The page of the metrics: its table is held by `test_tables`; here are the labels, the alerts and how to scrape."""

from __future__ import annotations

import importlib
import re
from typing import Any, get_args

import pytest

from odzew.access.addresses import read_network
from odzew.clock import FixedClock
from odzew.ingest.smpp.bind import Phase
from odzew.model import KINDS, UNCLAIMED, DeliveryState, Role
from odzew.operations import counts
from odzew.operations.gauges import COUNTED, PATIENCE
from odzew.settings import BY_NAME
from tests.docs.pages import ROOT, page
from tests.operations.metrics_house import without_database
from tests.operations.promql import asked

PAGE = page("metrics.md")
yaml: Any = importlib.import_module("yaml")  # it says nothing of its types
GROUPS: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text("utf-8"))["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
LABELS = dict(re.findall(r"^\| (`[^|]+) \| (.*) \|$", PAGE.section("Labels"), re.MULTILINE))


def test_every_label_is_told() -> None:
    used = {label for one in without_database(FixedClock()).metrics.described() for label in one.labels}
    told = {label for head in LABELS for label in re.findall(r"`(\w+)`", head)}
    assert used - {"version", "engine", "python"} == told


# what the first cell says -> all values that it may have
VALUES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("`role`", get_args(Role)),
    ("`kind`", (*KINDS, UNCLAIMED)),
    ("`state`", tuple(state for state in get_args(DeliveryState) if state != "pending")),
    ("`phase`", get_args(Phase)),
    ("`source`", (counts.API, counts.REMOVED)),
    ("`action`, `code`", (counts.OK,)),
)


@pytest.mark.parametrize(("label", "values"), VALUES, ids=[label for label, _ in VALUES])
def test_every_value_is_told(label: str, values: tuple[str, ...]) -> None:
    assert set(values) <= set(re.findall(r"`(\w+)`", LABELS[label]))


SEEN = (("`reason` of a store error", "odzew_store_errors_total"), ("`what` of a commit", "odzew_commit_size_count"))


@pytest.mark.parametrize(("label", "name"), SEEN)
def test_every_value_from_the_start_is_told(label: str, name: str) -> None:
    values = {value for (value,) in without_database(FixedClock()).values(name)}
    assert len(values) > 1
    assert values <= set(re.findall(r"`(\w+)`", LABELS[label]))


def test_the_alerts_are_those_of_the_file() -> None:
    assert re.findall(r"^\| `(\w+)`", PAGE.section("Alerts"), re.MULTILINE) == list(RULES)


# alert -> (a number of its expression, how the page says it)
THRESHOLDS = {
    "OdzewDown": ("== 0", "for 1 minute"),
    "OdzewDatabaseAway": ("== 0", "for 1 minute"),
    "OdzewStoreFull": ("[5m]", "within the last 5 minutes"),
    "OdzewCommitsSlow": ("> 1", "took more than 1 s"),
    "OdzewBindLost": ("== 0", "for 5 minutes"),
    "OdzewSourceQuiet": ("> 7200", "for 2 hours"),
    "OdzewRefusing": ("> 0.1", "more than once in 10 s for 10 minutes"),
    "OdzewNobodyForwards": ("< 128", "for 2 minutes"),
    "OdzewForwardingLate": ("> 300", "more than 5 minutes"),
    "OdzewDeliveriesExhausted": ("> 10", "more than 10 deliveries"),
}


@pytest.mark.parametrize("alert", RULES)
def test_the_page_says_when_an_alert_is_raised(alert: str) -> None:
    number, words = THRESHOLDS[alert]
    (told,) = re.findall(rf"^\| `{alert}` \| (.*) \|$", PAGE.section("Alerts"), re.MULTILINE)
    assert words in told
    assert number in RULES[alert]["expr"]
    minutes = RULES[alert].get("for", "").removesuffix("m")
    assert not minutes or f"or {minutes} minute" in told.lower()


def test_the_example_asks_for_what_is_there() -> None:
    (example,) = PAGE.in_language("text")
    assert set(asked(example).series) == {"odzew_delivery_seconds_bucket"}


def test_how_to_scrape() -> None:
    (scrape,) = map(yaml.safe_load, PAGE.in_language("yaml"))
    assert scrape["scrape_configs"][0]["job_name"] == "odzew", "the alerts take it so"
    assert scrape["scrape_configs"][0]["static_configs"][0]["targets"] == list(BY_NAME["listen"].default)
    assert all(read_network(network) for network in BY_NAME["metrics_from"].default)
    assert f"within {PATIENCE:g} s" in PAGE.text
    assert f"up to {COUNTED}" in PAGE.section("Every metric")

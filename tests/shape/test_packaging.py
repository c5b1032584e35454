"""What is installed is what is declared: requirement files, pyproject and the commands that the Makefile promises."""

from __future__ import annotations

import re
import tomllib

import pytest

import odzew
from tests.shape import checkout, pins

REQUIREMENTS = checkout.ROOT / "requirements"
PROJECT = tomllib.loads((checkout.ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", ["build", "runtime", "test"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    assert pins.unpinned(text) == []
    assert "://" not in text


@pytest.mark.parametrize("name", ["build", "runtime", "test"])
def test_what_is_asked_for_is_pinned(name: str) -> None:
    asked = pins.asked_names((REQUIREMENTS / f"{name}.in").read_text("utf-8"))
    pinned = pins.pinned_names((REQUIREMENTS / f"{name}.txt").read_text("utf-8"))
    assert asked
    assert asked <= pinned


def test_tests_run_with_the_versions_that_ship() -> None:
    shipped = set((REQUIREMENTS / "runtime.txt").read_text("utf-8").splitlines())
    tested = set((REQUIREMENTS / "test.txt").read_text("utf-8").splitlines())
    assert {line for line in shipped if "==" in line} <= tested


def test_pyproject_asks_for_the_same_as_the_requirement_file() -> None:
    declared = pins.asked_names("\n".join(PROJECT["project"]["dependencies"]))
    assert declared == pins.asked_names((REQUIREMENTS / "runtime.in").read_text("utf-8"))


def test_what_builds_the_package_is_pinned() -> None:
    built_by = pins.asked_names("\n".join(PROJECT["build-system"]["requires"]))
    assert built_by <= pins.pinned_names((REQUIREMENTS / "build.txt").read_text("utf-8"))


def test_the_version_is_one_that_can_be_compared() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", odzew.__version__)
    assert "## [Unreleased]" in (checkout.ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (checkout.ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE))
    assert set(phony.group(1).split()) - {"lint"} == explained


def test_ci_runs_what_a_developer_runs() -> None:
    ci = checkout.ROOT / ".ci" / "run"
    assert ci.stat().st_mode & 0o111
    assert "exec make test\n" in ci.read_text("utf-8")


def test_the_layers_are_those_of_the_architecture() -> None:
    river = PROJECT["tool"]["importlinter"]["contracts"][0]
    assert river["exhaustive"] is True
    assert [re.findall(r"\w+", layer) for layer in river["layers"]] == [
        ["cli"],
        ["serve"],
        ["web"],
        ["ingest", "forward", "api", "panel", "operations", "simulate"],
        ["inbox", "access", "setup"],
        ["store", "wire"],
        ["settings"],
        ["logs"],
        ["model", "errors", "clock", "metrics"],
    ]

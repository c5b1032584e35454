"""Every file of the checkout keeps the rules of the house."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shape import checkout, clocks, rules, words

SOURCES = checkout.files(checkout.SRC, ".py")
TESTS = checkout.files(checkout.TESTS, ".py")
# The one clock, and the test that holds it against the machine's.
CLOCKS = {"src/odzew/clock.py", "tests/test_clock.py"}
# Who reads the settings; everybody else is handed values.
READS_SETTINGS = ("src/odzew/serve/", "src/odzew/settings.py", "src/odzew/cli/")
# The misspelling may stand where the words are published, where users read of it, and where it is tested.
PUBLISHED = {"src/odzew/wire/published.py"}

RULES: tuple[tuple[str, rules.Rule, list[Path]], ...] = (
    ("file length", rules.file_length, SOURCES + TESTS),
    ("function length", rules.function_length, SOURCES),
    ("own import in function", rules.own_import_in_function, SOURCES + TESTS),
    ("init only names", rules.init_only_names, [path for path in SOURCES if path.name == "__init__.py"]),
    ("test judges", rules.toothless_test, TESTS),
    ("settings", rules.reads_settings, [path for path in SOURCES if not checkout.name(path).startswith(READS_SETTINGS)]),
    ("one clock", clocks.other_clock, [path for path in SOURCES + TESTS if checkout.name(path) not in CLOCKS]),
    ("misspelling", words.misspelling, [path for path in checkout.texts(checkout.SRC) if checkout.name(path) not in PUBLISHED]),
    ("machine paths", words.machine_paths, checkout.texts()),
    ("registry hosts", words.registry_hosts, checkout.texts()),
)
# Names the options that keep addresses out of the requirement files, so it has to spell one.
SPELLS_OPTIONS = {"Makefile"}


@pytest.mark.parametrize(("name", "rule", "paths"), RULES, ids=[row[0] for row in RULES])
def test_every_file_keeps_the_rule(name: str, rule: rules.Rule, paths: list[Path]) -> None:
    judged = [path for path in paths if not (name == "registry hosts" and checkout.name(path) in SPELLS_OPTIONS)]
    assert judged, "the rule found no file to judge"
    faults = [f"{checkout.name(path)}:{fault}" for path in judged for fault in rule(path.read_text("utf-8", "replace"))]
    assert not faults, "\n" + "\n".join(faults)


def test_every_name_says_what_is_inside() -> None:
    empty = [checkout.name(path) for path in SOURCES + TESTS if rules.NAMES_OF_NOTHING & {part.removesuffix(".py") for part in path.parts}]
    assert not empty


def test_every_package_says_what_it_is() -> None:
    directories = {path.parent for path in SOURCES}
    missing = [checkout.name(directory) for directory in directories if not (directory / "__init__.py").exists()]
    assert not [m for m in missing if m != "src"]


def test_the_walk_skips_what_tools_left_behind() -> None:
    names = {checkout.name(path) for path in checkout.files()}
    assert {"pyproject.toml", ".ci/run", "src/odzew/clock.py", "tests/shape/test_files.py"} <= names
    assert not {name for name in names if name.startswith((".git/", ".venv/")) or "__pycache__" in name or ".egg-info" in name}

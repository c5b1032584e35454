"""Settings: one table; command line before environment before file before default; and what is wrong is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.errors import SettingError
from odzew.settings import BY_NAME, SETTINGS, read

# name, as in the environment, the value
GOOD: tuple[tuple[str, str, Any], ...] = (
    ("db", "postgresql://a@b/c", "postgresql://a@b/c"),
    ("listen", "127.0.0.1:80, [::1]:8080 ,", ("127.0.0.1:80", "[::1]:8080")),
    ("listen", "", ()),
    ("api_body", "1024", 1024),
    ("retry_minutes", "0.5,5, 60", (0.5, 5.0, 60.0)),
    ("retry_basis", "previous", "previous"),
    ("connect_seconds", "0.1", 0.1),
    ("answer_seconds", "60", 60.0),
    ("log_access", "YES", True),
    ("log_access", "1", True),
    ("log_access", "off", False),
    ("log_access", "", False),
    ("log_level", "debug", "debug"),
)


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_read_from_the_environment(name: str, text: str, value: Any) -> None:
    assert read({}, {f"ODZEW_{name.upper()}": text})[name] == value


# name, as in the environment, a word of what is said
BAD = (
    ("api_body", "many", "not a whole number"),
    ("api_body", "1.5", "not a whole number"),
    ("api_body", "1023", "out of range"),
    ("api_body", "-1", "out of range"),
    ("api_body", "1" * 30, "out of range"),
    ("calls", "0", "out of range"),
    ("connect_seconds", "nan", "out of range"),
    ("connect_seconds", "inf", "out of range"),
    ("connect_seconds", "0", "out of range"),
    ("connect_seconds", "soon", "not a number"),
    ("retry_minutes", "5,later", "not a list of numbers"),
    ("retry_minutes", "5,-1", "out of range"),
    ("retry_minutes", "5,nan", "out of range"),
    ("retry_basis", "last", "one of first, previous"),
    ("log_access", "perhaps", "not yes or no"),
    ("log_level", "loud", "one of debug, info, warning, error"),
    ("log_format", "xml", "one of json, text"),
    ("listen", "127.0.0.1:80,\0", "not a list of texts"),
)


@pytest.mark.parametrize(("name", "text", "said"), BAD)
def test_refused_from_the_environment(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        read({}, {f"ODZEW_{name.upper()}": text})
    assert f"ODZEW_{name.upper()}" in str(caught.value)


def test_every_setting_has_a_default_that_it_would_accept() -> None:
    values = read({}, {})
    assert dict(values) == {setting.name: setting.default for setting in SETTINGS}
    assert read(dict(values), {}) == values


def test_every_setting_is_named_once_and_explained() -> None:
    assert len(BY_NAME) == len(SETTINGS)
    assert all(setting.help.endswith(".") and len(setting.help) > 20 for setting in SETTINGS)
    assert all(word in setting.help for setting in SETTINGS for word in setting.one_of)


def test_what_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "odzew.toml"
    file.write_text(
        'calls = 1\ncalls_per_account = 1\ncalls_per_target = 1\n'
        'listen = ["a:1", "b:2"]\nlog_access = true\nretry_minutes = [1, 2.5]\n'
    )
    environment = {"ODZEW_SETTINGS": str(file), "ODZEW_CALLS": "2", "ODZEW_CALLS_PER_ACCOUNT": "2"}
    values = read({"calls": 3, "calls_per_target": None}, environment)
    assert (values["calls"], values["calls_per_account"], values["calls_per_target"]) == (3, 2, 1)
    assert (values["listen"], values["log_access"], values["retry_minutes"]) == (("a:1", "b:2"), True, (1.0, 2.5))
    assert read({}, {}, str(file))["calls"] == 1


# what stands in the file, a word of what is said
FILES = (
    (b"calls = ", "not TOML"),
    (b"\xff\xfe", "not TOML"),
    (b"colls = 5\nsecret = 1", "unknown settings: colls, secret"),
    (b"calls = 'many'", "not a whole number"),
    (b"calls = 1.5", "not a whole number"),
    (b"calls = true", "not a whole number"),
    (b"db = 5", "not a text"),
    (b"listen = [1]", "not a list of texts"),
    (b"listen = 5", "not a list of texts"),
    (b"retry_minutes = 5", "not a list of numbers"),
    (b"retry_minutes = [[1]]", "not a list of numbers"),
    (b"connect_seconds = 1979-05-27", "not a number"),
    (b"[calls]\na = 1", "not a whole number"),
)


@pytest.mark.parametrize(("octets", "said"), FILES)
def test_refused_from_a_file(tmp_path: Path, octets: bytes, said: str) -> None:
    file = tmp_path / "odzew.toml"
    file.write_bytes(octets)
    with pytest.raises(SettingError, match=said):
        read({}, {"ODZEW_SETTINGS": str(file)})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingError, match="cannot be read"):
            read({}, {}, str(path))


def test_an_option_that_is_wrong_is_named_as_it_is_written() -> None:
    with pytest.raises(SettingError, match="--calls-per-target"):
        read({"calls_per_target": 0}, {})


@given(st.sampled_from(sorted(BY_NAME)), st.text())
def test_any_text_is_a_value_or_our_error(name: str, text: str) -> None:
    try:
        value = read({}, {f"ODZEW_{name.upper()}": text})[name]
    except SettingError:
        return
    assert read({name: value}, {})[name] == value

"""What a careless operator writes: each is one clear sentence, and nothing stays open behind it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from odzew.clock import Clock
from odzew.errors import OdzewError, SettingError
from odzew.serve import Server
from odzew.settings import read

CASES: tuple[tuple[str, dict[str, object], str], ...] = (
    ("an address of a stranger", {"listen": "nohost.invalid:80"}, "cannot listen on nohost.invalid:80: Name or service not known"),
    ("a label too long", {"listen": "a" * 70 + ".pl:80"}, "that is no host"),
    ("a port that is none", {"listen": "127.0.0.1:99999"}, "use host:port"),
    ("a port of other digits", {"listen": "127.0.0.1:٨٠"}, "use host:port"),
    ("no address", {"listen": ""}, "listen names no address"),
    ("NUL in an address", {"listen": ["\0:80"]}, "is not a list of texts"),
    ("NUL in a file", {"db": "sqlite:///\0"}, "is not a text"),
    ("a country's name", {"country": "Poland"}, "country is two capital letters, such as PL, not 'Poland'"),
    ("a key without its certificate", {"tls_key": "key.pem"}, "tls_cert and tls_key belong together"),
    ("a certificate without its key", {"tls_cert": "cert.pem"}, "tls_cert and tls_key belong together"),
    ("authorities that are not there", {"extra_ca": "/nonexistent"}, "No such file or directory"),
    ("authorities that are none", {"extra_ca": __file__}, "is no readable PEM file"),
    ("no database", {"db": f"sqlite:///{__file__}"}, "not a database"),
    ("a folder that is not there", {"db": "sqlite:////nonexistent/x.db"}, "unable to open"),
    ("another product", {"db": "mysql://user:planted@host/x"}, "'...@host/x' is no database"),
    ("a server that is not there", {"db": "postgresql://user:planted@127.0.0.1:1/x"}, "cannot be used now"),
)


@pytest.mark.parametrize(("given", "words"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
async def test_a_wrong_setting_is_one_sentence(tmp_path: Path, given: dict[str, object], words: str) -> None:
    with pytest.raises(OdzewError) as caught:
        await Server(read({"db": f"sqlite:///{tmp_path}/x.db", "listen": "127.0.0.1:0"} | given, {}), Clock(), {}).start()
    assert words in str(caught.value)
    assert "planted" not in str(caught.value)
    assert "\n" not in str(caught.value)


def _taken(port: int) -> str:
    return f"127.0.0.1:{port}"


def _twice(port: int) -> str:
    return f"127.0.0.1:{port + 1},127.0.0.1:{port + 1}"


@pytest.mark.parametrize("listen", [_taken, _twice])
async def test_an_address_in_use(tmp_path: Path, listen: Callable[[int], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = listen(other.getsockname()[1])
        with pytest.raises(SettingError, match="Address already in use"):
            await Server(read({"db": f"sqlite:///{tmp_path}/x.db", "listen": where}, {}), Clock(), {}).start()

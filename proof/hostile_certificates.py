"""Certificates that must not be believed, made with the openssl command in a directory of their own."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Final

from proof.hostile_names import PEER

AUTHORITY: Final = "authority.pem"
KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
NAMES: Final = {"expired": PEER, "other": "other.hostile.test"}
"""Those that the authority signs, and for which host."""


class Certificates:
    """`authority`: the file of the authority that the hostile account trusts. It has signed `expired` and `other`, and never `itself`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.authority = directory / AUTHORITY

    def make(self) -> Certificates:
        self._run("req", "-x509", *KEY, "-keyout", "authority.key", "-out", AUTHORITY, "-subj", "/CN=authority", "-days", "2")
        for name, host in NAMES.items():
            self._run("req", "-new", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
            (self._directory / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n", encoding="ascii")
            self._run(
                "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", "-CA", AUTHORITY, "-CAkey", "authority.key",
                "-CAcreateserial", "-extfile", f"{name}.ext", "-days", "0" if name == "expired" else "2",
            )  # fmt: skip
        self._run(
            "req", "-x509", *KEY, "-keyout", "itself.key", "-out", "itself.pem", "-subj", f"/CN={PEER}",
            "-addext", f"subjectAltName=DNS:{PEER}", "-days", "2",
        )  # fmt: skip
        return self

    def shown(self, name: str) -> ssl.SSLContext:
        """The server's side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        return context

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self._directory, check=True, capture_output=True)

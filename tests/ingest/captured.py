"""Requests as they were captured (tests/corpus/kannel/README.md), and changes made to them."""

from __future__ import annotations

from pathlib import Path

from odzew.ingest.contract import Request

CORPUS = Path(__file__).parents[1] / "corpus" / "kannel"
NAMES = sorted(path.stem for path in CORPUS.glob("*.http"))


def octets(name: str) -> bytes:
    return (CORPUS / f"{name}.http").read_bytes()


def request(name: str) -> Request:
    head, _, body = octets(name).partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.split(b" ")
    headers = [(key.lower(), value.strip()) for key, _, value in (line.partition(b":") for line in lines)]
    return Request(method.decode(), target.partition(b"?")[2], headers, body)

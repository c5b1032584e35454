"""PDUs as networks send them (tests/corpus/smpp/README.md) and what each means."""

from __future__ import annotations

from typing import Final

import pytest

from odzew.wire import deliver
from odzew.wire.coding import Reading
from odzew.wire.pdu import Framer
from tests.wire.smpp import CORPUS, recreated

POLAND: Final = Reading(national_number_prefix="48")

MESSAGES: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    # file, sender, recipient, text, extra
    (
        "network-types-and-payload", "+48500600700", "71200", "Hi there",
        {"source_network_type": "01", "dest_network_type": "01"},
    ),
    (
        "vendor-002b", "+48500600705", "69700", "Test",
        {"data_coding": "1", "esm_class": "0x80", "0x002B": "0102", "source_subaddress": "2B3438353030363030303030"},
    ),
    (
        "vendor-38636", "Example", "+48799448812", "PLEASE IGNORE THIS MESSAGE",
        {"data_coding": "241", "message_class": "1", "0x1403": "3338363336", "0x96EC": ""},
    ),
    ("filled-up-with-nuls", "+48500600706", "+48799448811", "Test 1", {}),
    ("long-strings", "+4850060070" + "7" * 30, "+48799448811", "Test 2", {"service_type": "LONGER_THAN_SIX"}),
    ("national-and-short-code", "+48500600708", "71200", "AUTO 1", {}),
    ("network-time", "+48500600709", "+48799448811", "Test 3", {}),
    ("data-sm", "+48500600710", "+48799448811", "Zażółć 😀", {"service_type": "CMT"}),
    (
        "user-acknowledgement", "+48500600711", "+48799448811", "OK, 15:00",
        {"esm_class": "0x10", "user_message_reference": "0011", "user_response_code": "01"},
    ),
)  # fmt: skip

RECEIPTS = (
    # file, sender, recipient, id, state, error, text
    ("network-error-code-in-digits", "+48500600700", "ODZEW", "5b2e8c1d9f304a66b7a0c3d2e1f40985", "UNDELIV", "000", ""),
    ("receipt-text-of-a-dash", "+48500600701", "+48799448811", "0c9d21aa-17fe-4d35-9113-2f44a1b60c77", "DELIVRD", "000", "-"),
    ("receipt-in-payload", "48500600702", "7788", "af8af", "DELIVRD", "000", ""),
    ("vendor-1454", "+48500600703", "EXAMPLECOM", "1451003152302249571", "DELIVRD", "0000", "Test (x)"),
    ("vendor-060d", "48500600704", "0", "4D19C84D", "DELIVRD", "000", "GW0250 MCC=260 MNC=1 BillingMNC=1"),
)

BINDS = ("bind-answer-with-vendor-tag", "bind-refused-with-a-nul")  # in test_pdu


@pytest.mark.parametrize(("name", "sender", "recipient", "text", "extra"), MESSAGES, ids=[row[0] for row in MESSAGES])
def test_messages(name: str, sender: str, recipient: str, text: str, extra: dict[str, str]) -> None:
    found = deliver.read(recreated(name), POLAND)
    assert (found.sender, found.recipient, found.text, found.form) == (sender, recipient, text, "text")
    assert found.extra == extra
    assert found.receipt is None
    assert found.acknowledgement is (name == "user-acknowledgement")
    assert found.network_time == (1_795_447_199_700_000 if name == "network-time" else None)


@pytest.mark.parametrize(
    ("name", "sender", "recipient", "message_id", "state", "error", "text"), RECEIPTS, ids=[row[0] for row in RECEIPTS]
)
def test_receipts(name: str, sender: str, recipient: str, message_id: str, state: str, error: str, text: str) -> None:
    found = deliver.read(recreated(name), POLAND)
    assert found.receipt is not None
    assert (found.sender, found.recipient, found.text) == (sender, recipient, "")
    assert (found.receipt.message_id, found.receipt.state, found.receipt.error, found.receipt.text) == (message_id, state, error, text)
    assert found.receipt.done_at is not None
    assert {"id": message_id, "stat": state, "err": error}.items() <= found.extra.items()


@pytest.mark.parametrize("name", sorted([*(row[0] for row in MESSAGES), *(row[0] for row in RECEIPTS)]))
def test_each_can_be_written_again(name: str) -> None:
    pdu = recreated(name)
    again = deliver.encode(deliver.parse(pdu), pdu[7] + pdu[6] * 256, int.from_bytes(pdu[12:16], "big"))
    assert again[4:] == (pdu[4:] if name != "filled-up-with-nuls" else pdu[4:-7])


def test_every_file_has_a_row_here_and_in_the_readme() -> None:
    names = {file.stem for file in CORPUS.glob("*.hex")}
    assert names == {row[0] for row in (*MESSAGES, *RECEIPTS)} | set(BINDS)
    readme = (CORPUS / "README.md").read_text(encoding="utf-8")
    assert {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")} == names


def test_all_of_them_in_one_stream() -> None:
    pdus = [recreated(file.stem) for file in sorted(CORPUS.glob("*.hex"))]
    assert Framer().feed(b"".join(pdus)) == pdus

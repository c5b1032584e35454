"""What the set-up takes must be what its users can read: one table of values, judged on both sides."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.addresses import read_network
from odzew.forward.allowance import parse_allowance
from odzew.forward.schedule import Schedule
from odzew.forward.sign import read_secret
from odzew.inbox.parts import TIMEOUT
from odzew.ingest.smpp.options import SmppOptions
from odzew.setup import judges
from odzew.setup.after import after
from odzew.setup.compare import compare
from odzew.setup.tables import SmppTable, SourceTable
from odzew.store.directory import Directory
from odzew.wire.coding import Reading
from tests.setup.documents import SECRET, WHOLE, document, faults, faults_on

_NETWORKS = st.ip_addresses().flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(lambda n: ip_network(f"{address}/{n}", strict=False))
)
_SPELLED = st.text(alphabet="0123456789abf.:/[]") | _NETWORKS.map(str) | _NETWORKS.map(lambda n: f"[{n.network_address}]/{n.prefixlen}:80")


@given(value=_SPELLED)
def test_an_allowance_that_is_taken_can_be_read_by_the_guard(value: str) -> None:
    try:
        judges.allowances((value,), "PL")
    except ValueError:
        return
    assert parse_allowance(value).network is not None


@given(value=_SPELLED)
def test_a_network_that_is_taken_can_be_read_by_those_who_let_in(value: str) -> None:
    try:
        (kept,) = judges.networks((value,), "PL")
    except ValueError:
        return
    assert str(ip_network(kept)) == kept
    assert read_network(kept) is not None


@given(minutes=st.lists(st.floats(0.0005, 11_000), min_size=1, max_size=22), basis=st.sampled_from(["first", "previous"]))
def test_a_schedule_that_is_taken_can_be_served(minutes: list[float], basis: str) -> None:
    text = f"""[[account]]
    name = "acme"
      [[account.forward]]
      for = "sms"
      url = "http://a.example/"
      retry_minutes = [{", ".join(map(str, minutes))}]
      retry_basis = "{basis}"
    """
    found = [fault for fault in faults_on(Directory(), text) if "retry_minutes" in fault]
    if not found:
        assert Schedule(tuple(minutes), "first" if basis == "first" else "previous").attempts == len(minutes) + 1


def test_a_signing_secret_that_is_taken_can_be_read_by_the_signer() -> None:
    assert len(read_secret(judges.signature_secret(SECRET, "PL"))) == 32


CARRIER = '[[source]]\nname = "c"\nprotocol = "smpp"\nhosts = ["a.example:2775"]\nsystem_id = "x"\n'
READING = {"default_alphabet", "ucs2_order", "alphabets", "national_number_prefix", "text_receipts"}


def names(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def test_a_carrier_has_the_keys_that_its_users_read_and_no_other() -> None:
    own = names(SmppTable) - names(SourceTable)
    assert own - READING - {"parts_timeout_seconds"} == names(SmppOptions)


def test_a_carrier_of_which_nothing_else_is_said_has_their_defaults() -> None:
    directory = after(Directory(), compare(document(CARRIER), Directory()))
    source = directory.sources["c"]
    assert SmppOptions.of(source) == SmppOptions(hosts=("a.example:2775",), system_id="x")
    assert Reading.of(source.options) == Reading()
    assert TIMEOUT == 3600.0


def test_every_key_of_a_carrier_reaches_its_users() -> None:
    directory = after(Directory(), compare(document(WHOLE), Directory()))
    options, reading = SmppOptions.of(directory.sources["carrier-a"]), Reading.of(directory.sources["carrier-a"].options)
    assert (options.system_type, options.interface_version, options.addr_ton, options.addr_npi) == ("VMA", 0x34, 1, 1)
    assert (options.address_range, options.tls_server_name, options.window) == ("^48", "smsc.carrier.example", 5000)
    assert reading.codings == {4: "utf8", 0xF5: "binary"}


@pytest.mark.parametrize("host", ["a.example:1", "[2001:db8::7]:65535", "192.0.2.7:2775", "a:0", "a:65536", "a", ":1", "[::1]", "a b:1"])
def test_a_host_that_is_taken_can_be_read_by_the_one_who_connects(host: str) -> None:
    text = CARRIER.replace("a.example:2775", host)
    if faults(text):
        return
    directory = after(Directory(), compare(document(text), Directory()))
    (read,) = SmppOptions.of(directory.sources["c"]).addresses()
    assert str(read) == host

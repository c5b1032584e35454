"""What the set-up takes must be what its users can read: one table of values, judged on both sides."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from odzew.access.addresses import read_network
from odzew.forward.allowance import parse_allowance
from odzew.forward.schedule import Schedule
from odzew.forward.sign import read_secret
from odzew.setup import judges
from odzew.store.directory import Directory
from tests.setup.documents import SECRET, faults_on

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

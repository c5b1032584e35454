"""A call never reaches a forbidden address: a table of hosts, and a listening socket on loopback that nobody may reach."""

from __future__ import annotations

import pytest

from odzew.clock import FixedClock
from odzew.forward.call import Call
from odzew.forward.guard import Guard, parse_allowance
from odzew.forward.sender import HttpSender
from tests.forward.conftest import Listen
from tests.forward.receiver import HOST, TableResolver, a_call, answers, ok, until

HOSTS = [
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.0.0.1", "0177.1", "0177.0.0.1", "017700000001",
    "127.000.000.001", "127.255.255.254", "0.0.0.0", "0", "0x0", "１２７.０.０.１", "127。0。0。1", "①②⑦.0.0.1", "127\u00ad.0.0.1",
    "[::1]", "::1", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:7f00:1::80ff:fffe]", "[::1%lo]", "[fe80::1%25lo]",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "[fd00::2]", "[fe80::1]", "224.0.0.1", "[ff02::1]",
    "255.255.255.255", "%31%32%37.0.0.1", "127.0.0.1:80", "user@127.0.0.1", "127.0.0.1/x", "256.0.0.1", "[127.0.0.1]",
]  # fmt: skip

NAMES = {
    "loopback.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1", "::1"],
    "six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "compatible.example": ["::127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "6to4.example": ["2002:7f00:1::"],
    "private.example": ["10.0.0.1"],
    "link.example": ["fe80::1%lo"],
    "metadata.example": ["169.254.169.254"],
    "unspecified.example": ["0.0.0.0"],
    "last.example": ["93.184.215.14", "2606:2800::1", "127.0.0.1"],
    "first.example": ["127.0.0.1", "93.184.215.14"],
    "many.example": [f"93.184.{n >> 8}.{n & 255}" for n in range(9999)] + ["127.0.0.1"],
    "nonsense.example": ["not an address"],
}


async def refused(sender: HttpSender, call: Call) -> bool:
    """Whether the call was refused with a reason and nothing else."""
    answer = await sender.send(call)
    return bool(answer.detail) and (answer.outcome, answer.status, answer.address, answer.body) == ("blocked", None, "", b"")


@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_reaches_a_forbidden_address(sender: HttpSender, listen: Listen, resolver: TableResolver, host: str) -> None:
    receiver = await listen(answers(ok()))
    call = a_call(receiver.port, host=host)
    call.allowances = ()
    assert await refused(sender, call)
    await until(lambda: True)
    assert receiver.visits == []
    assert resolver.asked == [], "an address is no name to be looked up"


@pytest.mark.parametrize("host", NAMES)
async def test_no_name_reaches_a_forbidden_address(sender: HttpSender, listen: Listen, resolver: TableResolver, host: str) -> None:
    receiver = await listen(answers(ok()))
    resolver.table = NAMES
    call = a_call(receiver.port, host=host)
    call.allowances = ()
    assert await refused(sender, call)
    await until(lambda: True)
    assert receiver.visits == []


async def test_a_name_that_changes_between_judging_and_connecting(sender: HttpSender, listen: Listen, resolver: TableResolver) -> None:
    """The resolver is asked once for each call, and the connection goes to the address that was judged."""
    judged = await listen(answers(ok(b"judged")))
    resolver.turns[HOST] = [["127.0.0.1"], ["127.0.0.2"]]
    call = a_call(judged.port)
    call.allowances = (parse_allowance("127.0.0.1"),)
    answer = await sender.send(call)
    assert (answer.body, answer.address, resolver.asked) == (b"judged", "127.0.0.1", [HOST])
    assert await refused(sender, call)


async def test_a_kept_connection_is_no_way_around_the_guard(sender: HttpSender, listen: Listen) -> None:
    receiver = await listen(answers(ok(), ok()))
    assert (await sender.send(a_call(receiver.port))).outcome == "ok"
    other_account = a_call(receiver.port)
    other_account.allowances = ()
    assert await refused(sender, other_account)
    assert len(receiver.requests) == 1


async def test_a_kept_connection_is_used_only_for_an_address_of_the_present_answer(
    sender: HttpSender, listen: Listen, resolver: TableResolver
) -> None:
    receiver = await listen(answers(ok(), ok()))
    await sender.send(a_call(receiver.port))
    resolver.table[HOST] = ["::1"]
    assert (await sender.send(a_call(receiver.port))).outcome == "refused"
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::"])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", HOST])
async def test_our_own_listeners_are_never_called(
    clock: FixedClock, resolver: TableResolver, listen: Listen, listening: str, host: str
) -> None:
    receiver = await listen(answers(ok()))
    sender = HttpSender(clock, resolver, Guard([(listening, receiver.port)]))
    call = a_call(receiver.port, host=host)
    call.allowances = (parse_allowance("0.0.0.0/0"), parse_allowance("::/0"))
    assert await refused(sender, call)
    assert receiver.visits == []


@pytest.mark.parametrize("port", [0, 22, 25, 1023, 65536])
async def test_ports_that_are_not_open(sender: HttpSender, resolver: TableResolver, port: int) -> None:
    resolver.table[HOST] = ["93.184.215.14"]
    assert await refused(sender, a_call(port))


async def test_what_the_operator_allows_is_reached(sender: HttpSender, listen: Listen) -> None:
    receiver = await listen(answers(ok()))
    call = a_call(receiver.port, host="127.0.0.1")
    call.allowances = (parse_allowance(f"127.0.0.0/8:{receiver.port}"),)
    assert (await sender.send(call)).outcome == "ok"

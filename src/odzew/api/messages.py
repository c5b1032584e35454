"""The controller `messages`: the list of incoming ones, and putting one into the inbox as if it had arrived."""

from __future__ import annotations

from typing import Final

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.api.params import INVALID, Parameters
from odzew.api.stream import Shape, messages
from odzew.errors import ContractError
from odzew.inbox.classify import keyword_of
from odzew.inbox.read import Ask
from odzew.model import KIND_OF_SERVICE, Arrival, Number
from odzew.store.unread import Filter
from odzew.wire import clean, msisdn
from odzew.wire.published import ORDERS, TYPES

OWN_SOURCE: Final = 0
"""Source of an arrival that a client put in by the API."""

LONGEST_TEXT: Final = 65_536  # characters, as of a push

NOBODY: Final = 0  # no account has this id, so a filter of it matches nothing


async def index(call: Call) -> Answer:
    """Incoming messages (contract 2). ContractError 1006, 1008, 2001."""
    return await _index(call, both=False)


async def index_both(call: Call) -> Answer:
    """The same under the newest client's name of it, where each item has both spellings of "received"."""
    return await _index(call, both=True)


async def _index(call: Call, both: bool) -> Answer:
    call.need_numbers()
    parameters, reader = call.parameters, call.services.reader
    wanted = _filter(parameters, call.account_id, call.services.limits.phones)
    page, limit = call.paging() or (1, None)
    ask = Ask(wanted, parameters.boolean("read"), parameters.boolean("show_contact"), limit, page)
    reading = await reader.open(ask)
    paging = None if limit is None else paging_of(page, reading.pages)
    return await messages(reader, reading, Shape(call.format, parameters.zone, both), paging)


async def send_nd(call: Call) -> Answer:
    """Puts a text into the caller's ND inbox, if it starts with a keyword of his. ContractError 2000, 2001, 1006."""
    sender, text = call.parameters.required_phone("phone", msisdn.normalise), call.parameters.required("text")
    for number in call.services.directory().numbers.values():
        if KIND_OF_SERVICE[number.service] == "nd":
            keyword = keyword_of(text, number, call.services.directory())
            if keyword is not None and keyword.account_id == call.account_id:
                return await _put_in(call, sender, number, text)
    return call.success(False)


async def send_ndi(call: Call) -> Answer:
    """Puts a text into the inbox of one of the caller's NDI numbers. ContractError 2000, 2001, 1006."""
    sender, text = call.parameters.required_phone("phone", msisdn.normalise), call.parameters.required("text")
    address = call.parameters.required_phone("ndi_number", msisdn.normalise)
    number = call.services.directory().numbers.get(address)
    if number is None or KIND_OF_SERVICE[number.service] != "ndi" or number.account_id != call.account_id:
        return call.success(False)
    return await _put_in(call, sender, number, text)


def _filter(parameters: Parameters, account_id: int, most_phones: int) -> Filter:
    kind = parameters.choice("type", TYPES)
    number = parameters.phone("ndi", msisdn.normalise)
    impossible = number is not None and kind not in (None, "ndi")
    return Filter(
        account_id=NOBODY if impossible else account_id,
        senders=parameters.phones("phone", most_phones),
        since=parameters.since("date_from"),
        until=parameters.until("date_to"),
        kind=kind if number is None else "ndi",
        recipient=number,
        newest_first=parameters.choice("order", ORDERS) == ORDERS[1],
    )


async def _put_in(call: Call, sender: str, number: Number, text: str) -> Answer:
    if len(text) > LONGEST_TEXT:
        raise ContractError(INVALID, "text")
    kept = clean.text(text)
    arrival = Arrival(OWN_SOURCE, sender, number.address, kept.encode(), kept)
    (receipt,) = await call.services.receive([arrival])
    return call.success(receipt.message_id is not None)

"""How an SMPP request fared: command_status (SMPP 3.4 s.5.1.3)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from odzew.errors import WireError


class Status(IntEnum):
    """command_status without its `ESME_`."""

    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RINVPRTFLG = 0x06
    RINVREGDLVFLG = 0x07
    RSYSERR = 0x08
    RINVSRCADR = 0x0A
    RINVDSTADR = 0x0B
    RINVMSGID = 0x0C
    RBINDFAIL = 0x0D
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RCANCELFAIL = 0x11
    RREPLACEFAIL = 0x13
    RMSGQFUL = 0x14
    RINVSERTYP = 0x15
    RINVNUMDESTS = 0x33
    RINVDLNAME = 0x34
    RINVDESTFLAG = 0x40
    RINVSUBREP = 0x42
    RINVESMCLASS = 0x43
    RCNTSUBDL = 0x44
    RSUBMITFAIL = 0x45
    RINVSRCTON = 0x48
    RINVSRCNPI = 0x49
    RINVDSTTON = 0x50
    RINVDSTNPI = 0x51
    RINVSYSTYP = 0x53
    RINVREPFLAG = 0x54
    RINVNUMMSGS = 0x55
    RTHROTTLED = 0x58
    RINVSCHED = 0x61
    RINVEXPIRY = 0x62
    RINVDFTMSGID = 0x63
    RX_T_APPN = 0x64
    RX_P_APPN = 0x65
    RX_R_APPN = 0x66
    RQUERYFAIL = 0x67
    RINVOPTPARSTREAM = 0xC0
    ROPTPARNOTALLWD = 0xC1
    RINVPARLEN = 0xC2
    RMISSINGOPTPARAM = 0xC3
    RINVOPTPARAMVAL = 0xC4
    RDELIVERYFAILURE = 0xFE
    RUNKNOWNERR = 0xFF


class MalformedPdu(WireError):
    """A whole PDU whose body cannot be followed. `status` is the command_status to answer it with."""

    def __init__(self, message: str, status: int = Status.RSYSERR) -> None:
        super().__init__(message)
        self.status = int(status)


_WORDS: Final = {
    Status.ROK: "accepted",
    Status.RINVMSGLEN: "message length is wrong",
    Status.RINVCMDLEN: "command length is wrong",
    Status.RINVCMDID: "command is unknown",
    Status.RINVBNDSTS: "wrong bind for this command",
    Status.RALYBND: "already bound",
    Status.RINVPRTFLG: "priority is wrong",
    Status.RINVREGDLVFLG: "registered delivery is wrong",
    Status.RSYSERR: "system error",
    Status.RINVSRCADR: "source address is wrong",
    Status.RINVDSTADR: "destination address is wrong",
    Status.RINVMSGID: "message id is wrong",
    Status.RBINDFAIL: "bind failed",
    Status.RINVPASWD: "password is wrong",
    Status.RINVSYSID: "system id is wrong",
    Status.RCANCELFAIL: "cancel failed",
    Status.RREPLACEFAIL: "replace failed",
    Status.RMSGQFUL: "message queue is full",
    Status.RINVSERTYP: "service type is wrong",
    Status.RINVNUMDESTS: "number of destinations is wrong",
    Status.RINVDLNAME: "distribution list is wrong",
    Status.RINVDESTFLAG: "destination flag is wrong",
    Status.RINVSUBREP: "replacing is not possible",
    Status.RINVESMCLASS: "esm_class is wrong",
    Status.RCNTSUBDL: "cannot submit to the distribution list",
    Status.RSUBMITFAIL: "submit failed",
    Status.RINVSRCTON: "source type of number is wrong",
    Status.RINVSRCNPI: "source numbering plan is wrong",
    Status.RINVDSTTON: "destination type of number is wrong",
    Status.RINVDSTNPI: "destination numbering plan is wrong",
    Status.RINVSYSTYP: "system type is wrong",
    Status.RINVREPFLAG: "replace_if_present is wrong",
    Status.RINVNUMMSGS: "number of messages is wrong",
    Status.RTHROTTLED: "too many messages a second",
    Status.RINVSCHED: "delivery time is wrong",
    Status.RINVEXPIRY: "validity period is wrong",
    Status.RINVDFTMSGID: "predefined message is not there",
    Status.RX_T_APPN: "receiver has a temporary error",
    Status.RX_P_APPN: "receiver has a permanent error",
    Status.RX_R_APPN: "receiver rejects the message",
    Status.RQUERYFAIL: "query failed",
    Status.RINVOPTPARSTREAM: "optional part cannot be read",
    Status.ROPTPARNOTALLWD: "optional parameter is not allowed",
    Status.RINVPARLEN: "parameter length is wrong",
    Status.RMISSINGOPTPARAM: "an expected optional parameter is missing",
    Status.RINVOPTPARAMVAL: "optional parameter value is wrong",
    Status.RDELIVERYFAILURE: "delivery failed",
    Status.RUNKNOWNERR: "unknown error",
}


def status_words(code: int) -> str:
    """What `code` means, for people: `ESME_RBINDFAIL (0x0000000D): bind failed`. Any number has words."""
    try:
        status = Status(code)
    except ValueError:
        # s.5.1.3: 0x400 to 0x4FF are each vendor's own.
        return f"0x{code & 0xFFFF_FFFF:08X}: " + ("an error of the vendor's own" if 0x400 <= code <= 0x4FF else "not in SMPP 3.4")
    return f"ESME_{status.name} (0x{code:08X}): {_WORDS[status]}"

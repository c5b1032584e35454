"""What an MM7 answer says (3GPP TS 23.140 s.8.7.8.4, table of status codes)."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = 1000
CLIENT_ERROR: Final = 2000
CONTENT_REFUSED: Final = 2004
UNSUPPORTED_OPERATION: Final = 4003
VALIDATION_ERROR: Final = 4004
SERVICE_UNAVAILABLE: Final = 4006
SERVICE_DENIED: Final = 4007

TEXTS: Final[dict[int, str]] = {
    SUCCESS: "Success",
    1100: "Partial success",
    CLIENT_ERROR: "Client error",
    2001: "Operation restricted",
    2002: "Address error",
    2003: "Address not found",
    CONTENT_REFUSED: "Multimedia content refused",
    2005: "Message ID not found",
    2006: "LinkedID not found",
    2007: "Message format corrupt",
    2008: "Application ID not found",
    2009: "Reply Application ID not found",
    3000: "Server error",
    3001: "Not possible",
    3002: "Message rejected",
    3003: "Multiple addresses not supported",
    3004: "Application addressing not supported",
    4000: "General service error",
    4001: "Improper identification",
    4002: "Unsupported version",
    UNSUPPORTED_OPERATION: "Unsupported operation",
    VALIDATION_ERROR: "Validation error",
    4005: "Service error",
    SERVICE_UNAVAILABLE: "Service unavailable",
    SERVICE_DENIED: "Service denied",
    4008: "Application denied",
}


def text_of(code: int) -> str:
    """The text of a code; of an unknown one that of its class: the first digit alone tells what it means."""
    return TEXTS.get(code) or TEXTS.get(code // 1000 * 1000) or "Unknown status"


def is_temporary(code: int) -> bool:
    """Whether the same request may succeed later."""
    return code in (3000, 4000, SERVICE_UNAVAILABLE)

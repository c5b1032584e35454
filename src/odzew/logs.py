"""Log lines: structured, one for each event, on standard error. No message text and no secret is ever handed to a logger."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from odzew.clock import Clock, to_datetime
from odzew.errors import SettingError

LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(form: str, level: str, clock: Clock) -> None:
    """Sets the form (`json`, or `text` for people) and the least level of all log lines. SettingError for another word."""
    if form not in ("json", "text"):
        raise SettingError(f"log_format is json or text, not {form!r}")
    if level not in LEVELS:
        raise SettingError(f"log_level is one of {', '.join(LEVELS)}, not {level!r}")

    def stamp(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = to_datetime(clock.now()).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return event

    last: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        last = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), timestamp_key="at")
    structlog.configure(
        processors=[stamp, structlog.processors.add_log_level, structlog.processors.format_exc_info, last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )

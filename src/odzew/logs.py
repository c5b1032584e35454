"""Log lines: structured, one for each event, on standard error. No message text and no secret is ever handed to a logger.

Of an exception its kind and its places are told, never its words: those of a driver or a codec may quote a message. The lines of
the libraries' own loggers take the same form.
"""

from __future__ import annotations

import logging
import sys
import traceback
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
        processors=[stamp, structlog.processors.add_log_level, _without_words, last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Forwarding)] + [_Forwarding()]


def _without_words(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as `error`, its kind, and `where`, the places that it passed through."""
    given = event.pop("exc_info", None)
    found = given if isinstance(given, BaseException) else sys.exc_info()[1] if given is True else given[1] if given else None
    if found is not None:
        event["error"] = type(found).__qualname__
        event["where"] = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(found.__traceback__)]
    return event


class _Forwarding(logging.Handler):
    """What libraries log: the first line of it. asyncio writes into further ones what a task was given."""

    def emit(self, record: logging.LogRecord) -> None:
        first = record.getMessage().partition("\n")[0]
        level = "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= logging.WARNING else "debug"
        structlog.get_logger(record.name).log(LEVELS[level], first, logger=record.name, exc_info=record.exc_info)

"""What of the log goes to the run's page: everything from the level of the settings on, but no more than a cap.

A line costs the server 1.4 ms and half a kilobyte for two weeks: a poll of ten thousand failing feeds
must not flood it.
The console has every line.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from prefect.logging.handlers import APILogHandler

from geowire.logs import hide
from geowire.settings import Settings

LINES_MOST = 200
LOGGERS = ("geowire", "ingest")
PREFECT_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
PLAIN = logging.Formatter()


class RunLogCap(logging.Filter):
    """Lets so many lines of a run pass to its handler, none with a secret; the last one says that there were more."""

    def __init__(self, handler: logging.Handler, most: int = LINES_MOST, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._handler = handler
        self._most = most
        self._secrets = secrets
        self._seen = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Count anew: another run begins."""
        with self._lock:
            self._seen = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the server gets the record as it is."""
        self._hide_in(record)
        with self._lock:
            self._seen += 1
            seen = self._seen
        if seen == self._most:
            self._handler.emit(_last_line(record, self._most))
        return seen < self._most

    def _hide_in(self, record: logging.LogRecord) -> None:
        """Handlers take the text of a traceback from the record once it is there."""
        said = record.getMessage()
        if said != (hidden := hide(said, self._secrets)):
            record.msg, record.args = hidden, None
        if record.exc_info and not record.exc_text:
            record.exc_text = PLAIN.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = hide(record.exc_text, self._secrets)
        if record.stack_info:
            record.stack_info = hide(record.stack_info, self._secrets)


def _last_line(record: logging.LogRecord, most: int) -> logging.LogRecord:
    said = f"{record.getMessage()} (a run sends {most} lines at most; the rest is in the log of its own process)"
    return logging.makeLogRecord({**record.__dict__, "msg": said, "args": None})


def cap_run_log(settings: Settings) -> None:
    """Send the lines of geowire's loggers from the level of the settings on, and cap what goes to the server."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(settings.log_level)
    handlers = {handler for name in (*LOGGERS, *PREFECT_LOGGERS) for handler in logging.getLogger(name).handlers}
    for handler in handlers:
        if isinstance(handler, APILogHandler):
            _cap_of(handler, settings.secrets).begin()


def _cap_of(handler: logging.Handler, secrets: Sequence[str]) -> RunLogCap:
    found = next((cap for cap in handler.filters if isinstance(cap, RunLogCap)), None)
    if found is None:
        found = RunLogCap(handler, secrets=secrets)
        handler.addFilter(found)
    return found

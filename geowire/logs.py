"""How a log line is written: as text for a person, or as one JSON object; a secret is in neither."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from geowire.settings import Settings

HIDDEN = "***"
SHORTEST_SECRET = 3
"""What is shorter is no secret, and would blot out half of each line."""
OUTCOMES = "outcomes"
"""Root of the loggers of outcomes. Not one of a room: Prefect keeps the rooms' lines, and these are too many for it."""
ROOMS = ("geowire", "ingest", "processors", OUTCOMES)


def outcome_logger(stage: str) -> logging.Logger:
    """Where a stage writes what became of each article."""
    return logging.getLogger(f"{OUTCOMES}.{stage}")


def write_outcomes(settings: Settings, process: str) -> None:
    """Outcomes to standard error, in a process whose other lines somebody else takes care of."""
    log = logging.getLogger(OUTCOMES)
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(settings, process))
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(settings.log_level)


def formatter(settings: Settings, process: str) -> logging.Formatter:
    """Lines in the format of the settings."""
    if settings.log_format == "json":
        return JsonLines(process, settings.secrets)
    return TextLines("%(levelname)s %(message)s", settings.secrets)


def hide(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave beside the message."""
    return {name: value for name, value in record.__dict__.items() if name not in RESERVED_ATTRS}


class TextLines(logging.Formatter):
    """The message, then its fields as `name=value`."""

    def __init__(self, layout: str = "%(message)s", secrets: Sequence[str] = ()) -> None:
        super().__init__(layout)
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # the library's name
        """The line before any traceback."""
        fields = "".join(f" {name}={value}" for name, value in fields_of(record).items() if value is not None)
        return super().formatMessage(record) + fields

    def format(self, record: logging.LogRecord) -> str:
        """The whole line."""
        return hide(super().format(record), self._secrets)


class JsonLines(JsonFormatter):
    """Time (RFC 3339, UTC), level, logger, process, message, then the fields."""

    def __init__(self, process: str, secrets: Sequence[str] = ()) -> None:
        super().__init__(json_ensure_ascii=False)
        self._process = process
        self._secrets = secrets

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Fill the object, its fixed fields first."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"level": record.levelname, "logger": record.name, "process": self._process}
        log_data["message"] = record.getMessage()
        log_data |= message_dict
        log_data |= {name: value for name, value in fields_of(record).items() if value is not None}

    def jsonify_log_record(self, log_data: Any) -> str:
        """The object as one line; secrets are taken out of its strings, where no escape can hide them."""
        return super().jsonify_log_record(_hidden(log_data, self._secrets))


def _hidden(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {name: _hidden(one, secrets) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(one, secrets) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return hide(str(value), secrets)

"""Log lines: the same record as text and as JSON, and no secret in either."""

from __future__ import annotations

import json
import logging

import pytest

from geowire.logs import HIDDEN, JsonLines, TextLines
from geowire.settings import load_settings


def record(message: str, **fields: object) -> logging.LogRecord:
    """A record of half past ten, with fields."""
    made = logging.LogRecord("geowire.stage.tag", logging.INFO, "f.py", 1, message, (), None)
    made.created = 1_767_263_400.25
    made.__dict__.update(fields)
    return made


def test_a_record_is_one_json_object() -> None:
    """Fixed fields first, then the caller's; a field without a value is left out, a line break stays inside."""
    line = JsonLines("process tag").format(record("a\nb", article_id="Kyïv", feed_id=None, count=2))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-01-01T10:30:00.250Z",
        "level": "INFO",
        "logger": "geowire.stage.tag",
        "process": "process tag",
        "message": "a\nb",
        "article_id": "Kyïv",
        "count": 2,
    }


def test_fields_stand_behind_the_text() -> None:
    """For a person: the message, then name=value."""
    assert TextLines().format(record("published", article_id="a1", feed_id=None)) == "published article_id=a1"


@pytest.mark.parametrize("password", ["hunter2", 'p"w\\d', "p%40ss"])
def test_no_secret_is_in_a_line(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    """Neither in the message, nor in a field, nor in a traceback, nor as JSON would escape it."""
    monkeypatch.setenv("GEOWIRE_STATE", f"postgresql+psycopg://geowire:{password}@127.0.0.1:1/geowire")
    monkeypatch.setenv("GEOWIRE_WEBHOOK", "https://hooks.example/T0KEN")
    monkeypatch.setenv("GEOWIRE_WEBHOOK_SECRET", "sixteen letters!")
    secrets = load_settings().secrets
    told = record(
        f"cannot open {password}", url="https://hooks.example/T0KEN", parts=[password, {"x": "sixteen letters!"}]
    )
    told.exc_info = (ValueError, ValueError(password), None)

    for formatter in (JsonLines("poll", secrets), TextLines(secrets=secrets)):
        line = formatter.format(told)
        assert HIDDEN in line
        assert not [secret for secret in ("T0KEN", "sixteen", password, json.dumps(password)[1:-1]) if secret in line]


def test_a_password_among_the_options_is_hidden_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As libpq takes it."""
    monkeypatch.setenv("GEOWIRE_STATE", "postgresql://db.example/geowire?user=u&password=hunter2&sslmode=require")

    assert load_settings().secrets == ("hunter2",)


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("postgresql://bob:pa/ss@db/news", "pa/ss"),
        ("postgresql://bob:p@ss@db/news", "p@ss"),
        ("postgresql://bob:pa@s/s@db/news", "pa@s/s"),
        ("postgresql://bob:hunter2@db/news@home", "hunter2"),
        ("kafkas://alice:hunter2@broker:9093", "hunter2"),
        ("kafka:/alice:hunter2@broker:9093", "hunter2"),
    ],
)
@pytest.mark.parametrize("name", ["STATE", "BUS"])
def test_a_password_is_hidden_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, hidden: str
) -> None:
    """With the signs that end it for some, in an address that is none, and in that of the bus."""
    monkeypatch.setenv(f"GEOWIRE_{name}", url)

    secrets = load_settings().secrets

    assert hidden in secrets
    assert min(map(len, secrets)) > 1, "hiding every p would hide everything"


def test_a_state_without_a_password_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, and an address with a user only; nor does a bus."""
    for state in ("", "sqlite:////tmp/a:b@c.db", "sqlite:///a:b@c.db", "postgresql://geowire@127.0.0.1/a:b@c"):
        monkeypatch.setenv("GEOWIRE_STATE", state)
        monkeypatch.setenv("GEOWIRE_BUS", state)
        assert load_settings().secrets == ()

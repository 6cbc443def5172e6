"""The password of the state and the webhook's address are told nowhere, whatever goes wrong."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr
from servers.processes import free_port

from cli.main import run_app
from geowire.errors import GeowireError
from geowire.settings import load_settings
from ingest.database import open_engine

PASSWORD = "pa55-of-the-database"
TOKEN = "t0ken-in-the-path"
SIGNING = "s1gning-secret-of-the-webhook"
SECRETS = (PASSWORD, TOKEN, SIGNING)
BROKEN = (
    f"postgresql://geowire:{PASSWORD}@127.0.0.1:1/geowire",
    f"postgresql://geowire:{PASSWORD}@127.0.0.1:no-port/geowire",
    f"postgresql://geowire:an@{PASSWORD}@127.0.0.1/geowire",
    f"postgresql://geowire:an@/{PASSWORD}@127.0.0.1:1/geowire",
    f"postgresql://geowire:an@127.0.0.1?{PASSWORD}@127.0.0.1:1/geowire",
    f"postgresql://127.0.0.1:1/geowire?password={PASSWORD}&sslpassword={PASSWORD}",
    f"mysql://geowire:{PASSWORD}@127.0.0.1/geowire",
    f"geowire:{PASSWORD}@127.0.0.1/geowire",
)


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings with secrets, at the level that tells most, and a feed that nobody answers for."""
    feeds = tmp_path / "feeds.yaml"
    feeds.write_text(f"feeds:\n  - url: http://127.0.0.1:{free_port()}/rss\n", "utf-8")
    settings = {
        "DATA": str(tmp_path / "data"),
        "FEEDS": str(feeds),
        "ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "WEBHOOK": f"http://127.0.0.1:1/{TOKEN}",
        "WEBHOOK_SECRET": SIGNING,
        "WEBHOOK_ATTEMPTS": "1",
        "LOG_LEVEL": "DEBUG",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"GEOWIRE_{name}", value)


def leaked(text: str) -> list[str]:
    """The secrets that stand in a text."""
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_address_is_named_without_its_password(
    state: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """`geowire poll` says in one line which setting is wrong; what a traceback would show does not hold it either."""
    monkeypatch.setenv("GEOWIRE_STATE", state)

    assert run_app(["poll", "--all"]) in {1, 2}
    with pytest.raises(GeowireError) as caught:
        open_engine(SecretStr(state))

    said = "".join(capsys.readouterr())
    assert "GEOWIRE_STATE: " in said
    assert not leaked(said + caplog.text + "".join(traceback.format_exception(caught.value)))


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    """Only the address of a server can hold a password."""
    open_engine(SecretStr(f"sqlite:///{tmp_path}/me@home/state.db")).dispose()

    assert (tmp_path / "me@home" / "state.db").exists()


@pytest.mark.postgres
def test_commands_that_work_tell_no_secret(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A poll, its counts, and flags that are to be sent."""
    monkeypatch.setenv("GEOWIRE_STATE", postgres_url.replace("geowire@", f"geowire:{PASSWORD}@"))

    for command in (["poll", "--all"], ["status"], ["status", "--json"], ["watch", "send", "--until-idle"]):
        assert run_app(command) == ("status" in command)  # nobody answers for the feed, which is a fault
        assert not leaked("".join(capsys.readouterr()))


def test_settings_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever prints them or dumps them sees stars."""
    for name, value in (("STATE", BROKEN[0]), ("WEBHOOK", TOKEN), ("WEBHOOK_SECRET", SIGNING)):
        monkeypatch.setenv(f"GEOWIRE_{name}", value)

    settings = load_settings()

    assert not leaked(f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}")
    assert PASSWORD in settings.state_url.get_secret_value()

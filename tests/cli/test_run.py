"""`geowire run` before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers.processes import free_port

from cli.run import check_feeds
from geowire.errors import Misconfigured
from geowire.settings import load_settings


def test_a_feed_list_that_is_away_is_only_said(capsys: pytest.CaptureFixture[str]) -> None:
    """After a reboot the web may come later than we do; polls ask for the list again."""
    address = f"http://127.0.0.1:{free_port()}/feeds.opml"

    check_feeds(load_settings(feeds=address, allow_private_networks="127.0.0.0/8", retry_wait="1ms"))

    said = capsys.readouterr().err
    assert address in said
    assert "polls ask for it again" in said
    assert said.count("\n") == 1


def test_a_feed_list_that_is_none_ends_it(tmp_path: Path) -> None:
    """No waiting mends that."""
    (tmp_path / "feeds.yaml").write_text("feeds: 7", "utf-8")

    with pytest.raises(Misconfigured, match=r"feeds\.yaml"):
        check_feeds(load_settings(feeds=str(tmp_path / "feeds.yaml")))

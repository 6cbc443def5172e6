"""`geowire feeds import|export|check|list` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cli.main import run_app

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title><item><title>News</title>
<link>http://127.0.0.1/news/1</link><pubDate>Fri, 20 Nov 2026 09:00:00 +0000</pubDate></item></channel></rss>"""
OPML = """<opml version="2.0"><body><outline text="Baltic"><outline type="rss" text="One" xmlUrl="https://one.example/rss"/>
<outline type="rss" text="One again" xmlUrl="http://www.one.example/rss/"/></outline>
<outline type="rss" text="Two" xmlUrl="nonsense"/>
<outline type="rss" text="Three & more" xmlUrl="https://three.example/rss"/>
</body></opml>
"""


class _Feed(BaseHTTPRequestHandler):
    """Answers with a feed at `/feed.xml`, and with nothing elsewhere."""

    def do_GET(self) -> None:
        """Answer."""
        is_feed = self.path == "/feed.xml"
        self.send_response(200 if is_feed else 404)
        self.send_header("Content-Type", "application/rss+xml")
        self.end_headers()
        self.wfile.write(RSS if is_feed else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        """Say nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a site on loopback that may be reached."""
    monkeypatch.setenv("GEOWIRE_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("GEOWIRE_WORKERS", "1")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Feed) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that ends well prints."""
    capsys.readouterr()
    assert run_app(arguments) == 0
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """The catalogue."""
    return [json.loads(line) for line in printed(["feeds", "list", "--json"], capsys).splitlines()]


def test_without_a_catalogue_the_way_to_one_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In the one line of the error."""
    assert run_app(["feeds", "list"]) == 2

    assert "geowire feeds import starter" in capsys.readouterr().err


def test_the_starter_fills_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    """A region or two of it, and nothing twice."""
    first = printed(["feeds", "import", "starter", "--region", "koreas", "--region", "ukraine"], capsys)
    second = printed(["feeds", "import", "starter", "--region", "koreas"], capsys)

    assert {feed["folder"] for feed in listed(capsys)} == {"koreas", "ukraine"}
    assert " 0 listed already, 0 there twice, 0 could not be read" in first
    assert ": 0 new, " in second
    assert "koreas" in printed(["feeds", "list"], capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["starter", "--region", "mars"], "there is no 'mars'; write one of africa"),
        (["other.opml", "--region", "asia"], "only the starter has regions"),
        (["missing.opml"], "missing.opml"),
        (["page.html"], "no feed in it could be read"),
    ],
)
def test_what_cannot_be_imported_is_said(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and no catalogue is begun."""
    (tmp_path / "page.html").write_text("<html><p>hello<br></html>")

    assert run_app(["feeds", "import", *arguments]) == 2

    assert words in capsys.readouterr().err
    assert not (tmp_path / ".geowire").exists()


def test_a_broken_list_is_imported_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row that could not be read is named, with its line."""
    (tmp_path / "mine.opml").write_text(OPML)

    assert run_app(["feeds", "import", "mine.opml"]) == 0

    said = capsys.readouterr()
    assert "2 new, 0 listed already, 1 there twice, 2 could not be read" in said.out
    assert "mine.opml: this is not OPML" in said.err
    assert "mine.opml, line 3: 'nonsense' is not the address of a feed" in said.err
    assert [(feed["title"], feed["folder"]) for feed in listed(capsys)] == [("One", "Baltic"), ("Three & more", None)]


@pytest.mark.parametrize("name", ["out.opml", "out.yaml"])
def test_what_is_exported_can_be_imported(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing lost."""
    printed(["feeds", "import", "starter"], capsys)
    before = {str(feed["id"]): feed for feed in listed(capsys)}

    printed(["feeds", "export", name], capsys)
    monkeypatch.setenv("GEOWIRE_FEEDS", str(tmp_path / "again.yaml"))
    printed(["feeds", "import", name], capsys)

    assert {str(feed["id"]): feed for feed in listed(capsys)} == before


def test_export_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """OPML, if nothing else is said; never over the catalogue itself."""
    printed(["feeds", "add", "https://a.example/rss", "--title", "[b]A & B"], capsys)

    assert 'title="[b]A &amp; B" xmlUrl="https://a.example/rss"' in printed(["feeds", "export"], capsys)
    assert printed(["feeds", "export", "--format", "yaml"], capsys).startswith(
        "feeds:\n  - url: https://a.example/rss\n"
    )
    assert run_app(["feeds", "export", ".geowire/feeds.yaml"]) == 2
    assert "the catalogue itself" in capsys.readouterr().err


def test_check_exits_0_if_all_are_well(site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address need not be listed, and nothing is begun."""
    (facts,) = map(json.loads, printed(["feeds", "check", f"{site}/feed.xml", "--json"], capsys).splitlines())

    assert (facts["well"], facts["status"], facts["entries"]) == (True, 200, 1)
    assert facts["newest"] == "2026-11-20T09:00:00+00:00"
    assert not (tmp_path / ".geowire").exists()


def test_check_exits_1_if_any_is_not(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And says which, and why; all of the catalogue if no address is named."""
    for path in ("feed.xml", "lost.xml"):
        printed(["feeds", "add", f"{site}/{path}"], capsys)

    assert run_app(["feeds", "check"]) == 1
    shown = capsys.readouterr().out
    assert "1 of 2 feeds are not well" in shown
    assert "http-404" in shown

    assert run_app(["feeds", "check", "--json"]) == 1
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(fact["well"], [found["kind"] for found in fact["findings"]]) for fact in facts] == [
        (True, []),
        (False, ["http-404"]),
    ]


def test_an_address_that_is_none_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert run_app(["feeds", "check", "nonsense"]) == 2
    assert "'nonsense' is not the address of a feed" in capsys.readouterr().err

"""What feeds write is text in Prefect's UI, whatever it is: the UI renders reports and table cells as Markdown."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from flows.reports import feed_rows, poll_markdown
from ingest.report import FeedReport, PollReport

ALLOWED = {"h2", "h3", "p", "strong", "a", "table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<ScRiPt src=//evil.example>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "<javascript:alert(1)>",
    "[a]: javascript:alert(1) 'x'",
    "https://evil.example/ looks like ours",
    "www.evil.example",
    "| a | b |\n|---|---|\n| <svg onload=alert(1)> |",
    "`code` **bold** _it_ ~~gone~~ # head",
    "&lt;b&gt; &#x3c;script&#x3e;",
    "two\r\n\r\n<iframe src=x>\x1b[31m",
    "\\<b> \\[x](javascript:x)",
)


class Tags(HTMLParser):
    """Which elements a page has, where its links lead, and what it says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element."""
        self.names.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.words += data


def rendered(markdown: str) -> Tags:
    """As a renderer shows it that lets HTML through and follows every kind of link."""
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    renderer.validateLink = lambda _: True  # type: ignore[assignment, method-assign]
    return Tags(renderer.render(markdown))


def failing(title: str | None, url: str = "https://a.example/rss", error: str = "timeout") -> FeedReport:
    """A feed that failed."""
    return FeedReport("f", url, title, "failed", "failing", error, state_before="healthy", why=error)


def row_of(feed: FeedReport) -> dict[str, object]:
    """Its row in the table artifact."""
    (row,) = feed_rows(PollReport((feed,)))
    return row


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_report_has_no_markup_but_its_own(hostile: str) -> None:
    """In a title and in an error: no element, no link and no image of the feed's."""
    page = rendered(poll_markdown(PollReport((failing(hostile, error=hostile),))))

    assert page.names <= ALLOWED, page.names
    assert set(page.links) == {"https://a.example/rss"}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_table_cell_shows_what_is_written(hostile: str) -> None:
    """A person reads the very characters, control characters aside, and nothing happens."""
    for cell in (row_of(failing(hostile))["feed"], row_of(failing("t", error=hostile))["error"]):
        page = rendered(str(cell))
        assert page.names == {"p"}
        assert "://" not in str(cell)
        assert "www." not in str(cell)
        expected = " ".join(hostile.replace("\x1b", " ").split())
        assert " ".join(page.words.split()) == expected


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "//a.example"])
def test_an_address_that_is_none_of_the_web_is_no_link(url: str) -> None:
    """It is shown as text."""
    page = rendered(poll_markdown(PollReport((failing("title", url),))))

    assert page.links == []
    assert rendered(str(row_of(failing("title", url))["url"])).names == {"p"}


def test_an_address_cannot_end_its_link() -> None:
    """What means something in Markdown is percent-encoded; what is encoded already stays."""
    url = "https://a.example/x>)[y](javascript:z)|<b>`*\n%20?q=ä"

    page = rendered(poll_markdown(PollReport((failing("title", url),))))

    assert len(page.links) == 2
    assert all(link.startswith("https://a.example/x%3E") for link in page.links)
    assert page.names <= ALLOWED
    assert rendered(str(row_of(failing("title", url))["url"])).links == []

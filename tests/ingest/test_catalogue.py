"""The catalogue: both forms in, one error line out, and edits that leave the rest alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from geowire.errors import Misconfigured
from geowire.settings import Settings
from ingest.catalogue import Located, parse_catalogue, parse_listing, read_catalogue
from ingest.catalogue_edit import add_feed, remove_feed
from ingest.feed_list import FeedRow, PublisherRow, feed_list_schema
from ingest.opml import write_opml

if TYPE_CHECKING:
    from ingest.conftest import FakeWeb

YAML = """\
# our feeds
feeds:
  # the first
  - url: https://www.one.example/feed   # fine
    title: One
    publisher: {id: one, country: GB}

  # the second
  - url: https://two.example/rss
    language: de
# the end
"""
OPML = """<?xml version="1.0"?>
<opml version="2.0"><head><title>t</title></head><body>
<outline text="Group"><outline type="rss" text="One" xmlUrl="https://www.one.example/feed"/></outline>
<outline type="rss" title="Two &amp; more" xmlUrl="https://two.example/rss" language="de"/>
</body></opml>
"""


def located(text: str, name: str = "feeds.yaml") -> Located:
    """A list in memory."""
    return Located(name, text.encode())


def test_both_forms_give_the_same_feeds() -> None:
    """Ids follow the address, publishers the registered domain unless they are named."""
    yaml_feeds, opml_feeds = parse_catalogue(located(YAML)), parse_catalogue(located(OPML))

    assert [feed.id for feed in yaml_feeds] == [feed.id for feed in opml_feeds]
    assert [feed.publisher.id for feed in yaml_feeds] == ["one", "two.example"]
    assert [feed.publisher.id for feed in opml_feeds] == ["one.example", "two.example"]
    assert [feed.language for feed in opml_feeds] == [None, "de"]


def test_opml_comes_back_whole() -> None:
    """What is exported can be imported."""
    feeds = parse_catalogue(located(YAML))
    again = parse_catalogue(Located("x", write_opml(feeds)))

    assert [feed.publisher for feed in again] == [feed.publisher for feed in feeds]
    assert [feed.url for feed in again] == [feed.url for feed in feeds]


def test_a_feed_that_is_listed_twice_counts_once() -> None:
    """Spelling does not make another feed."""
    twice = "feeds: [{url: 'https://a.example/x'}, {url: 'HTTPS://A.example:443/x#top'}]"

    assert len(parse_catalogue(located(twice))) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feeds: [", "feeds.yaml, line 1: this is not YAML"),
        ("feeds:\n  - url: https://a.example/\n  - title: x\n", "feeds.yaml, line 3: feeds.1.url"),
        ("feeds:\n  - url: https://a.example/\n    ulr: x\n", "feeds.yaml, line 3: feeds.0.ulr"),
        ("feeds:\n  - url: a.example\n", "feeds.yaml, line 2: 'a.example' is not the address of a feed"),
        ("feeds:\n  - url: ftp://a.example/\n", "write http://... or https://..."),
        ("feeds:\n  - url: https://a.example/\n    publisher: {country: UKR}\n", "feeds.0.publisher.country"),
        ("- https://a.example/", "feeds.yaml, line 1: file"),
        ("just text", "feeds.yaml, line 1: file"),
        ("feeds: [{url: 2026-99-99}]", "feeds.yaml: this is not a feed list"),
        ("feeds: [{[a]: b}]", "feeds.yaml: this is not a feed list"),
        ("feeds: " + "[" * 5_000, "feeds.yaml: this is not a feed list: too many brackets"),
        ("feeds: {url: https://a.example/}", "feeds.yaml, line 1: feeds"),
        ("feeds:\n  - url: https://a.example/\n    language: no\n", "feeds.yaml, line 3: feeds.0.language"),
        ("feeds: []\nfeeds:\n- url: https://a.example/\n", "feeds.yaml, line 2: feeds: is written twice"),
        ("<opml><body>", "feeds.yaml: this is not OPML"),
        ("<opml><body>\n<outline xmlUrl='nonsense'/></body></opml>", "feeds.yaml, line 2: 'nonsense'"),
        ("<!DOCTYPE o [<!ENTITY a 'x'>]><opml>&a;</opml>", "entities are not allowed"),
    ],
)
def test_errors_name_file_line_and_field(text: str, said: str) -> None:
    """In one line, with what to write instead."""
    with pytest.raises(Misconfigured) as caught:
        parse_catalogue(located(text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_that_cannot_be_read_does_not_hide_the_others() -> None:
    """An import takes what there is and names the rest; each row is named once, in the order of lines."""
    rows = ["url: https://a.example/", "url: ftp://b.example/", "ulr: x, title: 3", "url: https://d.example/"]
    text = "feeds:\n" + "".join(f"  - {{{row}}}\n" for row in rows)

    listing = parse_listing(located(text))

    assert [feed.url for feed in listing.feeds] == ["https://a.example/", "https://d.example/"]
    assert [problem.line for problem in listing.unreadable] == [3, 4]


@pytest.mark.parametrize(
    ("written", "kept"), [(" a // b/", "a/b"), ("a\\/b", "a\\/b"), ("/", None), ("a\n\tb", "a b"), ("", None)]
)
def test_folders_are_kept_plain(written: str, kept: str | None) -> None:
    """Empty names and stray white space are nothing that a person meant."""
    assert FeedRow(url="https://a.example/", folder=written).folder == kept


def test_a_file_that_is_not_utf_8_is_not_changed(tmp_path: Path) -> None:
    """It can be read, but an edit would mix two encodings."""
    path = tmp_path / "feeds.yaml"
    path.write_bytes(YAML.encode("utf-16"))

    assert len(parse_catalogue(Located("feeds.yaml", path.read_bytes()))) == 2
    with pytest.raises(Misconfigured, match="save it as UTF-8"):
        add_feed(str(path), FeedRow(url="https://three.example/"))


def test_catalogue_at_an_address_is_read_only(web_server: FakeWeb, settings: Settings) -> None:
    """It is fetched with the same guards, and not written."""
    url = web_server.serves("/feeds.opml", OPML)

    assert len(read_catalogue(url, settings)) == 2
    with pytest.raises(Misconfigured, match="read-only"):
        add_feed(url, FeedRow(url="https://new.example/"))
    with pytest.raises(Misconfigured, match="private-address"):
        read_catalogue(url, settings.with_(allow_private_networks=()))


def test_adding_and_removing_keeps_the_rest(tmp_path: Path) -> None:
    """Order and comments stay as they are."""
    path = tmp_path / "feeds.yaml"
    path.write_text(YAML)
    row = FeedRow(url="https://three.example/", title="Three: ü", publisher=PublisherRow(country="FR"))

    added = add_feed(str(path), row)
    remove_feed(str(path), "https://www.one.example/feed")

    text = path.read_text()
    assert added.publisher.country == "FR"
    assert [feed.url for feed in parse_catalogue(located(text))] == ["https://two.example/rss", added.url]
    assert [line for line in text.splitlines() if line.strip().startswith("#")] == [
        "# our feeds",
        "  # the first",
        "  # the second",
        "# the end",
    ]


def test_first_and_last_feed(tmp_path: Path) -> None:
    """A file is made for the first feed, and is valid without the last."""
    path = str(tmp_path / "new" / "feeds.yaml")

    feed = add_feed(path, FeedRow(url="https://a.example/"))
    with pytest.raises(Misconfigured, match="listed already"):
        add_feed(path, FeedRow(url="https://A.example"))
    remove_feed(path, feed.id)

    assert parse_catalogue(Located(path, Path(path).read_bytes())) == ()
    with pytest.raises(Misconfigured, match="is not listed"):
        remove_feed(path, feed.id)
    assert add_feed(path, FeedRow(url="https://b.example/")).url == "https://b.example/"


IN_BRACKETS = [
    "feeds: [{url: https://a.example/x}, {url: https://b.example/y}]\n",
    "feeds: [\n  {url: https://a.example/x}, {url: https://b.example/y},\n  {url: https://c.example/z}]\n",
    "feeds:\n  [{url: https://a.example/x},\n   {url: https://b.example/y}]\n",
    '{"feeds": [{"url": "https://a.example/x"}, {"url": "https://b.example/y"}]}\n',
    "feeds: [{url: https://a.example/x}]\n",
]


@pytest.mark.parametrize("text", IN_BRACKETS)
def test_feeds_in_brackets_are_not_edited(tmp_path: Path, text: str) -> None:
    """A line may hold several of them: the file stays as it is, and the error says what to write."""
    path = tmp_path / "feeds.yaml"
    path.write_text(text)

    for edit in (
        lambda: remove_feed(str(path), "https://a.example/x"),
        lambda: add_feed(str(path), FeedRow(url="https://new.example/")),
    ):
        with pytest.raises(Misconfigured, match=r"stand in \[brackets\].*: - url: https") as caught:
            edit()
        assert "\n" not in str(caught.value)
    assert path.read_text() == text


def test_nothing_is_written_that_is_not_the_list_without_the_feed(tmp_path: Path) -> None:
    """Here the dash on a line of its own would stay behind: the guard sees that, and the error says what to do."""
    path = tmp_path / "feeds.yaml"
    text = "feeds:\n  -\n    url: https://a.example/x\n  - url: https://b.example/y\n"
    path.write_text(text)

    with pytest.raises(Misconfigured, match="edit the file by hand"):
        remove_feed(str(path), "https://a.example/x")
    assert path.read_text() == text


def test_a_feed_in_braces_over_several_lines_goes_alone(tmp_path: Path) -> None:
    """It begins after a dash, so its lines are its own."""
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds:\n  - {url: https://a.example/x\n    }\n  - {url: https://b.example/y}\n")

    remove_feed(str(path), "https://a.example/x")

    assert path.read_text() == "feeds:\n  - {url: https://b.example/y}\n"


@pytest.mark.parametrize("empty", ["feeds: []", "feeds: [] # none yet", "feeds:", "feeds: # none yet", "feeds: ~", ""])
def test_an_empty_list_gets_its_first_feed_where_it_stands(tmp_path: Path, empty: str) -> None:
    """With what a person has written beside it."""
    path = tmp_path / "feeds.yaml"
    path.write_text(f"# ours\n{empty}\n# the end\n")

    add_feed(str(path), FeedRow(url="https://a.example/"))

    text = path.read_text()
    assert [feed.url for feed in parse_catalogue(located(text))] == ["https://a.example/"]
    assert ["none yet" in text, "# ours" in text, "# the end" in text] == ["none yet" in empty, True, True]


def test_opml_files_can_be_edited(tmp_path: Path) -> None:
    """An outline more, an outline less."""
    path = tmp_path / "feeds.opml"
    path.write_text(OPML)

    add_feed(str(path), FeedRow(url="https://three.example/"))
    remove_feed(str(path), "https://two.example/rss")

    urls = [feed.url for feed in parse_catalogue(Located("x", path.read_bytes()))]
    assert urls == ["https://www.one.example/feed", "https://three.example/"]


def test_schema_describes_the_yaml_form() -> None:
    """Editors can check a file against it."""
    validator = Draft202012Validator(feed_list_schema())

    assert validator.is_valid({"feeds": [{"url": "https://a.example/", "publisher": {"country": "GB"}}]})
    assert not validator.is_valid({"feeds": [{"title": "no address"}]})

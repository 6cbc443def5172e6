"""OPML: what goes out comes back, folders and all; what is broken is read as far as it goes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geowire.errors import Misconfigured
from ingest.catalogue import Feed, Located, feed_of, parse_catalogue, parse_listing
from ingest.catalogue_edit import add_feed, export_feeds, import_feeds, remove_feed
from ingest.feed_list import FeedRow, PublisherRow, join_folder, split_folder
from ingest.opml import write_opml

ANYTHING = st.text(st.characters(), max_size=40)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40).map(str.strip).filter(bool)
ROWS = st.builds(
    FeedRow,
    url=st.builds("https://a.example/{}?{}".format, NAMES, NAMES),
    title=st.none() | ANYTHING,
    language=st.none() | st.sampled_from(["en", "uk", "zh-Hant"]),
    folder=st.none() | ANYTHING,
    publisher=st.builds(
        PublisherRow,
        id=st.none() | ANYTHING,
        name=st.none() | ANYTHING,
        country=st.none() | st.sampled_from(["GB", "NO"]),
        family=st.none() | ANYTHING,
    ),
)
FOLDERS = """<opml version="2.0"><head><title>mine</title></head><body>
<outline text="Europe"><outline text="Baltics/Nordics">
  <outline type="rss" text="One" xmlUrl="https://one.example/rss" htmlUrl="https://one.example/"/>
  </outline>
  <outline type="rss" text="Two" xmlUrl="https://two.example/rss"></outline>
</outline>
<outline type="rss" text="Three" xmlUrl="https://three.example/rss"/>
</body></opml>
"""


def read(text: str | bytes) -> tuple[Feed, ...]:
    """The feeds of a list that is well."""
    return parse_catalogue(Located("feeds", text.encode() if isinstance(text, str) else text))


@given(st.lists(ROWS, max_size=6))
@pytest.mark.parametrize("form", ["opml", "yaml"])
def test_nothing_is_lost_on_the_way_out_and_back(form: str, rows: list[FeedRow]) -> None:
    """Whatever characters titles, folders and addresses have."""
    feeds = {feed.id: feed for feed in map(feed_of, rows) if feed is not None}

    again = read(export_feeds(feeds.values(), "opml" if form == "opml" else "yaml"))

    assert {feed.id: feed for feed in again} == feeds


def test_folders_are_outlines_for_other_readers() -> None:
    """Each is there once, with its feeds inside."""
    feeds = read(FOLDERS)
    root = ET.fromstring(write_opml([*feeds, *read("feeds: [{url: https://four.example/, folder: Europe}]")]))

    assert [feed.folder for feed in feeds] == [r"Europe/Baltics\/Nordics", "Europe", None]
    assert [found.get("text") for found in root.findall("body/outline")] == ["Three", "Europe"]
    inner = root.findall("body/outline[@text='Europe']/outline")
    assert [found.get("text") for found in inner] == ["Two", "https://four.example/", "Baltics/Nordics"]


@given(st.lists(NAMES, max_size=4))
def test_a_folder_may_have_a_slash_in_its_name(names: list[str]) -> None:
    """A path is taken apart as it was put together."""
    assert list(split_folder(join_folder(names))) == names


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (FOLDERS.replace("htmlUrl=", "note=a & b < c htmlUrl="), 3),
        (FOLDERS.replace("one.example/rss", "one.example/rss?a=1&region=2&amp;b=3"), 3),
        (FOLDERS.partition("</body>")[0], 3),
        (FOLDERS.partition('htmlUrl="')[0] + '"/>' + FOLDERS.partition('<outline type="rss" text="Two"')[2], 1),
        (FOLDERS.partition("Three")[0], 2),
        (FOLDERS.replace("<outline", "<OUTLINE").replace("</opml>", ""), 3),
        ("<?xml version='1.0' encoding='nonsense'?>" + FOLDERS, 3),
        ("<?xml version='1.0' encoding='idna'?>" + FOLDERS.replace("Three", "é" * 99), 3),
        (FOLDERS.replace("Three", "&nbsp;"), 3),
        ("<!-- " + FOLDERS.replace("Europe", "Europe &&"), 3),
    ],
)
def test_what_is_broken_is_read_as_far_as_it_goes(broken: str, found: int) -> None:
    """And it is said; as a catalogue it is refused."""
    listing = parse_listing(Located("feeds.opml", broken.encode()))

    assert len(listing.feeds) == found
    assert str(listing.unreadable[0]).startswith("feeds.opml: this is not OPML: ")
    with pytest.raises(Misconfigured, match="this is not OPML"):
        read(broken)


def test_broken_addresses_keep_their_fields() -> None:
    """A field that is called like one of HTML's signs is none."""
    broken = FOLDERS.replace("one.example/rss", "one.example/rss?a=1&region=2&amp;b=3")

    assert parse_listing(Located("x", broken.encode())).feeds[0].url == "https://one.example/rss?a=1&region=2&b=3"
    assert parse_listing(Located("x", broken.encode())).feeds[0].folder == r"Europe/Baltics\/Nordics"


@pytest.mark.parametrize("hostile", ["<opml><body>" + "<outline '" * 20_000, "<opml>" + "<outline a='\"" * 20_000])
def test_broken_quotes_cost_little(hostile: str) -> None:
    """Each is looked at once, not once for each of the others."""
    assert parse_listing(Located("x", hostile.encode())).feeds == ()


def test_each_row_that_cannot_be_read_is_named() -> None:
    """With its line; the others are read."""
    rows = (
        "<outline type='rss' text='A'/>\n<outline xmlUrl='ftp://b.example/'/>\n<outline xmlUrl='https://c.example/'/>\n"
    )
    country = "<outline xmlUrl='https://d.example/' publisherCountry='Germany'/>"

    listing = parse_listing(Located("x.opml", f"<opml><body>\n{rows}{country}\n</body></opml>".encode()))

    assert [feed.url for feed in listing.feeds] == ["https://c.example/"]
    assert [problem.line for problem in listing.unreadable] == [2, 3, 5]
    assert "country" in str(listing.unreadable[2])


@pytest.mark.parametrize("other", ["<html><body><p>hello</p></body></html>", "<rss version='2.0'><channel/></rss>"])
def test_another_document_is_not_an_empty_list(other: str) -> None:
    """A feed or a page was named by mistake."""
    with pytest.raises(Misconfigured, match=r"it begins with <(html|rss)>; write <opml>"):
        read(other)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings_are_understood(encoding: str) -> None:
    """The document says which."""
    declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>{FOLDERS.replace("Three", "Müller")}'

    assert read(declared.encode(encoding))[2].title == "Müller"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "iso-8859-1"])
def test_edits_leave_the_rest_alone(tmp_path: Path, encoding: str) -> None:
    """Other readers' attributes and the file's encoding stay; a new outline is right in any encoding."""
    path = tmp_path / "feeds.opml"
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\n{FOLDERS.replace("mine", "für mich")}'
    path.write_bytes(text.encode(encoding))

    add_feed(str(path), FeedRow(url="https://four.example/", title="Київ", folder="Europe"))
    remove_feed(str(path), "https://two.example/rss")

    now = path.read_bytes()
    assert [feed.title for feed in read(now)] == ["One", "Three", "Київ"]
    assert read(now)[2].folder == "Europe"
    assert b'htmlUrl="https://one.example/"' in now
    assert "für mich" in now.decode(encoding)


def test_an_outline_with_others_inside_is_not_removed(tmp_path: Path) -> None:
    """They would go with it."""
    path = tmp_path / "feeds.opml"
    inner = '<outline xmlUrl="https://b.example/"/>'
    path.write_text(f'<opml><body><outline xmlUrl="https://a.example/">{inner}</outline></body></opml>')

    with pytest.raises(Misconfigured, match="holds others"):
        remove_feed(str(path), "https://a.example/")
    remove_feed(str(path), "https://b.example/")

    assert [feed.url for feed in read(path.read_bytes())] == ["https://a.example/"]


@pytest.mark.parametrize("name", ["feeds.opml", "feeds.yaml"])
def test_importing_twice_adds_nothing(tmp_path: Path, name: str) -> None:
    """Twins are known by their address, however it is spelled."""
    path = tmp_path / "new" / name
    feeds = read(FOLDERS)
    twins = [feed.model_copy(update={"url": feed.url.replace("https://", "http://www.") + "/"}) for feed in feeds]

    first = import_feeds(str(path), [*feeds, *twins])
    before = path.read_bytes()
    second = import_feeds(str(path), twins)

    assert (len(first.added), first.listed, first.repeated) == (3, 0, 3)
    assert (len(second.added), second.listed, second.repeated) == (0, 3, 0)
    assert path.read_bytes() == before
    assert {feed.id: feed for feed in read(before)} == {feed.id: feed for feed in feeds}

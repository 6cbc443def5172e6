"""Identity: the same address however it is written, and never another."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity import (
    accepted_canonical,
    address_key,
    alias_keys,
    article_id,
    content_hash,
    domain_of,
    entry_key,
    is_home_page,
    normalise_url,
    owner_of,
    repair_link,
)

WORDS = st.text("abcXYZ019-_.~äß%+ ", min_size=0, max_size=12)
URLS = st.builds(
    lambda host, path, fields: f"https://{host}.example.org/{'/'.join(path)}?{'&'.join(fields)}",
    st.sampled_from(["www", "news", "m"]),
    st.lists(WORDS, max_size=4),
    st.lists(st.builds("{}={}".format, WORDS, WORDS), max_size=4),
)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("HTTP://Example.ORG:80/a?utm_source=rss&id=3&fbclid=x#top", "http://example.org/a?id=3"),
        ("https://example.org:443", "https://example.org/"),
        ("//example.org/a", "https://example.org/a"),
        ("http://http://example.org/a", "http://example.org/a"),
        ("https://https//example.org/a", "https://example.org/a"),
        ("http:/example.org/a", "http://example.org/a"),
        ("http:\\\\example.org\\a\\b", "http://example.org/a/b"),
        (" https://example.org/a b\n", "https://example.org/a%20b"),
        ("https://example.org/ä?q=ö", "https://example.org/%C3%A4?q=%C3%B6"),
        ("https://example.org/%zz%c3%a4", "https://example.org/%25zz%C3%A4"),
        ("https://müller.example/", "https://xn--mller-kva.example/"),
        ("www.example.org/a", "https://www.example.org/a"),
        ("/a/b.html", "https://base.example/a/b.html"),
        ("base.example/a", "https://base.example/a"),
        ("www.base.example", "https://www.base.example/"),
        ("base.example.html", "https://base.example/x/base.example.html"),
        ("https://example.org/a\n\t/b", "https://example.org/a/b"),
        ("/a?x=1&amp;y=2&amp;amp;z=3", "https://base.example/a?x=1&y=2&z=3"),
        ("../b.html", "https://base.example/b.html"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("http://[::FFFF:127.0.0.1]:8080/", "http://[::ffff:7f00:1]:8080/"),
        ("mailto:a@example.org", None),
        ("javascript:void(0)", None),
        ("tag:example.org,2026:1", None),
        ("https://", None),
        ("https://exa mple.org/", None),
        ("https://example.org:99999/", None),
        ("https://example.org/" + "a" * 3_000, None),
    ],
)
def test_links_are_repaired(link: str, address: str | None) -> None:
    """What feeds write becomes an address, or nothing."""
    assert normalise_url(link, "https://base.example/x/y.html") == address


@given(URLS)
def test_normalising_twice_changes_nothing(url: str) -> None:
    """Normalisation is idempotent."""
    once = normalise_url(url)
    assert once is not None
    assert normalise_url(once) == once
    assert address_key(once) == address_key(url)


@given(st.text(max_size=200), st.none() | st.just("https://base.example/a/"))
def test_any_text_gives_a_fetchable_address_or_none(link: str, base: str | None) -> None:
    """Nothing raises, and what comes out is ASCII over http or https with a host."""
    address = repair_link(link, base)
    if address is not None:
        assert address.isascii()
        assert urlsplit(address).scheme in {"http", "https"}
        assert urlsplit(address).hostname
        assert repair_link(address) == address


@given(URLS, st.randoms(use_true_random=False))
def test_key_is_blind_to_field_order(url: str, chance: object) -> None:
    """The order of query fields does not make another address."""
    head, _, query = (normalise_url(url) or "").partition("?")
    fields = query.split("&")
    chance.shuffle(fields)  # type: ignore[attr-defined]
    assert address_key(f"{head}?{'&'.join(fields)}") == address_key(url)


@given(st.sets(URLS, max_size=4))
def test_aliases_are_blind_to_order(urls: set[str]) -> None:
    """Two writers claim the same addresses in the same order."""
    assert list(alias_keys(sorted(urls))) == list(alias_keys(sorted(urls, reverse=True)))


def test_tenants_of_a_platform_are_owners() -> None:
    """What one of them says is not what another says; a publisher's own subdomains are one owner's."""
    assert owner_of("https://one.substack.com/p/a") != owner_of("https://two.substack.com/p/a")
    assert owner_of("https://feeds.bbci.co.uk/x") == owner_of("https://www.bbci.co.uk/y")
    assert domain_of("https://one.substack.com/p/a") == domain_of("https://two.substack.com/p/a") == "substack.com"


def test_twins_have_one_key() -> None:
    """Scheme, `www.`, a last slash and tracking tell nothing about the page."""
    twins = ["https://www.example.org/a/", "http://example.org/a", "https://example.org/a?utm_medium=x#b"]
    assert len({address_key(url) for url in twins}) == 1
    assert address_key("https://example.org/a?page=2") != address_key(twins[0])
    devices = ["https://m.example.org/a", "https://amp.example.org/a/amp", "https://www.example.org/a?outputType=amp"]
    assert {address_key(url) for url in devices} == {address_key(twins[0])}
    cached = "https://www-example-org.cdn.ampproject.org/c/s/www.example.org/a"
    assert address_key(cached) == address_key("https://www.google.com/amp/s/example.org/a") == address_key(twins[0])
    assert address_key("https://example.org/electric-amp") != address_key("https://example.org/electric")
    assert address_key("https://m.org/a") != address_key("https://org/a")
    spellings = ["https://example.org/b/one", "https://example.org/b/./x/../one", "https://example.org/b/%6Fne"]
    assert len({address_key(url) for url in spellings}) == 1
    assert address_key("https://example.org/b%2Fone") != address_key(spellings[0])


@pytest.mark.parametrize(
    ("canonical", "page", "accepted"),
    [
        ("https://www.example.co.uk/a", "https://m.example.co.uk/a?x=1", "https://www.example.co.uk/a"),
        ("/a", "http://127.0.1.1:8080/b", "http://127.0.1.1:8080/a"),
        ("https://example.co.uk/", "https://example.co.uk/a", None),
        ("https://example.co.uk/index.html", "https://example.co.uk/a", None),
        ("https://other.co.uk/a", "https://example.co.uk/a", None),
        ("http://127.0.1.2/a", "http://127.0.1.1/a", None),
        ("", "https://example.co.uk/a", None),
        (None, "https://example.co.uk/a", None),
    ],
)
def test_canonical_needs_the_same_owner(canonical: str | None, page: str, accepted: str | None) -> None:
    """Same registered domain or the same IP address, and never the home page."""
    assert accepted_canonical(canonical, page) == accepted


def test_article_id_follows_the_last_address_known() -> None:
    """Link, final address, canonical; feed and GUID only without any."""
    link, final = "https://example.org/r/1", "https://example.org/a"
    assert article_id([link, final], "f", "g") == article_id([final], "other", "other") == address_key(final)
    assert article_id([], "f", "g") == article_id([], "f", "g") != article_id([], "f", "h")


def test_shared_guid_does_not_join_entries() -> None:
    """A GUID that several entries have says nothing without the link."""
    first, second = "https://example.org/1", "https://example.org/2"
    assert entry_key("g", first, guid_is_unique=True) == entry_key("g", second, guid_is_unique=True)
    assert entry_key("g", first, guid_is_unique=False) != entry_key("g", second, guid_is_unique=False)


def test_home_pages() -> None:
    """The front door, under its usual names."""
    assert all(is_home_page(f"https://example.org{path}") for path in ("", "/", "/index.php", "/default.aspx"))
    assert not any(is_home_page(f"https://example.org{path}") for path in ("/a", "/?p=12", "/2026/11/"))


@given(st.text(max_size=50), st.text(max_size=200))
def test_content_hash_is_blind_to_white_space(title: str, text: str) -> None:
    """Equal content, equal hash."""
    clean = " ".join(text.split())
    assert content_hash(title, text) == content_hash(f" {title} ", clean.replace(" ", "\n"))

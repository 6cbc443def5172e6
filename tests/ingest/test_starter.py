"""The starter catalogue: every row whole, every address once, and enough of each region and language."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from jsonschema import Draft202012Validator

from geowire.errors import Misconfigured
from ingest.catalogue import Feed
from ingest.feed_list import feed_list_schema
from ingest.identity import address_key
from ingest.starter import starter_feeds, starter_regions

ROOT = Path(__file__).parents[2]
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
NOT_A_PUBLISHER = ("news.google.com", "rsshub.app", "feeds.reuters.com")
REGION_FLOORS = {
    "africa": 40,
    "americas": 50,
    "asia": 80,
    "defence": 35,
    "europe": 85,
    "institutions": 40,
    "koreas": 20,
    "middle-east": 50,
    "russia": 30,
    "think-tanks": 35,
    "ukraine": 25,
    "world": 40,
}
LANGUAGE_FLOORS = {
    "en": 280, "es": 30, "ru": 25, "fr": 25, "de": 18, "uk": 18, "ar": 12, "zh": 10, "ko": 10,
    "pt": 9, "fa": 8, "tr": 6, "ja": 5, "pl": 5, "he": 4, "it": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def starter() -> tuple[Feed, ...]:
    """All of it."""
    return starter_feeds()


@pytest.mark.parametrize("region", starter_regions())
def test_every_file_keeps_to_the_schema(region: str) -> None:
    """What an editor checks is what geowire reads."""
    data = yaml.safe_load((files("ingest.starter") / f"{region}.yaml").read_bytes())

    Draft202012Validator(feed_list_schema()).validate(data)


def test_nothing_is_left_open(starter: tuple[Feed, ...]) -> None:
    """Each feed has title, language and a whole publisher, whose id and family are slugs."""
    for feed in starter:
        publisher = feed.publisher
        assert all((feed.title, publisher.name, publisher.country, publisher.family)), feed.url
        assert re.fullmatch(r"[a-z]{2}", feed.language or ""), feed.url
        assert all(SLUG.fullmatch(slug or "") for slug in (publisher.id, publisher.family)), feed.url


def test_a_publisher_is_the_same_everywhere(starter: tuple[Feed, ...]) -> None:
    """One id, one name, one country, one family; and no two ids for a name of one family."""
    described = defaultdict(set)
    for feed in starter:
        described[feed.publisher.id].add(feed.publisher.model_dump_json())
    names = Counter((known.publisher.name, known.publisher.family) for known in _one_each(starter))

    assert not [publisher for publisher, said in described.items() if len(said) > 1]
    assert not [name for name, count in names.items() if count > 1]


def test_owners_count_once(starter: tuple[Feed, ...]) -> None:
    """Titles of one owner share its family."""
    families = {feed.publisher.id: feed.publisher.family for feed in starter}

    assert families["voa"] == families["rfe-rl"] == families["radio-svoboda"] == "usagm"
    assert families["welt"] == families["politico-europe"] == families["politico-us"] == "axel-springer"
    assert families["tass"] == families["rt"] == families["ria"]


def test_no_address_is_there_twice(starter: tuple[Feed, ...]) -> None:
    """However it is spelled, and in whatever region."""
    seen = Counter(address_key(feed.url) for feed in starter)

    assert not [feed.url for feed in starter if seen[address_key(feed.url)] > 1]


def test_feeds_come_from_their_publishers(starter: tuple[Feed, ...]) -> None:
    """No search engine, no scraper, no address that is known to be dead."""
    assert not [feed.url for feed in starter if (urlsplit(feed.url).hostname or "").endswith(NOT_A_PUBLISHER)]


@pytest.mark.parametrize("region", starter_regions())
def test_files_are_sorted(region: str) -> None:
    """By publisher and address, so that a change is one line of a diff."""
    keys = [(feed.publisher.id, feed.url) for feed in starter_feeds([region])]

    assert keys == sorted(keys)


def test_there_is_enough_of_everything(starter: tuple[Feed, ...]) -> None:
    """Floors by region and by language."""
    regions = Counter(feed.folder for feed in starter)
    languages = Counter(feed.language for feed in starter)

    assert set(regions) == set(REGION_FLOORS)
    assert not {region for region, floor in REGION_FLOORS.items() if regions[region] < floor}
    assert not {language for language, floor in LANGUAGE_FLOORS.items() if languages[language] < floor}


def test_regions_can_be_chosen() -> None:
    """Each feed lies in the folder of its region; an unknown one is answered with those that there are."""
    assert {feed.folder for feed in starter_feeds(["koreas", "ukraine", "koreas"])} == {"koreas", "ukraine"}
    with pytest.raises(Misconfigured, match=r"no 'mars'; write one of africa, .*world"):
        starter_feeds(["mars"])


def test_the_wheel_brings_it_along() -> None:
    """An installed geowire has it too."""
    shipped = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}

    assert {f"ingest/starter/{region}.yaml" for region in REGION_FLOORS} <= shipped


def _one_each(feeds: tuple[Feed, ...]) -> list[Feed]:
    return list({feed.publisher.id: feed for feed in feeds}.values())

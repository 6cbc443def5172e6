"""The feeds that geowire brings along: world affairs, defence and diplomacy, one YAML file for each region."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from geowire.errors import Misconfigured
from ingest.catalogue import Feed, Located, parse_catalogue


def starter_regions() -> tuple[str, ...]:
    """The regions that there are."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def starter_feeds(regions: Iterable[str] = ()) -> tuple[Feed, ...]:
    """The feeds of these regions, or of all; each lies in the folder of its region. Raises `Misconfigured`."""
    wanted = tuple(dict.fromkeys(regions)) or starter_regions()
    return tuple(feed for region in wanted for feed in _region_feeds(region))


def _region_feeds(region: str) -> Iterable[Feed]:
    if region not in starter_regions():
        raise Misconfigured(f"--region: there is no {region!r}; write one of {', '.join(starter_regions())}")
    data = (files(__name__) / f"{region}.yaml").read_bytes()
    for feed in parse_catalogue(Located(f"starter/{region}.yaml", data)):
        yield feed.model_copy(update={"folder": region})

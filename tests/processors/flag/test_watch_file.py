"""A watches file: read as written, or one line that says what to write."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from geowire.errors import Misconfigured
from processors.flag import read_watches, shipped_watches
from processors.flag.schema import watches_schema
from processors.flag.watch_file import parse_watches

GOOD = """
watches:
  - id: norway
    title: Norway
    all:
      - country: {iso: NO, focus: true}
"""


def test_the_shipped_watches_are_good() -> None:
    """They cover military aid, arms to Russia, foreign troops, sanctions, nuclear and cease-fire."""
    ids = {watch.id for watch in shipped_watches()}

    assert ids >= {"military-aid-ukraine", "arms-to-russia", "foreign-troops", "sanctions", "nuclear", "cease-fire"}


def test_norway_is_no_boolean(tmp_path: Path) -> None:
    """Scalars are taken as written: `NO` is a country."""
    path = tmp_path / "watches.yaml"
    path.write_text(GOOD, "utf-8")

    (watch,) = read_watches(path)

    assert watch.all[0].country is not None
    assert watch.all[0].country.iso == ("NO",)
    assert watch.reasons == {"country"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("iso: NO", "iso: Norway", r"w\.yaml:6: watches\.0\.all\.0\.country\.iso.*match.*\(it is 'Norway'\)"),
        ("iso: NO", "isos: NO", r"w\.yaml:6: .*country\.isos: is no field here; write one of iso, role, focus"),
        ("country:", "land:", r"w\.yaml:6: .*all\.0\.land: is no field here; write one of theme, aid, country"),
        ("    title: Norway\n", "", r"w\.yaml:3: watches\.0\.title: is missing; write it"),
        ("id: norway", "id: Nor Way", r"w\.yaml:3: watches\.0\.id: .*\(it is 'Nor Way'\)"),
        ("focus: true", "focus: maybe", r"w\.yaml:6: .*country\.focus: write a valid boolean"),
        (
            "    all:\n      - country: {iso: NO, focus: true}\n",
            "",
            r"w\.yaml:3: watches\.0: write at least one condition",
        ),
        ("country: {iso: NO, focus: true}", "language: nb", r"w\.yaml:3: watches\.0: a language alone is no reason"),
        ("country: {iso: NO, focus: true}", "{}", r"w\.yaml:6: watches\.0\.all\.0: write exactly one of theme"),
        ("country: {iso: NO, focus: true}", "theme: {name: war}", r"w\.yaml:6: .*theme\.name.*'military-aid'"),
        ("country: {iso: NO, focus: true}", "norway", r"w\.yaml:6: watches\.0\.all\.0: write a mapping with theme"),
        ("    all:", "    fires_on: aid\n    all:", r"w\.yaml:5: watches\.0\.fires_on: .*write one of country"),
        ("{iso", "[iso", r"w\.yaml:6: not YAML: .*"),
        ("watches:", "watch:", r"w\.yaml:2: watch: is no field here; write one of watches"),
    ],
)
def test_a_mistake_is_told_in_one_line(old: str, new: str, expected: str) -> None:
    """File, line, field, and what to write instead."""
    assert old in GOOD

    with pytest.raises(Misconfigured) as caught:
        parse_watches(GOOD.replace(old, new), "w.yaml")

    assert re.match(expected, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "watches: []", "- a", "watches: {}", "\x00", "a: &a [*a]"])
def test_anything_else_is_misconfigured(text: str) -> None:
    """An empty or odd file is told as well, never another error."""
    with pytest.raises(Misconfigured, match=r"^w\.yaml:\d+: "):
        parse_watches(text, "w.yaml")


def test_an_id_is_taken_once() -> None:
    """Two watches with one id would fire as one."""
    item = GOOD.split("watches:")[1]

    with pytest.raises(Misconfigured, match=r"w\.yaml:7: watches\.1\.id: norway is taken"):
        parse_watches(GOOD.rstrip() + item, "w.yaml")


def test_a_missing_file_is_misconfigured(tmp_path: Path) -> None:
    """The setting that names the file is in the text."""
    with pytest.raises(Misconfigured, match="GEOWIRE_WATCHES"):
        read_watches(tmp_path / "none.yaml")


def test_the_schema_is_that_of_the_models() -> None:
    """`watches.schema.json` is what the models say; write it again with `watches_schema()`."""
    assert files("processors.flag").joinpath("watches.schema.json").read_text("utf-8") == watches_schema()

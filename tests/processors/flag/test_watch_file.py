"""A watches file: read as written, or one line that says what to write."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from geowire.errors import Misconfigured
from processors.flag import read_watches, shipped_watches
from processors.flag.actor_names import actor_names
from processors.flag.schema import watches_schema
from processors.flag.watch_file import parse_watches
from processors.tag.gazetteer import load_gazetteer

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

    assert watch.all
    assert watch.all[0].country is not None
    assert watch.all[0].country.iso == ("NO",)
    assert watch.reasons == ["country"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("iso: NO", "iso: Norway", r"w\.yaml:6: watches\.0\.all\.0\.country\.iso\.0: .*; write NO \(it is 'Norway'\)"),
        ("iso: NO", "iso: [SE, QQ]", r"w\.yaml:6: .*iso\.1: is no ISO 3166-1 alpha-2 code; write NO for .*'QQ'"),
        ("iso: NO", "iso: no", r"w\.yaml:6: .*iso\.0: .*; write NO \(it is 'no'\)"),
        ("iso: NO", "iso: []", r"w\.yaml:6: .*country\.iso: is empty; write at least one"),
        ("country: {iso: NO, focus: true}", "aid: {donor: ukraine}", r"w\.yaml:6: .*donor\.0: .*; write UA"),
        ("country: {iso: NO, focus: true}", "aid: {donor: [NATO, EU, QQ]}", r"w\.yaml:6: .*donor\.2: is no ISO"),
        ("country: {iso: NO, focus: true}", "aid: {amount: {at_least: 5}}", r"w\.yaml:6: .*currency: is missing"),
        (
            "country: {iso: NO, focus: true}",
            "aid: {amount: {at_least: much, currency: USD}}",
            r"w\.yaml:6: .*amount\.0\.at_least: write a number \(it is 'much'\)",
        ),
        (
            "country: {iso: NO, focus: true}",
            "any:\n          - not: {words: war}\n          - theme:\n              nam: nuclear",
            r"w\.yaml:9: .*any\.1\.theme\.nam: is no field here; write one of name, min_score",
        ),
        ("country: {iso: NO, focus: true}", "entity: IAEA", r"w\.yaml:6: .*write one such as organisation/iaea"),
        (
            "country: {iso: NO, focus: true}",
            "entity: organization/iaea",
            r"w\.yaml:6: .*entity\.0: organization is no kind of entity; write organisation/iaea \(",
        ),
        ("country: {iso: NO, focus: true}", "entity: xyz/iaea", r"w\.yaml:6: .*write one of country, region, .*weapon"),
        ("country: {iso: NO, focus: true}", "entity: city/UA/kyiv", r"w\.yaml:6: .*entity\.0: .*; write city/ua/kyiv"),
        ("country: {iso: NO, focus: true}", "entity: city/ua/", r"w\.yaml:6: .*entity\.0: is no id of an entity"),
        ("country: {iso: NO, focus: true}", "aid: {donor: NATOO}", r"w\.yaml:6: .*donor\.0: .*; write NATO \("),
        ("country: {iso: NO, focus: true}", "aid: {donor: UN}", r"w\.yaml:6: .*; write one such as NO, EU or NATO"),
        ("country: {iso: NO, focus: true}", "aid: {donor: Ukrane}", r"w\.yaml:6: .*donor\.0: .*; write UA \("),
        (
            "\n  - id: norway\n    title: Norway\n    all:\n      - country: {iso: NO, focus: true}",
            "",
            r"w\.yaml:2: watches: is empty; write at least one",
        ),
        ("country: {iso: NO, focus: true}", "language: English", r"w\.yaml:6: .*write one such as en or pt-BR"),
        ("country: {iso: NO, focus: true}", "words: '?'", r"w\.yaml:6: .*words\.0: has no letter in it; write a word"),
        ("country: {iso: NO, focus: true}", "not: {words: war}", r"w\.yaml:3: watches\.0: .* is no reason; write"),
        (
            "    all:",
            "    again_on: words\n    all:",
            r"w\.yaml:5: watches\.0\.again_on: no condition is of kind words",
        ),
        ("    all:", "    again_on: novelty\n    all:", r"w\.yaml:5: watches\.0\.again_on\.0: write 'aid', 'amount'"),
        ("    title: Norway", "    title: N\n    title: M", r"w\.yaml:5: title: stands here twice; write it once"),
        ("iso: NO", "isos: NO", r"w\.yaml:6: .*country\.isos: is no field here; write one of iso, role, focus"),
        ("country:", "land:", r"w\.yaml:6: .*all\.0\.land: is no field here; write one of theme, aid, country"),
        ("    title: Norway\n", "", r"w\.yaml:3: watches\.0\.title: is missing; write it"),
        ("id: norway", "id: Nor Way", r"w\.yaml:3: watches\.0\.id: .*\(it is 'Nor Way'\)"),
        ("focus: true", "focus: maybe", r"w\.yaml:6: .*country\.focus: write true or false"),
        (
            "    all:\n      - country: {iso: NO, focus: true}\n",
            "",
            r"w\.yaml:3: watches\.0: write at least one condition",
        ),
        ("country: {iso: NO, focus: true}", "language: nb", r"w\.yaml:3: watches\.0: a language.* is no reason"),
        ("country: {iso: NO, focus: true}", "{}", r"w\.yaml:6: watches\.0\.all\.0: write exactly one of theme"),
        ("country: {iso: NO, focus: true}", "theme: {name: war}", r"w\.yaml:6: .*theme\.name.*'military-aid'"),
        ("country: {iso: NO, focus: true}", "norway", r"w\.yaml:6: watches\.0\.all\.0: write a mapping with theme"),
        ("{iso", "[iso", r"w\.yaml:6: not YAML: .*"),
        ("country: {iso: NO, focus: true}", "country: {iso: UK}", r"w\.yaml:6: .*iso\.0: .*; write GB \(it is 'UK'\)$"),
        ("country: {iso: NO, focus: true}", "aid: {recipient: USA}", r"w\.yaml:6: .*recipient\.0: .*; write US \("),
        (
            "country: {iso: NO, focus: true}",
            "aid: {amount: {at_least: 5, currency: USS}}",
            r"w\.yaml:6: .*currency\.0: is no currency of ISO 4217; write .* \(it is 'USS'\)$",
        ),
        (
            "country: {iso: NO, focus: true}",
            f"aid: {{amount: {{at_least: {'9' * 5_000}, currency: USD}}}}",
            r"w\.yaml:6: .*at_least: write a number \(it is '9{60}…'\)$",
        ),
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


@pytest.mark.parametrize(
    "text", ["", "watches: []", "- a", "watches: {}", "\x00", "a: &a [*a]", "[" * 50 + "]" * 50, "[" * 5_000]
)
def test_anything_else_is_misconfigured(text: str) -> None:
    """An empty or odd file is told as well, never another error."""
    with pytest.raises(Misconfigured, match=r"^w\.yaml:\d+: "):
        parse_watches(text, "w.yaml")


def test_a_file_that_explodes_is_refused() -> None:
    """Ten lines of aliases stand for 43 million values; the limit is reached long before they are written out."""
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)), "watches: *a8"]

    with pytest.raises(Misconfigured, match=r"w\.yaml:\d+: has more than 20000 values, aliases written out"):
        parse_watches("\n".join(lines), "w.yaml")


@pytest.mark.parametrize("name", ["Ü", "a_b", "-a", "a--b", "../a", "a b"])
def test_an_id_is_plain(name: str) -> None:
    """It becomes a file's name and a part of addresses."""
    with pytest.raises(Misconfigured, match="is no id; write a-z, 0-9 and single hyphens"):
        parse_watches(f"watches:\n  - id: '{name}'\n    title: A\n    all: [{{words: x}}]\n", "w.yaml")


def test_an_id_is_taken_once() -> None:
    """Two watches with one id would fire as one."""
    item = GOOD.split("watches:")[1]

    with pytest.raises(Misconfigured, match=r"w\.yaml:7: watches\.1\.id: norway is taken"):
        parse_watches(GOOD.rstrip() + item, "w.yaml")


@pytest.mark.parametrize(
    "entity", ["city/ua/kyiv", "government/us/government", "armed_group/hamas", "person/unlisted-ö"]
)
def test_every_id_of_an_entity_can_be_watched(entity: str) -> None:
    """Ids of cities, offices and governments have the country in the middle."""
    (watch,) = parse_watches(GOOD.replace("country: {iso: NO, focus: true}", f"entity: {entity}"), "w.yaml")

    assert watch.all
    assert watch.all[0].entity == (entity,)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Nato", "NATO"),
        ("European Union", "EU"),
        ("eu", "EU"),
        ("hezbollah", "Hezbollah"),
        ("North Atlantic Treaty Organization", "NATO"),
        ("western allies", "Western allies"),
        ("Syrian rebels", "Syrian rebels"),
        ("Kurds", "Kurds"),
    ],
)
def test_an_actor_is_known_by_what_people_write(written: str, meant: str) -> None:
    """A watch asks for the name that facts give, in whatever letters or by whatever name it is written."""
    asked = GOOD.replace("country: {iso: NO, focus: true}", f"aid: {{donor: {written}}}")

    (watch,) = parse_watches(asked, "w.yaml")

    assert watch.all
    assert watch.all[0].aid
    assert watch.all[0].aid.donor == (meant,)


def test_facts_name_every_alliance_and_armed_group_so() -> None:
    """Whatever the gazetteer calls them, a watch can ask for it."""
    entries = load_gazetteer().by_id.values()
    labels = {entry.label for entry in entries if entry.kind in {"alliance", "armed_group"}}

    assert labels
    assert {label for label in labels if label.lower() not in actor_names()} == set()


def test_one_thing_needs_no_brackets() -> None:
    """A list of one may be written without them, at every level; the number of a line stays right."""
    listed = """
watches:
  - id: a
    title: A
    all: [{country: {iso: [NO], role: [actor]}}, {not: [{words: [war]}]}]
    again_on: [country]
"""
    bare = """
watches:
  - id: a
    title: A
    all:
      - country: {iso: NO, role: actor}
      - not: {words: war}
    again_on: country
"""

    assert parse_watches(bare, "w.yaml") == parse_watches(listed, "w.yaml")


@pytest.mark.parametrize(
    ("watches", "is_good"),
    [
        ([{"id": "a", "title": "A", "all": {"country": {"iso": "NO"}}, "again_on": ["aid"]}], True),
        ([{"id": "a", "title": "A", "any": [{"not": [{"words": "x"}]}, {"words": ["y"]}]}], True),
        ([{"id": "a", "title": "A", "all": {"country": {"iso": "no"}}}], False),
        ([{"id": "a", "title": "A", "all": {"theme": {"name": "war"}}}], False),
        ([{"id": "a", "title": "A", "all": {"land": "NO"}}], False),
        ([{"id": "a", "title": "A", "all": {"words": []}}], False),
        ([{"id": "a", "title": "A", "all": {"entity": "city/ua/kyiv"}}], True),
        ([{"id": "a", "title": "A", "all": {"entity": "organization/iaea"}}], False),
    ],
)
def test_the_schema_tells_good_from_bad(watches: list[dict[str, object]], is_good: bool) -> None:
    """An editor that knows the schema marks what geowire would refuse, and nothing else."""
    assert Draft202012Validator(json.loads(watches_schema())).is_valid({"watches": watches}) is is_good


def test_a_missing_file_is_misconfigured(tmp_path: Path) -> None:
    """The setting that names the file is in the text."""
    with pytest.raises(Misconfigured, match="GEOWIRE_WATCHES"):
        read_watches(tmp_path / "none.yaml")


def test_the_schema_is_that_of_the_models() -> None:
    """`watches.schema.json` is what the models say; write it again with `watches_schema()`."""
    assert files("processors.flag").joinpath("watches.schema.json").read_text("utf-8") == watches_schema()


GUIDE = (Path(__file__).parents[3] / "docs" / "add-a-watch.md").read_text("utf-8")


def test_the_guide_has_a_working_example() -> None:
    """What a newcomer copies is a good file, for geowire and for an editor's schema."""
    (example, _) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)

    watches = parse_watches(example, "guide.yaml")

    assert [watch.id for watch in watches] == ["nordic-aid", "enrichment"]
    assert Draft202012Validator(json.loads(watches_schema())).is_valid(yaml.safe_load(example))


def test_the_guide_shows_conditions_of_the_shipped_watch() -> None:
    """What it says of other languages is what ships."""
    (_, conditions) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    shipped = yaml.safe_load(files("processors.flag").joinpath("watches.yaml").read_text("utf-8"))["watches"]

    assert yaml.safe_load(conditions)["any"] == shipped[0]["any"]


def test_the_guide_tells_a_mistake_as_it_is_told() -> None:
    """The line in the guide is the line that geowire prints for that file."""
    (example, _) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)

    with pytest.raises(Misconfigured) as caught:
        parse_watches(example.replace("recipient: UA", "recipient: Ukraine"), "watches.yaml")

    assert f"\n{caught.value}\n" in GUIDE

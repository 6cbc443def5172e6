"""The contract: what is written follows its schema, what was ever written can be read, and the files say so."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from geowire import contract
from geowire.bus import Delivery, Record
from geowire.contract.generate import message_name
from geowire.errors import Rejected
from geowire.events import article_event, decode, encode, flag_id, tagged_event
from geowire.messages import Aid, Article, Entity, Evidence, Flagged, Message, Publisher, Reason, Tagged, Theme
from geowire.messages.article import TEXT_LIMIT, TITLE_LIMIT, Change, FeedReference
from geowire.messages.tagged import AID_LIMIT, ENTITY_LIMIT, EVIDENCE_LIMIT, SENTENCE_LIMIT, ThemeName
from geowire.topics import ARTICLES, MODELS, TAGGED, TOPICS

DATA = Path(__file__).parents[1] / "data"
FOLDER = Path(contract.__file__).parent
SAMPLES = sorted((DATA / "messages").rglob("*.json"))
PINNED = {
    "Article": "id version url requested_url canonical_url title text text_truncated language authors published_at "
    "date_source fetched_at publisher feed form body_status content_hash change policy",
    "Tagged": "model sentences entities countries themes aid",
    "Entity": "kind id label ids country field start end surface sentence inside score rule",
    "Story": "id version headline extract article_count publisher_count countries themes aid first_seen last_seen pace "
    "timeline merged_from continues articles added",
    "AddedArticle": "article_id version url title publisher language published_at entities countries themes aid "
    "duplicate_of why",
    "Flagged": "watch story_id article_id url headline reason evidence publisher_count retracts",
}


def sample(path: Path) -> Delivery:
    """A sample message as a delivery."""
    raw = json.loads(path.read_text("utf-8"))
    headers = tuple((name, text.encode()) for name, text in raw["headers"].items())
    return Delivery(Record(raw["topic"], raw["key"].encode(), json.dumps(raw["value"]).encode(), headers), 0, 0, 0)


def test_the_files_are_those_of_the_models() -> None:
    """Run `python -m geowire.contract` after a change of the models."""
    for name, text in contract.generate_files().items():
        assert (FOLDER / name).read_text("utf-8") == text, name


def test_the_document_is_asyncapi_3() -> None:
    """It follows the specification's own schema."""
    schema = json.loads(gzip.decompress((DATA / "asyncapi-3.1.0.schema.json.gz").read_bytes()))
    document = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)

    assert not list(validator.iter_errors(document))
    document["channels"]["articles"]["bindings"]["kafka"]["partitions"] = "twelve"
    assert list(validator.iter_errors(document))


def test_every_event_type_has_a_sample() -> None:
    """A new type comes with a message that must parse for ever."""
    assert {sample(path).record.headers[3][1].decode() for path in SAMPLES} == MODELS.keys()


def test_every_field_is_filled_in_a_sample() -> None:
    """A field that comes anew, in a message or in a part of one, comes with a sample that must parse for ever."""
    roots = [json.loads(path.read_text("utf-8")) for path in (FOLDER / "schemas").iterdir()]
    parts = [part for root in roots for part in (root, *root.get("$defs", {}).values())]
    fields = {(part["title"], name) for part in parts for name in part["properties"]}

    filled = {field for path in SAMPLES for field in filled_fields(json.loads(path.read_text("utf-8")))}

    assert fields - filled == set()


def filled_fields(raw: dict[str, Any]) -> set[tuple[str, str]]:
    """(message or part, field) of all that a sample fills."""
    name = MODELS[raw["headers"]["ce_type"]].__name__
    root = json.loads((FOLDER / "schemas" / f"{name}.v1.json").read_text("utf-8"))
    return set(filled_under(raw["value"], root, root.get("$defs", {})))


def filled_under(value: Any, schema: dict[str, Any], parts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The same for a value with its schema."""
    for choice in schema.get("anyOf", [schema]):
        shape = parts[choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        if isinstance(value, dict) and "properties" in shape:
            for name in [name for name in shape["properties"] if value.get(name) not in (None, [], {})]:
                yield shape["title"], name
                yield from filled_under(value[name], shape["properties"][name], parts)
        elif isinstance(value, list) and "items" in shape:
            for one in value:
                yield from filled_under(one, shape["items"], parts)


def test_an_empty_field_counts_as_not_filled() -> None:
    """The check can fail."""
    bare = json.loads((DATA / "messages" / "v1" / "article.published.bare.json").read_text("utf-8"))

    assert ("Article", "title") in filled_fields(bare)
    assert ("Publisher", "id") in filled_fields(bare)
    assert not {("Article", "authors"), ("Publisher", "name")} & filled_fields(bare)


def test_offsets_of_a_sample_lead_to_its_words() -> None:
    """They count code points, also behind a character that UTF-16 needs two units for."""
    path = next(path for path in SAMPLES if path.stem == "article.tagged.full")
    value = json.loads(path.read_text("utf-8"))["value"]

    for entity in value["entities"]:
        assert value[entity["field"]][entity["start"] : entity["end"]] == entity["surface"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_parses_for_ever(path: Path) -> None:
    """What was written under a released version is read, and written again it is the same event."""
    event = decode(sample(path))

    again = encode(event)

    assert decode(Delivery(again, 0, 0, 0)) == event
    assert dict(again.headers) == dict(sample(path).record.headers)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_follows_its_schema(path: Path) -> None:
    """The checked-in JSON Schema accepts it, headers and value."""
    raw = json.loads(path.read_text("utf-8"))
    model = MODELS[raw["headers"]["ce_type"]].__name__
    schema = json.loads((FOLDER / "schemas" / f"{model}.v1.json").read_text("utf-8"))
    document = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
    message = document["components"]["messages"][message_name(raw["headers"]["ce_type"])]

    jsonschema.validate(raw["value"], schema)
    jsonschema.validate(raw["headers"], message["headers"])


def test_a_reader_ignores_what_it_does_not_know() -> None:
    """A newer writer may add fields."""
    path = next(path for path in SAMPLES if path.stem == "article.published")
    delivery = sample(path)
    value = json.loads(delivery.record.value or b"") | {"mood": "calm"}

    newer = Delivery(Record(delivery.record.topic, b"k", json.dumps(value).encode(), delivery.record.headers), 0, 0, 0)

    assert isinstance(decode(newer).data, Article)


@pytest.mark.parametrize("model_name", PINNED)
def test_pinned_fields_are_there(model_name: str) -> None:
    """Others rely on these names."""
    schemas = {path.name.partition(".")[0]: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("schemas/*")}
    models = schemas["Story"]["$defs"] | schemas["Tagged"]["$defs"] | schemas

    assert set(PINNED[model_name].split()) <= models[model_name]["properties"].keys()


def test_times_are_utc_and_need_a_zone() -> None:
    """Any zone is accepted and written as UTC."""
    article = plain_article(fetched_at=datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1))))

    assert json.loads(article.model_dump_json())["fetched_at"] == "2026-01-01T12:00:00Z"
    with pytest.raises(ValidationError):
        plain_article(fetched_at=datetime(2026, 1, 1, 13))  # noqa: DTZ001  # the point of the test


def test_messages_are_frozen() -> None:
    """A message is a fact."""
    with pytest.raises(ValidationError):
        plain_article().title = "other"  # type: ignore[misc]


def test_a_broken_message_names_the_field() -> None:
    """The dead letter's detail says what is wrong."""
    delivery = sample(next(path for path in SAMPLES if path.stem == "article.published"))
    value = json.loads(delivery.record.value or b"") | {"version": 0}
    broken = Delivery(Record("t", b"k", json.dumps(value).encode(), delivery.record.headers), 0, 0, 0)

    with pytest.raises(Rejected, match="version"):
        decode(broken)


def test_a_flag_has_one_id_for_one_reason() -> None:
    """The id depends on watch, story, reason and what is taken back, on nothing else."""
    flag = Flagged(
        watch="w", story_id="s", headline="h", reason=Reason(kind="theme", value="x"), flagged_at=datetime.now(UTC)
    )

    assert flag_id(flag) == flag_id(flag.model_copy(update={"headline": "other", "publisher_count": 9}))
    assert flag_id(flag) != flag_id(flag.model_copy(update={"reason": Reason(kind="theme", value="y")}))
    assert flag_id(flag) != flag_id(flag.model_copy(update={"retracts": flag_id(flag)}))


def test_the_worst_article_fits_its_topic() -> None:
    """Four bytes a code point and every list full: still below the limit of the topic."""
    assert encode(article_event(worst_article())).size < ARTICLES.max_message_bytes


def test_the_worst_tagged_article_fits_its_topic() -> None:
    """As long a text, and as many entities, sentences, themes and facts as a message may carry."""
    span = {"field": "text", "start": TEXT_LIMIT - 100, "end": TEXT_LIMIT, "status": "asserted", "rule": "r" * 60}
    evidence = tuple(Evidence(**span) for _ in range(EVIDENCE_LIMIT))
    entity = Entity(
        kind="armed_group", id="i" * 120, label="𝕏" * 120, country="UA", field="text", start=TEXT_LIMIT - 300,
        end=TEXT_LIMIT, surface="𝕏" * 300, sentence=SENTENCE_LIMIT, inside=ENTITY_LIMIT, score=1 / 3, rule="r" * 60,
    )  # fmt: skip
    aid = Aid(
        action="requested",
        donor="𝕏" * 200,
        recipient="𝕏" * 200,
        items=("𝕏" * 100,) * 20,
        evidence=evidence,
        said_by="𝕏" * 120,
    )
    tagged = Tagged(
        **worst_article().model_dump(),
        model="m" * 100,
        sentences=((TEXT_LIMIT - 1, TEXT_LIMIT),) * SENTENCE_LIMIT,
        entities=tuple(short_surface(entity, n) for n in range(ENTITY_LIMIT)),
        themes=tuple(Theme(theme=theme, score=0.5, evidence=evidence) for theme in get_args(ThemeName)),
        aid=(aid,) * AID_LIMIT,
    )

    assert encode(tagged_event(tagged)).size < TAGGED.max_message_bytes


def short_surface(entity: Entity, number: int) -> Entity:
    """Mentions share the text's code points: over all of them a surface cannot be longer than the text."""
    longest = TEXT_LIMIT // ENTITY_LIMIT
    return entity.model_copy(update={"surface": entity.surface[:longest], "start": number})


def plain_article(**changes: Any) -> Article:
    """An article with as little as it may have."""
    fields: dict[str, Any] = {
        "id": "a", "version": 1, "url": "https://a.example/1", "title": "t", "text": "x",
        "fetched_at": datetime.now(UTC),
        "publisher": Publisher(id="a.example"), "feed": FeedReference(id="f", url="https://a.example/rss"),
        "body_status": "full", "content_hash": "0" * 64,
    }  # fmt: skip
    return Article(**fields | changes)


def worst_article() -> Article:
    """Every field as long as it may be, in characters of four bytes."""
    wide = "𝕏"
    sentences = (wide * 500,) * 20
    return plain_article(
        id="a" * 64, url="https://a.example/" + "%" * 2_030, requested_url="https://a.example/" + "%" * 2_030,
        canonical_url="https://a.example/" + "%" * 2_030, title=wide * TITLE_LIMIT, text=wide * TEXT_LIMIT,
        authors=(wide * 200,) * 50, language="x" * 35,
        publisher=Publisher(id="p" * 200, name=wide * 200, family=wide * 200),
        feed=FeedReference(id="f" * 200, url="https://a.example/" + "%" * 2_030, title=wide * 500),
        change=Change(added=sentences, removed=sentences),
    )  # fmt: skip


def test_topics_are_the_designs() -> None:
    """Names, partitions and retention are part of the contract."""
    day = 86_400_000
    assert {(t.name, t.partitions, t.retention_ms, t.cleanup) for t in TOPICS} == {
        ("geowire.articles.v1", 12, 14 * day, "delete"),
        ("geowire.tagged.v1", 12, 14 * day, "delete"),
        ("geowire.stories.v1", 12, 30 * day, "delete"),
        ("geowire.flagged.v1", 12, 14 * day, "delete"),
        ("geowire.feeds.v1", 6, -1, "compact"),
        ("geowire.deadletters.v1", 3, 30 * day, "delete"),
    }


@pytest.mark.parametrize("model", sorted(set(MODELS.values()), key=str))
def test_every_field_is_described(model: type[Message]) -> None:
    """The schema tells a reader what each field is."""
    assert not [name for name, info in model.model_fields.items() if not info.description]

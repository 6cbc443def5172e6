"""One article goes the whole way, on both buses, by the commands that a person types."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import unavailable
from contract_files import ASYNCAPI
from servers.commands import Finished

from cli.sample_web import load_sample_web
from geowire.bus import Delivery
from geowire.contract.generate import message_name
from geowire.events import decode, header_texts
from geowire.messages import Article, Flagged, Story, Tagged
from geowire.topics import ARTICLES, FLAGGED, STORIES, TAGGED


def versions(deliveries: list[Delivery]) -> list[tuple[str, int]]:
    """(id, version) of articles."""
    return sorted((data.id, data.version) for d in deliveries if isinstance(data := decode(d).data, Article))


def test_every_article_arrives_on_every_topic(finished: Finished) -> None:
    """What was published is tagged, grouped and watched; a second poll brings nothing and asks only for changes."""
    commands, report = finished.commands, finished.report
    articles = len(load_sample_web().articles)
    assert report["entries"]["published"] == articles
    assert report["entries_seen"] == sum(report["entries"].values())
    published, tagged = commands.raw(ARTICLES.name), commands.raw(TAGGED.name)
    assert versions(published) == versions(tagged)
    assert len(published) == articles
    assert all(isinstance(decode(d).data, Tagged) for d in tagged)
    stories = [decode(d).data for d in commands.raw(STORIES.name)]
    members = {added.article_id for story in stories if isinstance(story, Story) for added in story.added}
    assert members == {article_id for article_id, _ in versions(published)}
    assert any(isinstance(decode(d).data, Flagged) for d in commands.raw(FLAGGED.name))

    again = json.loads(commands.done("poll", "--all", "--json"))
    commands.run_stages()

    assert again["results"] == {"not-modified": report["feeds"]}
    assert again["entries"] == {}
    assert len(commands.raw(ARTICLES.name)) == articles
    assert len(commands.raw(TAGGED.name)) == articles


def test_kcat_reads_what_the_contract_says(finished: Finished) -> None:
    """Another service's tool sees keys, headers and JSON as the AsyncAPI document has them."""
    commands = finished.commands
    if not commands.bus_url.startswith("kafka://"):
        pytest.skip("kcat reads Kafka only")
    if shutil.which("kcat") is None:
        unavailable("no kcat: install it")
    document = yaml.safe_load(ASYNCAPI.read_text("utf-8"))

    for name in ("articles", "tagged", "stories", "flagged", "feeds"):
        records = kcat(commands.bus_url.removeprefix("kafka://"), document["channels"][name]["address"])
        assert records, name
        for record in records:
            headers = dict(zip(record["headers"][::2], record["headers"][1::2], strict=True))
            message = document["components"]["messages"][message_name(headers["ce_type"])]
            schema = {"$ref": message["payload"]["$ref"], "components": document["components"]}
            jsonschema.validate(headers, message["headers"])
            jsonschema.validate(json.loads(record["payload"]), schema)
            assert record["key"] == headers["ce_subject"]


def kcat(server: str, topic: str) -> list[dict[str, Any]]:
    """Every record of a topic as kcat prints it."""
    command = ["kcat", "-C", "-J", "-e", "-q", "-b", server, "-t", topic, "-o", "beginning"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_messages_carry_cloudevents_headers(finished: Finished) -> None:
    """Id, type, source, time; the key is the article's id."""
    for delivery in finished.commands.raw(ARTICLES.name):
        headers = header_texts(delivery.record.headers)
        article = decode(delivery).data
        assert isinstance(article, Article)
        assert headers["ce_id"] == f"{article.id}:{article.version}"
        assert headers["ce_source"] == "geowire/ingest"
        assert delivery.record.key.decode() == article.id == headers["ce_subject"]

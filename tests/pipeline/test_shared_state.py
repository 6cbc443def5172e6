"""Several pollers share the feeds through PostgreSQL; the work of one that dies is taken over."""

from __future__ import annotations

import json
import signal
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.commands import Commands
from servers.processes import accepts, free_port, running, wait_until

from benchmarks.bench_poll import addresses
from geowire.events import decode, header_texts
from geowire.messages import Article
from geowire.topics import ARTICLES

pytestmark = pytest.mark.postgres

FEEDS = 1_000
SERVER = Path(__file__).parents[2] / "benchmarks" / "bench_poll.py"


@pytest.fixture
def feed_port(tmp_path: Path) -> Iterator[int]:
    """A server of a thousand feeds, each with one new entry."""
    port = free_port()
    with running([sys.executable, str(SERVER), "--serve", "--port", str(port)], tmp_path / "server.log"):
        wait_until(lambda: accepts(port, "127.0.1.1"), "the feed server")
        with urllib.request.urlopen(f"http://127.0.1.1:{port}/round/1/1", timeout=10):
            yield port


def test_two_pollers_share_the_feeds_and_one_may_die(postgres_url: str, feed_port: int, tmp_path: Path) -> None:
    """Killed with -9 in the middle, its feeds are polled by the other: every article is there, each as version 1."""
    catalogue = tmp_path / "feeds.yaml"
    catalogue.write_text("feeds:\n" + "".join(f"  - url: {url}\n" for url in addresses(FEEDS, feed_port)), "utf-8")
    environment = {
        "GEOWIRE_FEEDS": str(catalogue),
        "GEOWIRE_STATE": postgres_url,
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
        "GEOWIRE_WORKERS": "1",
        "GEOWIRE_CONCURRENCY": "8",
    }
    commands = Commands(tmp_path, f"sqlite:///{tmp_path / 'bus.db'}", environment)
    doomed, other = commands.start("poll"), commands.start("poll", "--json")
    wait_until(lambda: len(commands.raw(ARTICLES.name)) >= 100 or doomed.poll() is not None, "the first articles", 90)
    was_at_work = doomed.poll() is None
    doomed.send_signal(signal.SIGKILL)
    doomed.wait()
    assert other.wait(120) == 0

    report = json.loads(commands.done("poll", "--json"))

    found = commands.raw(ARTICLES.name)
    ids = Counter(header_texts(delivery.record.headers)["ce_id"] for delivery in found)
    articles = {(data.id, data.version) for d in found if isinstance(data := decode(d).data, Article)}
    print(f"{len(found)} messages, {len(found) - len(ids)} duplicates; the last poll: {report['entries']}")
    assert was_at_work
    assert len(articles) == len(ids) == FEEDS
    assert {version for _, version in articles} == {1}
    assert len({(d.record.key, d.record.value) for d in found}) == FEEDS

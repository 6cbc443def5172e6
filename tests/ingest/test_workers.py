"""Worker processes: a bad page costs one worker and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock, call

import pytest

from geowire.settings import Settings
from ingest.extraction import Extraction, Page
from ingest.feed_entry import FeedEntry
from ingest.workers import EntryWork, Workers, WorkFailed, _stop

if TYPE_CHECKING:
    from ingest.conftest import Newsroom

Maker = Callable[..., str]

ENTRY = FeedEntry("k", "g", None, title="T", summary="Known.")
ROOT = Path(__file__).parent.parent.parent
PARENT = """
import asyncio, os, sys
from geowire.settings import Settings
from ingest.feed_entry import FeedEntry
from ingest.workers import EntryWork, Workers

async def main():
    async with Workers(Settings(workers=2)) as workers:
        await workers.extract(None, FeedEntry("k", "g", None, summary="x"))
        pool = await workers._running_pool()
        print(*{process.pid for process in pool._pool_manager.worker_manager.workers.values()}, flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_stuck_and_greedy_pages_do_not_disturb_others(settings: Settings, stuck: EntryWork) -> None:
    """Time and memory are limited per page; the other pages are answered."""
    limits = settings.with_(extract_timeout=timedelta(seconds=1), worker_memory=400_000_000)
    pages = [b"never-ends", b"fine", b"eats-memory", b"fine", b"fine"]

    async def run() -> list[Extraction | BaseException]:
        async with Workers(limits, stuck) as workers:
            work = (workers.extract(Page("https://example.org/", body), ENTRY) for body in pages)
            return await asyncio.gather(*work, return_exceptions=True)

    answers = asyncio.run(run())

    assert [answer.reason if isinstance(answer, WorkFailed) else "ok" for answer in answers] == [
        "timeout",
        "ok",
        "crashed",
        "ok",
        "ok",
    ]


def test_a_table_of_a_million_rows_costs_its_own_limit(settings: Settings, article_page: Maker) -> None:
    """The real extraction, finished or ended at its limit: its neighbours are answered, and it is no article."""
    limits = settings.with_(extract_timeout=timedelta(seconds=6))
    table = b"<html><body><article><table>" + b"<tr><td>1<td>2" * 1_000_000 + b"</table></article></body></html>"
    fine = article_page().encode()

    async def run() -> list[Extraction | BaseException]:
        async with Workers(limits) as workers:
            pages = [Page(f"https://{at}.example/", body) for at, body in enumerate((fine, table, fine, fine))]
            return await asyncio.gather(*(workers.extract(page, ENTRY) for page in pages), return_exceptions=True)

    first, huge, *others = asyncio.run(run())

    assert isinstance(huge, WorkFailed) or (isinstance(huge, Extraction) and huge.text == "Known.")
    assert [answer.body_status for answer in (first, *others) if isinstance(answer, Extraction)] == ["full"] * 3


def test_a_page_of_fifty_megabytes_is_not_even_read(newsroom: Newsroom, item: Maker) -> None:
    """The limit holds while it is fetched; the feed's own content stands in, and the entry is counted."""
    link = newsroom.web.serves("/huge.html", b"<html><body>" + b"<p>word</p>" * 4_600_000)
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Known.")))

    assert newsroom.polls().entries == {"published": 1}
    assert [article.body_status for article in newsroom.bus.articles] == ["feed-only"]


def test_stuck_page_becomes_a_dead_letter_and_feed_content(
    newsroom: Newsroom, item: Maker, stuck: EntryWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's hash and address go to the dead letters, the feed's own content to the readers."""
    link = newsroom.web.serves("/a.html", "<html>never-ends</html>")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", item(link, description="Known.")))
    monkeypatch.setattr("ingest.poll.Workers", lambda settings: Workers(settings, stuck))

    report = newsroom.polls(extract_timeout=timedelta(milliseconds=500))

    assert report.entries == {"published": 1}
    assert newsroom.bus.articles[0].body_status == "feed-only"
    [failure] = newsroom.bus.failures
    assert (failure.reason, failure.url, failure.stage) == ("extract-timeout", link, "extract")
    assert failure.sha256 is not None


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """A parent that dies by SIGKILL leaves no process behind."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]

        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(10)

    assert len(pids) == 2
    assert asyncio.run(_all_end(pids))


async def _all_end(pids: list[int]) -> bool:
    for _ in range(100):
        if not any(_is_running(pid) for pid in pids):
            return True
        await asyncio.sleep(0.05)
    return False


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_entry_that_is_stuck_everywhere_is_counted_and_no_bug(
    newsroom: Newsroom, item: Maker, stuck: EntryWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its page nor its feed's content can be read: a counted failure, a dead letter, and the feed goes on."""
    monkeypatch.setattr("ingest.poll.Workers", lambda settings: Workers(settings, stuck))
    link = newsroom.web.serves("/a.html", "<html>never-ends</html>")
    content = "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>never-ends</content:encoded>"
    entry = item(link).replace("</item>", content + "</item>")
    newsroom.subscribes(newsroom.web.publishes("/feed.xml", entry))

    report = newsroom.polls(extract_timeout=timedelta(seconds=1))

    assert report.entries == {"failed:extract-timeout": 1}
    assert [failure.reason for failure in newsroom.bus.failures] == ["extract-timeout"]
    assert newsroom.polls().results == {"same-bytes": 1}


def test_a_pool_whose_channel_is_closed_ends_all_the_same() -> None:
    """The first attempt stumbles over the channel; the second ends the workers."""
    pool = Mock(**{"join.side_effect": [OSError(9, "Bad file descriptor"), None]})

    _stop(pool)

    assert pool.mock_calls == [call.stop(), call.join(), call.join()]

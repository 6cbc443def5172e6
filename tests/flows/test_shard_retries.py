"""A shard that fails for a reason that passes is tried again, on a real server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.states import Failed
from servers.prefect_server import PrefectServer

from flows.poll import is_passing
from geowire.errors import Misconfigured, Transient

ROOT = Path(__file__).parents[2]
RUN = """
import asyncio, json
import flows.poll, ingest.poll_feed
from geowire.errors import Transient
from ingest.feed_state import finish_poll

attempts = []
poll_some = flows.poll.Ingest.poll_some

async def counted(self, *arguments, **options):
    attempts.append(await self.count(all_feeds=True))
    return await poll_some(self, *arguments, **options)

def fails_once(connection, end):
    if len(attempts) == 1:
        raise Transient("state: the database is restarting")
    return finish_poll(connection, end)

flows.poll.Ingest.poll_some = counted
ingest.poll_feed.finish_poll = fails_once
flows.poll.poll_shard = flows.poll.poll_shard.with_options(retry_delay_seconds=0)
asyncio.run(flows.poll.poll_feeds(all_feeds=True))
print(json.dumps(len(attempts)))
"""


@pytest.mark.parametrize(
    ("fault", "passes"),
    [(Transient("the state is away"), True), (Misconfigured("no such user"), False), (ZeroDivisionError(), False)],
)
def test_only_what_passes_is_tried_again(fault: Exception, passes: bool) -> None:
    """Whatever else it was will be so again."""
    assert asyncio.run(is_passing(None, None, Failed(data=fault))) is passes


@pytest.mark.prefect
def test_a_shard_whose_state_was_away_for_a_moment_ends_well(prefect_server: PrefectServer, tmp_path: Path) -> None:
    """The second attempt polls the feed that the first had leased, and the report has it."""
    (tmp_path / "feeds.yaml").write_text("feeds:\n  - url: http://127.0.0.1:9/feed.xml\n")
    environment = prefect_server.environment | {
        "GEOWIRE_DATA": str(tmp_path), "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8", "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    ran = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == 2
    report = prefect_server.ask("/artifacts/poll-report/latest")
    assert "127.0.0.1:9" in report["data"]

"""Real Prefect servers for the tests of flows: one whose runs are counted, one for everything else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.prefect_server import PrefectServer, prefect_server_in


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server with an empty database; only served deployments run on it."""
    with prefect_server_in(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture(scope="session")
def pool_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server with a work pool, which is set up again and again."""
    with prefect_server_in(tmp_path_factory.mktemp("pool")) as server:
        yield server

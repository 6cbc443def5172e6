"""One real Prefect server for all tests of flows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.prefect_server import PrefectServer, prefect_server_in


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server with an empty database."""
    with prefect_server_in(tmp_path_factory.mktemp("prefect")) as server:
        yield server

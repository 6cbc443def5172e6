"""Tables that are not geowire's are named, on both databases; older ones of its own are good."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from ingest.database import open_engine
from ingest.schema_check import WrongSchema


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    found = (
        "sqlite:///" + str(tmp_path / "x.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    return str(found)


def change(url: str, *statements: str) -> None:
    """Run statements on a database."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (("CREATE TABLE feed (id VARCHAR(32))",), "table feed is not geowire's: it has no column catalogue"),
        (("CREATE TABLE claim (name INTEGER, owner TEXT, until FLOAT)",), "its column name is INTEGER"),
        (
            ("CREATE TABLE claim (name TEXT, owner TEXT NOT NULL, until FLOAT NOT NULL, extra TEXT NOT NULL)",),
            "a column extra that this version",
        ),
    ],
)
def test_a_foreign_table_is_named(state_url: str, statements: tuple[str, ...], problem: str) -> None:
    """One line with the table and the column."""
    change(state_url, *statements)

    with pytest.raises(WrongSchema, match=problem) as caught:
        open_engine(SecretStr(state_url))

    assert "\n" not in str(caught.value)


def test_an_older_state_of_its_own_is_good(state_url: str) -> None:
    """What came later and may be empty is added, whatever else stands in the database."""
    open_engine(SecretStr(state_url)).dispose()
    change(state_url, "ALTER TABLE feed DROP COLUMN history", "CREATE TABLE other (id INTEGER)")

    engine = open_engine(SecretStr(state_url))

    with engine.connect() as connection:
        assert connection.execute(text("SELECT history FROM feed")).all() == []
    engine.dispose()

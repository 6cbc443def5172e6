"""Whether the tables of a database are geowire's: those of another program are left alone."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Connection, Table, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import String

from geowire.errors import Misconfigured
from ingest.state_tables import METADATA


class WrongSchema(Misconfigured):
    """The database has a table of the same name that is not geowire's."""


def check_schema(connection: Connection, shown: str) -> None:
    """Raise `WrongSchema` for the first table that is there and cannot be used; `shown` is the database's address."""
    there = inspect(connection)
    for name in sorted(set(there.get_table_names()) & METADATA.tables.keys()):
        columns = {column["name"]: column for column in there.get_columns(name)}
        problem = next(_problems(METADATA.tables[name], columns), None)
        if problem:
            raise WrongSchema(f"GEOWIRE_STATE: {shown}: table {name} is not geowire's: {problem}")


def _problems(table: Table, there: dict[str, ReflectedColumn]) -> Iterator[str]:
    for column in table.columns:
        found = there.get(column.name)
        if found is None and not column.nullable:
            yield f"it has no column {column.name}"
        elif found is not None and is_text(column) != isinstance(found["type"], String):
            yield f"its column {column.name} is {found['type']}"
    for name in there.keys() - table.columns.keys():
        if not there[name]["nullable"] and there[name].get("default") is None:
            yield f"it has a column {name} that this version of geowire does not know"


def is_text(column: Column[object]) -> bool:
    """Whether a column holds text; numbers differ in name from database to database."""
    return isinstance(column.type, String)

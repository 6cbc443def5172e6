"""INSERT with ON CONFLICT, written once for both databases: SQLAlchemy compiles its own form anew for every row."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Table, TextClause, text


@cache
def insert_or_ignore(table: Table, columns: tuple[str, ...]) -> TextClause:
    """Insert a row; leave a row with the same key as it is."""
    return text(f"{_insert(table, columns)} ON CONFLICT DO NOTHING")


@cache
def insert_or_replace(table: Table, columns: tuple[str, ...]) -> TextClause:
    """Insert a row; give a row with the same key these values instead."""
    return text(f"{_insert(table, columns)} {_on_conflict(table)} SET {_excluded(table, columns)}")


@cache
def insert_or_add(table: Table, columns: tuple[str, ...], counter: str) -> TextClause:
    """Insert a row; add the counter to that of a row with the same key."""
    added = f"{counter} = {table.name}.{counter} + excluded.{counter}"
    return text(f"{_insert(table, columns)} {_on_conflict(table)} SET {added}")


def _insert(table: Table, columns: tuple[str, ...]) -> str:
    named = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table.name} ({', '.join(_quoted(columns))}) VALUES ({named})"  # noqa: S608  # our own names


def _on_conflict(table: Table) -> str:
    return f"ON CONFLICT ({', '.join(_quoted(tuple(column.name for column in table.primary_key)))}) DO UPDATE"


def _excluded(table: Table, columns: tuple[str, ...]) -> str:
    key = {column.name for column in table.primary_key}
    return ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in key)


def _quoted(columns: tuple[str, ...]) -> list[str]:
    return [f'"{column}"' for column in columns]

"""The database of ingest: one thread writes, and what waits for it meanwhile goes into one transaction."""

from __future__ import annotations

import asyncio
import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from geowire.errors import GeowireError, Misconfigured, Transient
from ingest.schema_check import check_schema
from ingest.state_tables import METADATA

T = TypeVar("T")
Work = Callable[[Connection], T]

GROUP_LIMIT = 100
"""Pieces of work that share one transaction at most."""
GATHER_SECONDS = 0.01
"""Work waits so long for company: fewer commits and wake-ups leave the cores to extraction."""
ATTEMPTS = 3
"""A deadlock or a lost connection is tried again before it is reported."""
WAL_ATTEMPTS = 100
TABLES_LOCK = 7_405_661
ABSENT = re.compile(
    r"refused|starting up|shutting down|timed out|timeout expired|closed the connection|terminating connection"
)
"""What PostgreSQL's client says of a server that is not there now, in whatever words."""
WRITE_AS = "write sqlite:///path or postgresql://user:password@host/name"


@dataclass(frozen=True, slots=True)
class _Task:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    task: _Task
    value: Any
    is_error: bool = False


class Database:
    """Runs pieces of work for one event loop, each all or nothing. Raises `Transient` for every fault."""

    def __init__(self, url: SecretStr) -> None:
        self._engine = open_engine(url)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._never = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="ingest-state", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """Run the work in the database's thread, perhaps in one transaction with other work."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._tasks.put(_Task(work, loop, future))
        return await future

    def run_here(self, work: Work[T]) -> T:
        """Run the work in this thread, in a transaction of its own."""
        return self._attempt(work)

    def close(self) -> None:
        """Finish what waits, then let go of the connections."""
        self._tasks.put(None)
        self._thread.join()
        self._engine.dispose()

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            group, ends = self._with_waiting(task)
            self._run_group(group)
            if ends:
                return

    def _with_waiting(self, first: _Task) -> tuple[list[_Task], bool]:
        group = [first]
        self._never.wait(GATHER_SECONDS)
        while len(group) < GROUP_LIMIT:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is None:
                return group, True
            group.append(task)
        return group, False

    def _run_group(self, group: Sequence[_Task]) -> None:
        try:
            with self._engine.begin() as connection:
                answers = [_Answer(task, task.work(connection)) for task in group]
        except Exception:  # noqa: BLE001  # one of them failed, or the commit did: each gets its own answer
            answers = [self._run_alone(task) for task in group]
        loop = group[0].loop
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, answers)

    def _run_alone(self, task: _Task) -> _Answer:
        try:
            return _Answer(task, self._attempt(task.work))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever waits for the work
            return _Answer(task, error, is_error=True)

    def _attempt(self, work: Work[T]) -> T:
        for last in (False,) * (ATTEMPTS - 1) + (True,):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except SQLAlchemyError as error:
                if last or not isinstance(error, DBAPIError):
                    raise Transient(f"state: {_one_line(error)}") from error
        raise AssertionError


def _deliver(answers: Sequence[_Answer]) -> None:
    """Wake those who wait. All of one group in one step: each wake-up costs a system call."""
    for answer in answers:
        future = answer.task.future
        if future.done():
            continue
        if answer.is_error:
            future.set_exception(answer.value)
        else:
            future.set_result(answer.value)


def open_engine(url: SecretStr) -> Engine:
    """An engine with the tables in place. Raises `Misconfigured`, or `Transient` if the database is down.

    The password is never shown.
    """
    try:
        address = make_url(url.get_secret_value())
    except (ArgumentError, ValueError):  # what they say may hold a part of the password
        raise Misconfigured(f"GEOWIRE_STATE: this is not the address of a database; {WRITE_AS}") from None
    kind = address.drivername.partition("+")[0]
    if kind != "sqlite" and "@" in f"{address.host}{address.database}{address.query}":
        # what was read as the host may be half a password
        raise Misconfigured("GEOWIRE_STATE: there is more than one @ in it; write an @ of the password as %40")
    if kind in {"postgresql", "postgres"}:
        engine = create_engine(address.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True)
    elif kind == "sqlite" and address.database:
        engine = _sqlite_engine(Path(address.database))
    else:
        raise Misconfigured(f"GEOWIRE_STATE: {kind} is not a database that geowire knows; {WRITE_AS}")
    try:
        with engine.begin() as connection:
            if kind != "sqlite":  # two processes that start at once must not both create the tables
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": TABLES_LOCK})
            check_schema(connection, address.render_as_string(hide_password=True))
            METADATA.create_all(connection)
    except Misconfigured:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        raise _unusable(address, error) from error
    return engine


def _unusable(address: URL, error: SQLAlchemyError) -> GeowireError:
    """A database that is down may come back; one that refuses us wants a person."""
    shown = address.set(query={}).render_as_string(hide_password=True)  # a query may hold passwords too
    if ABSENT.search(str(error)):
        why = _one_line(error).partition(" Is the server running")[0]
        return Transient(f"GEOWIRE_STATE: {shown} does not answer: {why}; start it")
    return Misconfigured(f"GEOWIRE_STATE: {shown}: {_one_line(error)}; {WRITE_AS}")


def _sqlite_engine(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"GEOWIRE_STATE: no folder {path.parent}: {error.strerror}; {WRITE_AS}") from error
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True, connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("busy_timeout=30000", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _use_wal(connection: Any) -> None:
    """Switch the journal; while another process does the same, SQLite answers that it is locked and does not wait."""
    pause = threading.Event()
    for attempts_left in reversed(range(WAL_ATTEMPTS)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if not attempts_left:
                raise
            pause.wait(0.05)
        else:
            return


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _one_line(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())[:300]

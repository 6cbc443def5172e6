"""What a soak decides from its samples."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.soak import file_lines, memory_lines, run_lines
from benchmarks.soak_series import Series, chart, line_of

MEGABYTE = 1_000_000.0


def series(name: str, value: Callable[[int], float]) -> Series:
    """A hundred samples."""
    return Series(name, [(float(number), value(number)) for number in range(100)])


def test_warm_up_and_peaks_are_no_growth() -> None:
    """Memory that fills at the start and has a few peaks is level."""
    level = series("tag", lambda number: MEGABYTE * (number if number < 20 else 500 if number % 20 == 0 else 100))

    assert level.growth == 0.0
    assert all(line.holds for line in memory_lines({"tag": level}, articles=1.0))


def test_memory_that_keeps_growing_is_missed() -> None:
    """A tenth more at the end than at the beginning is over the limit."""
    leaking = series("tag", lambda number: MEGABYTE * (100 + number / 4))

    assert [line.holds for line in memory_lines({"tag": leaking}, articles=1.0)] == [False, True]


def test_a_soak_without_work_shows_nothing() -> None:
    """Level memory is no news if no article came."""
    level = series("tag", lambda _: MEGABYTE)

    assert [line.holds for line in memory_lines({"tag": level}, articles=0.0)] == [True, False]


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("bus.db", lambda number: MEGABYTE * number, True),
        ("bus.db", lambda number: MEGABYTE * number * number / 50, False),
        ("bus.db-wal", lambda number: MEGABYTE * (number % 10), True),
        ("bus.db-wal", lambda number: MEGABYTE * number, False),
    ],
)
def test_files_grow_steadily_and_journals_stay_short(name: str, value: Callable[[int], float], holds: bool) -> None:
    """A file may grow with what is stored but not ever faster; a journal has a limit."""
    assert all(line.holds for line in file_lines({name: series(name, value)})) is holds


@pytest.mark.parametrize(
    ("states", "after", "missed"),
    [
        ({"Completed": 9, "Late": 3, "Scheduled": 200}, {"Completed": 10}, 0),
        ({"Completed": 9, "Late": 4}, {"Completed": 10}, 1),
        ({"Completed": 9, "Crashed": 1}, {"Completed": 9}, 1),
        ({"Completed": 9}, {"Completed": 9, "Running": 1}, 1),
        ({}, {}, 1),
    ],
)
def test_runs_must_come_to_an_end(states: dict[str, int], after: dict[str, int], missed: int) -> None:
    """Runs that pile up late, fail, or stay unfinished are each missed, and so is a soak in which none completed."""
    assert sum(not line.holds for line in run_lines(states, after)) == missed


def test_a_chart_has_a_line_for_each_process() -> None:
    """The highest value is the darkest; names and spans stand beside it."""
    assert line_of([0.0, 50.0, 100.0], width=3) == " =@"
    assert chart([series("tag", lambda _: MEGABYTE)]).startswith("tag |@")

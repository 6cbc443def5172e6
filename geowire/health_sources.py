"""Asks something that may not answer, and never waits longer than it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from geowire.errors import Transient

T = TypeVar("T")


class Source(Generic[T]):
    """Reads in a thread of its own; while one reading hangs no other is begun."""

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        self.name = name
        self._read = read
        self._thread: threading.Thread | None = None
        self._value: T | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Begin to read, unless the reading before hangs still."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=f"geowire-{self.name}", daemon=True)
            self._thread.start()

    def end(self, seconds: float) -> T:
        """What was read. Raises what reading raised, `Transient` if there is no answer in time."""
        assert self._thread is not None
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise Transient("no answer in time")
        self._thread = None
        value, error = self._value, self._error
        self._value = self._error = None
        if error is not None:
            raise error
        return value  # type: ignore[return-value]

    def _serve(self) -> None:
        try:
            self._value = self._read()
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asks
            self._error = error

"""The only clock of the package: when a command started, and how long ago that is."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """A command's time.

    Attributes:
        now: when it started, UTC.
        started: the same in ISO 8601, to the second.
    """

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.started = self.now.isoformat(timespec="seconds")
        self._start = time.perf_counter()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._start

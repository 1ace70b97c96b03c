"""A pytest plugin that prints, at the end, how many minutes of work the tests of each room took."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

import pytest

TOP = "house and single modules"
"""Tests beside no folder of their own."""


def get_room(node_id: str) -> str:
    """`tests/read/test_csv.py::test_x` belongs to `read`."""
    folder = PurePosixPath(node_id.partition("::")[0]).parent
    return TOP if folder.name in ("tests", "house") else folder.name


def sum_seconds(terminalreporter: pytest.TerminalReporter) -> dict[str, tuple[int, float]]:
    """Tests and seconds by room: set-up and clean-up count, skipped tests do not."""
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            room = get_room(report.nodeid)
            seconds[room] += report.duration
            counts[room] += report.when == "call"
    return {room: (counts[room], seconds[room]) for room in seconds}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each room, the longest first."""
    rooms = sum_seconds(terminalreporter)
    if len(rooms) < 2:
        return  # a few files by hand: nobody asks
    terminalreporter.section("minutes by room, all workers together")
    for room, (count, seconds) in sorted(rooms.items(), key=lambda item: -item[1][1]):
        terminalreporter.write_line(f"{seconds / 60:6.2f}  {room:<26} {count:>5} tests")
    total = sum(seconds for _, seconds in rooms.values())
    terminalreporter.write_line(f"{total / 60:6.2f}  in all")

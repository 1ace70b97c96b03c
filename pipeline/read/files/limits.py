"""Limits of what a file may take of this machine: memory, time, size and cells."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""The largest sheet that Excel can hold."""
RATIO_CHECKED_FROM = 10 << 20
"""Bytes up to which a part may be packed however well: it cannot fill the memory."""


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """How much of this machine a file may take; the defaults let real workbooks through and stop bombs.

    Attributes:
        memory: address space of the process that parses workbooks, in bytes.
        seconds: wall-clock time for one workbook.
        unpacked: bytes a file, zip or workbook may hold when unpacked, counted, not believed.
        ratio: how many times its size a large part may unpack to.
        members: parts in a zip or workbook, and sheets in a workbook.
        area: cells from A1 to the last cell of a sheet, empty ones included: the parser allocates them all.
        kept_rows: rows of a file up to which its sheets are kept unchanged, for the copy that is marked.
    """

    memory: int = 3 << 30
    seconds: float = 120.0
    unpacked: int = 4 << 30
    ratio: int = 200
    members: int = 2_000
    area: int = 64_000_000
    kept_rows: int = 100_000


DEFAULT_READ_LIMITS = ReadLimits()

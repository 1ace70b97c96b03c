"""Kinds of cells, as the reader reports them and the checks use them.

Imports nothing of ours: the subprocess that parses workbooks loads it.
"""

from __future__ import annotations

from enum import IntEnum


class CellKind(IntEnum):
    """What a cell holds in the file: in CSV it is BLANK or TEXT, in a workbook any."""

    BLANK = 0
    TEXT = 1
    NUMBER = 2
    DATE = 3  # a date, or a date with a time, in a real date cell
    TIME = 4  # a time of day or a duration
    BOOLEAN = 5
    ERROR = 6  # `#REF!`, `#N/A`, ...; the text is the error
    FORMULA = 7  # a formula without a stored value; the text is the formula with its `=`


ERROR_TEXTS = (
    "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!",
    "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!", "#PYTHON!", "#EXTERNAL!",
)  # fmt: skip
"""What Excel shows where a formula failed; a text that is exactly that was an error before the export."""

"""Options of reading: what a person declares of the files, which overrides what is detected."""

from __future__ import annotations

from dataclasses import dataclass

HIDDEN_ROW_CHOICES = ("error", "read")
"""What a hidden row may be: a fault, or a row like any other."""
HIDDEN_IS_READ = HIDDEN_ROW_CHOICES[1]
HIDDEN_SHEET_CHOICES = (*HIDDEN_ROW_CHOICES, "ignore")
"""What a hidden sheet may be that alone has the rows of its table: the same, or left out knowingly."""
HIDDEN_IS_IGNORED = HIDDEN_SHEET_CHOICES[2]


@dataclass(frozen=True)
class ReadOptions:
    """How files are written; a blank option is detected.

    Attributes:
        encoding: of text files, one of `schemas.notation.encodings.ENCODINGS`.
        delimiter: of text files, one of the names in `schemas.notation.encodings.DELIMITERS`.
        hidden_rows: what a hidden row is, one of `HIDDEN`.
        hidden_sheets: what a hidden sheet is, one of `HIDDEN_SHEETS`.
    """

    encoding: str = ""
    delimiter: str = ""
    hidden_rows: str = HIDDEN_ROW_CHOICES[0]
    hidden_sheets: str = HIDDEN_SHEET_CHOICES[0]


DEFAULT_READ_OPTIONS = ReadOptions()

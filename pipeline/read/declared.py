"""Stage 1: what a person declares of the files, over what would be found in them."""

from __future__ import annotations

from dataclasses import dataclass

HIDDEN = ("error", "read")
"""What a hidden row may be: a fault, or a row like any other."""
HIDDEN_READ = HIDDEN[1]
HIDDEN_SHEETS = (*HIDDEN, "ignore")
"""What a hidden sheet may be that alone has the rows of its table: the same, or left out knowingly."""
HIDDEN_IGNORED = HIDDEN_SHEETS[2]


@dataclass(frozen=True)
class Declared:
    """How files are written; blank: as it is found.

    Attributes:
        encoding: of text files, one of `schemas.encodings.ENCODINGS`.
        delimiter: of text files, one of the names in `schemas.encodings.DELIMITERS`.
        hidden_rows: what a hidden row is, one of `HIDDEN`.
        hidden_sheets: what a hidden sheet is, one of `HIDDEN_SHEETS`.
    """

    encoding: str = ""
    delimiter: str = ""
    hidden_rows: str = HIDDEN[0]
    hidden_sheets: str = HIDDEN_SHEETS[0]


NOTHING = Declared()

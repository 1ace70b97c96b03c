"""Stage 1: what a person declares of a text file, over what would be found in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Declared:
    """How text files are written; blank: as it is found.

    Attributes:
        encoding: one of `schemas.encodings.ENCODINGS`.
        delimiter: one of the names in `schemas.encodings.DELIMITERS`.
    """

    encoding: str = ""
    delimiter: str = ""


NOTHING = Declared()

"""Text that a spreadsheet would run is written with an apostrophe before it; whoever reads it takes that one off.

One rule, both ways: `as_read(as_written(text)) == text` for every text. A text in danger begins with one of
`= + - @`, a tab or a line end, perhaps behind apostrophes, and is no number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.texts import begins, replaced

APOSTROPHE = "'"
_FIRST = "=+-@\t\r\n'"
_IN_DANGER = r"^'*[=+\-@\t\r\n]"
_NUMBER = r"^'*-?[0-9]+(\.[0-9]+)?$"


def as_written(texts: Any) -> Any:
    """Texts for a file in which every text may be run: those in danger get an apostrophe.

    Args:
        texts: a string array.
    """
    return _changed(texts, begins(texts, _FIRST), _longer)


def said(text: str) -> str:
    """A single text as it is written.

    Args:
        text: for a file in which every text may be run.
    """
    written: str = as_written(pa.array([text], pa.string()))[0].as_py()
    return written


def as_typed(texts: Any) -> Any:
    """Texts for cells that hold text, which no spreadsheet runs: only what `as_read` would shorten gets one.

    Args:
        texts: a string array.
    """
    return _changed(texts, begins(texts, APOSTROPHE), _longer)


def as_read(texts: Any) -> Any:
    """Texts as they were before they were written: an apostrophe before one in danger is gone.

    Args:
        texts: a string array.
    """
    return _changed(texts, begins(texts, APOSTROPHE), _shorter)


def in_danger(texts: Any) -> Any:
    """Which texts would be run if somebody typed them, or are one apostrophe and more away from it.

    Args:
        texts: a string array.
    """
    some = pc.match_substring_regex(texts, pattern=_IN_DANGER)
    if not pc.any(some).as_py():
        return some
    return pc.and_(some, pc.invert(pc.match_substring_regex(texts, pattern=_NUMBER)))


def _changed(texts: Any, some: Any, change: Any) -> Any:
    """Texts of which some, where they are in danger, are changed: only those few are looked at closely."""
    if not some.any():
        return texts
    few = texts.filter(pa.array(some))
    danger = in_danger(few)
    rows = np.flatnonzero(some)[danger.to_numpy(zero_copy_only=False)]
    return replaced(texts, rows, change(few.filter(danger))) if len(rows) else texts


def _longer(texts: Any) -> Any:
    return pc.binary_join_element_wise(pa.scalar(APOSTROPHE), texts, "")


def _shorter(texts: Any) -> Any:
    return pc.utf8_slice_codeunits(texts, 1)

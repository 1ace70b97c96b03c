"""Text that a spreadsheet would run is written with an apostrophe before it; whoever reads it takes that one off.

One rule, both ways: `as_read(as_written(text)) == text` for every text. A text in danger begins with one of
`= + - @`, a tab or a line end, perhaps behind apostrophes, and is no number.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.text_bytes import match_first_characters, replace_rows

APOSTROPHE = "'"
_FIRST_CHARACTERS = "=+-@\t\r\n'"
_FORMULA_REGEX = r"^'*[=+\-@\t\r\n]"
_NUMBER_REGEX = r"^'*-?[0-9]+(\.[0-9]+)?$"


def escape_formulas(texts: Any) -> Any:
    """Texts for a file in which every text may be run: those in danger get an apostrophe.

    Args:
        texts: a string array.
    """
    return _change_formulas(texts, match_first_characters(texts, _FIRST_CHARACTERS), _add_apostrophe)


def escape_formula(text: str) -> str:
    """A single text as it is written.

    Args:
        text: for a file in which every text may be run.
    """
    escaped: str = escape_formulas(pa.array([text], pa.string()))[0].as_py()
    return escaped


def escape_apostrophes(texts: Any) -> Any:
    """Texts for cells that hold text, which no spreadsheet runs: only what `as_read` would shorten gets one.

    Args:
        texts: a string array.
    """
    return _change_formulas(texts, match_first_characters(texts, APOSTROPHE), _add_apostrophe)


def unescape_formulas(texts: Any) -> Any:
    """Texts as they were before they were written: an apostrophe before one in danger is gone.

    Args:
        texts: a string array.
    """
    return _change_formulas(texts, match_first_characters(texts, APOSTROPHE), _remove_apostrophe)


def is_formula_like(texts: Any) -> Any:
    """Which texts would be run if somebody typed them, or are one apostrophe and more away from it.

    Args:
        texts: a string array.
    """
    is_candidate = pc.match_substring_regex(texts, pattern=_FORMULA_REGEX)
    if not pc.any(is_candidate).as_py():
        return is_candidate
    return pc.and_(is_candidate, pc.invert(pc.match_substring_regex(texts, pattern=_NUMBER_REGEX)))


def _change_formulas(texts: Any, candidates: Any, change: Any) -> Any:
    """Texts of which some, where they are in danger, are changed: only those few are looked at closely."""
    if not candidates.any():
        return texts
    candidate_texts = texts.filter(pa.array(candidates))
    is_formula = is_formula_like(candidate_texts)
    rows = np.flatnonzero(candidates)[is_formula.to_numpy(zero_copy_only=False)]
    return replace_rows(texts, rows, change(candidate_texts.filter(is_formula))) if len(rows) else texts


def _add_apostrophe(texts: Any) -> Any:
    return pc.binary_join_element_wise(pa.scalar(APOSTROPHE), texts, "")


def _remove_apostrophe(texts: Any) -> Any:
    return pc.utf8_slice_codeunits(texts, 1)

"""Protection against formula injection: an apostrophe before texts that a spreadsheet would run.

In: texts, as people typed them or as a file has them.
Out: the same with the apostrophe, or without; which of them look like a formula.
Never: touches a number, or a text of which it could not give back every character.

One rule, both ways: `unescape_formulas(escape_formulas(text)) == text` for every text. A text looks like a
formula if it begins with one of `= + - @`, a tab or a line end, perhaps after apostrophes, and is no number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow.columns import Booleans, Texts
from schemas.arrow.text_bytes import match_first_characters, replace_rows

APOSTROPHE = "'"
# an apostrophe too: a text that has one must not lose it when it is read back
_FIRST_CHARACTERS = "=+-@\t\r\n'"
_FORMULA_REGEX = r"^'*[=+\-@\t\r\n]"
# a negative number begins like a formula and is none
_NUMBER_REGEX = r"^'*-?[0-9]+(\.[0-9]+)?$"


def escape_formulas(texts: Texts) -> Texts:
    """Escape texts for a file whose texts a spreadsheet may run (CSV): formulas get an apostrophe.

    Args:
        texts: a string array.
    """
    return _replace_formulas(texts, match_first_characters(texts, _FIRST_CHARACTERS), _add_apostrophe)


def escape_formula(text: str) -> str:
    """Escape a single text, as `escape_formulas` does.

    Args:
        text: for a file whose texts a spreadsheet may run.
    """
    escaped: str = escape_formulas(pa.array([text], pa.string()))[0].as_py()
    return escaped


def escape_apostrophes(texts: Texts) -> Texts:
    """Escape texts for cells of type text, which are never run: only what `unescape_formulas` would shorten.

    Args:
        texts: a string array.
    """
    return _replace_formulas(texts, match_first_characters(texts, APOSTROPHE), _add_apostrophe)


def unescape_formulas(texts: Texts) -> Texts:
    """Undo `escape_formulas`: remove the apostrophe before a text that looks like a formula.

    Args:
        texts: a string array.
    """
    return _replace_formulas(texts, match_first_characters(texts, APOSTROPHE), _remove_apostrophe)


def is_formula_like(texts: Texts) -> Booleans:
    """Return which texts a spreadsheet would run if they were typed, with or without apostrophes before them.

    Args:
        texts: a string array.
    """
    is_candidate = pc.match_substring_regex(texts, pattern=_FORMULA_REGEX)
    if not pc.any(is_candidate).as_py():
        return is_candidate
    return pc.and_(is_candidate, pc.invert(pc.match_substring_regex(texts, pattern=_NUMBER_REGEX)))


def _replace_formulas(
    texts: Texts, candidates: npt.NDArray[np.bool_], change: Callable[[Texts], Texts]
) -> Texts:
    """Apply a change to those candidates that look like a formula: only candidates are searched by regex."""
    if not candidates.any():
        return texts
    candidate_texts = texts.filter(pa.array(candidates))
    is_formula = is_formula_like(candidate_texts)
    rows = np.flatnonzero(candidates)[is_formula.to_numpy(zero_copy_only=False)]
    return replace_rows(texts, rows, change(candidate_texts.filter(is_formula))) if len(rows) else texts


def _add_apostrophe(texts: Texts) -> Texts:
    return pc.binary_join_element_wise(pa.scalar(APOSTROPHE), texts, "")


def _remove_apostrophe(texts: Texts) -> Texts:
    return pc.utf8_slice_codeunits(texts, 1)

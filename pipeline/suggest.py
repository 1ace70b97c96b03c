"""Suggestions ("did you mean"): fuzzy matching of unknown values against known names, with the reason.

In: a value that is not known, and the names that are.
Out: the nearest name and the reason, as a question.
Never: corrects a value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pipeline.i18n import translate

MAX_COMPARED_PAIRS = 40_000
"""Pairs compared by edit distance; with more, only names that fold to the same text are found."""

_LOOK_ALIKE = str.maketrans("oilsbz", "011582")
"""Letters that look like digits."""

_NON_WORD_CHARACTERS = re.compile(r"[\W_]+")
_FOLD_IN_LINES: dict[int, int | None] = {
    **_LOOK_ALIKE,
    **{code: None for code in range(128) if _NON_WORD_CHARACTERS.match(chr(code))},
    ord("\n"): ord("\n"),
}
"""What each ASCII character of names, one per line, is folded to."""


def fold_name(text: str) -> str:
    """Fold what a person overlooks: case, spaces, punctuation, leading zeros, letters like digits.

    Args:
        text: a name or a value.
    """
    return _NON_WORD_CHARACTERS.sub("", text).casefold().translate(_LOOK_ALIKE).lstrip("0")


def _fold_names(names: Collection[str]) -> list[str]:
    """Fold each name; ASCII names together in one text, which takes a tenth of the time."""
    text = "\n".join(names)
    # a name with a line end in it would be taken for two
    if not text.isascii() or text.count("\n") != len(names) - 1:
        return list(map(fold_name, names))
    return [line.lstrip("0") for line in text.casefold().translate(_FOLD_IN_LINES).split("\n")]


class KnownNames:
    """The known names, searched for the one that was meant."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        folded_names = _fold_names(self._names)
        # reversed, because the first of the names that fold to the same text shall win
        self._folded = dict(zip(reversed(folded_names), reversed(self._names), strict=True))

    def find_nearest(self, values: Collection[str]) -> dict[str, str]:
        """Return the nearest name of each value that has one.

        Args:
            values: none of them is a known name.
        """
        nearest = {value: self._folded.get(fold_name(value), "") for value in values}
        unmatched = [value for value, name in nearest.items() if not name]
        if len(unmatched) * len(self._names) <= MAX_COMPARED_PAIRS:
            # without case on both sides, since `get_close_matches` compares letter by letter
            names_by_lower = {name.casefold(): name for name in self._names}
            for value in unmatched:
                matches = get_close_matches(value.casefold(), names_by_lower, 1, 0.75)
                nearest[value] = names_by_lower[matches[0]] if matches else ""
        return {value: name for value, name in nearest.items() if name}


def suggest_near(value: str, near: str) -> str:
    """Return the question whether the nearest name was meant, with the reason, to be appended to a sentence.

    Args:
        value: as it was typed.
        near: the nearest name; "" gives no question.
    """
    if not near:
        return ""
    reason = explain_difference(value, near)
    return (
        translate(" Did you mean {near} ({why})?", near=near, why=reason)
        if reason
        else translate(" Did you mean {near}?", near=near)
    )


def explain_difference(value: str, near: str) -> str:
    """Return how a value differs from a name, as a text; empty where that takes more than a few words.

    Args:
        value: as it was typed.
        near: the name.
    """
    value_key, near_key = value.casefold(), near.casefold()
    if value_key == near_key:
        return translate("only upper and lower case differ")
    value_key, near_key = (_NON_WORD_CHARACTERS.sub("", key) for key in (value_key, near_key))
    if value_key == near_key:
        return translate("only blanks or punctuation differ")
    if value_key.lstrip("0") == near_key.lstrip("0"):
        return translate("only zeros in front differ")
    if value_key.translate(_LOOK_ALIKE) == near_key.translate(_LOOK_ALIKE):
        return translate("a letter looks like a digit")
    return _explain_typo(value_key, near_key)


def _explain_typo(value: str, near: str) -> str:
    """Explain a single typo (edit distance 1, or two neighbours swapped); empty for more."""
    start = next(
        (
            index
            for index, (value_character, near_character) in enumerate(zip(value, near, strict=False))
            if value_character != near_character
        ),
        min(len(value), len(near)),
    )
    value_tail, near_tail = value[start:], near[start:]
    # the typo is where the two begin to differ: behind it all must be the same
    if value_tail and near_tail and value_tail[1:] == near_tail[1:]:
        return translate("one character differs")
    if value_tail[1:] == near_tail or value_tail == near_tail[1:]:
        return translate("one character is missing or too many")
    if value_tail[:2] == near_tail[:2][::-1] and value_tail[2:] == near_tail[2:]:
        return translate("two characters are swapped")
    return ""

"""What may have been meant, and why: a question, never an answer. Nothing is corrected by itself.

Input: a value that is not known, and names that are. Output: the nearest name with the reason, as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pipeline.i18n import translate

MAX_COMPARED_PAIRS = 40_000
"""Pairs that are compared letter by letter: beyond, only names that are written differently are found."""

_LOOK_ALIKE = str.maketrans("oilsbz", "011582")
"""Letters that are taken for digits."""

_NON_WORD_CHARACTERS = re.compile(r"[\W_]+")
_FOLD_IN_LINES: dict[int, int | None] = {
    **_LOOK_ALIKE,
    **{code: None for code in range(128) if _NON_WORD_CHARACTERS.match(chr(code))},
    ord("\n"): ord("\n"),
}
"""What becomes of each ASCII letter of names, a line each."""


def fold_name(text: str) -> str:
    """A text without what a person overlooks: case, blanks, punctuation, zeros in front, letters like digits."""
    return _NON_WORD_CHARACTERS.sub("", text).casefold().translate(_LOOK_ALIKE).lstrip("0")


def _fold_names(names: Collection[str]) -> list[str]:
    """Each name folded; plain ones all in one text, which takes a tenth of the time."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") != len(names) - 1:
        return list(map(fold_name, names))
    return [line.lstrip("0") for line in text.casefold().translate(_FOLD_IN_LINES).split("\n")]


class KnownNames:
    """Names that are known."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        folded_names = _fold_names(self._names)
        self._folded = dict(
            zip(reversed(folded_names), reversed(self._names), strict=True)
        )  # the first one counts

    def find_nearest(self, values: Collection[str]) -> dict[str, str]:
        """The nearest name of each value that has one.

        Args:
            values: none of them is known.
        """
        nearest = {value: self._folded.get(fold_name(value), "") for value in values}
        unmatched = [value for value, name in nearest.items() if not name]
        if len(unmatched) * len(self._names) <= MAX_COMPARED_PAIRS:
            names_by_lower = {name.casefold(): name for name in self._names}
            for value in unmatched:
                matches = get_close_matches(value.casefold(), names_by_lower, 1, 0.75)
                nearest[value] = names_by_lower[matches[0]] if matches else ""
        return {value: name for value, name in nearest.items() if name}


def suggest_near(value: str, near: str) -> str:
    """Whether the nearest name was meant, and why it is thought so; to be put behind a sentence.

    Args:
        value: as it was typed.
        near: the name; nothing is asked without one.
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
    """What parts a value from a name, in words; empty where it cannot be said in few.

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
    """What one slip of the finger did; empty for more than one."""
    start = next(
        (
            index
            for index, (value_character, near_character) in enumerate(zip(value, near, strict=False))
            if value_character != near_character
        ),
        min(len(value), len(near)),
    )
    value_tail, near_tail = value[start:], near[start:]
    if value_tail and near_tail and value_tail[1:] == near_tail[1:]:
        return translate("one character differs")
    if value_tail[1:] == near_tail or value_tail == near_tail[1:]:
        return translate("one character is missing or too many")
    if value_tail[:2] == near_tail[:2][::-1] and value_tail[2:] == near_tail[2:]:
        return translate("two characters are swapped")
    return ""

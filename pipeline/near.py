"""What may have been meant, and why: a question, never an answer. Nothing is corrected by itself.

Input: a value that is not known, and names that are. Output: the nearest name with the reason, as a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pipeline.language import say

MOST_COMPARED = 40_000
"""Pairs that are compared letter by letter: beyond, only names that are written differently are found."""

_LOOK_ALIKE = str.maketrans("oilsbz", "011582")
"""Letters that are taken for digits."""

_SIGNS = re.compile(r"[\W_]+")
_IN_LINES: dict[int, int | None] = {
    **_LOOK_ALIKE,
    **{code: None for code in range(128) if _SIGNS.match(chr(code))},
    ord("\n"): ord("\n"),
}
"""What becomes of each ASCII letter of names, a line each."""


def folded(text: str) -> str:
    """A text without what a person overlooks: case, blanks, punctuation, zeros in front, letters like digits."""
    return _SIGNS.sub("", text).casefold().translate(_LOOK_ALIKE).lstrip("0")


def _all_folded(names: Collection[str]) -> list[str]:
    """Each name folded; plain ones all in one text, which takes a tenth of the time."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") != len(names) - 1:
        return list(map(folded, names))
    return [each.lstrip("0") for each in text.casefold().translate(_IN_LINES).split("\n")]


class Names:
    """Names that are known."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(dict.fromkeys(names))
        alike = _all_folded(self._names)
        self._folded = dict(zip(reversed(alike), reversed(self._names), strict=True))  # the first one counts

    def nearest(self, values: Collection[str]) -> dict[str, str]:
        """The nearest name of each value that has one.

        Args:
            values: none of them is known.
        """
        found = {each: self._folded.get(folded(each), "") for each in values}
        left = [each for each, near in found.items() if not near]
        if len(left) * len(self._names) <= MOST_COMPARED:
            lower = {each.casefold(): each for each in self._names}
            for each in left:
                close = get_close_matches(each.casefold(), lower, 1, 0.75)
                found[each] = lower[close[0]] if close else ""
        return {each: near for each, near in found.items() if near}


def question(value: str, near: str) -> str:
    """Whether the nearest name was meant, and why it is thought so; to be put behind a sentence.

    Args:
        value: as it was typed.
        near: the name; nothing is asked without one.
    """
    if not near:
        return ""
    why = reason(value, near)
    return (
        say(" Did you mean {near} ({why})?", near=near, why=why)
        if why
        else say(" Did you mean {near}?", near=near)
    )


def reason(value: str, near: str) -> str:
    """What parts a value from a name, in words; empty where it cannot be said in few.

    Args:
        value: as it was typed.
        near: the name.
    """
    one, two = value.casefold(), near.casefold()
    if one == two:
        return say("only upper and lower case differ")
    one, two = (_SIGNS.sub("", each) for each in (one, two))
    if one == two:
        return say("only blanks or punctuation differ")
    if one.lstrip("0") == two.lstrip("0"):
        return say("only zeros in front differ")
    if one.translate(_LOOK_ALIKE) == two.translate(_LOOK_ALIKE):
        return say("a letter looks like a digit")
    return _of_one_slip(one, two)


def _of_one_slip(one: str, two: str) -> str:
    """What one slip of the finger did; empty for more than one."""
    start = next(
        (at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
    )
    rest, other = one[start:], two[start:]
    if rest and other and rest[1:] == other[1:]:
        return say("one character differs")
    if rest[1:] == other or rest == other[1:]:
        return say("one character is missing or too many")
    if rest[:2] == other[:2][::-1] and rest[2:] == other[2:]:
        return say("two characters are swapped")
    return ""

"""Numbers as people write them -> plain numbers: one reading or none.

Nothing declared: digits, a point before the decimals, a minus in front; every other form is refused with what
it could mean. Declared (`decimal = "point"` or `"comma"`): all of `forms` is read as well, in the one way that
the declaration leaves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.cells import CellKind
from schemas.currencies import DIGITS as CURRENCIES
from schemas.forms import (
    APOSTROPHES,
    ARABIC_DECIMAL,
    ARABIC_THOUSANDS,
    BLANKS,
    FULL_WIDTH,
    MARKS,
    MINUSES,
    OTHER,
    SCRIPTS,
    SYMBOLS,
)
from schemas.texts import byte_range, occurring

UNREADABLE: Final = "?"
"""What a text becomes that has no reading: it fails the check of the number's form."""

_PLAIN_OR_BLANK: Final = r"^(-?[0-9]+(\.[0-9]+)?)?$"


def _translation() -> tuple[tuple[str, str], ...]:
    pairs = [(each, " ") for each in BLANKS[1:]]
    pairs += [(each, "-") for each in MINUSES[1:]]
    pairs += [(each, "'") for each in APOSTROPHES[1:]]
    pairs += FULL_WIDTH.items()
    pairs += [(digit, str(value)) for digits in SCRIPTS.values() for value, digit in enumerate(digits)]
    return tuple(pairs)


_TRANSLATION: Final = _translation()
_TABLE: Final = str.maketrans(dict(_TRANSLATION))


class Written(NamedTuple):
    """Cells of a column of numbers, made readable.

    Attributes:
        texts: in the plain form; `UNREADABLE` where a text has no reading.
        marks: the mark of a currency each bears, "" without one; None when no cell bears any.
    """

    texts: Any
    marks: Any | None


@dataclass(frozen=True)
class NumberFormat:
    """How the texts of a file write numbers.

    Attributes:
        declared: `point` or `comma`, the mark before the decimals; empty when nothing is declared.
        marks: currencies may be written beside a number; somebody must then hold them against the row's.
    """

    declared: str = ""
    marks: bool = True

    def __post_init__(self) -> None:
        if self.declared and self.declared not in MARKS:
            raise ValueError(f"{self.declared!r} is no decimal mark: {' or '.join(MARKS)} is needed")

    @property
    def regex(self) -> str:
        """RE2 of the declared form, once blanks, apostrophes, minuses and digits are those of ASCII."""
        return _regex(MARKS[self.declared or "point"])

    def read(self, cells: Any, held: npt.NDArray[np.uint8] | None = None) -> Written:
        """Cells as plain numbers; what a number cell holds is plain whatever is declared.

        Args:
            cells: text, dictionary-encoded or not.
            held: the CellKind of each cell; None when all are texts.
        """
        if not self._is_needed(cells):
            return Written(cells, None)
        coded = cells if isinstance(cells, pa.DictionaryArray) else cells.dictionary_encode()
        distinct = coded.dictionary
        read = self._distinct(distinct)
        texts = pc.take(read.texts, coded.indices)
        marks = None if read.marks is None else pc.take(read.marks, coded.indices)
        if held is not None:
            number = pa.array(held != CellKind.TEXT)
            texts = pc.if_else(number, pc.take(distinct, coded.indices), texts)
            marks = None if marks is None else pc.if_else(number, "", marks)
        return Written(texts, marks)

    def _is_needed(self, cells: Any) -> bool:
        """Whether anything in the column is written in another way than the plain one."""
        texts = cells.dictionary if isinstance(cells, pa.DictionaryArray) else cells
        if not self.declared:
            return bool(occurring(texts, ",")) and _any_matches(texts, _COMMA_BEFORE_DECIMALS)
        if self.declared == "comma" and occurring(texts, "."):
            return True
        return not pc.all(pc.match_substring_regex(texts, pattern=_PLAIN_OR_BLANK)).as_py()

    def _distinct(self, texts: Any) -> Written:
        if not self.declared:
            return Written(_doubtful_refused(texts), None)
        parts = _parts(_as_ascii(texts, MARKS[self.declared]), self.regex)
        sound = parts.sound if self.marks else pc.and_(parts.sound, pc.equal(parts.mark, ""))
        unread = pc.if_else(pc.equal(texts, ""), "", UNREADABLE)
        read = pc.if_else(sound, parts.plain, unread)
        return Written(read, parts.mark if pc.any(pc.not_equal(parts.mark, "")).as_py() else None)


class _Parts(NamedTuple):
    sound: Any  # the text has the declared form
    plain: Any
    mark: Any


def _parts(texts: Any, regex: str) -> _Parts:
    """What the expression finds; one sign at most, one mark at most, and a digit."""
    found = pc.extract_regex(texts, pattern=regex)
    part = {each.name: pc.fill_null(pc.struct_field(found, each.name), "") for each in found.type}
    signs = pc.binary_join_element_wise(*(part[f"s{at}"] for at in range(1, 5)), "")
    enclosed = pc.equal(part["open"], "(")
    sound = _all(
        pc.is_valid(found),
        pc.equal(enclosed, pc.equal(part["close"], ")")),
        pc.less_equal(pc.binary_length(pc.binary_join_element_wise(signs, part["open"], "")), 1),
        pc.not_equal(pc.binary_join_element_wise(part["whole"], part["part"], ""), ""),
        pc.or_(pc.equal(part["before"], ""), pc.equal(part["after"], "")),
    )
    negative = pc.or_(enclosed, pc.equal(signs, "-"))
    mark = pc.binary_join_element_wise(part["before"], part["after"], "")
    return _Parts(sound, _plain(part["whole"], part["part"], negative), mark)


def _all(*conditions: Any) -> Any:
    together = conditions[0]
    for each in conditions[1:]:
        together = pc.and_(together, each)
    return together


def _plain(whole: Any, part: Any, negative: Any) -> Any:
    digits = pc.replace_substring_regex(whole, pattern="[^0-9]", replacement="")
    digits = pc.if_else(pc.equal(digits, ""), "0", digits)
    point = pc.if_else(pc.equal(part, ""), "", ".")
    return pc.binary_join_element_wise(pc.if_else(negative, "-", ""), digits, point, part, "")


def _as_ascii(texts: Any, mark: str) -> Any:
    """Digits, blanks, minuses and apostrophes of other scripts as those of ASCII."""
    if byte_range(texts)[1] < 0x80:
        return texts
    table = _TABLE | {ord(ARABIC_DECIMAL): mark, ord(ARABIC_THOUSANDS): OTHER[mark]}
    return pa.array([text.translate(table) for text in texts.to_pylist()], pa.string())


def _regex(mark: str) -> str:
    groups = (OTHER[mark], " ", "'")
    grouped = "|".join(f"[1-9][0-9]{{0,2}}(?:{re.escape(each)}[0-9]{{3}})+" for each in groups)
    symbols = "|".join(re.escape(each) for each in sorted(SYMBOLS, key=len, reverse=True))
    named = f"(?:{symbols}|[A-Z]{{3}})"
    return (
        rf"^(?P<s1>[-+]?)(?P<open>\(?)(?P<before>{named}?) ?(?P<s2>[-+]?)(?P<whole>{grouped}|[0-9]*)"
        rf"(?:{re.escape(mark)}(?P<part>[0-9]+))?(?P<s3>-?) ?(?P<after>{named}?)(?P<close>\)?)(?P<s4>-?)$"
    )


_COMMA_BEFORE_DECIMALS: Final = (
    r"^[-+(]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})[-)]?$"
)
_POINT_BEFORE_THREE: Final = r"^-?[1-9][0-9]{0,2}\.[0-9]{3}$"


def _any_matches(texts: Any, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, pattern=pattern)).as_py())


def _doubtful_refused(texts: Any) -> Any:
    """Where a column has decimals behind a comma, its 1.234 may well be a thousand: it has no certain reading."""
    return pc.if_else(pc.match_substring_regex(texts, pattern=_POINT_BEFORE_THREE), UNREADABLE, texts)


def readings(text: str) -> dict[str, str]:
    """What a text means under each decimal mark that could be declared; marks without a reading are absent."""
    found = {}
    for each in MARKS:
        plain = NumberFormat(each).read(pa.array([text])).texts[0].as_py()
        if plain not in {UNREADABLE, ""}:
            found[each] = plain
    return found


def stands_for(mark: str) -> tuple[str, ...]:
    """The currencies that a mark may stand for; none when it is the mark of nothing we know."""
    return SYMBOLS.get(mark) or ((mark,) if mark in CURRENCIES else ())

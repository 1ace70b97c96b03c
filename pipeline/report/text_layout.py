"""Lines of text: counts with their nouns, columns, line breaks, unprintable characters.

In: numbers, cells and lines.
Out: lines for a terminal or a text file.
Never: knows what a line is about.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from pipeline.i18n import translate_count

_MIN_WIDTH = 60


def format_count(count: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun in the language in use: `1 row`, `2,000 rows`.

    Args:
        count: how many.
        singular: the noun for one.
        plural: the noun for more; without it an s is put to the noun for one.
    """
    return translate_count(count, f"{{count}} {singular}", f"{{count}} {plural or singular + 's'}")


def align_columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines, each column as wide as its widest cell.

    Args:
        rows: of equal length, the headings among them.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def wrap_lines(lines: Iterable[str], width: int) -> Iterator[str]:
    """Break lines at the width of a terminal; what continues a line is indented by two more.

    Args:
        lines: as they would be without a terminal.
        width: in characters; 0, or less than anybody can read, leaves them as they are.
    """
    for line in lines:
        if width < _MIN_WIDTH or len(line) <= width:
            yield line
            continue
        indent = len(line) - len(line.lstrip()) + 2
        yield from textwrap.wrap(
            line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
        )


def replace_unprintable(text: str) -> str:
    """Replace control characters and the like, so that no cell and no file's name steers a terminal.

    Args:
        text: a line; what cannot be seen in it becomes a replacement character.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\xa0" else "\ufffd" for character in text
    )

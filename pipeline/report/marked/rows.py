"""The rows of a sheet, as they go by: what became of each is said in two cells at its end."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from pipeline.language import say
from pipeline.report.marked.cells import address, place_of, text_cell
from pipeline.report.marked.plan import Beside, SheetMarks
from pipeline.report.marked.styles import Looks
from schemas.tables import REASON_HEADER, STATUS_HEADER

_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+\d+)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*(?:"[^"]*"|'[^']*')""")


class Rows:
    """Adds to each row that something is said of; every other byte goes by as it is."""

    def __init__(self, marks: SheetMarks, looks: Looks, prefix: bytes) -> None:
        self._marks, self._looks, self._prefix = marks, looks, prefix
        self._row, self._end = b"<" + prefix + b"row", b"</" + prefix + b"row>"
        self._cell = b"<" + prefix + b"c"
        self._cells = re.compile(rb"<%sc(?=[\s/>])[^>]*?(?:/>|>.*?</%sc>)" % (prefix, prefix), re.DOTALL)
        self._last = 0

    def pieces(self, rest: bytes, chunks: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        """The rows with what is said of them; returns what follows them.

        Args:
            rest: the first bytes after the start tag of the sheet's data.
            chunks: the bytes after those.
        """
        over = b"</" + self._prefix + b"sheetData>"
        while (stop := rest.find(over)) < 0:
            cut = rest.rfind(self._end) + len(self._end)
            if cut >= len(self._end):
                yield self._marked(rest[:cut])
                rest = rest[cut:]
            more = next(chunks, b"")
            if not more:
                raise ValueError("a sheet without an end")
            rest += more
        yield self._marked(rest[:stop])
        return rest[stop + len(over) :]

    def _marked(self, rows: bytes) -> bytes:
        *whole, after = rows.split(self._end)
        made = [self._one(each) for each in whole]
        self._last += after.count(self._row)
        return b"".join((*made, after))

    def _one(self, row: bytes) -> bytes:
        """A row without its end tag, behind others that close themselves -> the row with our cells."""
        start = row.rfind(self._row)
        opened = row.find(b">", start) + 1
        told = _NUMBER.search(row, start, opened)
        self._last = int(told[1]) if told else self._last + row.count(self._row)
        own = self._own(self._last - 1)
        if own is None and not self._marks.ours:
            return row + self._end
        tag, inside = _SPANS.sub(b"", row[start:opened]), row[opened:]
        return row[:start] + tag + self._with(inside, own or (b"", b"")) + self._end

    def _own(self, row: int) -> tuple[bytes, bytes] | None:
        """Our two cells in a row; None where nothing is said."""
        if row == self._marks.header:
            said, look, other = Beside(STATUS_HEADER, REASON_HEADER), self._looks.head, self._looks.head
        elif row in self._marks.beside:
            said, other = self._marks.beside[row], self._looks.plain
            look = {"rejected": self._looks.rejected}.get(said.status, other)
            said = said._replace(status=say(said.status))
        else:
            return None
        status, reason = (address(row, column) for column in self._marks.columns)
        prefix = self._prefix.decode()
        first = text_cell(status, said.status, look, prefix)
        return first, text_cell(reason, said.reason, other, prefix) if said.reason else b""

    def _with(self, cells: bytes, own: tuple[bytes, bytes]) -> bytes:
        """A row's cells with ours in their columns."""
        status, reason = self._marks.columns
        at = cells.rfind(self._cell + b" ")
        found = _REFERENCE.search(cells, at) if at >= 0 else None
        if not cells or (found and place_of(found[1].decode())[1] < min(status, reason)):
            return cells + (own[0] + own[1] if status < reason else own[1] + own[0])
        placed = {column: cell for column, cell in self._placed(cells) if column not in (status, reason)}
        placed |= {column: cell for column, cell in zip((status, reason), own, strict=True) if cell}
        return b"".join(placed[column] for column in sorted(placed))

    def _placed(self, cells: bytes) -> Iterator[tuple[int, bytes]]:
        """Each cell of a row with its column; one without an address stands after the one before it."""
        column = -1
        for each in self._cells.findall(cells):
            told = _REFERENCE.search(each, 0, each.find(b">"))
            column = place_of(told[1].decode())[1] if told else column + 1
            yield column, each

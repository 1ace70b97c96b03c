"""The rows of a sheet, as they go by: what became of each is said in two cells at its end."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from pipeline.i18n import translate
from pipeline.report.marked.annotations import RowStatus, SheetAnnotations
from pipeline.spreadsheet.references import format_reference, parse_reference
from pipeline.spreadsheet.row_writer import encode_text_cell
from pipeline.spreadsheet.styles import MarkStyles
from schemas.tables.common import REASON_HEADER, STATUS_HEADER

_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+\d+)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*(?:"[^"]*"|'[^']*')""")


class RowAnnotator:
    """Adds to each row that something is said of; every other byte goes by as it is."""

    def __init__(self, annotations: SheetAnnotations, styles: MarkStyles, prefix: bytes) -> None:
        self._marks, self._looks, self._prefix = annotations, styles, prefix
        self._row, self._end = b"<" + prefix + b"row", b"</" + prefix + b"row>"
        self._cell = b"<" + prefix + b"c"
        self._cells = re.compile(rb"<%sc(?=[\s/>])[^>]*?(?:/>|>.*?</%sc>)" % (prefix, prefix), re.DOTALL)
        self._last = 0

    def iterate_pieces(self, rest: bytes, chunks: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        """The rows with what is said of them; returns what follows them.

        Args:
            rest: the first bytes after the start tag of the sheet's data.
            chunks: the bytes after those.
        """
        end_tag = b"</" + self._prefix + b"sheetData>"
        while (stop := rest.find(end_tag)) < 0:
            cut = rest.rfind(self._end) + len(self._end)
            if cut >= len(self._end):
                yield self._annotate_rows(rest[:cut])
                rest = rest[cut:]
            chunk = next(chunks, b"")
            if not chunk:
                raise ValueError("a sheet without an end")
            rest += chunk
        yield self._annotate_rows(rest[:stop])
        return rest[stop + len(end_tag) :]

    def _annotate_rows(self, rows: bytes) -> bytes:
        *complete_rows, after = rows.split(self._end)
        annotated = [self._annotate_row(row) for row in complete_rows]
        self._last += after.count(self._row)
        return b"".join((*annotated, after))

    def _annotate_row(self, row: bytes) -> bytes:
        """A row without its end tag, behind others that close themselves -> the row with our cells."""
        start = row.rfind(self._row)
        tag_end = row.find(b">", start) + 1
        number = _NUMBER.search(row, start, tag_end)
        self._last = int(number[1]) if number else self._last + row.count(self._row)
        status_cells = self._encode_status_cells(self._last - 1)
        if status_cells is None and not self._marks.has_status_columns:
            return row + self._end
        tag, cells = _SPANS.sub(b"", row[start:tag_end]), row[tag_end:]
        return row[:start] + tag + self._merge_cells(cells, status_cells or (b"", b"")) + self._end

    def _encode_status_cells(self, row: int) -> tuple[bytes, bytes] | None:
        """Our two cells in a row; None where nothing is said."""
        if row == self._marks.header:
            status, style, reason_style = (
                RowStatus(STATUS_HEADER, REASON_HEADER),
                self._looks.head,
                self._looks.head,
            )
        elif row in self._marks.statuses:
            status, reason_style = self._marks.statuses[row], self._looks.plain
            style = {"rejected": self._looks.rejected}.get(status.status, reason_style)
            status = status._replace(status=translate(status.status))
        else:
            return None
        status_reference, reason_reference = (format_reference(row, column) for column in self._marks.columns)
        prefix = self._prefix.decode()
        first = encode_text_cell(status_reference, status.status, style, prefix)
        return first, encode_text_cell(
            reason_reference, status.reason, reason_style, prefix
        ) if status.reason else b""

    def _merge_cells(self, cells: bytes, status_cells: tuple[bytes, bytes]) -> bytes:
        """A row's cells with ours in their columns."""
        status, reason = self._marks.columns
        last_start = cells.rfind(self._cell + b" ")
        reference = _REFERENCE.search(cells, last_start) if last_start >= 0 else None
        if not cells or (reference and parse_reference(reference[1].decode())[1] < min(status, reason)):
            return cells + (
                status_cells[0] + status_cells[1] if status < reason else status_cells[1] + status_cells[0]
            )
        placed = {column: cell for column, cell in self._split_cells(cells) if column not in (status, reason)}
        placed |= {column: cell for column, cell in zip((status, reason), status_cells, strict=True) if cell}
        return b"".join(placed[column] for column in sorted(placed))

    def _split_cells(self, cells: bytes) -> Iterator[tuple[int, bytes]]:
        """Each cell of a row with its column; one without an address stands after the one before it."""
        column = -1
        for cell in self._cells.findall(cells):
            reference = _REFERENCE.search(cell, 0, cell.find(b">"))
            column = parse_reference(reference[1].decode())[1] if reference else column + 1
            yield column, cell

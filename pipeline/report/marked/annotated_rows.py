"""The rows of a sheet, streamed as bytes, with two cells added at the end of each: status and reason.

In: the XML of a sheet from its first row on, and what is said in the sheet.
Out: the same with the two cells in the rows that have a status.
Never: changes a cell of the preparer's, or holds the rows whole in memory.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from pipeline.i18n import translate
from pipeline.report.marked.annotations import SheetAnnotations
from pipeline.report.marked.row_status import ROW_REJECTED
from pipeline.spreadsheet.references import format_reference, parse_reference
from pipeline.spreadsheet.row_writer import encode_text_cell
from pipeline.spreadsheet.styles import MarkStyles
from schemas.tables.common import REASON_HEADER, STATUS_HEADER

_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]+\d+)["']""")
_SPANS = re.compile(rb"""\sspans\s*=\s*(?:"[^"]*"|'[^']*')""")


class RowAnnotator:
    """Adds status and reason to the rows that have one; every other byte stays as it is.

    Args:
        annotations: what is said in the sheet.
        styles: formats of the added cells.
        prefix: of the sheet's elements.
    """

    def __init__(self, annotations: SheetAnnotations, styles: MarkStyles, prefix: bytes) -> None:
        self._annotations, self._styles, self._prefix = annotations, styles, prefix
        self._row_start, self._row_end = b"<" + prefix + b"row", b"</" + prefix + b"row>"
        self._cell_start = b"<" + prefix + b"c "
        self._cell = re.compile(rb"<%sc(?=[\s/>])[^>]*?(?:/>|>.*?</%sc>)" % (prefix, prefix), re.DOTALL)
        self._row_number = 0

    def iterate_pieces(self, rest: bytes, chunks: Iterator[bytes]) -> Generator[bytes, None, bytes]:
        """Yield the rows with their two cells.

        Args:
            rest: the first bytes after the start tag of the sheet's data.
            chunks: the bytes after those.

        Returns:
            What follows the rows.

        Raises:
            ValueError: the rows have no end.
        """
        end_tag = b"</" + self._prefix + b"sheetData>"
        while (stop := rest.find(end_tag)) < 0:
            # where no row ends, `rfind` gives -1, and the cut is shorter than the end tag itself
            cut = rest.rfind(self._row_end) + len(self._row_end)
            if cut >= len(self._row_end):
                yield self._annotate_rows(rest[:cut])
                rest = rest[cut:]
            chunk = next(chunks, b"")
            if not chunk:
                raise ValueError("a sheet without an end")  # uncovered: the reader refuses such a file
            rest += chunk
        yield self._annotate_rows(rest[:stop])
        return rest[stop + len(end_tag) :]

    def _annotate_rows(self, rows: bytes) -> bytes:
        *complete_rows, after = rows.split(self._row_end)
        annotated = [self._annotate_row(row) for row in complete_rows]
        self._row_number += after.count(self._row_start)  # rows without cells, which close themselves
        return b"".join((*annotated, after))

    def _annotate_row(self, row: bytes) -> bytes:
        """Add the two cells to a row.

        Args:
            row: without its end tag, behind rows without cells, which close themselves.
        """
        start = row.rfind(self._row_start)
        tag_end = row.find(b">", start) + 1
        number = _NUMBER.search(row, start, tag_end)
        # a row without a number comes right after the one before it, those without cells included
        self._row_number = int(number[1]) if number else self._row_number + row.count(self._row_start)
        status_cells = self._encode_status_cells(self._row_number - 1)
        if status_cells is None and not self._annotations.has_status_columns:
            return row + self._row_end
        # `spans` says how far the row's cells reach; it is optional, and wrong once cells are added.
        tag, cells = _SPANS.sub(b"", row[start:tag_end]), row[tag_end:]
        return row[:start] + tag + self._merge_cells(cells, status_cells or (b"", b"")) + self._row_end

    def _encode_status_cells(self, row: int) -> tuple[bytes, bytes] | None:
        """Return the two cells of a row; None where there is nothing to say."""
        styles = self._styles
        if row == self._annotations.header:
            return self._encode_pair(row, (STATUS_HEADER, REASON_HEADER), (styles.head, styles.head))
        if row not in self._annotations.statuses:
            return None
        status, reason = self._annotations.statuses[row]
        status_style = styles.rejected if status == ROW_REJECTED else styles.plain
        return self._encode_pair(row, (translate(status), reason), (status_style, styles.plain))

    def _encode_pair(self, row: int, texts: tuple[str, str], styles: tuple[int, int]) -> tuple[bytes, bytes]:
        prefix = self._prefix.decode()
        status, reason = (format_reference(row, column) for column in self._annotations.columns)
        first = encode_text_cell(status, texts[0], styles[0], prefix)
        return first, encode_text_cell(reason, texts[1], styles[1], prefix) if texts[1] else b""

    def _merge_cells(self, cells: bytes, status_cells: tuple[bytes, bytes]) -> bytes:
        """Put the two cells into their columns, in place of those of an earlier marking."""
        status, reason = columns = self._annotations.columns
        # Nearly always the row ends before our columns: then nothing needs to be taken apart.
        if not cells or 0 <= self._find_last_column(cells) < min(columns):
            first, second = status_cells if status < reason else reversed(status_cells)
            return cells + first + second
        merged = {column: cell for column, cell in self._split_cells(cells) if column not in columns}
        merged |= {column: cell for column, cell in zip(columns, status_cells, strict=True) if cell}
        return b"".join(merged[column] for column in sorted(merged))

    def _find_last_column(self, cells: bytes) -> int:
        """Return the column of the last cell of a row; -1 where it does not say."""
        start = cells.rfind(self._cell_start)
        reference = _REFERENCE.search(cells, start) if start >= 0 else None
        return parse_reference(reference[1].decode())[1] if reference else -1

    def _split_cells(self, cells: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield each cell of a row with its column; one without a reference follows the one before it."""
        column = -1
        for cell in self._cell.findall(cells):
            reference = _REFERENCE.search(cell, 0, cell.find(b">"))
            column = parse_reference(reference[1].decode())[1] if reference else column + 1
            yield column, cell

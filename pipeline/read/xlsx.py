"""Stage 1, in the child: a workbook (.xlsx, .xlsm, Strict or not) -> sheets.

In: the package, past the gate.
Out: a `Taken` for each worksheet.
Never: believes the parser alone: each sheet's XML tells which rows stand there, and what was not shown.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipeline.read import refuse
from pipeline.read.cells import Columns, lay_over
from pipeline.read.compare import lost_cell
from pipeline.read.limits import ReadLimits
from pipeline.read.mend import with_known_errors
from pipeline.read.number_format import NumberFormat
from pipeline.read.package import WORKSHEET, local, shared_texts, targets, workbook_part, xml
from pipeline.read.scan import UnusualError, scan
from pipeline.read.scan_exactly import scan_exactly
from pipeline.read.scanned import Scan
from pipeline.read.styles import shown_otherwise, telling_styles
from pipeline.read.taken import Taken
from schemas.cells import CellKind

FAULTS = (CalamineError,)
_TRUE = {"1", "true", "on"}
_UNKNOWN_ERROR = "cell error value"
"""What the parser says of an error like #SPILL!, and no other fault says."""


def sheets(
    name: str, data: bytes, package: zipfile.ZipFile, odd: Set[str], limits: ReadLimits
) -> Iterator[Taken]:
    """The worksheets of a workbook; `odd` are parts with comments or CDATA."""
    parts, date_1904, uncalculated = _parts(package)
    if len(parts) > limits.members:
        raise refuse.TOO_MANY_SHEETS(name, most=limits.members)
    odd_texts = any(part.lower().endswith("sharedstrings.xml") for part in odd)
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    styles = telling_styles(package)
    with ThreadPoolExecutor(1) as pool:
        for meta in book.sheets_metadata:
            part = parts.get(meta.name, "")
            if meta.typ != SheetTypeEnum.WorkSheet or not part:
                continue
            # while the parser works outside Python's lock
            scanned = pool.submit(_scan, package, part, part in odd or odd_texts)
            place = f"{name}, sheet {meta.name},"
            sheet = _parsed(book, meta.name, package, part)
            taken = _sheet(place, part, sheet, scanned, package, styles, uncalculated)
            taken.hidden = meta.visible != SheetVisibleEnum.Visible
            taken.notes = "xlsx workbook" + (", dates from 1904" if date_1904 else "")
            yield taken


def _parts(package: zipfile.ZipFile) -> tuple[dict[str, str], bool, bool]:
    """The part of each worksheet by the sheet's name; whether dates count from 1904; whether nothing is calculated.

    A program that does not calculate asks Excel to do it when it opens the file: what is stored are no results. Nor
    are they where Excel itself says that it had not done with calculating when it saved.
    """
    workbook = workbook_part(package)
    found, parts, date_1904 = targets(package, workbook, WORKSHEET), {}, False
    uncalculated = False
    for element in xml(package, workbook).iter():
        tag = local(element.tag)
        if tag == "sheet":
            link = next((value for key, value in element.items() if key.endswith("}id")), "")
            if link in found:
                parts[element.get("name", "")] = found[link]
        elif tag == "workbookPr":
            date_1904 = element.get("date1904", "0").lower() in _TRUE
        elif tag == "calcPr":
            asked = element.get("fullCalcOnLoad", "0").lower() in _TRUE
            uncalculated = asked or element.get("calcCompleted", "1").lower() not in _TRUE
    return parts, date_1904, uncalculated


def _parsed(book: CalamineWorkbook, name: str, package: zipfile.ZipFile, part: str) -> CalamineSheet:
    """A sheet as the parser takes it: of errors it knows only those that Excel had in the beginning."""
    try:
        return book.get_sheet_by_name(name)
    except CalamineError as fault:
        if _UNKNOWN_ERROR not in str(fault):
            raise
    known = io.BytesIO(with_known_errors(package, part))
    return CalamineWorkbook.from_filelike(known).get_sheet_by_name(name)


def _scan(package: zipfile.ZipFile, part: str, odd: bool) -> Scan:
    try:
        with package.open(part) as stream:
            return scan_exactly(stream) if odd else scan(stream)
    except UnusualError:
        with package.open(part) as stream:
            return scan_exactly(stream)


def _sheet(
    place: str,
    part: str,
    sheet: CalamineSheet,
    scanned: Future[Scan],
    package: zipfile.ZipFile,
    styles: Mapping[int, NumberFormat],
    uncalculated: bool,
) -> Taken:
    """One sheet: the rows that stand in the file, checked against the XML."""
    columns = Columns(sheet.start[1] if sheet.start else 0, sheet.iter_rows())
    found = scanned.result()
    texts, kinds = columns.finished(found.overlays)
    rows = np.array(found.rows, np.int64)
    if (np.diff(rows) <= 0).any():
        raise refuse.DISORDERED(place)
    filled, held = _filled(texts, max(columns.rows, rows[-1] if len(rows) else 0))
    if not set(np.flatnonzero(filled).tolist()) <= set(found.rows):
        raise refuse.OUTSIDE_ROWS(place)
    shown_by_us = sum(each.kind == CellKind.FORMULA for each in found.overlays)
    lost = found.values > held - shown_by_us or not all(filled[row] for row in found.valued)
    if found.cells is None and lost:
        with package.open(part) as stream:  # an empty text is the only excuse
            found = scan_exactly(stream)
    if found.cells and (cell := lost_cell(found.cells, texts, kinds, lambda: shared_texts(package))):
        raise refuse.LOST(place, cell=cell)
    if uncalculated and found.formulas:
        with package.open(part) as stream:
            lay_over(texts, kinds, scan_exactly(stream).calculated)
    shown = shown_otherwise(package, part, found, texts, kinds, styles)
    return Taken(
        sheet.name, part, texts, kinds, rows, shown,
        hidden_rows=found.hidden_rows, hidden_columns=found.hidden_columns, filtered=found.filtered,
        merges=found.merges,
    )  # fmt: skip


def _filled(texts: Sequence[pa.Array], last: int) -> tuple[npt.NDArray[np.bool_], int]:
    """Which rows hold anything, by their number; and how many cells do."""
    filled, held = np.zeros(last + 1, np.bool_), 0
    for text in texts:
        holds = pc.binary_length(text).to_numpy(zero_copy_only=False) > 0
        filled[1 : len(text) + 1] |= holds
        held += int(holds.sum())
    return filled, held


__all__ = ["FAULTS", "sheets"]

"""The parser of workbooks whose parts are XML (.xlsx, .xlsm, Strict or not).

In: the package, past the gate.
Out: a `Grid` for each worksheet.
Never: believes the parser alone: each sheet's XML says which rows and values exist, and what is not
displayed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from pipeline.read.files.refusals import Refusal
from pipeline.read.formats import FormatInput
from pipeline.read.formats.cell_values import ColumnCollector, apply_overlays
from pipeline.read.formats.ooxml.cross_check import find_lost_cell
from pipeline.read.formats.ooxml.displayed_values import find_displayed_values, read_altering_styles
from pipeline.read.formats.ooxml.exact_scan import scan_exactly
from pipeline.read.formats.ooxml.fast_scan import UnusualXmlError, scan_fast
from pipeline.read.formats.ooxml.package_parts import (
    WORKSHEET_RELATION,
    find_workbook_part,
    list_related_parts,
    parse_xml_part,
    read_shared_strings,
)
from pipeline.read.formats.ooxml.repair import replace_unknown_errors
from pipeline.read.formats.ooxml.sheet_facts import SheetFacts
from pipeline.read.formats.parsed_sheet import ParsedSheet
from pipeline.read.grid import Grid
from pipeline.spreadsheet.number_formats import NumberFormat
from pipeline.spreadsheet.xml_bytes import TRUE_WORDS, get_local_name
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import Texts  # imports pandas, which the worker must not

_UNKNOWN_ERROR = "cell error value"
"""What the parser says of an error like #SPILL!, and no other fault says."""


class _Workbook(NamedTuple):
    """What the sheets share: the package, styles that alter numbers, and whether stored results are none."""

    package: zipfile.ZipFile
    styles: Mapping[int, NumberFormat]
    is_uncalculated: bool


def is_xlsx(file: FormatInput) -> bool:
    """Return whether a package is a workbook whose parts are XML."""
    package = file.require_package()
    workbook = find_workbook_part(package)
    is_workbook = workbook.startswith("xl/") and not workbook.lower().endswith(".bin")
    return is_workbook and "mimetype" not in package.NameToInfo


def read_xlsx_sheets(file: FormatInput) -> Iterator[Grid]:
    """Read the worksheets of a workbook.

    Raises:
        SourceError: it has too many sheets, or its rows and cells contradict each other.
    """
    package = file.require_package()
    sheet_parts, date_1904, is_uncalculated = _list_sheet_parts(package)
    if len(sheet_parts) > file.limits.members:
        raise Refusal.TOO_MANY_SHEETS(file.name, most=file.limits.members)
    has_commented_texts = any(part.lower().endswith("sharedstrings.xml") for part in file.commented_parts)
    parser = CalamineWorkbook.from_filelike(io.BytesIO(file.data))
    workbook = _Workbook(package, read_altering_styles(package), is_uncalculated)
    with ThreadPoolExecutor(1) as pool:
        for metadata in parser.sheets_metadata:
            part = sheet_parts.get(metadata.name, "")
            # charts and macros are listed among the sheets
            if metadata.typ != SheetTypeEnum.WorkSheet or not part:
                continue
            is_commented = part in file.commented_parts or has_commented_texts
            # the scan runs while the parser works outside Python's lock
            scan_result = pool.submit(_scan_part, package, part, is_commented)
            sheet = _load_sheet(parser, metadata.name, package, part)
            sheet_label = f"{file.name}, sheet {metadata.name},"
            parsed = _build_sheet(sheet_label, part, sheet, scan_result, workbook)
            parsed.is_hidden = metadata.visible != SheetVisibleEnum.Visible
            parsed.notes = "xlsx workbook" + (", dates from 1904" if date_1904 else "")
            yield parsed.to_grid()


def _list_sheet_parts(package: zipfile.ZipFile) -> tuple[dict[str, str], bool, bool]:
    """Return the part of each worksheet by the sheet's name; and two facts of the workbook.

    The facts are whether dates count from 1904, and whether stored results are none: a program that does not
    calculate asks Excel to do it when it opens the file, and Excel itself says when it had not finished
    before it saved.
    """
    workbook = find_workbook_part(package)
    worksheet_targets = list_related_parts(package, workbook, WORKSHEET_RELATION)
    parts, date_1904, is_uncalculated = {}, False, False
    for element in parse_xml_part(package, workbook).iter():
        match get_local_name(element.tag):
            case "sheet":
                # the prefix stands for another namespace in Strict Open XML
                relation = next((value for key, value in element.items() if key.endswith("}id")), "")
                if relation in worksheet_targets:
                    parts[element.get("name", "")] = worksheet_targets[relation]
            case "workbookPr":
                date_1904 = _is_true(element, "date1904", default="0")
            case "calcPr":
                is_uncalculated = _is_true(element, "fullCalcOnLoad", default="0") or not _is_true(
                    element, "calcCompleted", default="1"
                )
    return parts, date_1904, is_uncalculated


def _is_true(element: Element, attribute: str, default: str) -> bool:
    return element.get(attribute, default).lower() in TRUE_WORDS


def _load_sheet(workbook: CalamineWorkbook, name: str, package: zipfile.ZipFile, part: str) -> CalamineSheet:
    """Load a sheet into the parser, which knows only the errors that Excel had in the beginning."""
    try:
        return workbook.get_sheet_by_name(name)
    except CalamineError as fault:
        if _UNKNOWN_ERROR not in str(fault):
            raise
    readable = io.BytesIO(replace_unknown_errors(package, part))
    return CalamineWorkbook.from_filelike(readable).get_sheet_by_name(name)


def _scan_part(package: zipfile.ZipFile, part: str, is_commented: bool) -> SheetFacts:
    try:
        with package.open(part) as stream:
            return scan_exactly(stream) if is_commented else scan_fast(stream)
    except UnusualXmlError:
        with package.open(part) as stream:
            return scan_exactly(stream)


def _build_sheet(
    sheet_label: str,
    part: str,
    sheet: CalamineSheet,
    scan_result: Future[SheetFacts],
    workbook: _Workbook,
) -> ParsedSheet:
    """Build one sheet of the rows that the file has, checked against its XML."""
    package = workbook.package
    columns = ColumnCollector(sheet.start[1] if sheet.start else 0, sheet.iter_rows())
    facts = scan_result.result()
    texts, kinds = columns.finish(facts.overlays)
    rows = np.array(facts.rows, np.int64)
    # two rows of one number are out of order as well
    if (np.diff(rows) <= 0).any():
        raise Refusal.DISORDERED(sheet_label)
    has_lost_values = _has_lost_values(sheet_label, facts, texts, columns.rows)
    if facts.cells is None and has_lost_values:
        with package.open(part) as stream:  # an empty text is the only excuse
            facts = scan_exactly(stream)
    if facts.cells:
        lost_cell = find_lost_cell(facts.cells, texts, kinds, lambda: read_shared_strings(package))
        if lost_cell:
            raise Refusal.LOST(sheet_label, cell=lost_cell)
    if workbook.is_uncalculated and facts.has_formulas:
        # only this scan lists the formulas that have a stored value
        with package.open(part) as stream:
            apply_overlays(texts, kinds, scan_exactly(stream).calculated)
    displayed = find_displayed_values(package, part, facts, texts, kinds, workbook.styles)
    return ParsedSheet(
        name=sheet.name,
        part=part,
        texts=texts,
        kinds=kinds,
        rows=rows,
        displayed=displayed,
        hidden_rows=facts.hidden_rows,
        hidden_columns=facts.hidden_columns,
        is_filtered=facts.is_filtered,
        merges=facts.merges,
    )


def _has_lost_values(sheet_label: str, facts: SheetFacts, texts: Sequence[Texts], parsed_height: int) -> bool:
    """Return whether the XML has more values, or rows with values, than the parser shows.

    Raises:
        SourceError: the parser shows a cell outside the rows of the XML.
    """
    last_row = max(parsed_height, facts.rows[-1] if facts.rows else 0)
    is_filled, filled_count = _find_filled_rows(texts, last_row)
    if not set(np.flatnonzero(is_filled).tolist()) <= set(facts.rows):
        raise Refusal.OUTSIDE_ROWS(sheet_label)
    # each was put over an empty cell, and the XML has no value for it
    formula_count = sum(overlay.kind == CellKind.FORMULA for overlay in facts.overlays)
    parsed_count = filled_count - formula_count
    return facts.value_count > parsed_count or not all(is_filled[row] for row in facts.valued_rows)


def _find_filled_rows(texts: Sequence[Texts], last_row: int) -> tuple[npt.NDArray[np.bool_], int]:
    # numbered as the rows are, from 1: the first entry is nobody's
    """Return which rows hold anything, by their number, and how many cells do."""
    filled, filled_count = np.zeros(last_row + 1, np.bool_), 0
    for text in texts:
        is_filled = pc.binary_length(text).to_numpy(zero_copy_only=False) > 0
        filled[1 : len(text) + 1] |= is_filled
        filled_count += int(is_filled.sum())
    return filled, filled_count


__all__ = ["is_xlsx", "read_xlsx_sheets"]

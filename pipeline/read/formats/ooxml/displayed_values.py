"""Numbers that a cell's format displays as another number, in a workbook whose parts are XML.

In: the package, and the columns the parser made of a sheet.
Out: by column, the number displayed where it differs from the number stored.
Never: reads the cells' styles unless a number is in doubt: most sheets have no format that alters a number.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.formats.cell_values import KindCodes
from pipeline.read.formats.ooxml.fast_scan import iter_row_pieces, match_attributes
from pipeline.read.formats.ooxml.package_parts import find_part, find_workbook_part, parse_xml_part
from pipeline.read.formats.ooxml.sheet_facts import SheetFacts
from pipeline.read.formats.parsed_sheet import render_displayed
from pipeline.spreadsheet.number_formats import NumberFormat, get_builtin_format, parse_number_format
from pipeline.spreadsheet.references import parse_column_letters
from pipeline.spreadsheet.xml_bytes import get_local_name
from schemas.cell_kinds import CellKind

if TYPE_CHECKING:
    from schemas.arrow.columns import Texts  # imports pandas, which the worker must not

StyledCell = tuple[int, int, int]


def read_altering_styles(package: zipfile.ZipFile) -> dict[int, NumberFormat]:
    """Return the cell styles, by their number, that may display a number as another, with their format."""
    part = find_part(package, find_workbook_part(package), "styles")
    codes: dict[str, str] = {}
    numbers: list[str] = []
    for element in parse_xml_part(package, part) if part else ():
        if get_local_name(element.tag) == "numFmts":
            codes |= {child.get("numFmtId", ""): child.get("formatCode", "") for child in element}
        elif get_local_name(element.tag) == "cellXfs":
            numbers = [child.get("numFmtId", "0") for child in element]
    styles = {}
    for style, number in enumerate(numbers):
        number_format = parse_number_format(codes.get(number) or get_builtin_format(int(number)))
        if number_format.alters_numbers:
            styles[style] = number_format
    return styles


def find_displayed_values(
    package: zipfile.ZipFile,
    part: str,
    facts: SheetFacts,
    texts: Sequence[Texts],
    kinds: Mapping[int, KindCodes],
    styles: Mapping[int, NumberFormat],
) -> dict[int, Texts]:
    """Return what a sheet displays where a number shows as another, by column.

    Args:
        package: the workbook.
        part: the sheet's.
        facts: what a scan of the sheet found.
        texts: the sheet's columns from A, row 1 first.
        kinds: the kinds of their cells, by column.
        styles: those that `read_altering_styles` found.
    """
    doubtful_columns = {
        column for column, column_kinds in kinds.items() if _is_doubtful(texts[column], column_kinds, styles)
    }
    formats: dict[int, dict[int, NumberFormat]] = {}
    for row, column, style in _iter_styled_cells(package, part, facts, styles) if doubtful_columns else ():
        if column in doubtful_columns and style in styles and row < len(texts[column]):
            formats.setdefault(column, {})[row] = styles[style]
    displayed = {}
    for column, column_formats in formats.items():
        rendered = render_displayed(texts[column], kinds[column], column_formats)
        if rendered is not None:
            displayed[column] = rendered
    return displayed


def _is_doubtful(texts: Texts, kinds: KindCodes, styles: Mapping[int, NumberFormat]) -> bool:
    """Return whether any of the styles can display any number of a column as another."""
    if not styles or not (kinds == CellKind.NUMBER).any():
        return False
    # percents and leading zeros alter whole numbers as well
    if any(number_format.shift or number_format.zeros > 1 for number_format in styles.values()):
        return True
    fewest_decimals = min(number_format.decimals or 0 for number_format in styles.values())
    # without a point it is -1: such rows are left out below
    point = pc.find_substring(texts, ".")
    decimals = pc.subtract(pc.subtract(pc.binary_length(texts), point), 1)
    is_number = pa.array(kinds == CellKind.NUMBER)
    return bool(
        pc.any(
            pc.and_(pc.and_(is_number, pc.greater_equal(point, 0)), pc.greater(decimals, fewest_decimals))
        ).as_py()
    )


def _iter_styled_cells(
    package: zipfile.ZipFile, part: str, facts: SheetFacts, styles: Iterable[int]
) -> Iterable[StyledCell]:
    """Yield row, column and style of the cells that have one of the styles, all counted from 0."""
    if facts.styled is not None:
        return facts.styled
    return _search_styled_cells(package, part, styles)


def _search_styled_cells(package: zipfile.ZipFile, part: str, styles: Iterable[int]) -> Iterator[StyledCell]:
    # the styles are part of the expression, so that cells of all others cost nothing
    pattern = re.compile(rb'<c\b([^>]*\ss="(?:%s)"[^>]*)>' % b"|".join(b"%d" % style for style in styles))
    with package.open(part) as stream:
        for piece in iter_row_pieces(stream):
            for element in pattern.findall(piece):
                attributes = match_attributes(element)
                letters = attributes["r"].rstrip("0123456789")
                yield (
                    int(attributes["r"][len(letters) :]) - 1,
                    parse_column_letters(letters),
                    int(attributes["s"]),
                )

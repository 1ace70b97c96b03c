"""Stage 1, in the child: the number formats of a workbook's cells -> what a person sees in them.

In: the package, and the columns the parser made of a sheet.
Out: by column, the number shown where it is another than the one that is held.
Never: looks at a sheet whose formats cannot matter: no cell's style is read unless a number is in doubt.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.formats.cell_values import KindCodes
from pipeline.read.formats.ooxml.fast_scan import iter_row_pieces, match_attributes
from pipeline.read.formats.ooxml.package_gate import (
    find_part,
    find_workbook_part,
    parse_xml_part,
    strip_namespace,
)
from pipeline.read.formats.ooxml.sheet_facts import SheetFacts, parse_column_letters
from pipeline.read.formats.parsed_sheet import render_displayed
from pipeline.spreadsheet.number_formats import NumberFormat, get_builtin_format, parse_number_format
from schemas.cell_kinds import CellKind

StyledCell = tuple[int, int, int]


def read_altering_styles(package: zipfile.ZipFile) -> dict[int, NumberFormat]:
    """The cell styles that may show a number as another, and what their format does."""
    part = find_part(package, find_workbook_part(package), "styles")
    if not part:
        return {}
    codes: dict[str, str] = {}
    numbers: list[str] = []
    for element in parse_xml_part(package, part):
        if strip_namespace(element.tag) == "numFmts":
            codes |= {
                element_format.get("numFmtId", ""): element_format.get("formatCode", "")
                for element_format in element
            }
        elif strip_namespace(element.tag) == "cellXfs":
            numbers = [cell_style.get("numFmtId", "0") for cell_style in element]
    formats = [
        parse_number_format(codes.get(number) or get_builtin_format(int(number))) for number in numbers
    ]
    return {
        index: number_format
        for index, number_format in enumerate(formats)
        if not (number_format.is_plain or number_format.date or number_format.elapsed)
    }


def find_displayed_values(
    package: zipfile.ZipFile,
    part: str,
    facts: SheetFacts,
    texts: Sequence[pa.Array],
    kinds: Mapping[int, KindCodes],
    styles: Mapping[int, NumberFormat],
) -> dict[int, pa.Array]:
    """What a person sees in the cells of a sheet that show a number as another; by column."""
    doubtful_columns = {
        column for column, column_kinds in kinds.items() if _is_doubtful(texts[column], column_kinds, styles)
    }
    if not doubtful_columns:
        return {}
    formats: dict[int, dict[int, NumberFormat]] = {column: {} for column in doubtful_columns}
    for row, column, style in _iter_styled_cells(package, part, facts, styles):
        if column in doubtful_columns and style in styles and row < len(texts[column]):
            formats[column][row] = styles[style]
    displayed = {
        column: render_displayed(texts[column], kinds[column], column_formats)
        for column, column_formats in formats.items()
        if column_formats
    }
    return {column: text for column, text in displayed.items() if text is not None}


def _is_doubtful(texts: pa.Array, kinds: KindCodes, styles: Mapping[int, NumberFormat]) -> bool:
    """Whether any number of a column can be shown as another by any of the styles."""
    if not styles or not (kinds == CellKind.NUMBER).any():
        return False
    if any(number_format.shift or number_format.zeros > 1 for number_format in styles.values()):
        return True
    fewest_decimals = min(number_format.decimals or 0 for number_format in styles.values())
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
    """Row, column and style of the cells that have one of the styles."""
    if facts.styled is not None:
        return facts.styled
    return _search_styled_cells(package, part, styles)


def _search_styled_cells(package: zipfile.ZipFile, part: str, styles: Iterable[int]) -> Iterator[StyledCell]:
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

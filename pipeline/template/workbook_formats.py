"""How a template looks: the formats of one workbook, and how its sheets are printed.

In: an open workbook, or one of its sheets.
Out: the formats that its cells share; the sheet set up for paper.
Never: writes a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas.fields import Kind

_NUMBER_FORMATS = {
    Kind.NUMBER: "#,##0.00#######",
    Kind.MONEY: "#,##0.00##",
    Kind.DATE: "yyyy-mm-dd",
    Kind.DATETIME: "yyyy-mm-dd hh:mm:ss",
    Kind.BOOLEAN: "General",
}
PAGE_CHARACTERS = 190
"""As many as can be read across a sheet of paper."""


@dataclass(frozen=True, kw_only=True)
class TemplateFormats:
    """The formats of one workbook.

    Attributes:
        title: of the instructions.
        text: of the instructions.
        header: of a column.
        required: of a column that must be filled.
        wrong: of a cell that a check would reject.
        doubtful: of a cell that a check may reject.
        right: of a control total that agrees.
        count: of whole numbers.
        asked_text: of a text that is to be typed on the sheet Control.
        asked: of an amount that is to be typed there.
        asked_count: of a number that is to be typed there.
        kinds: of cells, by the kind of their field.
        examples: of example cells, by the kind of their field.
    """

    title: Format
    text: Format
    header: Format
    required: Format
    wrong: Format
    doubtful: Format
    right: Format
    count: Format
    asked_text: Format
    asked: Format
    asked_count: Format
    kinds: Mapping[Kind, Format]
    examples: Mapping[Kind, Format]


def add_formats(workbook: Any) -> TemplateFormats:
    """Add the formats of a workbook; each is added once and shared by its cells.

    Args:
        workbook: an open `xlsxwriter.Workbook`.
    """

    def add_kind_format(kind: Kind, **options: Any) -> Format:
        cell_format: Format = workbook.add_format(
            {"num_format": _NUMBER_FORMATS.get(kind, "@"), "valign": "top", **options}
        )
        return cell_format

    head = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "font_color": "#FFFFFF"}
    asked = {"bg_color": "#FFF8DC", "border": 1, "border_color": "#C8C8C8"}
    grey = {"italic": True, "font_color": "#808080"}
    return TemplateFormats(
        title=workbook.add_format({"bold": True, "font_size": 16}),
        text=workbook.add_format({"text_wrap": True, "valign": "top"}),
        header=workbook.add_format({**head, "bg_color": "#5B7083"}),
        required=workbook.add_format({**head, "bg_color": "#1F3B57"}),
        wrong=workbook.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"}),
        doubtful=workbook.add_format({"bg_color": "#FFEB9C", "font_color": "#7F6000"}),
        right=workbook.add_format({"bg_color": "#C6EFCE", "font_color": "#006100"}),
        count=workbook.add_format({"num_format": "#,##0", "valign": "top"}),
        asked_text=add_kind_format(Kind.TEXT, **asked),
        asked=add_kind_format(Kind.MONEY, **asked),
        asked_count=workbook.add_format({"num_format": "#,##0", "valign": "top", **asked}),
        kinds={kind: add_kind_format(kind) for kind in Kind},
        examples={kind: add_kind_format(kind, **grey) for kind in Kind},
    )


def set_up_printing(sheet: Worksheet, width: int) -> None:
    """Print in landscape, as many pages across as can be read, with header and reference on each.

    Args:
        sheet: to set up.
        width: of its columns, in characters.
    """
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    # divided and rounded up
    sheet.fit_to_pages(-(-width // PAGE_CHARACTERS), 0)
    sheet.set_footer("&L&A&R&P / &N")

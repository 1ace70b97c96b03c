"""How a template looks: the formats of one workbook, and how its sheets are printed."""

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


@dataclass(frozen=True)
class TemplateFormats:
    """The formats of one workbook."""

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
    """The formats of a workbook, made once."""

    def add_kind_format(kind: Kind, **options: Any) -> Format:
        cell_format: Format = workbook.add_format(
            {"num_format": _NUMBER_FORMATS.get(kind, "@"), "valign": "top", **options}
        )
        return cell_format

    head = {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "font_color": "#FFFFFF"}
    asked = {"bg_color": "#FFF8DC", "border": 1, "border_color": "#C8C8C8"}
    grey = {"italic": True, "font_color": "#808080"}
    return TemplateFormats(
        workbook.add_format({"bold": True, "font_size": 16}),
        workbook.add_format({"text_wrap": True, "valign": "top"}),
        workbook.add_format({**head, "bg_color": "#5B7083"}),
        workbook.add_format({**head, "bg_color": "#1F3B57"}),
        workbook.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"}),
        workbook.add_format({"bg_color": "#FFEB9C", "font_color": "#7F6000"}),
        workbook.add_format({"bg_color": "#C6EFCE", "font_color": "#006100"}),
        workbook.add_format({"num_format": "#,##0", "valign": "top"}),
        add_kind_format(Kind.TEXT, **asked),
        add_kind_format(Kind.MONEY, **asked),
        workbook.add_format({"num_format": "#,##0", "valign": "top", **asked}),
        {kind: add_kind_format(kind) for kind in Kind},
        {kind: add_kind_format(kind, **grey) for kind in Kind},
    )


def set_up_printing(sheet: Worksheet, width: int) -> None:
    """Landscape, as many pages across as can be read, header and reference on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.fit_to_pages(-(-width // PAGE_CHARACTERS), 0)
    sheet.set_footer("&L&A&R&P / &N")

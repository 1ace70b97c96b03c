"""Stage 1: the files that are read, and how invoices may lie in them, as data.

What is refused stands in `refuse`; the page in the documentation is made of both.
"""

from __future__ import annotations

from typing import NamedTuple


class Accepted(NamedTuple):
    """A kind of file: what people call it, its suffixes, and what is read of it."""

    what: str
    suffixes: tuple[str, ...]
    taken: str


class Layout(NamedTuple):
    """A way in which invoices and items lie in files: what it looks like, and how it is told."""

    what: str
    told: str


_WORKBOOKS = (
    Accepted(
        "Excel workbook",
        (".xlsx", ".xlsm"),
        "Also Strict Open XML, and packages as other programs write them. Macros are never run.",
    ),
    Accepted("Excel binary workbook", (".xlsb",), "The same facts as of .xlsx."),
    Accepted("Excel 97-2003 workbook", (".xls",), "Excel 5 and later, also outside an OLE container."),
    Accepted("OpenDocument spreadsheet", (".ods",), "As LibreOffice and others write it."),
)
_TEXTS = (
    Accepted(
        "Text with delimiters",
        (".csv", ".tsv", ".txt"),
        "UTF-8 with or without a mark, UTF-16, UTF-32, Windows-1252 and its kin; comma, semicolon, tab or pipe; "
        "line ends of every system; cells in quotes with delimiters and line ends inside. What was found stands in "
        "the report. `sep=;` in the first line is obeyed.",
    ),
)
_COLUMNS = (Accepted("Parquet file", (".parquet",), "Columns of texts, numbers, days and yes or no."),)

ACCEPTED = (*_WORKBOOKS, *_TEXTS, *_COLUMNS)
"""Everything that is read; the bytes tell which it is, not the name."""

WORKBOOKS = tuple(suffix for each in _WORKBOOKS for suffix in each.suffixes)
SUFFIXES = {suffix for each in ACCEPTED for suffix in each.suffixes}
"""What is looked for in folders and zips."""

LAYOUTS = (
    Layout("A workbook with a sheet for each table", "A sheet is told by its name, else by its headers."),
    Layout("Two CSV files, or a folder or zip that holds them", "Which is which is told by the headers."),
    Layout(
        "One flat sheet or file whose invoice columns repeat on every item row",
        "Rows of one reference are one invoice, wherever they stand; where they disagree, that is an error that "
        "names both cells. A blank cell is no value.",
    ),
    Layout(
        "A data loader's file",
        "Its column labels and the columns that mark where an invoice and an item start are taken as they are; the "
        "invoice number is the reference, never the row's position.",
    ),
    Layout("Any other", "A mapping (`--mapping FILE`) says which column is which field."),
)

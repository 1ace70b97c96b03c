"""Stage 1: the files that are read, and how invoices may lie in them, as data.

What is refused stands in `refuse`; the page in the documentation is made of both.
"""

from __future__ import annotations

from typing import NamedTuple


class FileType(NamedTuple):
    """A kind of file: what people call it, its suffixes, and what is read of it."""

    title: str
    suffixes: tuple[str, ...]
    description: str


class FileLayout(NamedTuple):
    """A way in which invoices and items lie in files: what it looks like, and how it is told."""

    title: str
    recognition: str


_WORKBOOK_TYPES = (
    FileType(
        "Excel workbook",
        (".xlsx", ".xlsm"),
        "Also Strict Open XML, and packages as other programs write them. Macros are never run.",
    ),
    FileType("Excel binary workbook", (".xlsb",), "The same facts as of .xlsx."),
    FileType("Excel 97-2003 workbook", (".xls",), "Excel 5 and later, also outside an OLE container."),
    FileType("OpenDocument spreadsheet", (".ods",), "As LibreOffice and others write it."),
)
_TEXT_TYPES = (
    FileType(
        "Text with delimiters",
        (".csv", ".tsv", ".txt"),
        "UTF-8 with or without a mark, UTF-16, UTF-32, Windows-1252 and its kin; comma, semicolon, tab or pipe; "
        "line ends of every system; cells in quotes with delimiters and line ends inside. What was found stands in "
        "the report. `sep=;` in the first line is obeyed.",
    ),
)
_COLUMNAR_TYPES = (FileType("Parquet file", (".parquet",), "Columns of texts, numbers, days and yes or no."),)

FILE_TYPES = (*_WORKBOOK_TYPES, *_TEXT_TYPES, *_COLUMNAR_TYPES)
"""Everything that is read; the bytes tell which it is, not the name."""

WORKBOOK_SUFFIXES = tuple(suffix for file_type in _WORKBOOK_TYPES for suffix in file_type.suffixes)
READABLE_SUFFIXES = {suffix for file_type in FILE_TYPES for suffix in file_type.suffixes}
"""What is looked for in folders and zips."""

FILE_LAYOUTS = (
    FileLayout("A workbook with a sheet for each table", "A sheet is told by its name, else by its headers."),
    FileLayout("Two CSV files, or a folder or zip that holds them", "Which is which is told by the headers."),
    FileLayout(
        "One flat sheet or file whose invoice columns repeat on every item row",
        "Rows of one reference are one invoice, wherever they stand; where they disagree, that is an error that "
        "names both cells. A blank cell is no value.",
    ),
    FileLayout(
        "A data loader's file",
        "Its column labels and the columns that mark where an invoice and an item start are taken as they are; the "
        "invoice number is the reference, never the row's position.",
    ),
    FileLayout("Any other", "A mapping (`--mapping FILE`) says which column is which field."),
)

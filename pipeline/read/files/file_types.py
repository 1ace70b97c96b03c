"""The suffixes that are looked for in folders and zips, and the ways in which invoices may lie in files.

In: the registry of formats.
Out: suffixes for detection; the layouts as data, for the reading page of the documentation.
Never: decides by a suffix what a file is: its bytes do.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from pipeline.read.formats import FORMATS, Format


class FileLayout(NamedTuple):
    """A way in which invoices and items lie in files: what it looks like, and how it is recognised."""

    title: str
    recognition: str


def list_readable_suffixes() -> set[str]:
    """Return the suffixes of all formats, for the files of folders and zips."""
    return _collect_suffixes(FORMATS.values())


def list_worker_suffixes() -> set[str]:
    """Return the suffixes of the formats that are parsed in the worker process."""
    return _collect_suffixes(file_format for file_format in FORMATS.values() if file_format.in_worker)


def _collect_suffixes(formats: Iterable[Format]) -> set[str]:
    return set(chain.from_iterable(file_format.suffixes for file_format in formats))


FILE_LAYOUTS = (
    FileLayout("A workbook with a sheet for each table", "A sheet is told by its name, else by its headers."),
    FileLayout("Two CSV files, or a folder or zip that holds them", "Which is which is told by the headers."),
    FileLayout(
        "One flat sheet or file whose invoice columns repeat on every item row",
        "Rows of one reference are one invoice, wherever they stand; where they disagree, that is an error "
        "that names both cells. A blank cell is no value.",
    ),
    FileLayout(
        "A data loader's file",
        "Its column labels and the columns that mark where an invoice and an item start are taken as they"
        " are; the invoice number is the reference, never the row's position.",
    ),
    FileLayout("Any other", "A mapping (`--mapping FILE`) says which column is which field."),
)

"""Reading: files to raw sheets, every cell as text with its address.

In: paths of workbooks, CSV files, folders or zips with one file per table, and the requested tables.
Out: `RawSheets` and the issues of files, sheets and headers.
Never: infers a type, fills a gap, drops a row without counting it, or parses a workbook in this process.

This module imports little at its top: the worker process that parses workbooks imports it too, and starts
faster without pyarrow and pandas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.read.files.file_types import list_worker_suffixes
from pipeline.read.files.limits import DEFAULT_READ_LIMITS, ReadLimits
from pipeline.read.files.options import DEFAULT_READ_OPTIONS, ReadOptions

if TYPE_CHECKING:
    from pipeline.issues import Issues
    from pipeline.model.sheets import RawSheets
    from pipeline.read.formats.parser_process import ParserProcess
    from pipeline.read.layout.mapping import SheetMapping
    from schemas.fields import Table

__all__ = ["ReadLimits", "ReadOptions", "load_optional_mapping", "read_raw_sheets"]


def load_optional_mapping(path: str, tables: Mapping[str, Table]) -> SheetMapping | None:
    """Load the mapping in a file; None for no path.

    Args:
        path: the TOML file; empty for none.
        tables: the tables whose fields it may name.

    Raises:
        PipelineError: it cannot be read, or makes no sense.
    """
    from pipeline.read.layout.mapping import load_mapping

    return load_mapping(Path(path), tables) if path else None


def read_raw_sheets(
    paths: Sequence[Path],
    tables: Mapping[str, Table],
    limits: ReadLimits = DEFAULT_READ_LIMITS,
    parser: ParserProcess | None = None,
    options: ReadOptions = DEFAULT_READ_OPTIONS,
    mapping: SheetMapping | None = None,
) -> tuple[RawSheets, Issues]:
    """Read files into one set of raw sheets.

    Args:
        paths: files, folders or zips; all of them feed one result.
        tables: the requested tables, by name.
        limits: how much a file may take.
        parser: a running parser that serves many calls; without it one is started for the first workbook.
        options: declarations of the user about the files; without them encoding and delimiter are detected.
        mapping: names the fields of foreign headers.

    Returns:
        Every requested table, also one without rows, and the issues of files, sheets and headers.

    Raises:
        NoSuchFileError: a path does not exist.
        SourceError: a file cannot be read; one sentence says why and what to do.
    """
    from pipeline.read.formats.parser_process import ParserProcess

    with nullcontext(parser) if parser else ParserProcess(limits) as running:
        if not list_worker_suffixes().isdisjoint(Path(path).suffix.lower() for path in paths):
            running.start()  # while this process imports pandas
        from pipeline.read.read_files import read_files

        return read_files(paths, tables, limits, running, options, mapping)

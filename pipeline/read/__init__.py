"""Stage 1: files -> raw sheets, every cell as text with its address.

In: paths of workbooks, CSV files, folders or zips holding a pair, and the tables that are wanted.
Out: `RawSheets` and the issues of files, sheets and headers.
Never: infers a type, fills a gap, drops a row unnamed, or parses a workbook in this process.

This module stays light: the child process that parses workbooks lives in this package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.read.accepted import WORKBOOKS
from pipeline.read.declared import NOTHING, Declared
from pipeline.read.limits import DEFAULT, ReadLimits

if TYPE_CHECKING:
    from pipeline.issues import Issues
    from pipeline.model import RawSheets
    from pipeline.read.mapping import SheetMapping
    from pipeline.read.workbook import Parser
    from schemas.fields import Table

__all__ = ["Declared", "ReadLimits", "mapping_of", "read"]


def mapping_of(path: str, tables: Mapping[str, Table]) -> SheetMapping | None:
    """The mapping in a file; None for no path.

    Raises:
        PipelineError: it cannot be read, or makes no sense.
    """
    from pipeline.read.mapping import load_mapping  # noqa: PLC0415 - pyarrow waits

    return load_mapping(Path(path), tables) if path else None


def read(
    paths: Sequence[Path],
    tables: Mapping[str, Table],
    limits: ReadLimits = DEFAULT,
    parser: Parser | None = None,
    declared: Declared = NOTHING,
    mapping: SheetMapping | None = None,
) -> tuple[RawSheets, Issues]:
    """Read files into one set of raw sheets.

    Args:
        paths: files, folders or zips; all of them feed one result.
        tables: the tables wanted, by name.
        limits: how much a file may take.
        parser: a warm parser that serves many calls; without it one is started when a workbook comes.
        declared: what the person says of text files; else encoding and delimiter are found.
        mapping: how foreign headers are to be read.

    Returns:
        Every table wanted, if with no rows, and the issues of files, sheets and headers.

    Raises:
        NoSuchFileError: a path does not exist.
        SourceError: a file cannot be read; one sentence says why and what to do.
    """
    from pipeline.read.workbook import Parser  # noqa: PLC0415 - pyarrow waits until something is read

    with nullcontext(parser) if parser else Parser(limits) as own:
        if any(Path(each).suffix.lower() in WORKBOOKS for each in paths):
            own.start()  # while this process imports pandas
        from pipeline.read.gather import gather  # noqa: PLC0415 - so does pandas

        return gather(paths, tables, limits, own, declared, mapping)

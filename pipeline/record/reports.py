"""The reports of a check or run as files: `issues.csv`, `ledger.csv`, `report.html`, and a check's `summary.json`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from pipeline.errors import WorkspaceError
from pipeline.line import Line
from pipeline.report import entries, safe_csv
from pipeline.report.issue_table import issue_table


def write_reports(
    line: Line, create: Callable[[str], BinaryIO], table: pa.Table, final: dict[str, Any]
) -> None:
    """`issues.csv`, `ledger.csv` and `report.html`.

    Args:
        line: the end of the line.
        create: makes a file of a name, open for writing.
        table: as `entries.invoice_table` gives it.
        final: the summary.
    """
    from pipeline.report.page import page

    issues = issue_table(line.issues, line.raw, line.tables)
    with create("issues.csv") as file:
        safe_csv.write(dict(zip(issues.column_names, issues.columns, strict=True)), file)
    with create("ledger.csv") as file:
        items = entries.item_columns(line, table)
        safe_csv.write(items, file)
        safe_csv.write(entries.without_items(table, items), file, header=False)
    with create("report.html") as file:
        file.write(page(line, table, issues, final))


def write_beside(line: Line, table: pa.Table, folder: Path, final: dict[str, Any]) -> None:
    """The reports of a check, in a folder of the caller's choice; each file appears whole.

    Args:
        line: the end of the line.
        table: as `entries.invoice_table` gives it.
        folder: made when it is not there.
        final: the summary.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    made: list[tuple[Path, Path]] = []

    def create(name: str) -> BinaryIO:
        made.append((folder / f".{name}.partial", folder / name))
        return open(made[-1][0], "wb")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_reports(line, create, table, final)
        with create("summary.json") as file:
            file.write(orjson.dumps(final, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        for partial, name in made:
            partial.replace(name)
    except OSError as error:
        for partial, _ in made:
            partial.unlink(missing_ok=True)
        raise WorkspaceError(f"The reports cannot be written to {folder}: {error.strerror}.") from error

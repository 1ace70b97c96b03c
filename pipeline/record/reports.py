"""The reports of a check or run as files.

`issues.csv`, `ledger.csv`, the marked workbooks, `rejected.xlsx`, `report.html`, and a check's `summary.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from pipeline.errors import UsageError, WorkspaceError
from pipeline.language import say
from pipeline.line import Line
from pipeline.report import entries, marked, reply, safe_csv
from pipeline.report.issue_table import issue_table


@dataclass(frozen=True)
class Wanted:
    """What the reports need besides the line, and which are asked for.

    Attributes:
        template: makes the workbook that the rejected invoices are written into, where there are any.
        reply: a text to the preparer is asked for.
    """

    template: Callable[[], bytes]
    reply: bool = False


def write_reports(
    line: Line, wanted: Wanted, create: Callable[[str], BinaryIO], table: pa.Table, final: dict[str, Any]
) -> None:
    """Every report but the summary, to which it adds what copies were made (`copies`).

    Args:
        line: the end of the line.
        wanted: what the reports need besides.
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
    copies = marked.write_copies(line, wanted.template, create)
    final["copies"] = [each._asdict() for each in copies]
    with create("report.html") as file:
        file.write(page(line, table, issues, final, marked.places(line, copies)))
    if wanted.reply:
        with create(reply.NAME) as file:
            file.write(reply.reply(final, issues).encode("utf-8", "replace"))


def write_beside(line: Line, wanted: Wanted, table: pa.Table, folder: Path, final: dict[str, Any]) -> None:
    """The reports of a check, in a folder of the caller's choice; each file appears whole.

    Args:
        line: the end of the line.
        wanted: what the reports need besides.
        table: as `entries.invoice_table` gives it.
        folder: made when it is not there.
        final: the summary.

    Raises:
        UsageError: a report would be written over a file that was handed in.
        WorkspaceError: the folder cannot be written.
    """
    made: list[tuple[Path, Path]] = []

    def create(name: str) -> BinaryIO:
        made.append((folder / f".{name}.partial", folder / name))
        return open(made[-1][0], "wb")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = {folder / name for name in (*marked.file_names(line), reply.NAME)}
        _spare(ours, line)
        write_reports(line, wanted, create, table, final)
        with create("summary.json") as file:
            file.write(orjson.dumps(final, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        for partial, path in made:
            partial.replace(path)
        for stale in ours - {path for _, path in made}:  # of an earlier check of the same file
            stale.unlink(missing_ok=True)
    except OSError as error:
        for partial, _ in made:
            partial.unlink(missing_ok=True)
        raise WorkspaceError(
            say(
                "The reports cannot be written to {folder}: {why}.",
                folder=str(folder), why=str(error.strerror),
            )
        ) from error  # fmt: skip


def _spare(paths: Iterable[Path], line: Line) -> None:
    """Refuse to write over a file that was handed in, under whatever name it came."""
    handed_in = {each.sha256 for each in line.raw.sources}
    sizes = {each.size for each in line.raw.sources}
    for path in paths:
        same_size = path.is_file() and path.stat().st_size in sizes
        if same_size and sha256(path.read_bytes()).hexdigest() in handed_in:
            raise UsageError(
                say(
                    "{path} was handed in and would be overwritten by its report; name another folder.",
                    path=str(path),
                )
            )

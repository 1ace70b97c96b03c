"""The reports of a check or run as files.

In: the assessment, its table of invoices, and what makes a file of a name.
Out: the files; those of a check appear whole, each under its name only when all are written.
Never: writes over a file that was handed in.

`issues.csv`, `ledger.csv`, the marked workbooks, `rejected.xlsx`, `report.html`, and a check's
`summary.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa

from pipeline.acceptance.assessment import Assessment
from pipeline.errors import UsageError, WorkspaceError
from pipeline.i18n import translate
from pipeline.report import csv_writer, invoice_table, marked, reply
from pipeline.report.issue_table import make_issue_table


@dataclass(frozen=True)
class ReportOptions:
    """What the reports need besides the line, and which are asked for.

    Attributes:
        template: makes the workbook that the rejected invoices are written into, where there are any.
        reply: a text to the preparer is asked for.
    """

    template: Callable[[], bytes]
    reply: bool = False


def write_reports(
    assessment: Assessment,
    options: ReportOptions,
    create: Callable[[str], BinaryIO],
    invoices: pa.Table,
    summary: dict[str, Any],
) -> None:
    """Write every report but the summary, to which it adds what copies were made (`copies`).

    Args:
        assessment: the end of the line.
        options: what the reports need besides.
        create: makes a file of a name, open for writing.
        invoices: as `entries.invoice_table` gives it.
        summary: the summary.
    """
    from pipeline.report.html import render_html

    issues = make_issue_table(assessment.issues, assessment.raw, assessment.tables)
    with create("issues.csv") as file:
        csv_writer.write_csv(dict(zip(issues.column_names, issues.columns, strict=True)), file)
    with create("ledger.csv") as file:
        items = invoice_table.make_item_columns(assessment, invoices)
        csv_writer.write_csv(items, file)
        csv_writer.write_csv(invoice_table.select_invoices_without_items(invoices, items), file, header=False)
    copies = marked.write_marked_copies(assessment, options.template, create)
    summary["copies"] = [copy.to_dict() for copy in copies]
    with create("report.html") as file:
        file.write(
            render_html(
                assessment, invoices, issues, summary, marked.locate_marked_sheets(assessment, copies)
            )
        )
    if options.reply:
        with create(reply.REPLY_NAME) as file:
            file.write(reply.render_reply(summary, issues).encode("utf-8", "replace"))


def write_check_reports(
    assessment: Assessment,
    options: ReportOptions,
    invoice_table: pa.Table,
    folder: Path,
    summary: dict[str, Any],
) -> None:
    """Write the reports of a check, in a folder of the caller's choice; each file appears whole.

    Args:
        assessment: the end of the line.
        options: what the reports need besides.
        invoice_table: as `entries.invoice_table` gives it.
        folder: made when it is not there.
        summary: the summary.

    Raises:
        UsageError: a report would be written over a file that was handed in.
        WorkspaceError: the folder cannot be written.
    """
    written: list[tuple[Path, Path]] = []

    # under another name until all are written
    def create(name: str) -> BinaryIO:
        written.append((folder / f".{name}.partial", folder / name))
        return open(written[-1][0], "wb")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = {folder / name for name in (*marked.list_copy_names(assessment), reply.REPLY_NAME)}
        _refuse_overwriting(ours, assessment)
        write_reports(assessment, options, create, invoice_table, summary)
        with create("summary.json") as file:
            file.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        for partial, path in written:
            partial.replace(path)
        for stale in ours - {path for _, path in written}:  # of an earlier check of the same file
            stale.unlink(missing_ok=True)
    except OSError as error:
        for partial, _ in written:
            partial.unlink(missing_ok=True)
        raise WorkspaceError(
            translate(
                "The reports cannot be written to {folder}: {why}.",
                folder=str(folder), why=str(error.strerror),
            )
        ) from error  # fmt: skip


def _refuse_overwriting(paths: Iterable[Path], assessment: Assessment) -> None:
    """Refuse to write over a file that was handed in, under whatever name it came."""
    handed_in = {source.sha256 for source in assessment.raw.sources}
    sizes = {source.size for source in assessment.raw.sources}
    for path in paths:
        # the size first: only a file that may be the same is read and hashed
        same_size = path.is_file() and path.stat().st_size in sizes
        if same_size and sha256(path.read_bytes()).hexdigest() in handed_in:
            raise UsageError(
                translate(
                    "{path} was handed in and would be overwritten by its report; name another folder.",
                    path=str(path),
                )
            )

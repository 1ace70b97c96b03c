"""The commands on invoices: check, run, discard, template; and what an issue means: explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.console import (
    clear_progress,
    emit,
    exit_with_sentence,
    get_terminal_width,
    make_progress_line,
)
from pipeline.cli.parameters import (
    EXIT_CODES_HELP,
    EXPECT_COUNT_OPTION,
    EXPECT_TOTAL_OPTION,
    FILES_ARGUMENT,
    FORMAT_OPTION,
    REPLY_OPTION,
    REPORT_OPTION,
    RUN_ARGUMENT,
    WORKSPACE_OPTION,
    SettingsCommand,
    add_setting_flag,
)

if TYPE_CHECKING:
    from pipeline.result import Result


@click.command("check", cls=SettingsCommand, epilog=EXIT_CODES_HELP)
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@REPORT_OPTION
@EXPECT_COUNT_OPTION
@EXPECT_TOTAL_OPTION
@REPLY_OPTION
@exit_with_sentence
def check_command(
    files: tuple[Path, ...], workspace: Path, form: str, report: Path | None, **flags: Any
) -> int:
    """Say what would happen to FILES; change nothing.

    FILES are a workbook with the sheets Invoices and Items, or a pair of CSV files, or a folder or zip with
    such a pair.
    """
    from pipeline.flow import check

    result = check(*files, workspace=workspace, report=report, progress=make_progress_line(), **flags)
    return _print_result(result, form, reply=bool(flags["reply"]))


@click.command("run", cls=SettingsCommand, epilog=EXIT_CODES_HELP)
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@EXPECT_COUNT_OPTION
@EXPECT_TOTAL_OPTION
@REPLY_OPTION
@exit_with_sentence
def run_command(files: tuple[Path, ...], workspace: Path, form: str, **flags: Any) -> int:
    """Check FILES, and write payloads, reports and the ledger."""
    from pipeline.flow import run

    result = run(*files, workspace=workspace, progress=make_progress_line(), **flags)
    return _print_result(result, form, reply=bool(flags["reply"]))


def _print_result(result: Result, form: str, *, reply: bool) -> int:
    """Print a result and return its exit code; a reply that has no folder is printed instead."""

    def render_text() -> str:
        from pipeline.report.issue_table import make_issue_table
        from pipeline.report.reply import render_reply
        from pipeline.report.terminal import render_report

        assessment = result.assessment
        issues = make_issue_table(assessment.issues, assessment.raw, assessment.tables)
        if reply and not result.summary["run_folder"]:
            return render_reply(result.summary, issues)
        return render_report(result.summary, issues, get_terminal_width())

    clear_progress()
    emit(form, lambda: dict(result.summary), render_text)
    return result.exit_code


@click.command("template")
@add_setting_flag("target")
@click.option(
    "-o",
    "place",
    metavar="FILE.xlsx|DIR",
    type=click.Path(path_type=Path),
    default=Path("invoices.xlsx"),
    show_default=True,
    help="A workbook to write, or a folder for CSV files.",
)
@WORKSPACE_OPTION
@FORMAT_OPTION
@add_setting_flag("language")
@exit_with_sentence
def template_command(
    target: str | None, place: Path, workspace: Path, form: str, language: str | None
) -> int:
    """Write a workbook to fill, or CSV files; each has an example row that is ignored.

    SKUs and charges of the catalog in the workspace drop down in the workbook.
    """
    from pipeline.i18n import translate
    from pipeline.template import write_template

    files = write_template(place, workspace=workspace, target=target, language=language)
    names = [str(path) for path in files]
    sentence = translate("Written: {files}. The row EXAMPLE is ignored; it may stay.", files=", ".join(names))
    emit(form, lambda: {"files": names}, lambda: f"{sentence}\n")
    return 0


@click.command("discard")
@RUN_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def discard_command(run_id: str, workspace: Path, form: str) -> int:
    """Withdraw what RUN prepared and nothing has sent, so that a corrected file may come."""
    from pipeline.flow import discard
    from pipeline.report.discard_text import export_withdrawal, render_withdrawal

    withdrawal = discard(run_id, workspace=workspace)
    emit(form, lambda: export_withdrawal(run_id, withdrawal), lambda: render_withdrawal(withdrawal))
    return 0


@click.command("explain")
@click.argument("code")
@FORMAT_OPTION
@add_setting_flag("language")
@exit_with_sentence
def explain_command(code: str, form: str, language: str | None) -> int:
    """Explain the issue CODE: what it means and what to do."""
    from pipeline.reference.explain import explain_issue, export_issue_type, find_issue_type

    issue_type = find_issue_type(code)
    emit(form, lambda: export_issue_type(issue_type), lambda: explain_issue(issue_type))
    return 0

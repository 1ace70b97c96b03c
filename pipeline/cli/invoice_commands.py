"""The commands on invoices: check, run, discard, template; and what an issue means: explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import (
    EXIT_CODES_HELP,
    EXPECT_COUNT_OPTION,
    EXPECT_TOTAL_OPTION,
    FILES_ARGUMENT,
    FORMAT_OPTION,
    LANGUAGE_OPTION,
    REPLY_OPTION,
    WORKSPACE_OPTION,
    add_setting_options,
    clear_progress,
    exit_with_sentence,
    get_terminal_width,
    make_progress_line,
    print_json,
)
from pipeline.i18n import translate

if TYPE_CHECKING:
    from pipeline.result import Result


@click.command(epilog=EXIT_CODES_HELP)
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), help="Write the reports into DIR."
)
@EXPECT_COUNT_OPTION
@EXPECT_TOTAL_OPTION
@REPLY_OPTION
@add_setting_options
@exit_with_sentence
def check(files: tuple[Path, ...], workspace: Path, form: str, report: Path | None, **flags: Any) -> int:
    """Say what would happen to FILES; change nothing.

    FILES are a workbook with the sheets Invoices and Items, or a pair of CSV files, or a folder or zip with
    such a pair.
    """
    from pipeline.flow import check as checked

    result = checked(*files, workspace=workspace, report=report, progress=make_progress_line(), **flags)
    return _print_result(result, form, reply=bool(flags["reply"]))


@click.command(epilog=EXIT_CODES_HELP)
@FILES_ARGUMENT
@WORKSPACE_OPTION
@FORMAT_OPTION
@EXPECT_COUNT_OPTION
@EXPECT_TOTAL_OPTION
@REPLY_OPTION
@add_setting_options
@exit_with_sentence
def run(files: tuple[Path, ...], workspace: Path, form: str, **flags: Any) -> int:
    """Check FILES, and write payloads, reports and the ledger."""
    from pipeline.flow import run as ran

    return _print_result(
        ran(*files, workspace=workspace, progress=make_progress_line(), **flags),
        form,
        reply=bool(flags["reply"]),
    )


def _print_result(result: Result, form: str, *, reply: bool) -> int:
    """The result; a reply that no folder took is what is printed."""
    clear_progress()
    if form == "json":
        print_json(dict(result.summary))
        return result.exit_code
    from pipeline.report.issue_table import make_issue_table
    from pipeline.report.reply import render_reply as reply_to
    from pipeline.report.terminal import render_report

    assessment = result.line
    table = make_issue_table(assessment.issues, assessment.raw, assessment.tables)
    is_reply_printed = reply and not result.summary["run_folder"]
    text = (
        reply_to(result.summary, table)
        if is_reply_printed
        else render_report(result.summary, table, get_terminal_width())
    )
    click.echo(text, nl=False)
    return result.exit_code


@click.command()
@click.option("--target", help="The billing API and operation.")
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
@LANGUAGE_OPTION
@exit_with_sentence
def template(target: str | None, place: Path, workspace: Path, form: str, language: str | None) -> int:
    """Write a workbook to fill, or CSV files; each has an example row that is ignored.

    SKUs and charges of the catalog in the workspace drop down in the workbook.
    """
    from pipeline.template import write_template

    files = [
        str(path) for path in write_template(place, workspace=workspace, target=target, language=language)
    ]
    if form == "json":
        print_json({"files": files})
    else:
        click.echo(
            translate("Written: {files}. The row EXAMPLE is ignored; it may stay.", files=", ".join(files))
        )
    return 0


@click.command()
@click.argument("run_id", metavar="RUN")
@WORKSPACE_OPTION
@FORMAT_OPTION
@exit_with_sentence
def discard(run_id: str, workspace: Path, form: str) -> int:
    """Withdraw what RUN prepared and nothing has sent, so that a corrected file may come."""
    from pipeline.flow import discard as withdraw
    from pipeline.report.terminal import format_count
    from schemas.arrow.money import format_money

    withdrawal = withdraw(run_id, workspace=workspace)
    money = {currency: format_money(total, currency) for currency, total in sorted(withdrawal.money.items())}
    if form == "json":
        print_json(
            {
                "run_id": run_id,
                "withdrawn": {"invoices": withdrawal.invoices, "items": withdrawal.items, "money": money},
            }
        )
    else:
        sums = ", ".join(f"{total} {currency}" for currency, total in money.items())
        counts = (
            f"{format_count(withdrawal.invoices, 'invoice')} with {format_count(withdrawal.items, 'item')}"
        )
        click.echo(f"Withdrawn: {counts} ({sums}).")
    return 0


@click.command()
@click.argument("code")
@FORMAT_OPTION
@LANGUAGE_OPTION
@exit_with_sentence
def explain(code: str, form: str, language: str | None) -> int:
    """Explain the issue CODE: what it means and what to do."""
    from pipeline.reference.explain import explain_issue, find_issue_type

    kind = find_issue_type(code)
    if form == "json":
        texts = {name: translate(getattr(kind, name)) for name in ("title", "template", "fix", "cause")}
        print_json({"code": kind.code, "slug": kind.slug, "level": str(kind.level), **texts})
    else:
        click.echo(explain_issue(kind), nl=False)
    return 0

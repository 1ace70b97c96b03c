"""The commands on invoices: check, run, discard, template; and what an issue means: explain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.common import (
    EXITS,
    EXPECT_COUNT,
    EXPECT_TOTAL,
    FILES,
    FORMAT,
    LANGUAGE,
    REPLY,
    WORKSPACE,
    done,
    print_json,
    progress,
    settings,
    told_in_a_sentence,
    width,
)
from pipeline.language import say

if TYPE_CHECKING:
    from pipeline.result import Result


@click.command(epilog=EXITS)
@FILES
@WORKSPACE
@FORMAT
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), help="Write the reports into DIR."
)
@EXPECT_COUNT
@EXPECT_TOTAL
@REPLY
@settings
@told_in_a_sentence
def check(files: tuple[Path, ...], workspace: Path, form: str, report: Path | None, **flags: Any) -> int:
    """Say what would happen to FILES; change nothing.

    FILES are a workbook with the sheets Invoices and Items, or a pair of CSV files, or a folder or zip with
    such a pair.
    """
    from pipeline.flow import check as checked

    result = checked(*files, workspace=workspace, report=report, progress=progress(), **flags)
    return _print(result, form, reply=bool(flags["reply"]))


@click.command(epilog=EXITS)
@FILES
@WORKSPACE
@FORMAT
@EXPECT_COUNT
@EXPECT_TOTAL
@REPLY
@settings
@told_in_a_sentence
def run(files: tuple[Path, ...], workspace: Path, form: str, **flags: Any) -> int:
    """Check FILES, and write payloads, reports and the ledger."""
    from pipeline.flow import run as ran

    return _print(
        ran(*files, workspace=workspace, progress=progress(), **flags), form, reply=bool(flags["reply"])
    )


def _print(result: Result, form: str, *, reply: bool) -> int:
    """The result; a reply that no folder took is what is printed."""
    done()
    if form == "json":
        print_json(dict(result.summary))
        return result.exit_code
    from pipeline.report.issue_table import issue_table
    from pipeline.report.reply import reply as reply_to
    from pipeline.report.terminal import told

    line = result.line
    table = issue_table(line.issues, line.raw, line.tables)
    alone = reply and not result.summary["run_folder"]
    text = reply_to(result.summary, table) if alone else told(result.summary, table, width())
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
@WORKSPACE
@FORMAT
@LANGUAGE
@told_in_a_sentence
def template(target: str | None, place: Path, workspace: Path, form: str, language: str | None) -> int:
    """Write a workbook to fill, or CSV files; each has an example row that is ignored.

    SKUs and charges of the catalog in the workspace drop down in the workbook.
    """
    from pipeline.template import write_template

    files = [
        str(each) for each in write_template(place, workspace=workspace, target=target, language=language)
    ]
    if form == "json":
        print_json({"files": files})
    else:
        click.echo(say("Written: {files}. The row EXAMPLE is ignored; it may stay.", files=", ".join(files)))
    return 0


@click.command()
@click.argument("run_id", metavar="RUN")
@WORKSPACE
@FORMAT
@told_in_a_sentence
def discard(run_id: str, workspace: Path, form: str) -> int:
    """Withdraw what RUN prepared and nothing has sent, so that a corrected file may come."""
    from pipeline.flow import discard as withdraw
    from pipeline.report.terminal import count_of
    from schemas.money import with_digits

    taken = withdraw(run_id, workspace=workspace)
    money = {currency: with_digits(total, currency) for currency, total in sorted(taken.money.items())}
    if form == "json":
        print_json(
            {
                "run_id": run_id,
                "withdrawn": {"invoices": taken.invoices, "items": taken.items, "money": money},
            }
        )
    else:
        sums = ", ".join(f"{total} {currency}" for currency, total in money.items())
        what = f"{count_of(taken.invoices, 'invoice')} with {count_of(taken.items, 'item')}"
        click.echo(f"Withdrawn: {what} ({sums}).")
    return 0


@click.command()
@click.argument("code")
@FORMAT
@LANGUAGE
@told_in_a_sentence
def explain(code: str, form: str, language: str | None) -> int:
    """Explain the issue CODE: what it means and what to do."""
    from pipeline.report.explain import explained, issue_type
    from pipeline.report.why import WHY

    kind = issue_type(code)
    if form == "json":
        told = {name: say(getattr(kind, name)) for name in ("title", "template", "fix")}
        told["cause"] = say(WHY[kind.code])
        print_json({"code": kind.code, "slug": kind.slug, "level": str(kind.level), **told})
    else:
        click.echo(explained(kind), nl=False)
    return 0

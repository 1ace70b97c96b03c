"""The command line: parse, call, print, choose the exit code. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline import __version__
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from pipeline.result import Result

_EXITS = """
\b
Exit codes:
  0  every invoice is accepted
  1  unexpected error: a bug
  2  usage
  3  nothing accepted, or the file cannot be read
  4  partial: some invoices are rejected
  7  the books don't balance
  8  another process holds the workspace for too long
  9  nothing left to do: every invoice was accepted before
"""

_UNEXPECTED = 1
_INTERRUPTED = 130
_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
_WORKSPACE = click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("invoice-import"),
    show_default=True,
    envvar="INVOICE_IMPORT_WORKSPACE",
    help="The folder with settings, catalog, ledger and runs.",
)
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How the result is printed.",
)  # fmt: skip


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags that are settings; what is not given is left to the environment and the settings file."""
    options = (
        click.option("--target", help="The billing API and operation."),
        click.option("--environment", help="Which tenant, sandbox or production."),
        click.option("--default-currency", help="Currency of invoices whose currency is blank, like EUR."),
        click.option("--date-format", help="How text dates are written, like dd/mm/yyyy."),
        click.option("--policy", help="whole-invoices, or all-or-nothing: one rejected invoice rejects all."),
        click.option("--batch-order", help="sheet, or fewest: as few requests as can be."),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), command)


def _told(command: Callable[..., int]) -> Callable[..., None]:
    """Exit with what the command returns; what makes it impossible is one sentence on stderr."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except PipelineError as error:
            _done()
            click.echo(f"Error: {_one_line(str(error))}", err=True)
            code = error.exit_code
        except KeyboardInterrupt:  # before click makes an "Aborted!" of it
            _done()
            click.echo("Interrupted; nothing half-written was left.", err=True)
            code = _INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        sys.exit(code)

    return wrapped


def _one_line(text: str) -> str:
    """A sentence without line breaks or control characters, whatever a file's name or a library says."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    words = " ".join(plain.split())
    return words if words.endswith((".", "?")) else f"{words}."


def _progress() -> Callable[[str], None]:
    """One line that says what is being done, on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(step: str) -> None:
        click.echo(f"\r\x1b[2K{step} …", err=True, nl=False)

    return show


def _done() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)


@click.group(epilog=_EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-import")
def cli() -> None:
    """Check spreadsheets of invoices and prepare them for a billing API, every cent accounted for."""


@cli.command(epilog=_EXITS)
@_FILES
@_WORKSPACE
@_FORMAT
@click.option(
    "--report", type=click.Path(path_type=Path, file_okay=False), help="Write the reports into DIR."
)
@_settings
@_told
def check(files: tuple[Path, ...], workspace: Path, form: str, report: Path | None, **flags: Any) -> int:
    """Say what would happen to FILES; change nothing.

    FILES are a workbook with the sheets Invoices and Items, or a pair of CSV files, or a folder or zip with
    such a pair.
    """
    from pipeline.flow import check as checked

    result = checked(*files, workspace=workspace, report=report, progress=_progress(), **flags)
    return _print(result, form)


@cli.command(epilog=_EXITS)
@_FILES
@_WORKSPACE
@_FORMAT
@_settings
@_told
def run(files: tuple[Path, ...], workspace: Path, form: str, **flags: Any) -> int:
    """Check FILES, and write payloads, reports and the ledger."""
    from pipeline.flow import run as ran

    return _print(ran(*files, workspace=workspace, progress=_progress(), **flags), form)


def _width() -> int:
    """Of the terminal in characters; 0 when the result goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _print(result: Result, form: str) -> int:
    _done()
    if form == "json":
        _print_json(dict(result.summary))
        return result.exit_code
    from pipeline.report.issue_table import issue_table
    from pipeline.report.terminal import told

    line = result.line
    table = issue_table(line.issues, line.raw, line.tables)
    click.echo(told(result.summary, table, _width()), nl=False)
    return result.exit_code


def _print_json(value: Any) -> None:
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


@cli.command()
@click.option("--target", help="The billing API and operation.")
@click.option(
    "-o",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to write; this folder when not given.",
)
@_WORKSPACE
@_FORMAT
@_told
def template(target: str | None, folder: Path, workspace: Path, form: str) -> int:
    """Write a pair of CSV files to fill, invoices and items, each with an example row that is ignored."""
    from pipeline.template import write_template

    files = [str(each) for each in write_template(folder, workspace=workspace, target=target)]
    if form == "json":
        _print_json({"files": files})
    else:
        click.echo(f"Written: {', '.join(files)}. The row EXAMPLE is ignored; it may stay.")
    return 0


@cli.command()
@click.argument("run_id", metavar="RUN")
@_WORKSPACE
@_FORMAT
@_told
def discard(run_id: str, workspace: Path, form: str) -> int:
    """Withdraw what RUN prepared and nothing has sent, so that a corrected file may come."""
    from pipeline.flow import discard as withdraw
    from pipeline.report.terminal import count_of
    from schemas.money import with_digits

    taken = withdraw(run_id, workspace=workspace)
    money = {currency: with_digits(total, currency) for currency, total in sorted(taken.money.items())}
    if form == "json":
        _print_json(
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


@cli.group()
def catalog() -> None:
    """The product catalog that items are looked up in."""


@catalog.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@_WORKSPACE
@_FORMAT
@_told
def catalog_load(file: Path, workspace: Path, form: str) -> int:
    """Load FILE, a price list as CSV or workbook, as the catalog; earlier runs keep theirs."""
    from pipeline.flow import load_catalog
    from pipeline.report.catalog import load_summary, load_told

    load = load_catalog(file, workspace=workspace)
    if form == "json":
        _print_json(load_summary(load))
    else:
        click.echo(load_told(load), nl=False)
    return 0 if load.snapshot else 3


@catalog.command("search")
@click.argument("text")
@_WORKSPACE
@_FORMAT
@_told
def catalog_search(text: str, workspace: Path, form: str) -> int:
    """Find charges by SKU, charge id or name; near matches when nothing matches."""
    from pipeline.flow.catalog_line import search_catalog
    from pipeline.report.catalog import found_told, plain_rows

    found = search_catalog(text, workspace=workspace)
    if form == "json":
        _print_json(plain_rows(found))
    else:
        click.echo(found_told(found), nl=False)
    return 0


@catalog.command("info")
@_WORKSPACE
@_FORMAT
@_told
def catalog_info(workspace: Path, form: str) -> int:
    """Say which catalog is in use and what is in it."""
    from pipeline.flow.catalog_line import catalog_info as asked
    from pipeline.report.catalog import info_summary, info_told

    info = asked(workspace=workspace)
    if form == "json":
        _print_json(info_summary(info))
    else:
        click.echo(info_told(info), nl=False)
    return 0


@cli.group()
def ledger() -> None:
    """The books: what was prepared, rejected, skipped and withdrawn."""


@ledger.command("list")
@_WORKSPACE
@_FORMAT
@_told
def ledger_list(workspace: Path, form: str) -> int:
    """List the runs."""
    from pipeline.flow.books import list_runs
    from pipeline.report.books import runs_told

    runs = list_runs(workspace=workspace)
    if form == "json":
        _print_json([each.__dict__ for each in runs])
    else:
        click.echo(runs_told(runs), nl=False)
    return 0


@ledger.command("show")
@click.argument("run_id", metavar="RUN")
@_WORKSPACE
@_FORMAT
@_told
def ledger_show(run_id: str, workspace: Path, form: str) -> int:
    """Show what RUN left, and the state of its invoices now."""
    from pipeline.flow.books import show_run
    from pipeline.report.books import run_summary, run_told

    shown = show_run(run_id, workspace=workspace)
    if form == "json":
        _print_json(run_summary(shown))
    else:
        click.echo(run_told(shown), nl=False)
    return 0


@ledger.command("verify")
@_WORKSPACE
@_FORMAT
@_told
def ledger_verify(workspace: Path, form: str) -> int:
    """Show that nothing in the ledger was changed, added or lost."""
    from pipeline.flow.books import verify_books

    faults = verify_books(workspace=workspace)
    if form == "json":
        _print_json({"faults": faults})
    else:
        click.echo("\n".join(faults) or "The ledger is whole: nothing was changed, added or lost.")
    return 7 if faults else 0


@cli.command()
@click.argument("code")
@_FORMAT
@_told
def explain(code: str, form: str) -> int:
    """Explain the issue CODE: what it means and what to do."""
    from pipeline.report.explain import explained, issue_type

    kind = issue_type(code)
    if form == "json":
        _print_json(
            {name: str(getattr(kind, name)) for name in ("code", "slug", "level", "title", "template", "fix")}
        )
    else:
        click.echo(explained(kind), nl=False)
    return 0


def main() -> None:
    """The console script: no traceback reaches a person."""
    # the system's allocator gives memory back between the stages: the peak is a fifth lower
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        cli(prog_name="invoice-import")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if os.environ.get("INVOICE_IMPORT_DEBUG"):
            raise
        click.echo(
            f"Unexpected error, a bug of ours: {type(error).__name__}: {error}\n"
            "Set INVOICE_IMPORT_DEBUG=1 for the details.",
            err=True,
        )
        sys.exit(_UNEXPECTED)

"""All commands as one program: parse, call, choose the exit code."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from pipeline import __version__
from pipeline.cli.console import report_interrupt
from pipeline.cli.invoice_commands import (
    check_command,
    discard_command,
    explain_command,
    run_command,
    template_command,
)
from pipeline.cli.ledger_commands import ledger_group
from pipeline.cli.parameters import EXIT_CODES_HELP
from pipeline.cli.snapshot_commands import accounts_group, catalog_group
from pipeline.process import prepare_process

_UNEXPECTED_EXIT_CODE = 1


class _Program(click.Group):
    """The program, whose interruption is a sentence and its exit code, where click says "Aborted!" and 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(report_interrupt()) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(report_interrupt()) from None


@click.group(cls=_Program, epilog=EXIT_CODES_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-import")
def cli() -> None:
    """Check spreadsheets of invoices and prepare them for a billing API, every cent accounted for."""


for command in (
    check_command,
    run_command,
    discard_command,
    template_command,
    explain_command,
    catalog_group,
    accounts_group,
    ledger_group,
):
    cli.add_command(command)


def main() -> None:
    """Parse and call; no traceback reaches a person.

    Raises:
        SystemExit: always, with the exit code.
    """
    prepare_process()
    try:
        cli(prog_name="invoice-import")
    except Exception as error:
        if os.environ.get("INVOICE_IMPORT_DEBUG"):
            raise
        # English only: the language is not known where a bug may have struck before it was
        click.echo(
            f"Unexpected error, a bug of ours: {type(error).__name__}: {error}\n"
            "Set INVOICE_IMPORT_DEBUG=1 for the details.",
            err=True,
        )
        sys.exit(_UNEXPECTED_EXIT_CODE)

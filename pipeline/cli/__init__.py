"""The command line: parse, call, print, choose the exit code. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from pipeline import __version__
from pipeline.cli.account_commands import accounts
from pipeline.cli.catalog_commands import catalog
from pipeline.cli.common import EXIT_CODES_HELP, INTERRUPTED_EXIT_CODE
from pipeline.cli.invoice_commands import check, discard, explain, run, template
from pipeline.cli.ledger_commands import ledger
from pipeline.process import prepare_process

_UNEXPECTED_EXIT_CODE = 1


@click.group(epilog=EXIT_CODES_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-import")
def cli() -> None:
    """Check spreadsheets of invoices and prepare them for a billing API, every cent accounted for."""


for command in (check, run, discard, template, explain, catalog, accounts, ledger):
    cli.add_command(command)


def program() -> None:
    """The console script: as `main`, but Python need not tidy up half a gigabyte before the shell has its answer."""
    try:
        main()
    except SystemExit as exit_request:
        with suppress(OSError):
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            if isinstance(exit_request.code, int):
                os._exit(exit_request.code)
        raise


def main() -> None:
    """Parse and call; no traceback reaches a person.

    Raises:
        SystemExit: always, with the exit code.
    """
    prepare_process()
    try:
        cli(prog_name="invoice-import")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED_EXIT_CODE)
    except Exception as error:
        if os.environ.get("INVOICE_IMPORT_DEBUG"):
            raise
        click.echo(
            f"Unexpected error, a bug of ours: {type(error).__name__}: {error}\n"
            "Set INVOICE_IMPORT_DEBUG=1 for the details.",
            err=True,
        )
        sys.exit(_UNEXPECTED_EXIT_CODE)

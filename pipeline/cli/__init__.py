"""The command line: parse, call, print, choose the exit code.

In: arguments, the environment, a workspace.
Out: results on stdout, everything else on stderr, an exit code.
Never: words a sentence about invoices, imports pandas or pyarrow before a command runs.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from pipeline import __version__
from pipeline.cli.console import INTERRUPTED_EXIT_CODE
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


@click.group(epilog=EXIT_CODES_HELP, context_settings={"help_option_names": ["-h", "--help"]})
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


def program() -> None:
    """The console script: as `main`, but exit without tearing the interpreter down.

    After a large run up to half a gigabyte would be freed object by object before the shell had its answer.
    All files are closed and flushed when `main` ends; only the standard streams remain.
    """
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
        # English only: the language is not known where a bug may have struck before it was
        click.echo(
            f"Unexpected error, a bug of ours: {type(error).__name__}: {error}\n"
            "Set INVOICE_IMPORT_DEBUG=1 for the details.",
            err=True,
        )
        sys.exit(_UNEXPECTED_EXIT_CODE)

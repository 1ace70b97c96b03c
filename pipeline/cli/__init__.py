"""The command line: parse, call, print, choose the exit code. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import ctypes
import os
import sys

import click

from pipeline import __version__
from pipeline.cli.accounts import accounts
from pipeline.cli.catalog import catalog
from pipeline.cli.common import EXITS, INTERRUPTED
from pipeline.cli.invoices import check, discard, explain, run, template
from pipeline.cli.ledger import ledger

_UNEXPECTED = 1
_ARENA_MAX = -8
"""`M_ARENA_MAX` of malloc.h: how many heaps there may be."""


@click.group(epilog=EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-import")
def cli() -> None:
    """Check spreadsheets of invoices and prepare them for a billing API, every cent accounted for."""


for command in (check, run, discard, template, explain, catalog, accounts, ledger):
    cli.add_command(command)


def main() -> None:
    """The console script: no traceback reaches a person."""
    _use_one_heap()
    try:
        cli(prog_name="invoice-import")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("INVOICE_IMPORT_DEBUG"):
            raise
        click.echo(
            f"Unexpected error, a bug of ours: {type(error).__name__}: {error}\n"
            "Set INVOICE_IMPORT_DEBUG=1 for the details.",
            err=True,
        )
        sys.exit(_UNEXPECTED)


def _use_one_heap() -> None:
    """Let Arrow, numpy and all threads share one heap, the system's: the peak is a quarter lower."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    choose = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if choose is not None:  # glibc; musl has one heap anyway
        choose(_ARENA_MAX, 1)

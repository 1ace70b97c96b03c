"""The command line: parse, call, print, choose the exit code. Results go to stdout, the rest to stderr."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from contextlib import suppress

import click

from pipeline import __version__
from pipeline.cli.accounts import accounts
from pipeline.cli.catalog import catalog
from pipeline.cli.common import EXITS, INTERRUPTED
from pipeline.cli.invoices import check, discard, explain, run, template
from pipeline.cli.ledger import ledger

_UNEXPECTED = 1
_OBJECTS = 50_000
"""New ones after which circles are looked for."""
_MALLOC = {-8: 1, -1: 256 << 20, -2: 64 << 20, -3: 32 << 20}
"""Of malloc.h: `M_ARENA_MAX`, `M_TRIM_THRESHOLD`, `M_TOP_PAD`, `M_MMAP_THRESHOLD`."""


@click.group(epilog=EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="invoice-import")
def cli() -> None:
    """Check spreadsheets of invoices and prepare them for a billing API, every cent accounted for."""


for command in (check, run, discard, template, explain, catalog, accounts, ledger):
    cli.add_command(command)


def program() -> None:
    """The console script: as `main`, but Python need not tidy up half a gigabyte before the shell has its answer."""
    try:
        main()
    except SystemExit as ended:
        with suppress(OSError):
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            if isinstance(ended.code, int):
                os._exit(ended.code)
        raise


def main() -> None:
    """Parse and call; no traceback reaches a person.

    Raises:
        SystemExit: always, with the exit code.
    """
    _economise()
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


def _economise() -> None:
    """What suits one long piece of work by a process of its own.

    Arrow, numpy and all threads share one heap, the system's, and what one stage is done with, the next one
    takes: the peak is a quarter lower. Nothing here needs the threads of linear algebra. Few objects refer to
    each other in circles: they are looked for less often.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(_OBJECTS)
    choose = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if choose is not None:  # glibc; musl has one heap anyway
        for parameter, value in _MALLOC.items():
            choose(parameter, value)

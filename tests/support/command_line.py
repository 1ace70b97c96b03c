"""Processes of the command line, and what they leave behind.

`invoice_import` forks a process of a server that imported the product; `run_script` starts the console
script.
"""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from support.fork_server import ForkServer, Ran

SCRIPT = Path(sys.executable).with_name("invoice-import")
_TESTS = Path(__file__).parents[1]
DATA = Path(__file__).parents[2] / "data"
SAMPLE, PAIR, PRODUCTS = DATA / "invoices.xlsx", DATA / "pair", DATA / "products.csv"


_MODULES = (
    "duckdb",
    "pandas",
    "pandera.pandas",
    "pandera.strategies.pandas_strategies",  # pandera imports hypothesis where it is installed
    "pipeline.catalog",
    "pipeline.flow",
    "pipeline.ledger",
    "pipeline.read.formats.parser_worker",
    "pipeline.read.read_files",
    "pipeline.report.catalog_text",
    "pipeline.report.html",
    "pipeline.report.ledger_text",
    "pipeline.report.terminal",
    "pipeline.template",
    "polib",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "schemas.pandera_schemas",
)
"""What commands import when they need it: nearly all of the time of a start."""


@cache
def _get_server() -> ForkServer:
    return ForkServer(
        "pipeline.cli:program",
        *_MODULES,
        folders=[_TESTS],
        prepare="support.parser_workers:fork_workers_here",
    )


def invoice_import(
    *words: object,
    workspace: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run a command in a process of its own and wait for it.

    Args:
        words: of the command line.
        workspace: put at the end as `--workspace`.
        env: goes over the environment.
        cwd: the folder it runs in.
    """
    last = ["--workspace", workspace] if workspace else []
    return _get_server().run(*words, *last, env={**os.environ, **(env or {})}, folder=cwd)


def run_script(
    *words: object, workspace: Path | None = None, before: Callable[[], None] | None = None
) -> Ran:
    """Run the console script as a shell does.

    Args:
        words: of the command line.
        workspace: put at the end as `--workspace`.
        before: called in the child before the script starts.
    """
    last = ["--workspace", str(workspace)] if workspace else []
    done = subprocess.run(
        [str(SCRIPT), *map(str, words), *last],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=before,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder below a folder: its mode, and the hash of a file's content."""
    described = {}
    for path in sorted(folder.rglob("*")):
        mode = oct(stat.S_IMODE(path.lstat().st_mode))
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        described[str(path.relative_to(folder))] = f"{mode} {content}"
    return described


def one_sentence(ran: Ran) -> bool:
    """The process said on stderr, in one line, why it could not, and nothing else anywhere."""
    lines = ran.err.splitlines()
    return (
        not ran.out and len(lines) == 1 and lines[0].startswith("Error: ") and lines[0].endswith((".", "?"))
    )

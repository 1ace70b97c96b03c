"""Real processes of the console script, and what they leave behind."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(sys.executable).with_name("invoice-import")
DATA = Path(__file__).parents[2] / "data"
SAMPLE, PAIR, PRODUCTS = DATA / "invoices.xlsx", DATA / "pair", DATA / "products.csv"


class Ran(NamedTuple):
    """A finished process."""

    code: int
    out: str
    err: str


def invoice_import(
    *words: object,
    workspace: Path | None = None,
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Run the command and wait for it.

    Args:
        words: of the command line.
        workspace: put at the end as `--workspace`.
        env: goes over the environment.
        before: called in the child before the command starts.
        cwd: the folder it runs in.
    """
    last = ["--workspace", str(workspace)] if workspace else []
    done = subprocess.run(
        [str(SCRIPT), *map(str, words), *last],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **(env or {})},
        preexec_fn=before,
        cwd=cwd,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def tree(folder: Path) -> dict[str, str]:
    """Every file and folder below a folder: its mode, and the hash of a file's content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = oct(stat.S_IMODE(path.lstat().st_mode))
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = f"{mode} {content}"
    return found


def one_sentence(ran: Ran) -> bool:
    """The process said on stderr, in one line, why it could not, and nothing else anywhere."""
    lines = ran.err.splitlines()
    return (
        not ran.out and len(lines) == 1 and lines[0].startswith("Error: ") and lines[0].endswith((".", "?"))
    )

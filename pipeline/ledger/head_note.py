"""The newest event, noted outside the ledger's file: what notices an older copy and a lost tail.

In: the head after a commit.
Out: `runs/.head`; a ledger that lacks the event noted there has lost entries.
Never: runs ahead of the ledger, since it is written after the commit; it may lag behind. Decides nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import orjson

from pipeline.errors import LedgerError
from pipeline.i18n import translate
from pipeline.ledger.hash_chain import EMPTY_HASH, Head

HEAD_FILE_NAME = ".head"


def read_head(runs: Path) -> Head:
    """Return the head as noted; an empty ledger's when nothing is.

    Raises:
        LedgerError: the note cannot be read.
    """
    path = runs / HEAD_FILE_NAME
    try:
        content = orjson.loads(path.read_bytes())
        return Head(int(content["events"]), str(content["head"]))
    except FileNotFoundError:
        return Head(0, EMPTY_HASH)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sentence = translate(
            "{path}, which tells whether the ledger is whole, cannot be read.", path=str(path)
        )
        raise LedgerError(sentence) from error


def write_head(runs: Path, head: Head) -> None:
    """Write a head unless a newer one is noted. The run is safe without it: no fault stops it."""
    with suppress(OSError, LedgerError):
        if read_head(runs).events >= head.events:
            return
        fresh = runs / f"{HEAD_FILE_NAME}.{os.getpid()}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            # a file that a dead process left under this name has kept its own mode
            os.fchmod(handle, 0o600)
            os.write(handle, orjson.dumps({"events": head.events, "head": head.hash}))
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(fresh, runs / HEAD_FILE_NAME)

"""The rights of an ordinary person, also for tests that root runs, whom no mode of a file keeps out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65534


@contextmanager
def give_up_root() -> Iterator[None]:
    """Act as nobody within the block where root acts now; any other person stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(_NOBODY, _NOBODY, 0)  # the saved id stays root's, so that the way back is open
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)

"""How a process of our own uses memory: what one stage is done with, the next one takes.

Input: nothing. Output: nothing; the system's allocator is told. It knows no stage.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from typing import Any

_GC_THRESHOLD = 50_000
"""New ones after which circles are looked for."""
_MALLOC_OPTIONS = {-8: 1, -1: 256 << 20, -2: 64 << 20, -3: 32 << 20}
"""Of malloc.h: `M_ARENA_MAX`, `M_TRIM_THRESHOLD`, `M_TOP_PAD`, `M_MMAP_THRESHOLD`."""


def prepare_process() -> None:
    """What suits one long piece of work by a process of its own; to be called before Arrow and numpy are loaded.

    Arrow, numpy and all threads share one heap, the system's: the peak is a quarter lower. Nothing here needs the
    threads of linear algebra. Few objects refer to each other in circles: they are looked for less often.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.set_threshold(_GC_THRESHOLD)
    set_option = _get_glibc_function("mallopt")
    if set_option is not None:
        for parameter, value in _MALLOC_OPTIONS.items():
            set_option(parameter, value)


def release_memory() -> None:
    """Give the memory that a stage no longer needs back to the system, so that the peak is that of one stage."""
    import pyarrow as pa  # noqa: PLC0415 - a command that reads nothing does not wait for it

    pa.default_memory_pool().release_unused()
    trim = _get_glibc_function("malloc_trim")
    if trim is not None:
        trim(0)


def _get_glibc_function(name: str) -> Any:
    """A function of the system's allocator; None where it is another one."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None

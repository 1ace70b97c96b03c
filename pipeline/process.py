"""Settings of the process: its memory allocator, its garbage collector and its thread pools.

In: nothing.
Out: nothing; the environment, the C library's allocator and the garbage collector are changed.
Never: knows a stage.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.i18n import get_language, set_language

MAX_THREADS = min(8, os.cpu_count() or 1)
"""Columns that a stage works on at once: Arrow's kernels release the interpreter's lock meanwhile."""

_ENVIRONMENT = {
    # Arrow, numpy and all threads share the system's heap: the peak is a quarter lower
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    # no linear algebra is done, so its threads would only be started and take memory
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""Environment variables that Arrow and numpy read when loaded, in this process and in its children."""

_MALLOC_OPTIONS = {
    -8: 1,  # M_ARENA_MAX: threads share one heap, so that one stage reuses what another has freed
    -1: 256 << 20,  # M_TRIM_THRESHOLD
    -2: 64 << 20,  # M_TOP_PAD
    -3: 32 << 20,  # M_MMAP_THRESHOLD
}
"""Parameters of `mallopt`, by their number in malloc.h."""

_GC_THRESHOLD = 50_000
"""New objects after which the garbage collector runs: few of ours refer to each other in cycles."""


def prepare_process() -> None:
    """Tune the process for one long piece of work; to be called before Arrow and numpy are loaded."""
    # what the user has set stays
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    gc.set_threshold(_GC_THRESHOLD)
    set_option = _get_glibc_function("mallopt")
    if set_option is not None:
        for parameter, size in _MALLOC_OPTIONS.items():
            set_option(parameter, size)


def get_child_environment() -> dict[str, str]:
    """Return the environment for a subprocess that loads Arrow and numpy."""
    return os.environ | _ENVIRONMENT


def release_memory() -> None:
    """Return the memory freed by a finished stage to the system, so that the peak is that of one stage."""
    import pyarrow as pa  # noqa: PLC0415 - a command that reads nothing does not wait for it

    pa.default_memory_pool().release_unused()
    trim = _get_glibc_function("malloc_trim")
    if trim is not None:
        trim(0)


def open_thread_pool(thread_count: int = MAX_THREADS) -> ThreadPoolExecutor:
    """Return a pool whose threads use the language of the caller: a new thread starts with an empty context.

    Args:
        thread_count: threads at most; 1 for work that goes on while the caller works.
    """
    return ThreadPoolExecutor(thread_count, initializer=set_language, initargs=(get_language(),))


def _get_glibc_function(name: str) -> Any:
    """Return a function of the GNU C library; None where the allocator is another one."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None

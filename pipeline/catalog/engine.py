"""Locked-down DuckDB connections to one catalog file.

Input: the file's path.
Output: a connection in which the file is the database `catalog`, and nothing else can be reached.
Never: reads or writes another file, loads an extension, sees a Python variable that was not registered.

The connection must not outlive a fork: child processes connect anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa

MEMORY = "1GB"
SPILL = "20GB"
Mode = Literal["read", "build"]
MISTAKES = (duckdb.ProgrammingError, duckdb.NotSupportedError, duckdb.PermissionException)
"""What DuckDB raises when our SQL is at fault; any other error is the file, the disk or the memory."""

_ATTACH = {"read": "READ_ONLY", "build": "STORAGE_VERSION 'v1.5.0'"}


@contextmanager
def connection(path: Path, mode: Mode, spill: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach first, lock down second.

    Args:
        path: the catalog file; it is made when it is to be built.
        mode: `build` writes a file that DuckDB 1.5 and 2 can read.
        spill: a folder for what does not fit into memory.
        memory: the limit, like `1GB`.

    Yields:
        The connection; it is closed when the block ends.
    """
    opened = duckdb.connect(
        ":memory:",
        config={
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
            "memory_limit": memory,
            "temp_directory": str(spill),
            "max_temp_directory_size": SPILL,
        },
    )
    try:
        quoted = str(path).replace("'", "''")
        opened.execute(f"ATTACH '{quoted}' AS catalog ({_ATTACH[mode]})")  # DuckDB 1.5 binds no path
        opened.execute("SET enable_external_access = false")
        opened.execute("SET lock_configuration = true")
        yield opened
    finally:
        opened.close()


def answer(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Every row of an answer; DuckDB 2 refuses further work while rows of an answer are left unread."""
    return connection.execute(sql, values).fetchall()


@contextmanager
def registered(to: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """An Arrow table under a name that SQL knows, while the block lasts."""
    to.register(name, table)
    try:
        yield
    finally:
        to.unregister(name)

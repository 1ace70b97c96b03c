"""Locked-down DuckDB connections to one catalog file.

In: the file's path.
Out: a connection in which the file is the database `catalog`, and nothing else can be reached.
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

MEMORY_LIMIT = "1GB"
SPILL_LIMIT = "20GB"
ConnectionMode = Literal["read", "build"]
SQL_MISTAKES = (duckdb.ProgrammingError, duckdb.NotSupportedError, duckdb.PermissionException)
"""What DuckDB raises when our SQL is at fault; any other error is the file, the disk or the memory."""

_ATTACH_OPTIONS = {"read": "READ_ONLY", "build": "STORAGE_VERSION 'v1.5.0'"}


@contextmanager
def open_catalog_file(
    path: Path, mode: ConnectionMode, spill: Path, memory: str
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach first, lock down second.

    Args:
        path: the catalog file; it is made when it is to be built.
        mode: `build` writes a file that DuckDB 1.5 and 2 can read.
        spill: a folder for what does not fit into memory.
        memory: the limit, like `1GB`.

    Yields:
        The connection; it is closed when the block ends.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
            "memory_limit": memory,
            "temp_directory": str(spill),
            "max_temp_directory_size": SPILL_LIMIT,
        },
    )
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(
            f"ATTACH '{quoted}' AS catalog ({_ATTACH_OPTIONS[mode]})"
        )  # DuckDB 1.5 binds no path
        # after the attachment, which is external access itself; once locked, nothing undoes it
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def fetch_rows(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Return every row of an answer; DuckDB 2 refuses further work while rows are left unread."""
    return connection.execute(sql, values).fetchall()


@contextmanager
def register_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """Register an Arrow table under a name that SQL knows, while the block lasts."""
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)

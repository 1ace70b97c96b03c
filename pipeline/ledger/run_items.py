"""The items of a run: one Parquet file in the ledger, one row per item of a prepared invoice.

In: an Arrow table with the column `position`, the invoice's position in the run.
Out: its bytes, and the table again with what the ledger says of each item's invoice.
Never: changes anything in the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LedgerError, UsageError
from pipeline.i18n import translate
from pipeline.ledger.sqlite_connection import Ledger, query_ledger
from schemas.arrow.columns import ArrowColumn, Indices, merge_chunks

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_ROW_GROUP_ROWS = 1 << 18

_OF_RUN_SQL = "SELECT (SELECT parquet FROM items t WHERE t.run_id = r.run_id) FROM runs r WHERE run_id = ?"

_INVOICES_SQL = """
SELECT i.position, i.ref, i.account, i.currency, i.request,
    (SELECT s.state FROM states s WHERE s.invoice_id = i.invoice_id)
FROM invoices i WHERE i.run_id = ? AND i.state = 'prepared' ORDER BY i.invoice_id
"""

_INVOICE_COLUMNS = pa.schema(
    [
        ("position", pa.int32()),
        ("ref", pa.string()),
        ("account", pa.string()),
        ("currency", pa.string()),
        ("request", pa.int32()),
        ("state", pa.string()),
    ]
)


def encode_items(items: pa.Table, rows: npt.NDArray[np.int64] | None = None) -> memoryview:
    """Encode rows of a table as one Parquet file; the same rows and the same pyarrow give the same bytes.

    Args:
        items: one row per item, with `position` (int32), `amount` (a decimal), and any columns but `ref`,
            `account`, `currency`, `request` and `state`, which `items` takes from the invoice.
        rows: their positions; None means all of them. No more than some are in memory twice at any time.
    """
    chosen_rows = np.arange(len(items)) if rows is None else rows
    columns = {name: _dedupe_dictionary(merge_chunks(items[name])) for name in items.column_names}
    sink = pa.BufferOutputStream()
    with _open_writer(
        sink, pa.schema([(name, _get_type(column)) for name, column in columns.items()])
    ) as writer:
        for start in range(0, len(chosen_rows), _ROW_GROUP_ROWS):
            row_indices = pa.array(chosen_rows[start : start + _ROW_GROUP_ROWS])
            writer.write_table(
                pa.table({name: _take_rows(column, row_indices) for name, column in columns.items()})
            )
    return memoryview(sink.getvalue())


def _open_writer(sink: pa.BufferOutputStream, schema: pa.Schema) -> pq.ParquetWriter:
    import pyarrow.parquet as pq  # noqa: PLC0415 - a check needs none of it

    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        # positions ascend, so their differences take few bits; nobody filters by statistics
        use_dictionary=[name for name in schema.names if name != "position"],
        column_encoding={"position": "DELTA_BINARY_PACKED"},
        write_statistics=False,
        version="2.6",
    )


class _DistinctDictionary(NamedTuple):
    """A column whose dictionary says each value once and no null: Parquet takes no other."""

    indices: Indices
    values: pa.DictionaryArray


def _dedupe_dictionary(column: ArrowColumn) -> ArrowColumn | _DistinctDictionary:
    if not isinstance(column, pa.DictionaryArray):
        return column
    return _DistinctDictionary(column.indices, column.dictionary.dictionary_encode())


def _get_type(column: ArrowColumn | _DistinctDictionary) -> pa.DataType:
    return column.values.type if isinstance(column, _DistinctDictionary) else column.type


def _take_rows(column: ArrowColumn | _DistinctDictionary, rows: Indices) -> ArrowColumn:
    if isinstance(column, _DistinctDictionary):
        return pc.take(column.values, pc.take(column.indices, rows))
    return pc.take(column, rows)


def decode_items(
    parquet: bytes, columns: list[str] | None = None, optional: Collection[str] = ()
) -> pa.Table:
    """Return the table of some Parquet bytes, or some of its columns, and of others those that it has.

    Raises:
        ValueError: they are none, or a column is missing or twice there.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded when the items are read

    try:
        present = pq.read_schema(pa.BufferReader(parquet)).names if optional else []
        chosen_columns = columns and [*columns, *(name for name in optional if name in present)]
        # without threads: one that still starts while the process ends would abort it
        table = pq.read_table(
            pa.BufferReader(parquet), columns=chosen_columns, use_threads=False, pre_buffer=False
        )
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error
    names = table.column_names
    if len(set(names)) < len(names) or not {"position", *(columns or ())} <= set(names):
        raise ValueError("a column is missing or twice there")
    return table


def read_items(ledger: Ledger, run_id: str) -> pa.Table:
    """Read the items of a run's prepared invoices, in the order they were entered.

    Args:
        ledger: where.
        run_id: of the run.

    Returns:
        `position`, then `ref`, `account`, `currency`, `request` and `state` (now) of the item's invoice, then
        the other columns as they were entered; the texts of the invoice are dictionary-encoded.

    Raises:
        UsageError: the ledger has no such run.
        LedgerError: the items cannot be read.
    """

    def query(connection: sqlite3.Connection) -> tuple[bytes | None, list[tuple[Any, ...]]] | None:
        row = connection.execute(_OF_RUN_SQL, (run_id,)).fetchone()
        return row and (row[0], connection.execute(_INVOICES_SQL, (run_id,)).fetchall())

    answer = query_ledger(ledger, query, empty=None)
    if answer is None:
        raise UsageError(translate("The ledger has no run {run}.", run=run_id))
    parquet, rows = answer
    if parquet is None:
        return _INVOICE_COLUMNS.empty_table()
    try:
        return _join_invoices(decode_items(parquet), rows)
    except (ValueError, pa.ArrowException) as error:
        sentence = translate(
            "The items of the run {run} cannot be read: {error}.", run=run_id, error=str(error)
        )
        raise LedgerError(sentence) from error


def _join_invoices(items: pa.Table, rows: list[tuple[Any, ...]]) -> pa.Table:
    """Return items with the columns of their invoices."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in _INVOICE_COLUMNS)
    invoices = {
        field.name: pa.array(values, field.type)
        for field, values in zip(_INVOICE_COLUMNS, columns, strict=True)
    }
    invoice_indices = pc.index_in(items["position"].combine_chunks(), invoices.pop("position"))
    invoice_columns = {
        name: pc.take(
            values.dictionary_encode() if pa.types.is_string(values.type) else values, invoice_indices
        )
        for name, values in invoices.items()
    }
    item_columns = [name for name in items.column_names if name not in _INVOICE_COLUMNS.names]
    return pa.table(
        {"position": items["position"], **invoice_columns, **{name: items[name] for name in item_columns}}
    )

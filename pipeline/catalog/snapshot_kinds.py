"""The kinds of snapshots, price list and account list: their columns, and the hash of their rows.

In: an Arrow table of rows.
Out: the same rows with the columns of their kind; which rows are distinct; the SHA-256 of the content.
Never: touches a file, judges a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Positions
from schemas.catalog import ACCOUNTS, CATALOG
from schemas.fields import Kind, Table

SKU_FIELD = "sku"
CHARGE_ID_FIELD = "product_rate_plan_charge_id"
# 15 digits before the point and 9 behind it
PRICE_TYPE = pa.decimal128(24, 9)
_ARROW_TYPES = {Kind.NUMBER: PRICE_TYPE, Kind.MONEY: PRICE_TYPE, Kind.DATE: pa.date32()}
_CHUNK_ROWS = 65_536


@dataclass(frozen=True, kw_only=True)
class SnapshotKind:
    """One kind of snapshot.

    Attributes:
        table: what a row of it is.
        table_name: the name of the table in the file.
        counted_columns: its figures, each with the column whose distinct values or cells it counts.
        cell_counts: the counts that count cells; the others count distinct values.
        salt: what its hash begins with, so that two kinds never share one.
        title: its name in a sentence.
        command: what loads it.
    """

    table: Table
    table_name: str
    counted_columns: Mapping[str, str]
    cell_counts: tuple[str, ...]
    salt: bytes
    title: str
    command: str

    @cached_property
    def schema(self) -> pa.Schema:
        """Every column of the declaration, in its order."""
        return pa.schema([(field.name, _ARROW_TYPES.get(field.kind, pa.string())) for field in self.table])

    def count_figures(self, rows: pa.Table) -> dict[str, int]:
        """Return the figures of rows of this kind, by name."""
        return {
            name: len(rows) - rows[column].null_count
            if name in self.cell_counts
            else pc.count_distinct(rows[column]).as_py()
            for name, column in self.counted_columns.items()
        }


CHARGES = SnapshotKind(
    table=CATALOG,
    table_name="charges",
    counted_columns={"charges": CHARGE_ID_FIELD, "products": SKU_FIELD, "prices": "list_price"},
    cell_counts=("prices",),
    salt=b"invoice-import catalog 1\n",
    title="catalog",
    command="invoice-import catalog load FILE",
)
CUSTOMERS = SnapshotKind(
    table=ACCOUNTS,
    table_name="accounts",
    counted_columns={field.name: field.name for field in ACCOUNTS if field.name != "name"},
    cell_counts=tuple(field.name for field in ACCOUNTS if field.name not in ("name", "currency")),
    salt=b"invoice-import accounts 1\n",
    title="account list",
    command="invoice-import accounts load FILE",
)
CATALOG_SCHEMA = CHARGES.schema
"""Every column of the catalog's declaration, in its order."""


@dataclass(frozen=True)
class DistinctRows:
    """What a table holds once equal rows are one.

    Attributes:
        sha256: of the distinct rows, whatever their order, in hex.
        first: position of the first row of each kind, ascending.
        duplicates: positions of the rows that repeat an earlier one, ascending.
    """

    sha256: str
    first: Positions
    duplicates: Positions


def cast_rows(table: pa.Table, kind: SnapshotKind = CHARGES) -> pa.Table:
    """Return the rows with every column of their kind: absent columns are null.

    Args:
        table: columns of the declaration, any order, typed.
        kind: what the rows are.

    Returns:
        The same rows, every column there and of its type.

    Raises:
        ValueError: a column is unknown, or a mandatory one is absent or has blanks: it was not validated.
    """
    schema = kind.schema
    if unknown := set(table.column_names) - set(schema.names):
        raise ValueError(f"no columns of a {kind.title}: {sorted(unknown)}")
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    rows = pa.table(columns, schema=schema)
    if blank_columns := [
        field.name for field in kind.table if field.required and rows[field.name].null_count
    ]:
        raise ValueError(f"blanks in mandatory columns of a {kind.title}: {blank_columns}")
    return rows


def hash_rows(batches: Iterable[pa.RecordBatch], salt: bytes = CHARGES.salt) -> DistinctRows:
    """Find the distinct rows and hash them; how the rows are cut into batches does not matter.

    Args:
        batches: of one kind's schema.
        salt: of that kind.

    Returns:
        The content. Its hash is the sha256 of the sorted sha256s of the distinct rows.
    """
    row_digests: list[bytes] = []
    for batch in batches:
        row_digests += _hash_batch(batch)
    digests: npt.NDArray[np.bytes_] = np.frombuffer(b"".join(row_digests), dtype="S32")
    # `unique` sorts, so the order of the rows leaves no trace in the hash
    distinct, first = np.unique(digests, return_index=True)
    repeated = np.ones(len(digests), dtype=np.bool_)
    repeated[first] = False
    return DistinctRows(
        sha256=hashlib.sha256(salt + distinct.tobytes()).hexdigest(),
        first=np.sort(first).astype(np.int64),
        duplicates=np.flatnonzero(repeated).astype(np.int64),
    )


def _hash_batch(batch: pa.RecordBatch) -> list[bytes]:
    """Return the SHA-256 of each row."""
    digests: list[bytes] = []
    for start in range(0, batch.num_rows, _CHUNK_ROWS):
        rows = _encode_rows(batch.slice(start, _CHUNK_ROWS)).to_pylist()
        digests += [hashlib.sha256(row).digest() for row in rows]
    return digests


def _encode_rows(batch: pa.RecordBatch) -> pa.Array:
    """Return rows as bytes, `name=length:value` of every cell that is not blank: no two rows are alike."""
    cells = []
    for field in batch.schema:
        text = _format_column(batch.column(field.name))
        length = pc.binary_length(text).cast(pa.string())
        cells.append(pc.binary_join_element_wise(field.name, "=", length, ":", text, ""))
    joined = pc.binary_join_element_wise(*cells, "", null_handling="replace", null_replacement="")
    return joined.cast(pa.binary())


def _format_column(column: pa.Array) -> pa.Array:
    """Return values as text that no version of Arrow writes otherwise: a decimal without its point."""
    if column.type == PRICE_TYPE:
        return column.view(pa.decimal128(PRICE_TYPE.precision, 0)).cast(pa.string())
    return column.cast(pa.string())

"""The shapes of rows that snapshots hold, and the hash by which their content is known.

Input: an Arrow table of rows.
Output: the same rows in the one shape all snapshots have; which rows are distinct; the content's sha256.
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
PRICE_TYPE = pa.decimal128(24, 9)
_ARROW_TYPES = {Kind.NUMBER: PRICE_TYPE, Kind.MONEY: PRICE_TYPE, Kind.DATE: pa.date32()}
_CHUNK_ROWS = 65_536


@dataclass(frozen=True)
class SnapshotKind:
    """One kind of snapshot.

    Attributes:
        table: what a row of it is.
        table_name: the name of the table in the file.
        counted_columns: figures told of it, each with the column whose distinct values or cells it counts.
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
        """The figures of some rows."""
        return {
            name: len(rows) - rows[column].null_count
            if name in self.cell_counts
            else pc.count_distinct(rows[column]).as_py()
            for name, column in self.counted_columns.items()
        }


CHARGES = SnapshotKind(
    CATALOG,
    "charges",
    {"charges": CHARGE_ID_FIELD, "products": SKU_FIELD, "prices": "list_price"},
    ("prices",),
    b"invoice-import catalog 1\n",
    "catalog",
    "invoice-import catalog load FILE",
)
CUSTOMERS = SnapshotKind(
    ACCOUNTS,
    "accounts",
    {field.name: field.name for field in ACCOUNTS if field.name != "name"},
    tuple(field.name for field in ACCOUNTS if field.name not in ("name", "currency")),
    b"invoice-import accounts 1\n",
    "account list",
    "invoice-import accounts load FILE",
)
CATALOG_SCHEMA = CHARGES.schema
"""Every column of the catalog's declaration, in its order."""


@dataclass(frozen=True)
class DistinctRows:
    """What a table holds once rows that say the same are one.

    Attributes:
        sha256: of the distinct rows, whatever their order, in hex.
        first: position of the first row of each kind, ascending.
        duplicates: positions of the rows that repeat an earlier one, ascending.
    """

    sha256: str
    first: Positions
    duplicates: Positions


def cast_rows(table: pa.Table, kind: SnapshotKind = CHARGES) -> pa.Table:
    """The rows with every column of their shape: absent columns are null.

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
    """The distinct rows and their hash, batch by batch: how the rows are cut into batches plays no part.

    Args:
        batches: of one shape's schema.
        salt: of that shape.

    Returns:
        The content. Its hash is the sha256 of the sorted sha256s of the distinct rows.
    """
    row_digests = [digest for batch in batches for digest in _hash_batch(batch)]
    digests: npt.NDArray[np.bytes_] = np.frombuffer(b"".join(row_digests), dtype="S32")
    distinct, first = np.unique(digests, return_index=True)
    repeated = np.ones(len(digests), dtype=np.bool_)
    repeated[first] = False
    return DistinctRows(
        sha256=hashlib.sha256(salt + distinct.tobytes()).hexdigest(),
        first=np.sort(first).astype(np.int64),
        duplicates=np.flatnonzero(repeated).astype(np.int64),
    )


def _hash_batch(batch: pa.RecordBatch) -> list[bytes]:
    """The sha256 of each row."""
    return [
        hashlib.sha256(text).digest()
        for start in range(0, batch.num_rows, _CHUNK_ROWS)
        for text in _encode_rows(batch.slice(start, _CHUNK_ROWS)).to_pylist()
    ]


def _encode_rows(batch: pa.RecordBatch) -> pa.Array:
    """A row as bytes: `name=length:value` of every cell that is not blank, so that no two rows look alike."""
    cells = []
    for field in batch.schema:
        text = _format_column(batch.column(field.name))
        length = pc.binary_length(text).cast(pa.string())
        cells.append(pc.binary_join_element_wise(field.name, "=", length, ":", text, ""))
    joined = pc.binary_join_element_wise(*cells, "", null_handling="replace", null_replacement="")
    return joined.cast(pa.binary())


def _format_column(column: pa.Array) -> pa.Array:
    """Values as text that no version of Arrow writes otherwise: a decimal as its digits without the point."""
    if column.type == PRICE_TYPE:
        return column.view(pa.decimal128(PRICE_TYPE.precision, 0)).cast(pa.string())
    return column.cast(pa.string())

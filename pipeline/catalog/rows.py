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

from pipeline.model import Positions
from schemas.catalog import ACCOUNTS, CATALOG
from schemas.fields import Kind, Table

SKU = "sku"
CHARGE = "product_rate_plan_charge_id"
PRICE = pa.decimal128(24, 9)
_TYPES = {Kind.NUMBER: PRICE, Kind.MONEY: PRICE, Kind.DATE: pa.date32()}
_CHUNK = 65_536


@dataclass(frozen=True)
class Shape:
    """One kind of snapshot.

    Attributes:
        table: what a row of it is.
        stored: the name of the table in the file.
        counts: figures told of it, each with the column whose distinct values or cells it counts.
        cells: the counts that count cells; the others count distinct values.
        salt: what its hash begins with, so that two kinds never share one.
        called: its name in a sentence.
        command: what loads it.
    """

    table: Table
    stored: str
    counts: Mapping[str, str]
    cells: tuple[str, ...]
    salt: bytes
    called: str
    command: str

    @cached_property
    def schema(self) -> pa.Schema:
        """Every column of the declaration, in its order."""
        return pa.schema([(each.name, _TYPES.get(each.kind, pa.string())) for each in self.table])

    def counted(self, rows: pa.Table) -> dict[str, int]:
        """The figures of some rows."""
        return {
            name: len(rows) - rows[column].null_count
            if name in self.cells
            else pc.count_distinct(rows[column]).as_py()
            for name, column in self.counts.items()
        }


CHARGES = Shape(
    CATALOG,
    "charges",
    {"charges": CHARGE, "products": SKU, "prices": "list_price"},
    ("prices",),
    b"invoice-import catalog 1\n",
    "catalog",
    "invoice-import catalog load FILE",
)
CUSTOMERS = Shape(
    ACCOUNTS,
    "accounts",
    {each.name: each.name for each in ACCOUNTS if each.name != "name"},
    tuple(each.name for each in ACCOUNTS if each.name not in ("name", "currency")),
    b"invoice-import accounts 1\n",
    "account list",
    "invoice-import accounts load FILE",
)
SCHEMA = CHARGES.schema
"""Every column of the catalog's declaration, in its order."""


@dataclass(frozen=True)
class Content:
    """What a table holds once rows that say the same are one.

    Attributes:
        sha256: of the distinct rows, whatever their order, in hex.
        first: position of the first row of each kind, ascending.
        duplicates: positions of the rows that repeat an earlier one, ascending.
    """

    sha256: str
    first: Positions
    duplicates: Positions


def shaped(table: pa.Table, shape: Shape = CHARGES) -> pa.Table:
    """The rows with every column of their shape: absent columns are null.

    Args:
        table: columns of the declaration, any order, typed.
        shape: what the rows are.

    Returns:
        The same rows, every column there and of its type.

    Raises:
        ValueError: a column is unknown, or a mandatory one is absent or has blanks: it was not validated.
    """
    schema = shape.schema
    if unknown := set(table.column_names) - set(schema.names):
        raise ValueError(f"no columns of a {shape.called}: {sorted(unknown)}")
    columns = [
        table[each.name].cast(each.type)
        if each.name in table.column_names
        else pa.nulls(len(table), each.type)
        for each in schema
    ]
    rows = pa.table(columns, schema=schema)
    if blank := [each.name for each in shape.table if each.required and rows[each.name].null_count]:
        raise ValueError(f"blanks in mandatory columns of a {shape.called}: {blank}")
    return rows


def content(batches: Iterable[pa.RecordBatch], salt: bytes = CHARGES.salt) -> Content:
    """The distinct rows and their hash, batch by batch: how the rows are cut into batches plays no part.

    Args:
        batches: of one shape's schema.
        salt: of that shape.

    Returns:
        The content. Its hash is the sha256 of the sorted sha256s of the distinct rows.
    """
    found = [digest for batch in batches for digest in _digests(batch)]
    digests: npt.NDArray[np.bytes_] = np.frombuffer(b"".join(found), dtype="S32")
    distinct, first = np.unique(digests, return_index=True)
    repeated = np.ones(len(digests), dtype=np.bool_)
    repeated[first] = False
    return Content(
        sha256=hashlib.sha256(salt + distinct.tobytes()).hexdigest(),
        first=np.sort(first).astype(np.int64),
        duplicates=np.flatnonzero(repeated).astype(np.int64),
    )


def _digests(batch: pa.RecordBatch) -> list[bytes]:
    """The sha256 of each row."""
    return [
        hashlib.sha256(text).digest()
        for start in range(0, batch.num_rows, _CHUNK)
        for text in _canonical(batch.slice(start, _CHUNK)).to_pylist()
    ]


def _canonical(batch: pa.RecordBatch) -> pa.Array:
    """A row as bytes: `name=length:value` of every cell that is not blank, so that no two rows look alike."""
    cells = []
    for each in batch.schema:
        text = _text(batch.column(each.name))
        length = pc.binary_length(text).cast(pa.string())
        cells.append(pc.binary_join_element_wise(each.name, "=", length, ":", text, ""))
    joined = pc.binary_join_element_wise(*cells, "", null_handling="replace", null_replacement="")
    return joined.cast(pa.binary())


def _text(column: pa.Array) -> pa.Array:
    """Values as text that no version of Arrow writes otherwise: a decimal as its digits without the point."""
    if column.type == PRICE:
        return column.view(pa.decimal128(PRICE.precision, 0)).cast(pa.string())
    return column.cast(pa.string())

"""The shape of a catalog row, and the hash by which a catalog's content is known.

Input: an Arrow table of catalog rows.
Output: the same rows in the one shape all snapshots have; which rows are distinct; the content's sha256.
Never: touches a file, judges a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Positions
from schemas.catalog import CATALOG
from schemas.fields import Kind

SKU = "sku"
CHARGE = "product_rate_plan_charge_id"
PRICE = pa.decimal128(24, 9)
_TYPES = {Kind.NUMBER: PRICE, Kind.MONEY: PRICE, Kind.DATE: pa.date32()}
SCHEMA = pa.schema([(each.name, _TYPES.get(each.kind, pa.string())) for each in CATALOG])
"""Every column of the catalog's declaration, in its order."""

_CHUNK = 65_536
_SALT = b"invoice-import catalog 1\n"


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


def shaped(table: pa.Table) -> pa.Table:
    """The rows in the shape of `SCHEMA`: absent columns are null.

    Args:
        table: columns of the catalog's declaration, any order, typed.

    Returns:
        The same rows, every column there and of its type.

    Raises:
        ValueError: a column is unknown, or a mandatory one is absent or has blanks: it was not validated.
    """
    if unknown := set(table.column_names) - set(SCHEMA.names):
        raise ValueError(f"no columns of a catalog: {sorted(unknown)}")
    columns = [
        table[each.name].cast(each.type)
        if each.name in table.column_names
        else pa.nulls(len(table), each.type)
        for each in SCHEMA
    ]
    rows = pa.table(columns, schema=SCHEMA)
    if blank := [each.name for each in CATALOG if each.required and rows[each.name].null_count]:
        raise ValueError(f"blanks in mandatory columns of a catalog: {blank}")
    return rows


def content(batches: Iterable[pa.RecordBatch]) -> Content:
    """The distinct rows and their hash, batch by batch: how the rows are cut into batches plays no part.

    Args:
        batches: of `SCHEMA`.

    Returns:
        The content. Its hash is the sha256 of the sorted sha256s of the distinct rows.
    """
    found = [digest for batch in batches for digest in _digests(batch)]
    digests: npt.NDArray[np.bytes_] = np.frombuffer(b"".join(found), dtype="S32")
    distinct, first = np.unique(digests, return_index=True)
    repeated = np.ones(len(digests), dtype=np.bool_)
    repeated[first] = False
    return Content(
        sha256=hashlib.sha256(_SALT + distinct.tobytes()).hexdigest(),
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
    for each in SCHEMA:
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

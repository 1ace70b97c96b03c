"""The questions one can ask a snapshot.

Input: keys as Arrow arrays.
Output: all candidate rows, the keys that exist, the nearest names, search results, figures.
Never: chooses among candidates (date, currency and ambiguity are `enrich`'s), writes anything.

Keys are compared exactly: `M` is not `m`, and blanks within a SKU count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.catalog import near
from pipeline.catalog.engine import MEMORY, MISTAKES, answer, registered
from pipeline.catalog.near import Kind, Near
from pipeline.catalog.rows import CHARGES, Shape
from pipeline.catalog.snapshots import Snapshot, damaged, described, reading
from pipeline.errors import CatalogError
from pipeline.language import say

_LOOKUP = """
    SELECT 'sku' AS kind, wanted_skus."key" AS "key", charges.*
    FROM wanted_skus JOIN catalog.charges AS charges ON charges.sku = wanted_skus."key"
    UNION ALL
    SELECT 'charge', wanted_charges."key", charges.*
    FROM wanted_charges JOIN catalog.charges AS charges
      ON charges.product_rate_plan_charge_id = wanted_charges."key"
    ORDER BY kind, "key", product_rate_plan_charge_id, effective_from NULLS FIRST, currency NULLS FIRST,
             effective_to NULLS LAST
"""
_KNOWN = """
    SELECT "key" FROM wanted SEMI JOIN catalog.charges AS charges ON charges.sku = wanted."key"
    ORDER BY place
"""
_CURRENCIES = """
    SELECT coalesce(currency, ''), count(list_price) FROM catalog.charges GROUP BY ALL ORDER BY ALL
"""
_MODELS = """
    SELECT charge_model, count(DISTINCT product_rate_plan_charge_id) FROM catalog.charges
    GROUP BY ALL ORDER BY ALL
"""
_LISTED = {
    "catalog_sku": "SELECT DISTINCT sku FROM catalog.charges ORDER BY 1 LIMIT $most",
    "product_rate_plan_charge_id": (
        "SELECT DISTINCT product_rate_plan_charge_id FROM catalog.charges ORDER BY 1 LIMIT $most"
    ),
}
_PERIOD = "SELECT min(effective_from), max(effective_to) FROM catalog.charges"


@dataclass(frozen=True)
class Candidates:
    """Every catalog row that a key may mean.

    Attributes:
        table: `kind` (`sku` or `charge`), `key`, and all columns of the catalog; ordered by kind, key, charge
            id, effective from, currency.
        unknown_skus: SKUs without a candidate, in the order they were asked for.
        unknown_charges: charge ids without a candidate, likewise.
    """

    table: pa.Table
    unknown_skus: pa.Array
    unknown_charges: pa.Array

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class CatalogInfo:
    """What is in a catalog.

    Attributes:
        snapshot: its counts, hash and source.
        currencies: prices per currency; `""` are rows without one.
        models: charges per charge model.
        earliest: first day on which anything begins to be valid; None when none says so.
        latest: last day on which anything ends; None when nothing does.
    """

    snapshot: Snapshot
    currencies: Mapping[str, int]
    models: Mapping[str, int]
    earliest: date | None
    latest: date | None


@contextmanager
def opened(snapshot: Snapshot, memory: str = MEMORY) -> Iterator[Catalog]:
    """A snapshot, open for questions.

    Args:
        snapshot: which; a load meanwhile does not touch it.
        memory: DuckDB's limit.

    Yields:
        The catalog, usable while the block lasts.

    Raises:
        CatalogError: the file is missing, damaged or another.
    """
    if described(snapshot.path).sha256 != snapshot.sha256:
        raise damaged(snapshot.path)
    with reading(snapshot.path, memory) as connection:
        yield Catalog(snapshot, connection)


class Catalog:
    """One snapshot behind a read-only, locked-down connection."""

    def __init__(self, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection) -> None:
        self.snapshot = snapshot
        self._connection = connection

    def lookup(self, skus: pa.Array, charge_ids: pa.Array) -> Candidates:
        """All rows whose SKU or charge id is among the keys.

        Args:
            skus: text; repeats and nulls are left out.
            charge_ids: text; likewise.

        Returns:
            The candidates.
        """
        wanted_skus, wanted_charges = _distinct(skus), _distinct(charge_ids)
        with (
            asked(self.snapshot),
            self._with("wanted_skus", wanted_skus),
            self._with("wanted_charges", wanted_charges),
        ):
            table = self._connection.sql(_LOOKUP).to_arrow_table()
        return Candidates(
            table,
            _missing(wanted_skus, table, "sku"),
            _missing(wanted_charges, table, "charge"),
        )

    def known_skus(self, skus: pa.Array) -> pa.Array:
        """Those of the SKUs that are a product's, each once, in the order they were asked for."""
        with asked(self.snapshot), self._with("wanted", _distinct(skus)):
            return _column(self._connection.sql(_KNOWN).to_arrow_table(), "key")

    def nearest(self, keys: pa.Array, kind: Kind, limit: int = 3) -> dict[str, list[Near]]:
        """What keys that were not found may have meant.

        Args:
            keys: SKUs or charge ids; repeats and nulls are left out.
            kind: which of the two they are.
            limit: suggestions a key.

        Returns:
            For each distinct key its suggestions, the likeliest first: those that differ only in case, zeros
            around, blanks and hyphens, then those that look alike. The work is bounded (`near.PAIRS`): of
            very many keys only the first are answered; the lists of the others are empty.
        """
        wanted = _distinct(keys)
        if not len(wanted):
            return {}
        with asked(self.snapshot), self._with("wanted", wanted.slice(0, near.KEYS)):
            found = near.nearest(self._connection, kind, limit)
        return {key: found.get(key, []) for key in wanted.to_pylist()}

    def search(self, text: str, limit: int = 20) -> pa.Table:
        """Rows that a text may mean: in SKU, charge id, product name or charge name.

        Args:
            text: what a person types.
            limit: rows at most.

        Returns:
            `match` (`exact`, `part`, or, when there is neither, `near`) and all columns of the catalog, the
            likeliest first.
        """
        with asked(self.snapshot):
            return near.search(self._connection, text, limit)

    def listed(self, most: int) -> dict[str, list[str]]:
        """SKUs and charge ids in order, by the item's field that they fill.

        Args:
            most: of each.
        """
        with asked(self.snapshot):
            return {
                field: [key for (key,) in answer(self._connection, sql, {"most": most})]
                for field, sql in _LISTED.items()
            }

    def info(self) -> CatalogInfo:
        """What is in the catalog."""
        with asked(self.snapshot):
            currencies = answer(self._connection, _CURRENCIES)
            models = answer(self._connection, _MODELS)
            ((first, last),) = answer(self._connection, _PERIOD)
        return CatalogInfo(self.snapshot, dict(currencies), dict(models), first, last)

    @contextmanager
    def _with(self, name: str, keys: pa.Array) -> Iterator[None]:
        """Keys, and the place of each, as a table that SQL knows by this name."""
        places = pa.array(np.arange(len(keys)))
        with registered(self._connection, name, pa.table({"key": keys, "place": places})):
            yield


@contextmanager
def asked(snapshot: Snapshot, shape: Shape = CHARGES) -> Iterator[None]:
    """Damage that shows only when a block is read, or too little memory, is told as "cannot run".

    Raises:
        CatalogError: the snapshot is damaged, or there is too little memory or room.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise CatalogError(
            say(
                "The {called} {name} needs more memory or room for temporary files: free some, and run again.",
                called=say(shape.called), name=snapshot.path.name,
            )
        ) from error  # fmt: skip
    except MISTAKES:
        raise
    except duckdb.Error as error:
        raise damaged(snapshot.path, shape) from error


def _distinct(keys: pa.Array) -> pa.Array:
    """Each key once, without nulls, in order of appearance."""
    if isinstance(keys, pa.ChunkedArray):
        keys = keys.combine_chunks()
    return pc.drop_null(pc.unique(keys)).cast(pa.string())


def _missing(wanted: pa.Array, found: pa.Table, kind: str) -> pa.Array:
    """The keys without a candidate."""
    keys = found["key"].filter(pc.equal(found["kind"], kind))
    return wanted.filter(pc.invert(pc.is_in(wanted, value_set=pc.unique(keys))))


def _column(table: pa.Table, name: str) -> pa.Array:
    """A column in one piece."""
    column = table[name].combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)

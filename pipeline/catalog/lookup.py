"""Questions to a snapshot of the product catalog: candidates, known SKUs, search, figures.

In: keys as Arrow arrays.
Out: all candidate rows, the keys that exist, the nearest names, search results, figures.
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

from pipeline.catalog import suggestions
from pipeline.catalog.duckdb_connection import MEMORY_LIMIT, SQL_MISTAKES, fetch_rows, register_table
from pipeline.catalog.snapshot_kinds import CHARGES, SnapshotKind
from pipeline.catalog.snapshots import Snapshot, build_damage_error, describe_snapshot, open_read_only
from pipeline.catalog.suggestions import KeyKind, Suggestion
from pipeline.errors import CatalogError
from pipeline.i18n import translate

_LOOKUP_SQL = """
    SELECT 'sku' AS kind, wanted_skus."key" AS "key", charges.*
    FROM wanted_skus JOIN catalog.charges AS charges ON charges.sku = wanted_skus."key"
    UNION ALL
    SELECT 'charge', wanted_charges."key", charges.*
    FROM wanted_charges JOIN catalog.charges AS charges
      ON charges.product_rate_plan_charge_id = wanted_charges."key"
    ORDER BY kind, "key", product_rate_plan_charge_id, effective_from NULLS FIRST, currency NULLS FIRST,
             effective_to NULLS LAST
"""
_KNOWN_SQL = """
    SELECT "key" FROM wanted SEMI JOIN catalog.charges AS charges ON charges.sku = wanted."key"
    ORDER BY place
"""
_CURRENCIES_SQL = """
    SELECT coalesce(currency, ''), count(list_price) FROM catalog.charges GROUP BY ALL ORDER BY ALL
"""
_MODELS_SQL = """
    SELECT charge_model, count(DISTINCT product_rate_plan_charge_id) FROM catalog.charges
    GROUP BY ALL ORDER BY ALL
"""
_LIST_KEYS_SQL = {
    "catalog_sku": "SELECT DISTINCT sku FROM catalog.charges ORDER BY 1 LIMIT $most",
    "product_rate_plan_charge_id": (
        "SELECT DISTINCT product_rate_plan_charge_id FROM catalog.charges ORDER BY 1 LIMIT $most"
    ),
}
_PERIOD_SQL = "SELECT min(effective_from), max(effective_to) FROM catalog.charges"


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
def open_catalog(snapshot: Snapshot, memory: str = MEMORY_LIMIT) -> Iterator[Catalog]:
    """Open a snapshot for questions.

    Args:
        snapshot: which; a load meanwhile does not touch it.
        memory: DuckDB's limit.

    Yields:
        The catalog, usable while the block lasts.

    Raises:
        CatalogError: the file is missing, damaged or another.
    """
    # the file may have been replaced since the snapshot was looked up
    if describe_snapshot(snapshot.path).sha256 != snapshot.sha256:
        raise build_damage_error(snapshot.path)
    with open_read_only(snapshot.path, memory) as connection:
        yield Catalog(snapshot, connection)


class Catalog:
    """One snapshot behind a read-only, locked-down connection."""

    def __init__(self, snapshot: Snapshot, connection: duckdb.DuckDBPyConnection) -> None:
        self.snapshot = snapshot
        self._connection = connection

    def lookup(self, skus: pa.Array, charge_ids: pa.Array) -> Candidates:
        """Return all rows whose SKU or charge id is among the keys.

        Args:
            skus: text; repeats and nulls are left out.
            charge_ids: text; likewise.

        Returns:
            The candidates.
        """
        wanted_skus, wanted_charges = _drop_repeats(skus), _drop_repeats(charge_ids)
        with (
            translate_duckdb_errors(self.snapshot),
            self._register_keys("wanted_skus", wanted_skus),
            self._register_keys("wanted_charges", wanted_charges),
        ):
            table = self._connection.sql(_LOOKUP_SQL).to_arrow_table()
        return Candidates(
            table,
            _find_missing(wanted_skus, table, "sku"),
            _find_missing(wanted_charges, table, "charge"),
        )

    def filter_known_skus(self, skus: pa.Array) -> pa.Array:
        """Return those of the SKUs that a product has, each once, in the order they were asked for."""
        with translate_duckdb_errors(self.snapshot), self._register_keys("wanted", _drop_repeats(skus)):
            return _get_column(self._connection.sql(_KNOWN_SQL).to_arrow_table(), "key")

    def suggest_keys(self, keys: pa.Array, kind: KeyKind, limit: int = 3) -> dict[str, list[Suggestion]]:
        """Suggest what keys that were not found may have meant.

        Args:
            keys: SKUs or charge ids; repeats and nulls are left out.
            kind: which of the two they are.
            limit: suggestions a key.

        Returns:
            For each distinct key its suggestions, the likeliest first: those that differ only in case, zeros
            around, blanks and hyphens, then those that look alike. The work is bounded
            (`suggestions.MAX_PAIRS`): of very many keys only the first are answered; the lists of the others
            are empty.
        """
        wanted = _drop_repeats(keys)
        if not len(wanted):
            return {}
        with (
            translate_duckdb_errors(self.snapshot),
            self._register_keys("wanted", wanted.slice(0, suggestions.MAX_KEYS)),
        ):
            suggested = suggestions.suggest_names(self._connection, kind, limit)
        return {key: suggested.get(key, []) for key in wanted.to_pylist()}

    def search(self, text: str, limit: int = 20) -> pa.Table:
        """Return rows that a text may mean: in SKU, charge id, product name or charge name.

        Args:
            text: what a person types.
            limit: rows at most.

        Returns:
            `match` (`exact`, `part`, or, when there is neither, `near`) and all columns of the catalog, the
            likeliest first.
        """
        with translate_duckdb_errors(self.snapshot):
            return suggestions.search_rows(self._connection, text, limit)

    def list_keys(self, limit: int) -> dict[str, list[str]]:
        """Return SKUs and charge ids in order, by the item's field that they fill.

        Args:
            limit: of each.
        """
        with translate_duckdb_errors(self.snapshot):
            rows = {
                field: fetch_rows(self._connection, sql, {"most": limit})
                for field, sql in _LIST_KEYS_SQL.items()
            }
        keys: dict[str, list[str]] = {}
        for field, rows_of_field in rows.items():
            keys[field] = [key for (key,) in rows_of_field]
        return keys

    def get_info(self) -> CatalogInfo:
        """Return what is in the catalog."""
        with translate_duckdb_errors(self.snapshot):
            currencies = fetch_rows(self._connection, _CURRENCIES_SQL)
            models = fetch_rows(self._connection, _MODELS_SQL)
            ((first, last),) = fetch_rows(self._connection, _PERIOD_SQL)
        return CatalogInfo(self.snapshot, dict(currencies), dict(models), first, last)

    @contextmanager
    def _register_keys(self, name: str, keys: pa.Array) -> Iterator[None]:
        """Register keys, and the place of each, as a table that SQL knows by this name."""
        places = pa.array(np.arange(len(keys)))
        with register_table(self._connection, name, pa.table({"key": keys, "place": places})):
            yield


@contextmanager
def translate_duckdb_errors(snapshot: Snapshot, kind: SnapshotKind = CHARGES) -> Iterator[None]:
    """Raise DuckDB's errors as `CatalogError`: damage may show only when a block of the file is read.

    Raises:
        CatalogError: the snapshot is damaged, or there is too little memory or room.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise CatalogError(
            translate(
                "The {called} {name} needs more memory or room for temporary files: free some, and run"
                " again.",
                called=translate(kind.title),
                name=snapshot.path.name,
            )
        ) from error
    except SQL_MISTAKES:
        raise
    except duckdb.Error as error:
        raise build_damage_error(snapshot.path, kind) from error


def _drop_repeats(keys: pa.Array) -> pa.Array:
    """Return each key once, without nulls, in order of appearance."""
    if isinstance(keys, pa.ChunkedArray):
        keys = keys.combine_chunks()
    return pc.drop_null(pc.unique(keys)).cast(pa.string())


def _find_missing(wanted: pa.Array, candidates: pa.Table, kind: str) -> pa.Array:
    """Return the keys without a candidate."""
    keys = candidates["key"].filter(pc.equal(candidates["kind"], kind))
    return wanted.filter(pc.invert(pc.is_in(wanted, value_set=pc.unique(keys))))


def _get_column(table: pa.Table, name: str) -> pa.Array:
    """Return a column in one piece."""
    column = table[name].combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)

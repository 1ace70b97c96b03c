"""The account list: the questions one can ask a snapshot of it.

In: for each key field the keys that invoices name.
Out: what the list says of them, as `AccountAnswers`.
Never: chooses between keys that name different accounts, writes anything.

Keys are compared exactly, except that ids of hex digits know no case.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.catalog import suggestions
from pipeline.catalog.duckdb_connection import register_table
from pipeline.catalog.lookup import translate_duckdb_errors
from pipeline.catalog.snapshot_kinds import CUSTOMERS
from pipeline.catalog.snapshots import Snapshot, build_damage_error, describe_snapshot, open_read_only
from pipeline.model.enriched import AccountAnswers
from schemas.arrow.columns import Texts
from schemas.catalog import ACCOUNT_KEYS, fold_account_keys

_LOOKUP_SQL = """
    SELECT wanted."key" AS "key", accounts.rowid AS place, accounts.* FROM wanted
    JOIN catalog.accounts AS accounts ON {stored} = wanted."key" ORDER BY wanted.place
"""
_MAX_SUGGESTIONS = 3


def look_up_accounts(snapshot: Snapshot, wanted: Mapping[str, Texts]) -> AccountAnswers:
    """Return what the account list says of some keys.

    Args:
        snapshot: of the account list.
        wanted: by key field the keys as the sheets name them; repeats and nulls are left out.

    Returns:
        The accounts that the keys name, and the nearest names of those that are unknown.

    Raises:
        CatalogError: the file is missing, damaged or another.
    """
    # the file may have been replaced since the snapshot was looked up
    if describe_snapshot(snapshot.path, CUSTOMERS).sha256 != snapshot.sha256:
        raise build_damage_error(snapshot.path, CUSTOMERS)
    accounts: dict[str, pa.Table] = {}
    suggested_names: dict[tuple[str, str], str] = {}
    with open_read_only(snapshot.path) as connection, translate_duckdb_errors(snapshot, CUSTOMERS):
        for name in ACCOUNT_KEYS:
            keys = _fold_keys(name, wanted.get(name))
            with register_table(connection, "wanted", keys):
                accounts[name] = connection.sql(
                    _LOOKUP_SQL.format(stored=_get_stored_key(name))
                ).to_arrow_table()
            unknown = keys.filter(pc.invert(pc.is_in(keys["key"], value_set=accounts[name]["key"])))
            if len(unknown):
                with register_table(connection, "wanted", unknown.slice(0, suggestions.MAX_KEYS)):
                    suggested = suggestions.suggest_names(connection, name, _MAX_SUGGESTIONS)
                suggested_names |= {
                    (name, key): suggestions.format_suggestions(key, key_suggestions)
                    for key, key_suggestions in suggested.items()
                }
    return AccountAnswers(accounts, suggested_names)


def _fold_keys(name: str, wanted: Texts | None) -> pa.Table:
    """Return the distinct keys as they are compared, and the place of each."""
    texts = pa.array([], pa.string()) if wanted is None else wanted
    keys = pc.drop_null(pc.unique(fold_account_keys(name, texts)))
    return pa.table({"key": keys, "place": pa.array(np.arange(len(keys)))})


def _get_stored_key(name: str) -> str:
    """Return a key column as it is compared."""
    # asked of the fold itself, so that SQL and Arrow never disagree about a field
    folds = fold_account_keys(name, pa.array(["A"]))[0].as_py() == "a"
    return f"lower(accounts.{name})" if folds else f"accounts.{name}"

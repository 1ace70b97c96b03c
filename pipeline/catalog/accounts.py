"""The account list: the questions one can ask a snapshot of it.

Input: for each key field the keys that invoices name. Output: what the list says of them, as `AccountAnswers`.
Never: chooses between keys that name different accounts, writes anything.

Keys are compared exactly, except that ids of hex digits know no case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.catalog import near
from pipeline.catalog.engine import registered
from pipeline.catalog.lookup import asked
from pipeline.catalog.rows import CUSTOMERS
from pipeline.catalog.snapshots import Snapshot, damaged, described, reading
from pipeline.model import AccountAnswers
from schemas.catalog import ACCOUNT_KEYS, folded_key

_LOOKUP = """
    SELECT wanted."key" AS "key", accounts.rowid AS place, accounts.* FROM wanted
    JOIN catalog.accounts AS accounts ON {stored} = wanted."key" ORDER BY wanted.place
"""
_LIMIT = 3


def answers(snapshot: Snapshot, wanted: Mapping[str, Any]) -> AccountAnswers:
    """What the account list says of some keys.

    Args:
        snapshot: of the account list.
        wanted: by key field the keys as the sheets name them; repeats and nulls are left out.

    Returns:
        The accounts that the keys name, and the nearest names of those that are unknown.

    Raises:
        CatalogError: the file is missing, damaged or another.
    """
    if described(snapshot.path, CUSTOMERS).sha256 != snapshot.sha256:
        raise damaged(snapshot.path, CUSTOMERS)
    found: dict[str, pa.Table] = {}
    names: dict[tuple[str, str], str] = {}
    with reading(snapshot.path) as connection, asked(snapshot, CUSTOMERS):
        for name in ACCOUNT_KEYS:
            keys = _keys(name, wanted.get(name))
            with registered(connection, "wanted", keys):
                found[name] = connection.sql(_LOOKUP.format(stored=_stored(name))).to_arrow_table()
            unknown = keys.filter(pc.invert(pc.is_in(keys["key"], value_set=found[name]["key"])))
            if len(unknown):
                with registered(connection, "wanted", unknown.slice(0, near.KEYS)):
                    told = near.nearest(connection, name, _LIMIT)
                names |= {(name, key): near.in_words(key, some) for key, some in told.items()}
    return AccountAnswers(found, names)


def _keys(name: str, wanted: Any) -> pa.Table:
    """The distinct keys as they are compared, and the place of each."""
    texts = pa.array([], pa.string()) if wanted is None else wanted
    keys = pc.drop_null(pc.unique(folded_key(name, texts)))
    return pa.table({"key": keys, "place": pa.array(np.arange(len(keys)))})


def _stored(name: str) -> str:
    """A key column as it is compared."""
    folds = folded_key(name, pa.array(["A"]))[0].as_py() == "a"
    return f"lower(accounts.{name})" if folds else f"accounts.{name}"

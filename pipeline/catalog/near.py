"""What may have been meant: the nearest names of a key that is unknown, and search by text.

Input: a connection to a snapshot; keys registered as `wanted` (key, place), or a text.
Output: suggestions a key; rows of the catalog.
Never: compares more pairs than a person would wait for.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa

from pipeline.catalog.engine import answer
from pipeline.near import reason
from schemas.catalog import ACCOUNT_KEYS

Kind = Literal["sku", "charge"]
KEYS = 10_000
"""No more keys than these are answered."""
PAIRS = 2_000_000
"""No more pairs of key and name than these are compared letter by letter."""

_ALIKE = 0.85
"""Jaro-Winkler similarity from which two keys look alike; a common beginning counts for more."""
_CLOSE = 0.9
"""The same for words that a person searches for."""


class Near(NamedTuple):
    """A suggestion: a SKU or charge id of the catalog, and the name of what it is."""

    value: str
    name: str


_NAMES = """
    CREATE TEMP TABLE IF NOT EXISTS names (
        kind VARCHAR, "value" VARCHAR, "name" VARCHAR, folded VARCHAR, bare VARCHAR
    );
    CREATE OR REPLACE TEMP MACRO folded(word) AS regexp_replace(lower(word), '[\\s\\pZ\\p{Pd}_]+', '', 'g');
    CREATE OR REPLACE TEMP MACRO bare(word) AS coalesce(nullif(trim(folded(word), '0'), ''), '0');
"""
_FILL = {
    "sku": """
        INSERT INTO names
        SELECT 'sku', sku, min(coalesce(product_name, charge_name, '')), folded(sku), bare(sku)
        FROM catalog.charges GROUP BY sku
    """,
    "charge": """
        INSERT INTO names
        SELECT 'charge', product_rate_plan_charge_id, min(coalesce(charge_name, product_name, sku)),
               folded(product_rate_plan_charge_id), bare(product_rate_plan_charge_id)
        FROM catalog.charges GROUP BY product_rate_plan_charge_id
    """,
    **{
        key: f"""
            INSERT INTO names SELECT '{key}', {key}, coalesce(name, ''), folded({key}), bare({key})
            FROM catalog.accounts WHERE {key} IS NOT NULL
        """  # noqa: S608 - the names of our own columns
        for key in ACCOUNT_KEYS
    },
}
_NEAREST = """
    WITH asked AS (SELECT "key", place, folded("key") AS folded, bare("key") AS bare FROM wanted),
    known AS (FROM names WHERE kind = $kind),
    same AS (
        SELECT "key", place, "value", "name",
               CASE WHEN asked.folded = known.folded THEN 0 ELSE 1 END AS rank, 1.0 AS score, 0 AS distance
        FROM asked JOIN known ON asked.bare = known.bare
        QUALIFY row_number() OVER (PARTITION BY "key" ORDER BY rank, "value") <= $limit
    ),
    scored AS (
        SELECT "key", place, asked.folded AS mine, known.folded AS theirs, "value", "name",
               jaro_winkler_similarity(asked.folded, known.folded, $alike) AS score
        FROM (FROM asked WHERE place < $compared) AS asked, known
        WHERE asked.bare <> known.bare
    ),
    best AS (
        SELECT "key", place, mine,
               unnest(min(
                   {'less': -score, 'value': "value", 'name': "name", 'theirs': theirs}, 10 + $limit
               )) AS one
        FROM scored WHERE score > 0 GROUP BY "key", place, mine
    ),
    judged AS (
        SELECT "key", place, mine, one.theirs AS theirs, one."value" AS "value", one."name" AS "name",
               -one.less AS score, damerau_levenshtein(mine, one.theirs) AS distance
        FROM best
    ),
    found AS (
        FROM same
        UNION ALL
        SELECT "key", place, "value", "name", 2, score, distance FROM judged
        WHERE distance <= greatest(1, length(mine) // 3)
           OR (length(mine) > 2 AND starts_with(theirs, mine))
           OR (length(theirs) > 2 AND starts_with(mine, theirs))
    )
    SELECT "key", "value", "name" FROM found
    QUALIFY row_number() OVER (PARTITION BY "key" ORDER BY rank, score DESC, distance, "value") <= $limit
    ORDER BY place, rank, score DESC, distance, "value"
"""
_SEARCH = """
    WITH hay AS (
        SELECT *, lower(strip_accents(
            concat_ws(' ', sku, product_rate_plan_charge_id, product_name, charge_name)
        )) AS text
        FROM catalog.charges
    ),
    ranked AS (
        SELECT *, CASE
            WHEN sku = $text OR product_rate_plan_charge_id = $text THEN 0
            WHEN lower($text) IN (lower(sku), lower(product_rate_plan_charge_id), lower(product_name),
                                  lower(charge_name)) THEN 1
            WHEN starts_with(text, $plain) THEN 2
            WHEN contains(text, $plain) THEN 3
            ELSE 4
        END AS rank
        FROM hay
        WHERE list_bool_and(list_transform($words, lambda word: contains(text, word)))
           OR lower($text) IN (lower(sku), lower(product_rate_plan_charge_id), lower(product_name),
                               lower(charge_name))
    )
    SELECT CASE WHEN rank < 2 THEN 'exact' ELSE 'part' END AS "match", * EXCLUDE (text, rank)
    FROM ranked
    ORDER BY rank, sku, product_rate_plan_charge_id, effective_from, currency
    LIMIT $limit
"""
_SEARCH_NEAR = """
    WITH hay AS (
        SELECT *, string_split(
            lower(strip_accents(
                concat_ws(' ', sku, product_rate_plan_charge_id, product_name, charge_name)
            )), ' '
        ) AS parts
        FROM catalog.charges
    ),
    scored AS (
        SELECT *, list_transform($words, lambda word:
            list_max(list_transform(parts, lambda part: jaro_winkler_similarity(word, part)))) AS scores
        FROM hay
    )
    SELECT 'near' AS "match", * EXCLUDE (parts, scores)
    FROM scored
    WHERE list_min(scores) >= $close
    ORDER BY list_sum(scores) DESC, sku, product_rate_plan_charge_id, effective_from, currency
    LIMIT $limit
"""


def nearest(connection: duckdb.DuckDBPyConnection, kind: str, limit: int) -> dict[str, list[Near]]:
    """Suggestions for the keys registered as `wanted`.

    Args:
        connection: to the snapshot.
        kind: what the keys are: `sku`, `charge`, or a key field of the account list.
        limit: suggestions a key.

    Returns:
        By key, the likeliest first; keys without any are absent.
    """
    connection.execute(_NAMES)
    if not _count(connection, kind):
        connection.execute(_FILL[kind])
    compared = PAIRS // max(1, _count(connection, kind))
    asked = {"kind": kind, "limit": limit, "compared": compared, "alike": _ALIKE}
    rows = answer(connection, _NEAREST, asked)
    found: dict[str, list[Near]] = {}
    for key, value, name in rows:
        found.setdefault(key, []).append(Near(value, name))
    return found


def in_words(key: str, some: list[Near]) -> str:
    """Suggestions as they stand in a sentence: each with its name, and with what parts it from the key."""
    return ", ".join(_in_words(key, each) for each in some)


def _in_words(key: str, near: Near) -> str:
    told = "; ".join(filter(None, (near.name, reason(key, near.value))))
    return f"{near.value} ({told})" if told else near.value


def _count(connection: duckdb.DuckDBPyConnection, kind: str) -> int:
    """How many names of the kind are known."""
    ((count,),) = answer(connection, "SELECT count(*) FROM names WHERE kind = $kind", {"kind": kind})
    return int(count)


def search(connection: duckdb.DuckDBPyConnection, text: str, limit: int) -> pa.Table:
    """Rows in which the text, or all its words, stand; when there are none, rows with words that look alike.

    Args:
        connection: to the snapshot.
        text: what a person types.
        limit: rows at most.

    Returns:
        `match` and the catalog's columns, the likeliest first.
    """
    ((plain,),) = answer(connection, "SELECT lower(strip_accents($text))", {"text": text})
    words = plain.split()
    asked = {"words": words, "limit": limit}
    found = connection.sql(
        _SEARCH, params={**asked, "text": text.strip(), "plain": " ".join(words)}
    ).to_arrow_table()
    if len(found) or not words:
        return found
    return connection.sql(_SEARCH_NEAR, params={**asked, "close": _CLOSE}).to_arrow_table()

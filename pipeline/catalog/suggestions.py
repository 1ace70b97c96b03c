"""What may have been meant: the nearest names of a key that is unknown, and search by text.

In: a connection to a snapshot; keys registered as `wanted` (key, place), or a text.
Out: suggestions a key; rows of the catalog.
Never: compares more pairs than a person would wait for.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa

from pipeline.catalog.duckdb_connection import fetch_rows
from pipeline.suggest import explain_difference
from schemas.catalog import ACCOUNT_KEYS

KeyKind = Literal["sku", "charge"]
MAX_KEYS = 10_000
"""No more keys than these are answered."""
MAX_PAIRS = 2_000_000
"""No more pairs of key and name than these are compared letter by letter."""

_MIN_KEY_SIMILARITY = 0.85
"""Jaro-Winkler similarity from which two keys look alike; a common beginning counts for more."""
_MIN_WORD_SIMILARITY = 0.9
"""The same for words that a person searches for."""


class Suggestion(NamedTuple):
    """A suggestion: a SKU or charge id of the catalog, and the name of what it is."""

    value: str
    name: str


# temporary, since the snapshot is read-only; `bare` drops zeros around, and keeps one where all are zeros
_NAMES_SQL = """
    CREATE TEMP TABLE IF NOT EXISTS names (
        kind VARCHAR, "value" VARCHAR, "name" VARCHAR, folded VARCHAR, bare VARCHAR
    );
    CREATE OR REPLACE TEMP MACRO folded(word) AS regexp_replace(lower(word), '[\\s\\pZ\\p{Pd}_]+', '', 'g');
    CREATE OR REPLACE TEMP MACRO bare(word) AS coalesce(nullif(trim(folded(word), '0'), ''), '0');
"""
_FILL_SQL = {
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
# `min` of structs with a number keeps that many of a key's pairs, and never sorts them all
_NEAREST_SQL = """
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
_SEARCH_SQL = """
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
_SEARCH_SIMILAR_SQL = """
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


def suggest_names(
    connection: duckdb.DuckDBPyConnection, kind: str, limit: int
) -> dict[str, list[Suggestion]]:
    """Return suggestions for the keys registered as `wanted`.

    Args:
        connection: to the snapshot.
        kind: what the keys are: `sku`, `charge`, or a key field of the account list.
        limit: suggestions a key.

    Returns:
        By key, the likeliest first; keys without any are absent.
    """
    connection.execute(_NAMES_SQL)
    if not _count_names(connection, kind):
        connection.execute(_FILL_SQL[kind])
    compared = MAX_PAIRS // max(1, _count_names(connection, kind))
    parameters = {"kind": kind, "limit": limit, "compared": compared, "alike": _MIN_KEY_SIMILARITY}
    rows = fetch_rows(connection, _NEAREST_SQL, parameters)
    suggestions: dict[str, list[Suggestion]] = {}
    for key, value, name in rows:
        suggestions.setdefault(key, []).append(Suggestion(value, name))
    return suggestions


def format_suggestions(key: str, suggestions: list[Suggestion]) -> str:
    """Format suggestions for a sentence: each with its name, and with what parts it from the key."""
    return ", ".join(_format_suggestion(key, suggestion) for suggestion in suggestions)


def _format_suggestion(key: str, suggestion: Suggestion) -> str:
    explanation = "; ".join(filter(None, (suggestion.name, explain_difference(key, suggestion.value))))
    return f"{suggestion.value} ({explanation})" if explanation else suggestion.value


def _count_names(connection: duckdb.DuckDBPyConnection, kind: str) -> int:
    """Return how many names of the kind are known."""
    ((count,),) = fetch_rows(connection, "SELECT count(*) FROM names WHERE kind = $kind", {"kind": kind})
    return int(count)


def search_rows(connection: duckdb.DuckDBPyConnection, text: str, limit: int) -> pa.Table:
    """Return rows that hold the text, or all its words; when there are none, rows with similar words.

    Args:
        connection: to the snapshot.
        text: what a person types.
        limit: rows at most.

    Returns:
        `match` and the catalog's columns, the likeliest first.
    """
    ((plain,),) = fetch_rows(connection, "SELECT lower(strip_accents($text))", {"text": text})
    words = plain.split()
    parameters = {"words": words, "limit": limit}
    matches = connection.sql(
        _SEARCH_SQL, params={**parameters, "text": text.strip(), "plain": " ".join(words)}
    ).to_arrow_table()
    if len(matches) or not words:
        return matches
    return connection.sql(
        _SEARCH_SIMILAR_SQL, params={**parameters, "close": _MIN_WORD_SIMILARITY}
    ).to_arrow_table()

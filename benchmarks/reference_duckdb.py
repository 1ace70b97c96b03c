"""The main job written purely in DuckDB SQL: what our own run is measured against.

    python -m benchmarks.reference_duckdb INVOICES ITEMS CATALOG OUTPUT [--timings]

CSV in, the rules of `schemas/` for the columns there are, catalog join, the second look of `pipeline/review`,
requests in sheet order, payloads and their manifest, ledger, issues and summary, all on the disk before it ends;
on stdout the summary in the shape of our own. Python only sends the statements, hashes the files (four times as
fast as DuckDB does), writes each request's text, and prints. All cores are used.

Every rule is applied that can fire without a setting, a workbook, an account list or a ledger with a past.
One expression over a row's cells together finds the rows in which something is odd (a blank at the edge of a
cell, a character that cannot be seen, a damaged identifier): only those are looked at cell by cell.

A line of `ledger.csv` is put together from what its invoice and its charge contribute, each made once. In the
ledger, of one environment and target, the catalog's own values stand once a charge, and a view joins them to the
items; its event bears a digest of the run's rows, in which the contents of invoices and requests stand for the
items; a live reference is unique.

What our run does and this leaves out:

- `report.html` is ours alone, and so are marked workbooks, which the bench switches off.
- Of an unknown value it is not told what might have been meant: no nearest SKU, currency or reference, no
  readings of a number or a date.
- A row with too many or too few cells (E106) and a line without a cell: its reader refuses the one and does not
  count the other, and the bench's input has neither.
- Encodings, delimiters and headers are not looked at: UTF-8, commas, and the headers of the generator.
- The catalog is taken as it is, without checks.
- Numbers have at most 12 digits before and 6 after the point, amounts 14 and 4, so that a product fits
  DuckDB's widest decimal; ours have 15 and 9.
"""

# ruff: noqa: E501 - SQL reads better in its own lines

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.layout import DECIMALS, ERRORS, LEDGER_COLUMNS, OF_CHARGE, SENTENCES, TOTAL_WORDS
from schemas.currencies import CURRENCY_DIGITS

NUMBER = r"-?0*[0-9]{1,12}(\.[0-9]{1,6}0*)?"
AMOUNT = r"-?0*[0-9]{1,14}(\.[0-9]{1,4}0*)?"
ANY_NUMBER = r"-?[0-9]+(\.[0-9]+)?"
COMMA_BEFORE_DECIMALS = r"[-+(]?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),(?:[0-9]{1,2}|[0-9]{4,})[-)]?"
POINT_BEFORE_THREE = r"-?[1-9][0-9]{0,2}\.[0-9]{3}"
ASTRAL = r"[\x{10000}-\x{10FFFF}]"
NEGATIVE = r"'*-?[0-9]+(\.[0-9]+)?"
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}]"
CONTROL_OR_BREAK = r"[\x00-\x1F\x7F-\x{9F}]"
INVISIBLE = r"\p{Cf}|\p{Zl}|\p{Zp}|[\x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"
DAMAGED = r"-?[0-9](\.[0-9]+)?[eE]\+[0-9]{2,}"
BLANK = r"[\t-\r\x1C-\x20\x{85}\pZ]"
ODD = (
    rf"(^|\x01)({BLANK}|'|#|-?[0-9](\.[0-9]+)?[eE]\+)|{BLANK}(\x01|$)"
    rf"|[\x00\x02-\x1F\x7F-\x{{9F}}\x{{A0}}\x{{1680}}\x{{2000}}-\x{{200A}}\x{{202F}}\x{{205F}}\x{{3000}}\p{{Zl}}\p{{Zp}}\p{{Cf}}]|{ASTRAL}"
)
IN_DANGER = r"^'*[=+\-@\t\r\n]"
DIGITS_OF_TOTAL = r"(?:\p{Nd}{1,3}(?:,\p{Nd}{3})+(?:\.\p{Nd}+)?|\p{Nd}{1,3}(?:\.\p{Nd}{3})+(?:,\p{Nd}+)?|\p{Nd}{1,3}(?:[ '\x{A0}\x{2019}\x{202F}]\p{Nd}{3})+(?:[.,]\p{Nd}+)?|\p{Nd}+(?:[.,]\p{Nd}+)?|[.,]\p{Nd}+)"
SIGN = r"[$\x{A2}-\x{A5}\x{20A0}-\x{20CF}]?"
AMOUNT_OF_TOTAL = rf"[-+]?{BLANK}?{SIGN}{BLANK}?[-+]?{DIGITS_OF_TOTAL}{BLANK}?{SIGN}"
IN_TOTAL = rf"{AMOUNT_OF_TOTAL}|\({AMOUNT_OF_TOTAL}\)"

INVOICE_COLUMNS = ("invoice_ref", "account_number", "invoice_date", "due_date", "currency", "comments")
ITEM_COLUMNS = (
    "invoice_ref", "item_no", "catalog_sku", "description", "quantity", "unit_price", "amount",
    "service_start_date", "service_end_date",
)  # fmt: skip
CATALOG_COLUMNS = (
    "product_id", "product_name", "sku", "product_rate_plan_charge_id", "charge_name", "uom", "list_price", "currency",
    "charge_model", "tax_code", "tax_mode", "accounting_code", "deferred_revenue_accounting_code",
    "recognized_revenue_accounting_code", "effective_from", "effective_to",
)  # fmt: skip
IDENTIFIERS = {
    "invoice": ("invoice_ref", "account_number"),
    "item": ("invoice_ref", "item_no", "catalog_sku"),
}
NUMBERS = ("quantity", "unit_price", "amount")
"""The columns in which our reader takes a number to be doubtful where others have decimals behind a comma."""

RUN_ID = "reference"
TWIN_DAYS, PRICE_TOLERANCE = 5, 10
"""The settings `near_duplicate_days` and `price_tolerance`."""


def _date(column: str) -> str:
    """An ISO date, else null."""
    return f"CASE WHEN strlen({column}) = 10 AND {column}[5] = '-' AND {column} >= '0001' THEN try_cast({column} AS DATE) END"


def _near(typed: str) -> str:
    """Whether a date can be meant; where it cannot, no rule that needs it is asked."""
    return f"{typed} BETWEEN DATE '1900-01-01' AND DATE '2199-12-31'"


def _error(column: str) -> str:
    """What a formula left where it failed goes before everything else that could be said of a cell."""
    return f"WHEN odd AND {column} IN ({', '.join(map(_quoted, ERRORS))}) THEN 'E214'::code"


def _date_fault(column: str, typed: str) -> str:
    return f"""WHEN {column} <> '' AND {typed} IS NULL THEN 'E205'::code WHEN NOT {_near(typed)} THEN 'E207'::code"""


def _number(column: str, pattern: str, kind: str) -> str:
    return f"""CASE WHEN regexp_full_match({column}, '{pattern}') AND NOT {_doubtful(column)}
        THEN try_cast({column} AS {kind}) END"""


def _doubtful(column: str) -> str:
    """Whether a number may be a thousand times as much: others of its column have decimals behind a comma."""
    return f"(CASE WHEN getvariable('comma_in_{column}') THEN regexp_full_match({column}, '{POINT_BEFORE_THREE}') ELSE false END)"


def _number_fault(column: str, typed: str) -> str:
    return f"""WHEN {column} <> '' AND {typed} IS NULL
        THEN CASE WHEN regexp_full_match({column}, '{ANY_NUMBER}') AND NOT {_doubtful(column)} THEN 'E203'::code ELSE 'E202'::code END"""


def _text_fault(column: str, most: int, identifier: bool = True) -> str:
    """What cannot be seen or stored, or is damaged, in a row where anything is odd; then too long."""
    damaged = f"WHEN regexp_full_match({column}, '{DAMAGED}') THEN 'E217'::code" if identifier else ""
    hidden = f"regexp_matches({column}, '{CONTROL_OR_BREAK if identifier else CONTROL}')"
    if identifier:
        hidden += f" OR regexp_matches({column}, '{INVISIBLE}') OR nfc_normalize({column}) <> {column}"
    return f"""WHEN odd AND ({hidden}) THEN 'E212'::code WHEN odd AND regexp_matches({column}, '{ASTRAL}') THEN 'E213'::code
        {damaged.replace("WHEN ", "WHEN odd AND ")} WHEN strlen({column}) > {most} AND length({column}) > {most} THEN 'E208'::code"""


def _rounded(value: str, digits: str) -> str:
    """Rounded half away from zero to the currency's digits."""
    cases = " ".join(
        f"WHEN {d} THEN try_cast({value} AS DECIMAL(18,{d}))::DECIMAL(18,4)" for d in (2, 0, 3, 4)
    )
    return f"CASE {digits} {cases} END"


def _amount_text(value: str, digits: str) -> str:
    cases = " ".join(f"WHEN {d} THEN CAST({value} AS DECIMAL(18,{d}))::VARCHAR" for d in (2, 0, 3, 4))
    return f"CASE {digits} {cases} END"


def _json_text(column: str) -> str:
    """A JSON string; null when blank."""
    return f"""CASE WHEN {column} = '' THEN NULL
        WHEN contains({column}, '"') OR contains({column}, chr(92)) OR contains({column}, chr(10))
          OR contains({column}, chr(9)) OR contains({column}, chr(13)) THEN to_json({column})::VARCHAR
        ELSE '"' || {column} || '"' END"""


def _plain(value: str) -> str:
    """A decimal without the zeros it does not need."""
    return f"rtrim(rtrim({value}::VARCHAR, '0'), '.')"


def _as_typed(column: str, value: str) -> str:
    """The same for a number that was read; most were typed like that."""
    return f"""CASE WHEN {value} IS NULL THEN NULL
        WHEN ascii({column}) BETWEEN 49 AND 57 AND NOT (contains({column}, '.') AND suffix({column}, '0')) THEN {column}
        ELSE {_plain(value)} END"""


def _inert(column: str) -> str:
    """A text that no spreadsheet will run; numbers are exempt."""
    return f"""CASE WHEN ascii({column}) IN (61, 43, 45, 64, 9, 13, 10, 39) AND regexp_matches({column}, '{_twice(IN_DANGER)}')
          AND NOT regexp_full_match({column}, '{_twice(NEGATIVE)}')
        THEN chr(39) || {column} ELSE {column} END"""


def _twice(text: str) -> str:
    """A text between single quotes."""
    return text.replace("'", "''")


def _cell(column: str) -> str:
    """A text as a cell of a CSV file; blank for null."""
    return f"""CASE WHEN contains({column}, ',') OR contains({column}, '"') OR contains({column}, chr(10)) OR contains({column}, chr(13))
        THEN '"' || replace({_inert(column)}, '"', '""') || '"' ELSE coalesce({_inert(column)}, '') END"""


def _kept(column: str) -> str:
    """The cell of a text, blank where it could not be taken as it is."""
    fault = column.replace("i.", "i.f_") if column.startswith("i.") else f"f_{column}"
    return f"CASE WHEN {fault} IN ('E208', 'E212', 'E213', 'E214', 'E217') THEN '' ELSE {_cell(column)} END"


def _quoted(text: str) -> str:
    return f"'{_twice(text)}'"


def _clean(column: str) -> str:
    """A cell without blanks around it, and without the apostrophe that kept it from being run."""
    bare = f"regexp_replace({column}, '^{BLANK}+|{BLANK}+$', '', 'g')"
    return f"""CASE WHEN ascii({bare}) = 39 AND regexp_matches({bare}, '{_twice(IN_DANGER)}')
          AND NOT regexp_full_match({bare}, '{_twice(NEGATIVE)}')
        THEN {bare}[2:] ELSE {bare} END"""


READ = """
CREATE TEMP TABLE {table} AS FROM read_csv('{path}', auto_detect = false, header = true, nullstr = chr(0), delim = ',', quote = '"',
  escape = '"', columns = {columns});
"""
DONE = """
SET preserve_insertion_order = false;
CREATE TYPE code AS ENUM ({codes});
"""


def _cells(table: str, columns: Sequence[str]) -> str:
    """The statements that leave a sheet's data rows in a view: odd ones clean and marked, what is no data left out.

    W201 counts the cells that had blanks around them; of those that are nothing but blanks nothing is told.
    """
    together = f"concat_ws(chr(1), {', '.join(columns)})"
    unplain = " OR ".join(f"strlen({name}) <> length({name})" for name in IDENTIFIERS[table])
    filled_cells = ", ".join(f"nullif({name}, '')" for name in columns)
    filled = " + ".join(f"({name} <> '')::INT" for name in columns)
    words_told = " + ".join(f"(NOT regexp_full_match({name}, '{_twice(IN_TOTAL)}'))::INT" for name in columns)
    words = ", ".join(map(_quoted, TOTAL_WORDS))
    initials = ", ".join(
        sorted({str(ord(letter)) for word in TOTAL_WORDS for letter in (word[0], word[0].upper())})
    )
    return f"""
CREATE TEMP TABLE {table}_odd AS SELECT rowid AS pos, * FROM {table}_raw
  WHERE regexp_matches({together}, '{_twice(ODD)}') OR {unplain};
CREATE TEMP VIEW {table}_clean AS
  SELECT rowid AS pos, {", ".join(columns)}, false AS odd FROM {table}_raw WHERE rowid NOT IN (SELECT pos FROM {table}_odd)
  UNION ALL SELECT pos, {", ".join(f"{_clean(name)} AS {name}" for name in columns)}, true FROM {table}_odd;
CREATE TEMP TABLE {table}_ignored AS
WITH likely AS (
  SELECT *, coalesce({filled_cells}, '') AS first, {filled} AS filled FROM {table}_clean
  WHERE invoice_ref = '' OR invoice_ref = 'EXAMPLE' OR ascii(invoice_ref) IN (35, {initials}))
SELECT * FROM (
  SELECT *, CASE WHEN filled = 0 THEN 'blank' WHEN filled = 1 AND first[1] = '#' THEN 'note'
    WHEN invoice_ref = 'EXAMPLE' THEN 'example'
    WHEN lower(rtrim(first, ': ')) IN ({words}) AND {words_told} = {len(columns) + 1} - filled THEN 'total' END AS kind FROM likely)
WHERE kind IS NOT NULL;
CREATE TEMP VIEW {table}_cells AS FROM {table}_clean WHERE pos NOT IN (SELECT pos FROM {table}_ignored);
CREATE TEMP TABLE {table}_blanks AS
SELECT '{table}s' AS sheet, name AS field, count(*) AS rows, min(pos) AS pos, arg_min(cell, pos) AS value FROM (
  SELECT pos, unnest([{", ".join(map(_quoted, columns))}]) AS name, unnest([{", ".join(columns)}]) AS raw,
    unnest([{", ".join(map(_clean, columns))}]) AS cell FROM {table}_odd)
WHERE cell <> '' AND (regexp_matches(raw, '^{BLANK}') OR regexp_matches(raw, '{BLANK}$')) AND pos NOT IN (SELECT pos FROM {table}_ignored)
GROUP BY name;
"""


COMMAS = "".join(
    f"""
SET VARIABLE comma_in_{name} = (SELECT coalesce(bool_or(regexp_full_match({name}, '{COMMA_BEFORE_DECIMALS}')), false)
  FROM item_cells WHERE contains({name}, ','));"""
    for name in NUMBERS
)

CATALOG = f"""
CREATE TEMP TABLE currency AS FROM (VALUES {", ".join(f"('{c}', {d})" for c, d in CURRENCY_DIGITS.items())}) t(code, digits);
CREATE TEMP TABLE detail AS
WITH one AS (
  FROM (SELECT rowid AS place, * FROM catalog_raw)
  QUALIFY row_number() OVER (PARTITION BY sku, product_rate_plan_charge_id ORDER BY place) = 1)
SELECT row_number() OVER (ORDER BY place)::INT AS id, {", ".join(OF_CHARGE)}, product_name, charge_model,
  concat_ws(',', {", ".join(_cell(name) for name in OF_CHARGE)}) AS cells FROM one;
CREATE TEMP TABLE charge AS SELECT DISTINCT r.sku, d.id AS charge,
  regexp_full_match(r.charge_model, '(Flat Fee|Per Unit)( Pricing)?') AS usable,
  coalesce(try_cast(nullif(effective_from, '') AS DATE), DATE '0001-01-01') AS valid_from,
  coalesce(try_cast(nullif(effective_to, '') AS DATE), DATE '9999-12-31') AS valid_to,
  r.currency AS priced_in, try_cast(nullif(r.list_price, '') AS DECIMAL(18,6)) AS listed
FROM catalog_raw r JOIN detail d USING (sku, product_rate_plan_charge_id);
CREATE TEMP TABLE product AS SELECT sku, count(*) AS variants, any_value(charge) AS charge,
  any_value(usable) AS usable, any_value(valid_from) AS valid_from, any_value(valid_to) AS valid_to,
  any_value(priced_in) AS priced_in, any_value(listed) AS listed
FROM charge GROUP BY sku;
"""

INVOICES = f"""
CREATE TEMP TABLE invoice AS
WITH typed AS (
  SELECT r.*, {_date("invoice_date")} AS dated, {_date("due_date")} AS due, c.digits,
    count(*) OVER (PARTITION BY invoice_ref) AS times, min(pos) OVER (PARTITION BY invoice_ref) AS first_pos
  FROM invoice_cells r LEFT JOIN currency c ON c.code = r.currency)
SELECT *,
  CASE {_error("invoice_ref")} WHEN invoice_ref = '' THEN 'E201'::code {_text_fault("invoice_ref", 100)} WHEN times > 1 THEN 'E307'::code END AS f_invoice_ref,
  CASE {_error("account_number")} WHEN account_number = '' THEN 'E301'::code {_text_fault("account_number", 255)} END AS f_account_number,
  CASE {_error("invoice_date")} WHEN invoice_date = '' THEN 'E201'::code {_date_fault("invoice_date", "dated")} END AS f_invoice_date,
  CASE {_error("due_date")} {_date_fault("due_date", "due")} WHEN due < dated AND {_near("dated")} THEN 'E305'::code END AS f_due_date,
  CASE {_error("currency")} WHEN currency = '' THEN 'E314'::code WHEN odd AND regexp_matches(currency, '{CONTROL_OR_BREAK}') THEN 'E212'::code
    WHEN odd AND regexp_matches(currency, '{ASTRAL}') THEN 'E213'::code WHEN digits IS NULL THEN 'E220'::code END AS f_currency,
  CASE {_error("comments")} {_text_fault("comments", 255, identifier=False)} END AS f_comments
FROM typed;
CREATE TEMP TABLE parent AS SELECT invoice_ref, pos, digits, currency FROM invoice WHERE pos = first_pos AND invoice_ref <> '';
"""


def _far(price: str, listed: str) -> str:
    """More than so many percent away from the catalog's price."""
    return f"abs({price} - {listed}) * 100 > abs({listed}) * {PRICE_TOLERANCE}"


INVOICE_FAULTS = "f_invoice_ref, f_account_number, f_invoice_date, f_due_date, f_currency, f_comments"
ITEM_FAULTS = (
    "f_invoice_ref, f_item_no, f_catalog_sku, f_description, f_quantity, f_unit_price, f_amount, "
    "f_service_start_date, f_service_end_date"
)

# The items are many and what they meet is few; the optimizer, misled by the rows left out, would build on the items.
ITEMS = f"""
SET disabled_optimizers = 'build_side_probe_side';
CREATE TEMP TABLE item AS
WITH typed AS (
  SELECT r.*, p.pos AS parent, p.digits, c.variants, c.usable, c.valid_from, c.valid_to,
    c.charge, CASE WHEN c.priced_in = p.currency THEN c.listed END AS listed,
    {_number("quantity", NUMBER, "DECIMAL(20,6)")} AS q,
    {_number("unit_price", NUMBER, "DECIMAL(18,6)")} AS p,
    {_number("amount", AMOUNT, "DECIMAL(18,4)")} AS given,
    {_date("service_start_date")} AS starts, {_date("service_end_date")} AS ends
  FROM item_cells r LEFT JOIN parent p ON p.invoice_ref = r.invoice_ref LEFT JOIN product c ON c.sku = r.catalog_sku),
computed AS (
  SELECT *, {_rounded("q * p", "digits")} AS product, q IS NOT NULL OR quantity = '' AS q_told, p IS NOT NULL OR unit_price = '' AS p_told
  FROM typed),
checked AS (
  SELECT pos, parent, digits, CASE WHEN {_far("p", "listed")} THEN listed END AS far_from, invoice_ref, item_no, catalog_sku, description, quantity, unit_price, amount AS amount_raw,
    service_start_date, service_end_date, q, p, starts, ends, variants,
    CASE WHEN variants = 1 AND usable AND coalesce(starts BETWEEN valid_from AND valid_to, true) THEN charge END AS charge,
    product, CASE WHEN amount = '' THEN product ELSE given END AS amount,
    CASE {_error("invoice_ref")} WHEN invoice_ref = '' THEN 'E201'::code {_text_fault("invoice_ref", 100)} WHEN parent IS NULL THEN 'E308'::code END AS f_invoice_ref,
    CASE {_error("item_no")} {_text_fault("item_no", 50)} END AS f_item_no,
    CASE {_error("catalog_sku")} WHEN catalog_sku = '' THEN 'E303'::code {_text_fault("catalog_sku", 255)} WHEN variants IS NULL THEN 'E401'::code
      WHEN variants = 1 AND starts NOT BETWEEN valid_from AND valid_to THEN 'E403'::code
      WHEN variants = 1 AND NOT usable THEN 'E405'::code END AS f_catalog_sku,
    CASE {_error("description")} {_text_fault("description", 500, identifier=False)} END AS f_description,
    CASE {_error("quantity")} {_number_fault("quantity", "q")} END AS f_quantity,
    CASE {_error("unit_price")} {_number_fault("unit_price", "p")} END AS f_unit_price,
    CASE {_error("amount")} WHEN amount = '' THEN
        CASE WHEN q_told AND p_told THEN CASE WHEN q IS NULL OR p IS NULL THEN 'E302'::code WHEN product < 0 THEN 'E312'::code END END
      {_number_fault("amount", "given")}
      WHEN given <> {_rounded("given", "digits")} THEN 'E204'::code
      WHEN given <> product THEN 'E304'::code WHEN given < 0 AND q_told AND p_told THEN 'E312'::code END AS f_amount,
    CASE {_error("service_start_date")} WHEN service_start_date = '' THEN 'E201'::code {_date_fault("service_start_date", "starts")} END AS f_service_start_date,
    CASE {_error("service_end_date")} {_date_fault("service_end_date", "ends")} WHEN ends < starts AND {_near("starts")} THEN 'E306'::code END AS f_service_end_date
  FROM computed)
SELECT *, coalesce({ITEM_FAULTS}) IS NOT NULL AS bad, {_as_typed("quantity", "q")} AS q_text, {_as_typed("unit_price", "p")} AS p_text,
  CASE WHEN f_amount = 'E204' OR digits IS NULL THEN {_plain("amount")} ELSE {_amount_text("amount", "digits")} END AS amount_text
FROM checked;

RESET disabled_optimizers;

CREATE TEMP TABLE several AS
WITH possible AS (
  SELECT i.pos, i.starts, i.p, c.charge, usable, coalesce(i.starts BETWEEN c.valid_from AND c.valid_to, true) AS fits,
    CASE WHEN p.currency = c.priced_in THEN listed END AS listed
  FROM (SELECT pos, parent, catalog_sku, starts, p FROM item WHERE variants > 1 AND f_catalog_sku IS NULL) i
  JOIN charge c ON c.sku = i.catalog_sku LEFT JOIN parent p ON p.pos = i.parent),
found AS (
  SELECT pos, any_value(starts) AS starts, any_value(p) AS p, count(*) FILTER (WHERE fits) AS valid,
    count(DISTINCT charge) FILTER (WHERE fits AND usable) AS charges, any_value(charge) FILTER (WHERE fits AND usable) AS charge,
    any_value(listed) FILTER (WHERE fits AND usable) AS listed
  FROM possible GROUP BY pos)
SELECT *, CASE WHEN {_far("p", "listed")} THEN listed END AS far_from FROM found;
UPDATE item SET charge = several.charge, far_from = several.far_from FROM several WHERE several.pos = item.pos AND several.charges = 1;

CREATE TEMP TABLE item_issue AS
SELECT pos, CASE WHEN code = 'E303' THEN 'Charge name' ELSE column_name[3:] END AS field, code FROM
  (UNPIVOT (SELECT pos, {ITEM_FAULTS} FROM item WHERE bad) ON {ITEM_FAULTS} INTO NAME column_name VALUE code)
UNION ALL
SELECT pos, 'catalog_sku', CASE WHEN valid = 0 THEN 'E403' WHEN charges = 0 THEN 'E405' ELSE 'E404' END
FROM several WHERE charges <> 1 AND (charges = 0 OR starts IS NOT NULL)
UNION ALL
SELECT unnest(places), 'item_no', 'E313'
FROM (SELECT list(pos) AS places FROM item WHERE item_no <> '' AND parent IS NOT NULL AND f_item_no IS NULL AND f_invoice_ref IS NULL
  GROUP BY parent, item_no HAVING count(*) > 1);
"""

WHOLE = f"""
CREATE TEMP TABLE whole AS
WITH sums AS (
  SELECT parent, count(*) AS items, min(pos) AS first_item, count(amount) AS known, sum(amount) AS total FROM item WHERE parent IS NOT NULL GROUP BY parent),
bad_item AS (SELECT DISTINCT parent FROM item WHERE pos IN (SELECT pos FROM item_issue) AND parent IS NOT NULL)
SELECT i.pos, s.first_item, coalesce(s.items, 0) AS items, coalesce(s.known, 0) AS known, coalesce(s.total, 0) AS total,
  coalesce(f_invoice_ref, 'E307') = 'E307' AS named,
  CASE WHEN named AND s.items IS NULL AND times = 1 THEN 'E309' WHEN named AND s.items > 1000 THEN 'E310' END AS f_items,
  CASE WHEN named AND s.known = s.items AND s.total < 0 THEN 'E311' END AS f_total,
  coalesce({INVOICE_FAULTS}, f_items, f_total) IS NULL AND b.parent IS NULL AS accepted
FROM invoice i LEFT JOIN sums s ON s.parent = i.pos LEFT JOIN bad_item b ON b.parent = i.pos;

CREATE TEMP TABLE issue AS
SELECT 'items' AS sheet, pos, field, code FROM item_issue
UNION ALL
SELECT 'invoices', pos, CASE WHEN code <> 'E301' THEN column_name[3:] ELSE '' END, code FROM
  (UNPIVOT (SELECT pos, {INVOICE_FAULTS} FROM invoice) ON {INVOICE_FAULTS} INTO NAME column_name VALUE code)
UNION ALL SELECT 'invoices', pos, '', f_items FROM whole WHERE f_items IS NOT NULL
UNION ALL SELECT 'invoices', pos, '', f_total FROM whole WHERE f_total IS NOT NULL;

CREATE TEMP TABLE reason AS
SELECT parent, pos, string_agg(DISTINCT code, ' ' ORDER BY code) AS reasons FROM (
  SELECT pos AS parent, NULL AS pos, code FROM issue WHERE sheet = 'invoices'
  UNION ALL SELECT parent, CASE WHEN parent IS NULL THEN pos END, code FROM item_issue JOIN item USING (pos))
GROUP BY parent, pos;
"""

# What a totals row says, against the rows since the one before it and against all rows above it.
_SUMS = ", ".join(
    f"sum({typed}) AS {name}, bool_or(f_{name} IN ('E202', 'E203', 'E214')) AS bad_{name}"
    for name, typed in (("quantity", "q"), ("unit_price", "p"), ("amount", "amount"))
)
_UPTO = ", ".join(
    f"{{told: t.{name}, part: coalesce(s.{name}, 0)::DECIMAL(38,6), whole: coalesce(sum(s.{name}) OVER upto, 0)::DECIMAL(38,6),"
    f" bad: coalesce(bool_or(bad_{name}) OVER upto, false)}} AS {name}"
    for name in NUMBERS
)
TOTALS = rf"""
CREATE TEMP TABLE totals AS SELECT pos, {", ".join(NUMBERS)} FROM item_ignored WHERE kind = 'total';
CREATE TEMP TABLE differing AS
WITH last AS (SELECT max(pos) AS pos FROM totals WHERE quantity <> '' OR unit_price <> '' OR amount <> ''),
sums AS (
  SELECT t.pos, {_SUMS}
  FROM (SELECT pos, q, p, CASE WHEN amount_raw <> '' THEN amount END AS amount, f_quantity, f_unit_price, f_amount
    FROM item WHERE pos < (SELECT pos FROM last)) i
  ASOF JOIN (SELECT pos FROM totals) t ON i.pos < t.pos GROUP BY t.pos),
held AS (SELECT t.pos, {_UPTO} FROM totals t LEFT JOIN sums s USING (pos) WINDOW upto AS (ORDER BY t.pos)),
every AS (UNPIVOT held ON {", ".join(NUMBERS)} INTO NAME field VALUE said)
SELECT pos, field, said.told AS value, said.part AS total FROM every
WHERE NOT said.bad AND regexp_full_match(said.told, '[-+]?([0-9]+(\.[0-9]+)?|\.[0-9]+)')
  AND try_cast(said.told AS DECIMAL(38,9)) NOT IN (said.part, said.whole);
"""

# What a controller would ask. Only where an account has several invoices in the file one can be like another.
LOOK = f"""
CREATE TEMP TABLE again AS
SELECT pos, invoice_ref, account_number, currency, digits, dated, total FROM bill
WHERE request IS NOT NULL QUALIFY count(*) OVER (PARTITION BY account_number) > 1;
CREATE TEMP TABLE twin AS
SELECT * FROM (
  SELECT *, lag(invoice_ref) OVER same AS other, lag(dated) OVER same AS other_date FROM again WHERE total <> 0
  WINDOW same AS (PARTITION BY account_number, currency, total ORDER BY dated, pos))
WHERE dated - other_date <= {TWIN_DAYS};
CREATE TEMP TABLE billed_twice AS
WITH numbered AS (
  SELECT i.pos, i.service_start_date, i.starts, i.ends, a.invoice_ref, a.account_number, i.charge,
    row_number() OVER (PARTITION BY a.account_number, i.charge ORDER BY i.starts, i.ends, a.pos, i.pos) AS n
  FROM item i JOIN again a ON a.pos = i.parent WHERE i.ends IS NOT NULL
  QUALIFY count(*) OVER (PARTITION BY a.account_number, i.charge) > 1),
held AS (
  SELECT *, max({{last: ends, n: n, ref: invoice_ref}}) OVER (
    PARTITION BY account_number, charge ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM numbered)
SELECT pos, service_start_date, invoice_ref, before.ref AS other FROM held WHERE before.last >= starts AND before.ref <> invoice_ref;
CREATE TEMP TABLE priced AS
SELECT charge, min(pos) AS pos, count(*) AS rows, arg_min(unit_price, pos) AS unit_price, arg_min(far_from, pos) AS listed,
  arg_min(invoice_ref, pos) AS invoice_ref
FROM item SEMI JOIN queue ON queue.pos = item.parent WHERE far_from IS NOT NULL GROUP BY charge;
"""


# A request opens at invoice k; `next` is where the following one opens. Which ones open is found by doubling:
# after step t everything within 2^t requests of the first is marked.
PACK = """
CREATE TEMP TABLE queue AS
SELECT row_number() OVER (ORDER BY pos) AS k, pos, first_item, items, sum(items) OVER (ORDER BY pos) AS upto FROM whole WHERE accepted;
CREATE TEMP TABLE step0 AS
WITH far AS (
  SELECT k, upto - items AS before, coalesce(lead(upto, 49) OVER (ORDER BY k), max(upto) OVER ()) - (upto - items) AS fifty FROM queue),
full_ones AS (
  SELECT a.k, b.k AS next FROM (SELECT k, before + 1000 AS most FROM far WHERE fifty > 1000) a
  ASOF JOIN (SELECT k, upto FROM queue) b ON a.most < b.upto)
SELECT far.k, coalesce(full_ones.next, far.k + 50) AS next FROM far LEFT JOIN full_ones USING (k);
CREATE TEMP TABLE opened AS SELECT k FROM queue WHERE k = 1;
"""

DOUBLE = """
INSERT INTO opened SELECT next FROM step{t} SEMI JOIN opened USING (k) WHERE next <= (SELECT count(*) FROM queue);
CREATE TEMP TABLE step{u} AS SELECT a.k, b.next FROM step{t} a JOIN step{t} b ON a.next = b.k;
DROP TABLE step{t};
"""

REQUESTS = f"""
CREATE TEMP TABLE placed AS
SELECT q.k, q.pos, sum((o.k IS NOT NULL)::INT) OVER (ORDER BY q.k)::INT AS request, o.k IS NOT NULL AS opens
FROM queue q LEFT JOIN (SELECT DISTINCT k FROM opened) o ON o.k = q.k;
CREATE TEMP TABLE bill AS
WITH told AS (
  SELECT i.*, p.request, p.opens, w.first_item, w.items, w.total, w.accepted, coalesce(r.reasons, '') AS reasons,
    coalesce(strftime(dated, '%Y-%m-%d'), invoice_date) AS date_text, coalesce(strftime(due, '%Y-%m-%d'), due_date) AS due_text,
    CASE WHEN w.accepted THEN 'prepared' ELSE 'rejected' END AS state
  FROM invoice i JOIN whole w USING (pos) LEFT JOIN placed p USING (pos) LEFT JOIN reason r ON r.parent = i.pos)
SELECT pos, invoice_ref, account_number, dated, currency, digits, items, total, state, request, reasons, first_item,
  concat_ws(',', state, {_cell("invoice_ref")}, {_kept("account_number")}, CASE WHEN digits IS NULL THEN '' ELSE currency END,
    coalesce(dated::VARCHAR, '')) AS front,
  concat(request, ',', reasons) AS back,
  CASE WHEN accepted THEN concat(CASE WHEN opens THEN '{{"invoices":[' ELSE ']}},' END,
    '{{"accountNumber":', {_json_text("account_number")}, ',"invoiceDate":"', date_text, '"',
    ',"dueDate":"' || nullif(due_text, '') || '"', ',"currency":"', currency, '"',
    ',"comments":' || {_json_text("comments")}, ',"invoiceItems":[') END AS head,
  concat_ws(chr(31), account_number, date_text, due_text, currency, comments) AS content
FROM told;
"""

# What an item says, and its place in a request: the first of an invoice bears the invoice's own text, which
# closes the one before.
PIECES = f"""
CREATE TEMP TABLE piece AS
SELECT i.pos, i.parent, b.request, i.charge, CASE WHEN i.pos <> b.first_item THEN ',' ELSE b.head END AS head, i.catalog_sku, concat(
    '"',
    ',"description":' || {_json_text("i.description")},
    ',"quantity":' || coalesce(i.q_text, nullif(i.quantity, '')),
    ',"unitPrice":' || coalesce(i.p_text, nullif(i.unit_price, '')),
    ',"amount":', coalesce(i.amount_text, i.amount_raw),
    ',"serviceStartDate":"', i.service_start_date, '"',
    ',"serviceEndDate":"' || nullif(i.service_end_date, '') || '"',
    '}}') AS tail
FROM item i JOIN bill b ON b.pos = i.parent;
"""

TEXTS = """
SELECT request, string_agg(text, '' ORDER BY place) || ']}],"useSingleTransaction":false}' AS body FROM (
  SELECT request, parent * 4294967296 + pos AS place, head || '{"productRatePlanChargeId":"' || product_rate_plan_charge_id || tail AS text
  FROM piece p JOIN detail d ON d.id = p.charge WHERE request IS NOT NULL)
GROUP BY request
"""
AT_ONCE = 128
"""Requests that leave DuckDB together, as Arrow columns: their bytes are hashed and written as they lie there."""

HASHED = (
    "CREATE TEMP TABLE hashed AS SELECT unnest($numbers)::INT AS request, unnest($hashes)::VARCHAR AS sha256"
)

LISTED = f"""
CREATE TEMP TABLE request AS
WITH sums AS (
  SELECT request, currency, count(*) AS invoices, sum(items) AS items, sum(total) AS total, any_value(digits) AS digits
  FROM bill WHERE request IS NOT NULL GROUP BY request, currency)
SELECT request, 'payloads/' || format('{{:04d}}', request) || '.json' AS file,
  any_value(sha256) AS sha256, sum(invoices)::BIGINT AS invoices, sum(items)::BIGINT AS items,
  to_json(map_from_entries(list((currency, {_amount_text("total", "digits")}) ORDER BY currency)))::VARCHAR AS totals
FROM sums JOIN hashed USING (request) GROUP BY request;
"""

MANIFEST = """
WITH named AS (SELECT request, list(invoice_ref ORDER BY pos) AS refs FROM bill WHERE request IS NOT NULL GROUP BY request)
SELECT coalesce('{"requests":[' || string_agg(to_json({file: file, sha256: sha256, method: 'POST', path: '/v1/invoices/batch',
  invoices: invoices, items: items, totals: totals::JSON, invoice_refs: refs})::VARCHAR, ',' ORDER BY request) || ']}', '{"requests":[]}')
FROM request JOIN named USING (request)
"""

LEDGER = f"""
ATTACH '$folder/ledger.duckdb' AS ledger;
CREATE TABLE ledger.invoices AS
WITH prints AS (
  SELECT parent, array_to_string(list_sort(list(catalog_sku || tail)), chr(30)) AS prints FROM piece GROUP BY parent)
SELECT b.pos + 2 AS row, b.invoice_ref, b.account_number, b.currency, b.dated AS invoice_date, b.items, b.total, b.state,
  sha256(b.content || chr(30) || coalesce(s.prints, '')) AS content, b.request, b.reasons
FROM bill b LEFT JOIN prints s ON s.parent = b.pos ORDER BY b.pos;
CREATE TABLE ledger.items AS
SELECT i.parent + 2 AS invoice_row, i.pos + 2 AS row, i.item_no, i.catalog_sku, i.charge, i.description, i.q AS quantity, i.p AS unit_price, i.amount,
  i.starts AS service_start_date, i.ends AS service_end_date
FROM item i SEMI JOIN queue ON queue.pos = i.parent;
CREATE TABLE ledger.charges AS SELECT id, product_name, {", ".join(OF_CHARGE)} FROM detail WHERE id IN (SELECT charge FROM ledger.items);
CREATE VIEW ledger.entries AS
  SELECT n.*, i.*, c.* FROM ledger.items i JOIN ledger.invoices n ON n.row = i.invoice_row JOIN ledger.charges c ON c.id = i.charge;
CREATE TABLE ledger.requests AS FROM request ORDER BY request;
CREATE TABLE ledger.live (ref VARCHAR PRIMARY KEY, row BIGINT);
INSERT INTO ledger.live SELECT invoice_ref, pos + 2 FROM bill WHERE request IS NOT NULL;
CREATE TABLE ledger.sources (name VARCHAR, sha256 VARCHAR, size BIGINT, rows BIGINT);
CREATE TABLE ledger.runs (run_id VARCHAR, started VARCHAR, target VARCHAR, environment VARCHAR, verdict VARCHAR, summary VARCHAR);
CREATE TABLE ledger.events (seq BIGINT, told VARCHAR, run_id VARCHAR, state VARCHAR, digest VARCHAR, previous VARCHAR, hash VARCHAR);
"""


def _rows_of(table: str, order: str) -> str:
    """All rows of a table of the ledger as one text."""
    return (
        f"(SELECT string_agg(concat_ws(chr(31), *COLUMNS(*)), chr(30) ORDER BY {order}) FROM ledger.{table})"
    )


# The run's event: its digest covers every row but the items, whose content their invoice and their request cover.
SEALED = f"""
INSERT INTO ledger.events
WITH said AS (
  SELECT sha256(concat_ws(chr(29), {_rows_of("runs", "run_id")}, {_rows_of("sources", "name")}, {_rows_of("invoices", "row")},
    {_rows_of("charges", "id")}, {_rows_of("requests", "request")})) AS digest)
SELECT 1, $at, $run_id, 'run', digest, '', sha256(concat_ws(chr(31), 1, $at, $run_id, 'run', digest)) FROM said
RETURNING hash
"""

# What a run bills, in a few numbers.
PLAN = f"""
WITH ours AS (SELECT * FROM bill WHERE request IS NOT NULL),
accounts AS (SELECT account_number, min(pos) AS pos FROM ours GROUP BY account_number),
ranked AS (SELECT *, row_number() OVER (PARTITION BY currency ORDER BY total DESC, pos) AS place, count(*) OVER (PARTITION BY currency) AS times FROM ours),
commonest AS (SELECT currency FROM ours GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 3),
days AS (SELECT min(starts) AS first, greatest(max(starts), max(ends)) AS last, count(*) AS items FROM item SEMI JOIN queue ON queue.pos = item.parent)
SELECT to_json({{
  invoices: (SELECT count(*) FROM ours), items: (SELECT items FROM days), requests: (SELECT count(*) FROM request),
  accounts: (SELECT count(*) FROM accounts),
  new_accounts: {{count: (SELECT count(*) FROM accounts),
    first: coalesce((SELECT list(account_number ORDER BY pos) FROM (FROM accounts ORDER BY pos LIMIT 10)), [])}},
  invoice_dates: (SELECT CASE WHEN count(*) > 0 THEN {{first: min(dated)::VARCHAR, last: max(dated)::VARCHAR}} END FROM ours),
  service_dates: (SELECT CASE WHEN items > 0 THEN {{first: first::VARCHAR, last: last::VARCHAR}} END FROM days),
  largest: coalesce((SELECT list({{invoice_ref: invoice_ref, account: account_number, currency: currency, invoice_date: dated::VARCHAR,
      items: items, amount: {_amount_text("total", "digits")}}} ORDER BY times DESC, currency, place)
    FROM ranked SEMI JOIN commonest USING (currency) WHERE place <= 3), [])}})
"""

LINES = f"""
SET preserve_insertion_order = true;
COPY (
  SELECT concat_ws(',', coalesce(b.front, 'rejected,' || {_cell("i.invoice_ref")} || ',,,'), {_kept("i.item_no")}, {_kept("i.catalog_sku")},
      coalesce(d.cells, '{"," * (len(OF_CHARGE) - 1)}'), {_kept("i.description")}, coalesce(i.q_text, ''), coalesce(i.p_text, ''),
      coalesce(i.amount_text, ''), coalesce(i.starts::VARCHAR, ''), coalesce(i.ends::VARCHAR, ''),
      coalesce(b.back, ',' || r.reasons), i.pos + 2) AS "{",".join(LEDGER_COLUMNS)}"
  FROM item i LEFT JOIN bill b ON b.pos = i.parent LEFT JOIN detail d ON d.id = i.charge LEFT JOIN reason r ON r.pos = i.pos
  ORDER BY i.pos
) TO '$folder/ledger.csv' (FORMAT csv, HEADER, QUOTE '', ESCAPE '', DELIMITER '\x01');
COPY (SELECT concat(front, '{"," * 19}', reasons, ',') FROM bill WHERE items = 0 ORDER BY pos)
  TO '$folder/empty.csv' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01');
"""

# What fills the holes of a sentence.
HOLES = {
    "label": "field",
    "integer_digits": "'15'",
    "fraction_digits": "'9'",
    "currency": "o.currency",
    "decimals": f"({list(DECIMALS)})[o.digits + 1]",
    "shown": _amount_text("i.amount", "o.digits"),
    "readings": "''",
    "example": "'1234.56'",
    "declared": "''",
    "earliest": "'1900-01-01'",
    "latest": "'2199-12-31'",
    "length": "length(value)::VARCHAR",
    "max_length": f"CASE field {' '.join(f'''WHEN '{n}' THEN '{m}' ''' for n, m in (('invoice_ref', 100), ('item_no', 50), ('description', 500)))} ELSE '255' END",
    "near": "CASE code WHEN 'E404' THEN c.charges ELSE '' END",
    "expected": f"""CASE code WHEN 'E304' THEN {_amount_text("i.product", "o.digits")} WHEN 'E305' THEN h.dated::VARCHAR ELSE i.starts::VARCHAR END""",
    "items": "h.items::VARCHAR",
    "limit": "'1000'",
    "total": f"""CASE WHEN h.digits IS NULL THEN {_plain("h.total")} ELSE {_amount_text("h.total", "h.digits")} END""",
    "date": "i.starts::VARCHAR",
    "validity": "c.validity",
    "model": "c.models",
    "models": "'Flat Fee and Per Unit'",
}


def _visible(column: str) -> str:
    """A text in which no character breaks a report."""
    return rf"regexp_replace({column}, '[\x00-\x1f\x7f-\x{{9f}}]', chr(65533), 'g')"


def _shown(value: str) -> str:
    """A value as it stands in a sentence."""
    short = f"CASE WHEN length({value}) > 80 THEN {value}[:80] || '…' ELSE {value} END"
    return f"""CASE WHEN {value} = '' THEN 'blank' ELSE '"' || {_visible(short)} || '"' END"""


def _filled(template: str) -> str:
    """The template with its holes filled; the value last, as it may look like a hole."""
    for name in HOLES:
        template = f"replace({template}, '{{{name}}}', coalesce(h_{name}, 'blank'))"
    return f"replace({template}, '{{value}}', {_shown('value')})"


def _values(table: str, faults: str) -> str:
    """What stands in the cell of a field."""
    return " ".join(f"WHEN '{name}' THEN {table}.{name}" for name in faults.replace("f_", "").split(", "))


def _warnings() -> str:
    """The warnings in the shape of the issues; the facts that fill each sentence are made here, for they are few."""
    here = {"where": "', in this file'"}
    amount = f"{_amount_text('total', 'digits')} || ' ' || currency"
    price = {"label": "'unit_price'", "product": "sku", "expected": _plain("listed")}
    with_reference = "(SELECT b.*, invoice_ref FROM {0}_blanks b JOIN {0} USING (pos))"
    blanks = f"({with_reference.format('invoice')} UNION ALL {with_reference.format('item')})"
    parts = (
        ("W104", "'items'", "differing", "field", "value", "''", "1", {"header": "field", "sum": _plain("total")}),
        ("W201", "sheet", blanks, "field", "value", "invoice_ref", "rows", {"label": "field"}),
        ("W801", "'invoices'", "twin", "''", "invoice_ref", "invoice_ref", "1",
         {"amount": amount, "other": "other", "date": "other_date::VARCHAR", **here}),
        ("W803", "'items'", "billed_twice", "'service_start_date'", "service_start_date", "invoice_ref", "1",
         {"other": "other", **here}),
        ("W805", "'items'", "(FROM priced JOIN detail ON id = charge)", "'unit_price'", "unit_price", "invoice_ref", "rows", price),
    )  # fmt: skip
    return " UNION ALL BY NAME ".join(_warning(*part) for part in parts)


def _warning(
    code: str, sheet: str, table: str, field: str, value: str, ref: str, rows: str, facts: Mapping[str, str]
) -> str:
    template, fix = SENTENCES[code]
    message = _quoted(template)
    for name, sql in facts.items():
        message = f"replace({message}, '{{{name}}}', {sql})"
    return f"""SELECT '{code}' AS code, 'warning' AS level, {sheet} AS sheet, pos, {field} AS field, {value} AS value,
  replace({message}, '{{value}}', {_shown(value)}) AS message, {_quoted(fix)} AS fix, {ref} AS invoice_ref, {rows} AS rows FROM {table}"""


def _issues(invoices: str, items: str) -> str:
    """The statements that write `issues.csv`.

    Args:
        invoices: the name of the one file.
        items: of the other.
    """
    sentences = ", ".join(
        f"({_quoted(code)}, {_quoted(template)}, {_quoted(fix)})"
        for code, (template, fix) in SENTENCES.items()
    )
    of_items = _values("i", ITEM_FAULTS).replace("i.amount", "i.amount_raw")
    return f"""
CREATE TEMP TABLE sentence AS FROM (VALUES {sentences}) t(code, template, fix);
CREATE TEMP TABLE place AS SELECT replace(table_name, '_raw', '') || 's' AS sheet, column_name AS field, chr((65 + column_index)::INT) AS letter
  FROM (SELECT table_name, column_name, column_index - min(column_index) OVER (PARTITION BY table_name) AS column_index
    FROM duckdb_columns() WHERE table_name IN ('invoice_raw', 'item_raw'));
CREATE TEMP TABLE candidate AS
SELECT c.sku, string_agg(DISTINCT replace(replace('from ' || valid_from || ' to ' || valid_to, '0001-01-01', 'ever'), '9999-12-31', 'open end'), ', ') AS validity,
  string_agg(DISTINCT charge_model, ', ') AS models,
  string_agg(DISTINCT product_rate_plan_charge_id || ' (' || charge_name || ')', ', ' ORDER BY product_rate_plan_charge_id || ' (' || charge_name || ')')
    FILTER (WHERE usable) AS charges
FROM charge c JOIN detail d ON d.id = c.charge
WHERE c.sku IN (SELECT catalog_sku FROM item_issue JOIN item USING (pos) WHERE code IN ('E403', 'E404', 'E405')) GROUP BY c.sku;
CREATE TEMP TABLE told AS
WITH valued AS (
  SELECT s.*, CASE WHEN s.field = '' THEN v.invoice_ref WHEN s.code = 'E303' THEN '' WHEN s.code = 'E204' THEN {_plain("i.amount")}
      WHEN s.code = 'E312' THEN coalesce(nullif(i.amount_raw, ''), i.amount_text)
      ELSE CASE s.sheet WHEN 'items' THEN CASE s.field {of_items} END ELSE CASE s.field {_values("v", INVOICE_FAULTS)} END END END AS value,
    coalesce(i.invoice_ref, v.invoice_ref) AS invoice_ref
  FROM issue s LEFT JOIN item i ON s.sheet = 'items' AND i.pos = s.pos LEFT JOIN invoice v ON s.sheet = 'invoices' AND v.pos = s.pos)
SELECT s.*, {", ".join(f"{sql} AS h_{name}" for name, sql in HOLES.items())}
FROM valued s LEFT JOIN item i ON s.sheet = 'items' AND i.pos = s.pos LEFT JOIN bill o ON o.pos = i.parent
  LEFT JOIN bill h ON s.sheet = 'invoices' AND h.pos = s.pos LEFT JOIN candidate c ON c.sku = i.catalog_sku;
CREATE TEMP TABLE line AS
SELECT code, 'error' AS level, sheet, pos, field, value, {_filled("template")} AS message, {_filled("fix")} AS fix, invoice_ref, 1 AS rows
FROM told JOIN sentence USING (code)
UNION ALL BY NAME {_warnings()};
COPY (
  SELECT code, level, CASE sheet WHEN 'items' THEN {_quoted(items)} ELSE {_quoted(invoices)} END AS file, file AS sheet, pos + 2 AS row,
    field AS column, coalesce(letter || (pos + 2), '') AS cell, {_inert(_visible("value"))} AS value, message, fix,
    {_inert(_visible("invoice_ref"))} AS invoice_ref, rows
  FROM line LEFT JOIN place USING (sheet, field)
  ORDER BY code <> 'W104', file = {_quoted(items)}, pos, code) TO '$folder/issues.csv' (HEADER);
"""


MONEY = """
SELECT currency, sum(total), sum(total) FILTER (WHERE accepted) FROM (
  SELECT CASE WHEN i.digits IS NULL THEN 'XXX' ELSE i.currency END AS currency, w.total, w.accepted FROM invoice i JOIN whole w USING (pos)
  UNION ALL SELECT 'XXX', amount, false FROM item WHERE parent IS NULL)
GROUP BY currency ORDER BY currency
"""

IGNORED = """
SELECT name, (SELECT count(*) FROM (SELECT kind FROM invoice_ignored UNION ALL SELECT kind FROM item_ignored) WHERE kind = name)
FROM (SELECT unnest(['example', 'note', 'total', 'blank']) AS name)
"""

COUNTS = """
SELECT (SELECT count(*) FROM invoice), (SELECT count(*) FROM queue), (SELECT count(*) FROM item),
  (SELECT coalesce(sum(items), 0) FROM queue), (SELECT count(*) - count(amount) FROM item), (SELECT coalesce(max(request), 0) FROM placed)
"""


def _source(path: Path) -> dict[str, Any]:
    """A file's name, hash and size."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": path.name, "sha256": sha256, "size": path.stat().st_size}


class Pipeline:
    """One run: a connection in memory and an output folder."""

    def __init__(self, folder: Path, timings: bool = False) -> None:
        self.folder, self.timings = folder, timings
        self.db = duckdb.connect()
        self.sources: list[dict[str, Any]] = []
        self.began = time.perf_counter()

    def step(self, name: str, sql: str) -> None:
        """Run statements, and tell how long they took."""
        began = self.now()
        self.db.execute(sql)
        self.tell(name, began)

    @staticmethod
    def now() -> tuple[float, float]:
        """Wall and processor seconds."""
        return time.perf_counter(), time.process_time()

    def tell(self, name: str, began: tuple[float, float]) -> None:
        """Tell on stderr when asked to."""
        if self.timings:
            wall, cpu = (end - start for end, start in zip(self.now(), began, strict=True))
            print(f"{name:10} {wall:6.2f} s {cpu:6.2f} s of the processor", file=sys.stderr)

    def run(self, invoices: Path, items: Path, catalog: Path) -> dict[str, object]:
        """Do the whole job.

        Returns:
            The summary.
        """
        (self.folder / "payloads").mkdir(parents=True)
        with ThreadPoolExecutor(1) as beside:
            sources = beside.submit(lambda: [_source(file) for file in (invoices, items, catalog)])
            for table, path, columns in (
                ("invoice_raw", invoices, INVOICE_COLUMNS),
                ("item_raw", items, ITEM_COLUMNS),
                ("catalog_raw", catalog, CATALOG_COLUMNS),
            ):
                kinds = dict.fromkeys(columns, "VARCHAR")
                self.step("read", READ.format(table=table, path=path, columns=kinds))
            self.step("settings", DONE.format(codes=", ".join(map(_quoted, SENTENCES))))
            for name, sql in (
                ("catalog", CATALOG),
                ("cells", _cells("invoice", INVOICE_COLUMNS) + _cells("item", ITEM_COLUMNS) + COMMAS),
                ("invoices", INVOICES),
                ("items", ITEMS),
                ("whole", WHOLE),
            ):
                self.step(name, sql)
            self.pack()
            self.step("look", TOTALS + LOOK)
            self.step("pieces", PIECES)
            self.payloads()
            self.step("ledger", LEDGER.replace("$folder", str(self.folder)))
            self.step("lines", LINES.replace("$folder", str(self.folder)))
            self.append_empty()
            self.step("issues", _issues(invoices.name, items.name).replace("$folder", str(self.folder)))
            self.sources = sources.result()
        for source, table in zip(self.sources, ("invoice", "item", "catalog_raw"), strict=True):
            source["rows"] = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        summary = self.summary()
        self.seal(summary)
        began = self.now()
        os.sync()
        self.tell("sync", began)
        return summary | {"seconds": round(self.now()[0] - self.began, 2)}

    def payloads(self) -> None:
        """Write each request and the manifest of them all."""
        began, hashes = self.now(), {}
        with ThreadPoolExecutor(2) as beside:
            for batch in self.db.sql(TEXTS).to_arrow_reader(AT_ONCE):
                numbers = batch["request"].to_pylist()
                bodies = (body.as_buffer() for body in batch["body"])
                hashes |= dict(zip(numbers, beside.map(self.write, numbers, bodies), strict=True))
        self.db.execute(HASHED, {"numbers": list(hashes), "hashes": list(hashes.values())})
        self.db.execute(LISTED)
        manifest = self.db.execute(MANIFEST).fetchone()[0]
        (self.folder / "payloads" / "manifest.json").write_text(manifest, encoding="utf-8")
        self.tell("payloads", began)

    def write(self, number: int, body: Any) -> str:
        """Write one request.

        Returns:
            Its hash.
        """
        (self.folder / "payloads" / f"{number:04d}.json").write_bytes(body)
        return hashlib.sha256(body).hexdigest()

    def append_empty(self) -> None:
        """The invoices without items come last in `ledger.csv`."""
        empty = self.folder / "empty.csv"
        with (self.folder / "ledger.csv").open("ab") as file:
            file.write(empty.read_bytes())
        empty.unlink()

    def pack(self) -> None:
        """Find where each request opens, by doubling."""
        began = self.now()
        self.db.execute(PACK)
        count, step = -1, 0
        while (
            size := self.db.execute("SELECT count(*) FROM step" + str(step)).fetchone()[0]
        ) and size != count:
            self.db.execute(DOUBLE.format(t=step, u=step + 1))
            count, step = -1, step + 1
        self.db.execute(REQUESTS)
        self.tell("pack", began)

    def summary(self) -> dict[str, object]:
        """Counts, money, issues, and the plan."""
        invoices, accepted, items, accepted_items, unread, requests = self.db.execute(COUNTS).fetchone()
        money = {
            code: {
                "in": str(total),
                "accepted": str(taken or 0),
                "rejected": str(total - (taken or 0)),
                "skipped": "0",
            }
            for code, total, taken in self.db.execute(MONEY).fetchall()
        }
        counts = self.db.execute(
            "SELECT code, sum(rows)::INT FROM line GROUP BY code ORDER BY code"
        ).fetchall()
        errors = {code: count for code, count in counts if code.startswith("E")}
        return {
            "schema_version": 1,
            "run_id": RUN_ID,
            "command": "run",
            "target": "zuora",
            "environment": "default",
            "verdict": "rejected" if not accepted else "partial" if errors else "accepted",
            "invoices": {"in": invoices, "accepted": accepted, "rejected": invoices - accepted, "skipped": 0},
            "items": {
                "in": items, "accepted": int(accepted_items), "rejected": items - int(accepted_items), "skipped": 0,
                "amount_unread": unread,
            },
            "money": money,
            "requests": requests,
            "issues": errors,
            "warnings": {code: count for code, count in counts if code.startswith("W")},
            "ignored_rows": dict(self.db.execute(IGNORED).fetchall()),
            "sources": self.sources,
            "plan": json.loads(self.db.execute(PLAN).fetchone()[0]),
            "run_folder": str(self.folder),
        }  # fmt: skip

    def seal(self, summary: dict[str, object]) -> None:
        """Enter the run in the ledger, and write its summary with the ledger's head."""
        began, at = self.now(), datetime.now(UTC).isoformat()
        text = json.dumps(summary)
        sources = [
            [source[name] for name in ("name", "sha256", "size", "rows")] for source in self.sources[:2]
        ]
        self.db.executemany("INSERT INTO ledger.sources VALUES (?, ?, ?, ?)", sources)
        row = [RUN_ID, at, "zuora", "default", summary["verdict"], text]
        self.db.execute("INSERT INTO ledger.runs VALUES (?, ?, ?, ?, ?, ?)", row)
        ((head,),) = self.db.execute(SEALED, {"at": at, "run_id": RUN_ID}).fetchall()
        self.db.execute("DETACH ledger")
        content = summary | {"ledger": {"events": 1, "head": head}}
        (self.folder / "summary.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        self.tell("seal", began)


def main() -> None:
    """Parse the arguments, run, print the summary."""
    parser = argparse.ArgumentParser(prog="benchmarks.reference_duckdb")
    for name in ("invoices", "items", "catalog", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--timings", action="store_true")
    args = parser.parse_args()
    print(json.dumps(Pipeline(args.output, args.timings).run(args.invoices, args.items, args.catalog)))


if __name__ == "__main__":
    main()

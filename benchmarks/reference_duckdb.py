"""The main job written purely in DuckDB SQL: what our own run is measured against.

    python -m benchmarks.reference_duckdb INVOICES ITEMS CATALOG OUTPUT [--timings]

CSV in, the rules of `schemas/` for the columns there are, catalog join, requests in sheet order, payloads and
their manifest, ledger, issues, all on the disk before it ends; on stdout the summary in the shape of our own.
Python only sends the statements, hashes the files (four times as fast as DuckDB does), writes each request's
text, and prints. All cores are used.

A line of `ledger.csv` is put together from what its invoice and its charge contribute, each made once. In the
ledger the catalog's own values stand once a charge, and a view joins them to the items. An unknown SKU is told
without the nearest ones.

Numbers here have at most 12 digits before and 6 after the point, amounts 14 and 4, so that a product fits
DuckDB's widest decimal.
"""

# ruff: noqa: E501 - SQL reads better in its own lines

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from benchmarks.layout import DECIMALS, LEDGER_COLUMNS, OF_CHARGE, SENTENCES
from schemas.currencies import DIGITS

NUMBER = r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?"
AMOUNT = r"[+-]?[0-9]{1,14}(\.[0-9]{1,4})?"
ANY_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"
ASTRAL = r"[\x{10000}-\x{10FFFF}]"
NEGATIVE = r"-?[0-9]+(\.[0-9]+)?"
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"


def _date(column: str) -> str:
    """An ISO date, else null."""
    return f"CASE WHEN length({column}) = 10 AND {column}[5] = '-' THEN try_cast({column} AS DATE) END"


def _date_fault(column: str, typed: str) -> str:
    return f"""WHEN {column} <> '' AND {typed} IS NULL THEN 'E205'
        WHEN {typed} NOT BETWEEN DATE '1900-01-01' AND DATE '2199-12-31' THEN 'E207'"""


def _number(column: str, pattern: str, kind: str) -> str:
    return f"CASE WHEN regexp_full_match({column}, '{pattern}') THEN try_cast({column} AS {kind}) END"


def _number_fault(column: str, typed: str) -> str:
    return f"""WHEN {column} <> '' AND {typed} IS NULL
        THEN CASE WHEN regexp_full_match({column}, '{ANY_NUMBER}') THEN 'E203' ELSE 'E202' END"""


def _text_fault(column: str, most: int) -> str:
    """Too long, then characters that cannot be stored; only text that is not plain ASCII is searched for those."""
    return f"""WHEN length({column}) > {most} THEN 'E208'
        WHEN regexp_matches({column}, '{CONTROL}') THEN 'E212'
        WHEN strlen({column}) <> length({column}) AND regexp_matches({column}, '{ASTRAL}') THEN 'E213'"""


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


def _inert(column: str) -> str:
    """A text that no spreadsheet will run; numbers are exempt."""
    return f"""CASE WHEN ascii({column}) IN (61, 43, 45, 64, 9, 13) AND NOT regexp_full_match({column}, '{NEGATIVE}')
        THEN chr(39) || {column} ELSE {column} END"""


def _cell(column: str) -> str:
    """A text as a cell of a CSV file; blank for null."""
    return f"""CASE WHEN contains({column}, ',') OR contains({column}, '"') OR contains({column}, chr(10)) OR contains({column}, chr(13))
        THEN '"' || replace({_inert(column)}, '"', '""') || '"' ELSE coalesce({_inert(column)}, '') END"""


def _kept(column: str) -> str:
    """The cell of a text, blank where it could not be taken as it is."""
    fault = column.replace("i.", "i.f_") if column.startswith("i.") else f"f_{column}"
    return f"CASE WHEN {fault} IN ('E208', 'E212', 'E213') THEN '' ELSE {_cell(column)} END"


def _quoted(text: str) -> str:
    return f"'{text.replace(chr(39), chr(39) * 2)}'"


READ = """
CREATE TEMP TABLE invoice_raw AS FROM read_csv('{invoices}', all_varchar = true, header = true, nullstr = chr(0));
CREATE TEMP TABLE item_raw AS FROM read_csv('{items}', all_varchar = true, header = true, nullstr = chr(0));
CREATE TEMP TABLE catalog_raw AS FROM read_csv('{catalog}', all_varchar = true, header = true, nullstr = chr(0));
SET preserve_insertion_order = false;
"""

CATALOG = f"""
CREATE TEMP TABLE currency AS FROM (VALUES {", ".join(f"('{c}', {d})" for c, d in DIGITS.items())}) t(code, digits);
CREATE TEMP TABLE detail AS
WITH one AS (
  FROM (SELECT rowid AS place, * FROM catalog_raw)
  QUALIFY row_number() OVER (PARTITION BY sku, product_rate_plan_charge_id ORDER BY place) = 1)
SELECT row_number() OVER (ORDER BY place)::INT AS id, {", ".join(OF_CHARGE)}, product_name, charge_model,
  concat_ws(',', {", ".join(_cell(name) for name in OF_CHARGE)}) AS cells FROM one;
CREATE TEMP TABLE charge AS SELECT DISTINCT r.sku, d.id AS charge,
  regexp_full_match(r.charge_model, '(Flat Fee|Per Unit)( Pricing)?') AS usable,
  coalesce(try_cast(nullif(effective_from, '') AS DATE), DATE '0001-01-01') AS valid_from,
  coalesce(try_cast(nullif(effective_to, '') AS DATE), DATE '9999-12-31') AS valid_to
FROM catalog_raw r JOIN detail d USING (sku, product_rate_plan_charge_id);
CREATE TEMP TABLE product AS SELECT sku, count(*) AS variants, any_value(charge) AS charge,
  any_value(usable) AS usable, any_value(valid_from) AS valid_from, any_value(valid_to) AS valid_to
FROM charge GROUP BY sku;
"""

INVOICES = f"""
CREATE TEMP TABLE invoice AS
WITH typed AS (
  SELECT r.rowid AS pos, r.*, {_date("invoice_date")} AS dated, {_date("due_date")} AS due, c.digits,
    count(*) OVER (PARTITION BY invoice_ref) AS times, min(r.rowid) OVER (PARTITION BY invoice_ref) AS first_pos
  FROM invoice_raw r LEFT JOIN currency c ON c.code = r.currency)
SELECT *,
  CASE WHEN invoice_ref = '' THEN 'E201' {_text_fault("invoice_ref", 100)} WHEN times > 1 THEN 'E307' END AS f_invoice_ref,
  CASE WHEN account_number = '' THEN 'E301' {_text_fault("account_number", 255)} END AS f_account_number,
  CASE WHEN invoice_date = '' THEN 'E201' {_date_fault("invoice_date", "dated")} END AS f_invoice_date,
  CASE {_date_fault("due_date", "due")} WHEN due < dated THEN 'E305' END AS f_due_date,
  CASE WHEN currency = '' THEN 'E314' WHEN digits IS NULL THEN 'E220' END AS f_currency,
  CASE {_text_fault("comments", 255)} END AS f_comments
FROM typed;
CREATE TEMP TABLE parent AS SELECT invoice_ref, pos, digits FROM invoice WHERE pos = first_pos;
"""

INVOICE_FAULTS = "f_invoice_ref, f_account_number, f_invoice_date, f_due_date, f_currency, f_comments"
ITEM_FAULTS = (
    "f_invoice_ref, f_item_no, f_catalog_sku, f_description, f_quantity, f_unit_price, f_amount, "
    "f_service_start_date, f_service_end_date"
)

ITEMS = f"""
CREATE TEMP TABLE item AS
WITH typed AS (
  SELECT r.rowid AS pos, r.*, p.pos AS parent, p.digits, c.variants, c.usable, c.valid_from, c.valid_to,
    c.charge,
    {_number("quantity", NUMBER, "DECIMAL(20,6)")} AS q,
    {_number("unit_price", NUMBER, "DECIMAL(18,6)")} AS p,
    {_number("amount", AMOUNT, "DECIMAL(18,4)")} AS given,
    {_date("service_start_date")} AS starts, {_date("service_end_date")} AS ends
  FROM item_raw r LEFT JOIN parent p ON p.invoice_ref = r.invoice_ref LEFT JOIN product c ON c.sku = r.catalog_sku),
computed AS (SELECT *, {_rounded("q * p", "digits")} AS product FROM typed),
checked AS (
  SELECT pos, parent, digits, invoice_ref, item_no, catalog_sku, description, quantity, unit_price, amount AS amount_raw,
    service_start_date, service_end_date, q, p, starts, ends, variants,
    CASE WHEN variants = 1 AND usable AND coalesce(starts BETWEEN valid_from AND valid_to, true) THEN charge END AS charge,
    product, CASE WHEN amount = '' THEN product ELSE given END AS amount,
    CASE WHEN invoice_ref = '' THEN 'E201' {_text_fault("invoice_ref", 100)} WHEN parent IS NULL THEN 'E308' END AS f_invoice_ref,
    CASE {_text_fault("item_no", 50)} END AS f_item_no,
    CASE WHEN catalog_sku = '' THEN 'E303' {_text_fault("catalog_sku", 255)} WHEN variants IS NULL THEN 'E401'
      WHEN variants = 1 AND starts NOT BETWEEN valid_from AND valid_to THEN 'E403'
      WHEN variants = 1 AND NOT usable THEN 'E405' END AS f_catalog_sku,
    CASE {_text_fault("description", 500)} END AS f_description,
    CASE {_number_fault("quantity", "q")} END AS f_quantity,
    CASE {_number_fault("unit_price", "p")} END AS f_unit_price,
    CASE WHEN amount = '' THEN CASE WHEN quantity = '' OR unit_price = '' THEN 'E302' WHEN product < 0 THEN 'E312' END
      {_number_fault("amount", "given")}
      WHEN given <> {_rounded("given", "digits")} THEN 'E204'
      WHEN given <> product THEN 'E304' WHEN given < 0 THEN 'E312' END AS f_amount,
    CASE WHEN service_start_date = '' THEN 'E201' {_date_fault("service_start_date", "starts")} END AS f_service_start_date,
    CASE {_date_fault("service_end_date", "ends")} WHEN ends < starts THEN 'E306' END AS f_service_end_date
  FROM computed)
SELECT *, coalesce({ITEM_FAULTS}) IS NOT NULL AS bad, {_plain("q")} AS q_text, {_plain("p")} AS p_text,
  CASE WHEN f_amount = 'E204' OR digits IS NULL THEN {_plain("amount")} ELSE {_amount_text("amount", "digits")} END AS amount_text
FROM checked;

CREATE TEMP TABLE several AS
SELECT i.pos, count(*) FILTER (WHERE fits) AS valid, count(DISTINCT c.charge) FILTER (WHERE fits AND usable) AS charges,
  any_value(c.charge) FILTER (WHERE fits AND usable) AS charge
FROM (SELECT pos, catalog_sku, starts FROM item WHERE variants > 1) i
JOIN charge c ON c.sku = i.catalog_sku, LATERAL (SELECT coalesce(i.starts BETWEEN c.valid_from AND c.valid_to, true) AS fits)
GROUP BY i.pos;
UPDATE item SET charge = several.charge FROM several WHERE several.pos = item.pos AND several.charges = 1;

CREATE TEMP TABLE item_issue AS
SELECT pos, column_name[3:] AS field, code FROM
  (UNPIVOT (SELECT pos, {ITEM_FAULTS} FROM item WHERE bad) ON {ITEM_FAULTS} INTO NAME column_name VALUE code)
UNION ALL
SELECT pos, 'catalog_sku', CASE WHEN valid = 0 THEN 'E403' WHEN charges = 0 THEN 'E405' ELSE 'E404' END
FROM several JOIN item USING (pos) WHERE charges <> 1 AND starts IS NOT NULL
UNION ALL
SELECT unnest(places), 'item_no', 'E313'
FROM (SELECT list(pos) AS places FROM item WHERE item_no <> '' AND parent IS NOT NULL GROUP BY parent, item_no HAVING count(*) > 1);
"""

WHOLE = f"""
CREATE TEMP TABLE whole AS
WITH sums AS (
  SELECT parent, count(*) AS items, min(pos) AS first_item, count(amount) AS known, sum(amount) AS total FROM item WHERE parent IS NOT NULL GROUP BY parent),
bad_item AS (SELECT DISTINCT parent FROM item WHERE pos IN (SELECT pos FROM item_issue) AND parent IS NOT NULL)
SELECT i.pos, s.first_item, coalesce(s.items, 0) AS items, coalesce(s.known, 0) AS known, coalesce(s.total, 0) AS total,
  CASE WHEN s.items IS NULL AND times = 1 THEN 'E309' WHEN s.items > 1000 THEN 'E310' END AS f_items,
  CASE WHEN s.known = s.items AND s.total < 0 THEN 'E311' END AS f_total,
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
SELECT request, string_agg(head || '{"productRatePlanChargeId":"' || product_rate_plan_charge_id || tail, '' ORDER BY parent * 4294967296 + pos)
  || ']}],"useSingleTransaction":false}' AS body
FROM piece p JOIN detail d ON d.id = p.charge WHERE request IS NOT NULL GROUP BY request
"""

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
SELECT i.parent + 2 AS invoice_row, i.pos + 2 AS row, i.item_no, i.catalog_sku, i.charge, i.q AS quantity, i.p AS unit_price, i.amount,
  i.starts AS service_start_date, i.ends AS service_end_date
FROM item i SEMI JOIN queue ON queue.pos = i.parent;
CREATE TABLE ledger.charges AS SELECT id, product_name, {", ".join(OF_CHARGE)} FROM detail WHERE id IN (SELECT charge FROM ledger.items);
CREATE VIEW ledger.entries AS
  SELECT n.*, i.*, c.* FROM ledger.items i JOIN ledger.invoices n ON n.row = i.invoice_row JOIN ledger.charges c ON c.id = i.charge;
CREATE TABLE ledger.requests AS FROM request ORDER BY request;
DETACH ledger;
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
SHOWN = r"""CASE WHEN value = '' THEN 'blank'
  ELSE '"' || regexp_replace(CASE WHEN length(value) > 80 THEN value[:80] || '…' ELSE value END, '[\x00-\x1f\x7f-\x{9f}]', chr(65533), 'g') || '"' END"""


def _filled(template: str) -> str:
    """The template with its holes filled; the value last, as it may look like a hole."""
    for name in HOLES:
        template = f"replace({template}, '{{{name}}}', coalesce(h_{name}, 'blank'))"
    return f"replace({template}, '{{value}}', {SHOWN})"


def _values(table: str, faults: str) -> str:
    """What stands in the cell of a field."""
    return " ".join(f"WHEN '{name}' THEN {table}.{name}" for name in faults.replace("f_", "").split(", "))


def _issues(invoices: str, items: str) -> str:
    """The statements that write `issues.csv`.

    Args:
        invoices: the name of the one file.
        items: of the other.
    """
    sentences = ", ".join(
        f"({_quoted(code)}, {_quoted(told)}, {_quoted(fix)})" for code, (told, fix) in SENTENCES.items()
    )
    of_items = _values("i", ITEM_FAULTS).replace("i.amount", "i.amount_raw")
    return f"""
CREATE TEMP TABLE sentence AS FROM (VALUES {sentences}) t(code, template, fix);
CREATE TEMP TABLE place AS SELECT replace(table_name, '_raw', '') || 's' AS sheet, column_name AS field, chr((65 + column_index)::INT) AS letter
  FROM (SELECT table_name, column_name, column_index - min(column_index) OVER (PARTITION BY table_name) AS column_index
    FROM duckdb_columns() WHERE table_name IN ('invoice_raw', 'item_raw'));
CREATE TEMP TABLE candidate AS
SELECT c.sku, string_agg(DISTINCT 'from ' || valid_from || ' to ' || valid_to, ', ') AS validity,
  string_agg(DISTINCT charge_model, ', ') AS models,
  string_agg(DISTINCT product_rate_plan_charge_id || ' (' || charge_name || ')', ', ' ORDER BY product_rate_plan_charge_id || ' (' || charge_name || ')') AS charges
FROM charge c JOIN detail d ON d.id = c.charge GROUP BY c.sku;
CREATE TEMP TABLE told AS
WITH valued AS (
  SELECT s.*, CASE WHEN s.field = '' THEN v.invoice_ref WHEN s.code = 'E204' THEN {_plain("i.amount")} WHEN s.code = 'E312' THEN i.amount_text
      ELSE CASE s.sheet WHEN 'items' THEN CASE s.field {of_items} END ELSE CASE s.field {_values("v", INVOICE_FAULTS)} END END END AS value,
    coalesce(i.invoice_ref, v.invoice_ref) AS invoice_ref
  FROM issue s LEFT JOIN item i ON s.sheet = 'items' AND i.pos = s.pos LEFT JOIN invoice v ON s.sheet = 'invoices' AND v.pos = s.pos)
SELECT s.*, {", ".join(f"{sql} AS h_{name}" for name, sql in HOLES.items())}
FROM valued s LEFT JOIN item i ON s.sheet = 'items' AND i.pos = s.pos LEFT JOIN bill o ON o.pos = i.parent
  LEFT JOIN bill h ON s.sheet = 'invoices' AND h.pos = s.pos LEFT JOIN candidate c ON c.sku = i.catalog_sku;
COPY (
  SELECT code, 'error' AS level, CASE sheet WHEN 'items' THEN {_quoted(items)} ELSE {_quoted(invoices)} END AS file, file AS sheet, pos + 2 AS row,
    field AS column, coalesce(letter || (pos + 2), '') AS cell, {_inert("value")} AS value, {_filled("template")} AS message,
    {_filled("fix")} AS fix, {_inert("invoice_ref")} AS invoice_ref, 1 AS rows
  FROM (SELECT told.*, template, fix, letter FROM told JOIN sentence USING (code) LEFT JOIN place USING (sheet, field))
  ORDER BY file = {_quoted(items)}, pos, code) TO '$folder/issues.csv' (HEADER);
"""


MONEY = """
SELECT currency, sum(total), sum(total) FILTER (WHERE accepted) FROM (
  SELECT CASE WHEN i.digits IS NULL THEN 'XXX' ELSE i.currency END AS currency, w.total, w.accepted FROM invoice i JOIN whole w USING (pos)
  UNION ALL SELECT 'XXX', amount, false FROM item WHERE parent IS NULL)
GROUP BY currency ORDER BY currency
"""

COUNTS = """
SELECT (SELECT count(*) FROM invoice), (SELECT count(*) FROM queue), (SELECT count(*) FROM item),
  (SELECT coalesce(sum(items), 0) FROM queue), (SELECT count(*) - count(amount) FROM item), (SELECT coalesce(max(request), 0) FROM placed)
"""


def _source(path: Path) -> dict[str, str]:
    """A file's name and hash."""
    with path.open("rb") as file:
        return {"name": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


class Pipeline:
    """One run: a connection in memory and an output folder."""

    def __init__(self, folder: Path, timings: bool = False) -> None:
        self.folder, self.timings = folder, timings
        self.db = duckdb.connect()
        self.sources: list[dict[str, str]] = []
        self.began = time.perf_counter()

    def step(self, name: str, sql: str) -> None:
        """Run statements, and tell how long they took."""
        began = time.perf_counter()
        self.db.execute(sql)
        self.tell(name, began)

    def tell(self, name: str, began: float) -> None:
        """Tell on stderr when asked to."""
        if self.timings:
            print(f"{name:10} {time.perf_counter() - began:6.2f} s", file=sys.stderr)

    def run(self, invoices: Path, items: Path, catalog: Path) -> dict[str, object]:
        """Do the whole job.

        Returns:
            The summary.
        """
        (self.folder / "payloads").mkdir(parents=True)
        with ThreadPoolExecutor(1) as beside:
            sources = beside.submit(lambda: [_source(each) for each in (invoices, items, catalog)])
            self.step("read", READ.format(invoices=invoices, items=items, catalog=catalog))
            for name, sql in (
                ("catalog", CATALOG),
                ("invoices", INVOICES),
                ("items", ITEMS),
                ("whole", WHOLE),
            ):
                self.step(name, sql)
            self.pack()
            self.step("pieces", PIECES)
            self.payloads()
            self.step("ledger", LEDGER.replace("$folder", str(self.folder)))
            self.step("lines", LINES.replace("$folder", str(self.folder)))
            self.append_empty()
            self.step("issues", _issues(invoices.name, items.name).replace("$folder", str(self.folder)))
            self.sources = sources.result()
        began = time.perf_counter()
        os.sync()
        self.tell("sync", began)
        return self.summary()

    def payloads(self) -> None:
        """Write each request and the manifest of them all."""
        began, hashes = time.perf_counter(), {}
        for number, text in self.texts():
            body = text.encode()
            hashes[number] = hashlib.sha256(body).hexdigest()
            (self.folder / "payloads" / f"{number:04d}.json").write_bytes(body)
        self.db.execute(HASHED, {"numbers": list(hashes), "hashes": list(hashes.values())})
        self.db.execute(LISTED)
        manifest = self.db.execute(MANIFEST).fetchone()[0]
        (self.folder / "payloads" / "manifest.json").write_text(manifest, encoding="utf-8")
        self.tell("payloads", began)

    def append_empty(self) -> None:
        """The invoices without items come last in `ledger.csv`."""
        empty = self.folder / "empty.csv"
        with (self.folder / "ledger.csv").open("ab") as file:
            file.write(empty.read_bytes())
        empty.unlink()

    def pack(self) -> None:
        """Find where each request opens, by doubling."""
        began = time.perf_counter()
        self.db.execute(PACK)
        count, step = -1, 0
        while (
            found := self.db.execute("SELECT count(*) FROM step" + str(step)).fetchone()[0]
        ) and found != count:
            self.db.execute(DOUBLE.format(t=step, u=step + 1))
            count, step = -1, step + 1
        self.db.execute(REQUESTS)
        self.tell("pack", began)

    def texts(self) -> Iterator[tuple[int, str]]:
        """Each request's number and body."""
        result = self.db.execute(TEXTS)
        while rows := result.fetchmany(64):
            yield from rows

    def summary(self) -> dict[str, object]:
        """Counts and money."""
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
        found = self.db.execute("SELECT code, count(*) FROM issue GROUP BY code ORDER BY code").fetchall()
        return {
            "invoices": {"in": invoices, "accepted": accepted, "rejected": invoices - accepted, "skipped": 0},
            "items": {
                "in": items, "accepted": int(accepted_items), "rejected": items - int(accepted_items), "skipped": 0,
                "amount_unread": unread,
            },
            "money": money,
            "requests": requests,
            "issues": dict(found),
            "warnings": {},
            "sources": self.sources,
            "run_folder": str(self.folder),
            "seconds": round(time.perf_counter() - self.began, 2),
        }  # fmt: skip


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

"""The main job written purely in DuckDB SQL: what our own run is measured against.

    python -m benchmarks.reference_duckdb INVOICES ITEMS CATALOG OUTPUT [--timings]

CSV in, the rules of `schemas/` for the columns there are, catalog join, requests in sheet order, payloads,
ledger, issues; on stdout the summary in the shape of our own. Python only sends the statements, writes each
request's text to its file, and prints. All cores are used.

Numbers here have at most 12 digits before and 6 after the point, amounts 14 and 4, so that a product fits
DuckDB's widest decimal.
"""

# ruff: noqa: E501 - SQL reads better in its own lines

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from schemas.currencies import DIGITS

NUMBER = r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?"
AMOUNT = r"[+-]?[0-9]{1,14}(\.[0-9]{1,4})?"
ANY_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"
JSON_NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
ASTRAL = r"[\x{10000}-\x{10FFFF}]"
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


def _json_number(column: str, typed: str) -> str:
    """The number as typed, unless JSON forbids that way of writing it."""
    return f"""CASE WHEN {typed} IS NULL THEN NULL
        WHEN regexp_full_match({column}, '{JSON_NUMBER}') THEN {column} ELSE {typed}::VARCHAR END"""


READ = """
CREATE TEMP TABLE invoice_raw AS FROM read_csv('{invoices}', all_varchar = true, header = true, nullstr = chr(0));
CREATE TEMP TABLE item_raw AS FROM read_csv('{items}', all_varchar = true, header = true, nullstr = chr(0));
CREATE TEMP TABLE catalog_raw AS FROM read_csv('{catalog}', all_varchar = true, header = true, nullstr = chr(0));
SET preserve_insertion_order = false;
"""

CATALOG = f"""
CREATE TEMP TABLE currency AS FROM (VALUES {", ".join(f"('{c}', {d})" for c, d in DIGITS.items())}) t(code, digits);
CREATE TEMP TABLE charge AS SELECT DISTINCT sku, product_rate_plan_charge_id AS charge,
  regexp_full_match(charge_model, '(Flat Fee|Per Unit)( Pricing)?') AS usable,
  coalesce(try_cast(nullif(effective_from, '') AS DATE), DATE '0001-01-01') AS valid_from,
  coalesce(try_cast(nullif(effective_to, '') AS DATE), DATE '9999-12-31') AS valid_to
FROM catalog_raw;
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
    CASE WHEN c.variants = 1 THEN c.charge END AS charge,
    {_number("quantity", NUMBER, "DECIMAL(20,6)")} AS q,
    {_number("unit_price", NUMBER, "DECIMAL(18,6)")} AS p,
    {_number("amount", AMOUNT, "DECIMAL(18,4)")} AS given,
    {_date("service_start_date")} AS starts, {_date("service_end_date")} AS ends
  FROM item_raw r LEFT JOIN parent p ON p.invoice_ref = r.invoice_ref LEFT JOIN product c ON c.sku = r.catalog_sku),
computed AS (SELECT *, {_rounded("q * p", "digits")} AS product FROM typed),
checked AS (
  SELECT pos, parent, digits, invoice_ref, item_no, catalog_sku, description, quantity, unit_price, amount AS amount_raw,
    service_start_date, service_end_date, q, p, starts, ends, charge, variants,
    CASE WHEN amount = '' THEN product ELSE given END AS amount,
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
SELECT *, coalesce({ITEM_FAULTS}) IS NOT NULL AS bad FROM checked;

CREATE TEMP TABLE several AS
SELECT i.pos, count(*) FILTER (WHERE fits) AS valid, count(DISTINCT c.charge) FILTER (WHERE fits AND usable) AS charges,
  any_value(c.charge) FILTER (WHERE fits AND usable) AS charge
FROM (SELECT pos, catalog_sku, starts FROM item WHERE variants > 1 AND starts IS NOT NULL) i
JOIN charge c ON c.sku = i.catalog_sku, LATERAL (SELECT i.starts BETWEEN c.valid_from AND c.valid_to AS fits)
GROUP BY i.pos;

CREATE TEMP TABLE item_issue AS
SELECT pos, column_name[3:] AS field, code FROM
  (UNPIVOT (SELECT pos, {ITEM_FAULTS} FROM item WHERE bad) ON {ITEM_FAULTS} INTO NAME column_name VALUE code)
UNION ALL
SELECT pos, 'catalog_sku', CASE WHEN valid = 0 THEN 'E403' WHEN charges = 0 THEN 'E405' ELSE 'E404' END
FROM several WHERE charges <> 1
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
SELECT 'invoices', pos, column_name[3:], code FROM
  (UNPIVOT (SELECT pos, {INVOICE_FAULTS} FROM invoice) ON {INVOICE_FAULTS} INTO NAME column_name VALUE code)
UNION ALL SELECT 'invoices', pos, '', f_items FROM whole WHERE f_items IS NOT NULL
UNION ALL SELECT 'invoices', pos, '', f_total FROM whole WHERE f_total IS NOT NULL;
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
SELECT q.k, q.pos, q.first_item, sum((o.k IS NOT NULL)::INT) OVER (ORDER BY q.k)::INT AS request,
  concat(CASE WHEN o.k IS NULL THEN ']}},' ELSE '{{"invoices":[' END,
    '{{"accountNumber":', {_json_text("i.account_number")}, ',"invoiceDate":"', i.invoice_date, '"',
    ',"dueDate":"' || nullif(i.due_date, '') || '"', ',"currency":"', i.currency, '"',
    ',"comments":' || {_json_text("i.comments")}, ',"invoiceItems":[') AS head
FROM queue q JOIN invoice i USING (pos) LEFT JOIN (SELECT DISTINCT k FROM opened) o ON o.k = q.k;
"""

# The text of an item; the first of an invoice bears the invoice's own text, which closes the one before.
PIECES = f"""
CREATE TEMP TABLE piece AS
WITH texts AS (
  SELECT i.pos, i.parent, h.request, CASE WHEN i.pos = h.first_item THEN h.head ELSE ',' END AS head,
    coalesce(i.charge, s.charge) AS charge, i.catalog_sku, concat(
      '"',
      ',"description":' || {_json_text("i.description")},
      ',"quantity":' || {_json_number("i.quantity", "i.q")},
      ',"unitPrice":' || {_json_number("i.unit_price", "i.p")},
      ',"amount":', CASE WHEN i.amount_raw = '' THEN {_amount_text("i.amount", "i.digits")}
        ELSE {_json_number("i.amount_raw", "i.amount")} END,
      ',"serviceStartDate":"', i.service_start_date, '"',
      ',"serviceEndDate":"' || nullif(i.service_end_date, '') || '"',
      '}}') AS tail
  FROM item i JOIN placed h ON h.pos = i.parent LEFT JOIN several s ON s.pos = i.pos)
SELECT pos, parent, request, head || '{{"productRatePlanChargeId":"' || charge || tail AS text,
  md5_number(catalog_sku || tail) AS print
FROM texts;
"""

TEXTS = """
SELECT request, string_agg(text, '' ORDER BY parent * 4294967296 + pos) || ']}],"useSingleTransaction":false}' AS body
FROM piece GROUP BY request
"""

LEDGER = """
ATTACH '{folder}/ledger.duckdb' AS ledger;
CREATE TABLE ledger.invoices AS
WITH prints AS (
  SELECT parent, array_to_string(list_transform(list_sort(list(print)), lambda x: hex(x)), '') AS prints FROM piece GROUP BY parent)
SELECT i.pos + 2 AS row, i.invoice_ref, i.account_number, i.dated AS invoice_date, i.due AS due_date, i.currency, w.items, w.total,
  p.request, CASE WHEN w.accepted THEN 'prepared' ELSE 'rejected' END AS state,
  CASE WHEN w.accepted THEN sha256(concat_ws('|', i.account_number, i.dated, i.due, i.currency, i.comments, b.prints)) END AS content
FROM invoice i JOIN whole w USING (pos) LEFT JOIN placed p USING (pos) LEFT JOIN prints b ON b.parent = i.pos ORDER BY i.pos;
CREATE TABLE ledger.items AS
SELECT i.parent + 2 AS invoice_row, i.pos + 2 AS row, i.item_no, i.catalog_sku, coalesce(i.charge, s.charge) AS charge,
  i.description, i.q AS quantity, i.p AS unit_price, i.amount, i.starts AS service_start_date, i.ends AS service_end_date
FROM item i SEMI JOIN queue ON queue.pos = i.parent LEFT JOIN several s ON s.pos = i.pos;
COPY (SELECT state, invoice_ref, account_number, currency, items, total, request, content FROM ledger.invoices ORDER BY row)
  TO '{folder}/ledger.csv' (HEADER);
COPY (
  SELECT s.code, s.sheet, s.pos + 2 AS row, s.field, CASE s.field
    WHEN 'catalog_sku' THEN i.catalog_sku WHEN 'description' THEN i.description WHEN 'quantity' THEN i.quantity
    WHEN 'unit_price' THEN i.unit_price WHEN 'amount' THEN i.amount_raw WHEN 'item_no' THEN i.item_no
    WHEN 'service_start_date' THEN i.service_start_date WHEN 'service_end_date' THEN i.service_end_date
    WHEN 'invoice_ref' THEN coalesce(i.invoice_ref, h.invoice_ref) WHEN 'account_number' THEN h.account_number
    WHEN 'invoice_date' THEN h.invoice_date WHEN 'due_date' THEN h.due_date WHEN 'currency' THEN h.currency
    WHEN 'comments' THEN h.comments ELSE h.invoice_ref END AS value,
    concat(s.field, ': ', s.code) AS message
  FROM issue s LEFT JOIN item i ON s.sheet = 'items' AND i.pos = s.pos LEFT JOIN invoice h ON s.sheet = 'invoices' AND h.pos = s.pos
  ORDER BY s.sheet, s.pos) TO '{folder}/issues.csv' (HEADER);
DETACH ledger;
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


class Pipeline:
    """One run: a connection in memory and an output folder."""

    def __init__(self, folder: Path, timings: bool = False) -> None:
        self.folder, self.timings = folder, timings
        self.db = duckdb.connect()
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
        self.step("read", READ.format(invoices=invoices, items=items, catalog=catalog))
        for name, sql in (("catalog", CATALOG), ("invoices", INVOICES), ("items", ITEMS), ("whole", WHOLE)):
            self.step(name, sql)
        self.pack()
        self.step("pieces", PIECES)
        began = time.perf_counter()
        for number, body in self.texts():
            (self.folder / "payloads" / f"{number:04d}.json").write_bytes(body.encode())
        self.tell("payloads", began)
        self.step("ledger", LEDGER.format(folder=self.folder))
        return self.summary()

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

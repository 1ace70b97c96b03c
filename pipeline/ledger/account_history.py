"""What the ledger holds on the accounts that a file names: invoices alive, and the periods they bill.

In: a `Ledger`, and whose invoices are asked for.
Out: Arrow tables; one scan answers for all accounts, and an empty ledger answers at once.
Never: creates or changes anything.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LedgerError
from pipeline.i18n import translate
from pipeline.ledger.run_items import decode_items
from pipeline.ledger.sqlite_connection import Ledger, query_ledger
from pipeline.model.history import PAST_INVOICES, PAST_PERIODS

_ANY_SQL = "SELECT EXISTS (SELECT 1 FROM live WHERE environment = ? AND target = ?)"

# CROSS JOIN keeps SQLite from changing the order: from the live invoices, one scan, to their rows
_OF_ACCOUNTS_SQL = """
SELECT i.account, i.ref, i.run_id, i.position, i.currency, i.invoice_date, i.amount
FROM live l CROSS JOIN invoices i ON i.invoice_id = l.invoice_id
WHERE l.environment = ? AND l.target = ? AND i.account IN (SELECT value FROM json_each(?))
ORDER BY i.invoice_id
"""

_ITEMS_SQL = "SELECT parquet FROM items WHERE run_id = ?"

_PRODUCT_FIELDS = ("product_rate_plan_charge_id", "charge_name", "sku")
_DATE_FIELDS = ("service_start_date", "service_end_date")


def find_live_by_account(ledger: Ledger, environment: str, target: str, accounts: pa.Array) -> pa.Table:
    """Return the live invoices of some accounts, in the order they were entered, as `PAST_INVOICES`.

    Args:
        ledger: where.
        environment: which tenant.
        target: the billing API and operation.
        accounts: numbers or ids, each once.
    """

    def query(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        ((has_any,),) = connection.execute(_ANY_SQL, (environment, target)).fetchall()
        parameters = (environment, target, orjson.dumps(accounts.to_pylist()).decode()) if has_any else ()
        return connection.execute(_OF_ACCOUNTS_SQL, parameters).fetchall() if has_any else []

    rows: list[tuple[Any, ...]] = query_ledger(ledger, query, empty=[])
    if not rows:
        return PAST_INVOICES.empty_table()
    columns = [pa.array(values) for values in zip(*rows, strict=True)]
    return pa.table(columns, names=PAST_INVOICES.names).cast(PAST_INVOICES)


def read_billed_periods(ledger: Ledger, invoices: pa.Table) -> pa.Table:
    """Return the service periods that some invoices bill, as `PAST_PERIODS`; items without an end have none.

    Args:
        ledger: where.
        invoices: as `alive` gives them.

    Raises:
        LedgerError: the items cannot be read.
    """
    parts = [
        _read_run_periods(ledger, run_id, invoices.filter(pc.equal(invoices["run_id"], run_id)))
        for run_id in pc.unique(invoices["run_id"]).to_pylist()
    ]
    return pa.concat_tables(parts) if parts else PAST_PERIODS.empty_table()


def _read_run_periods(ledger: Ledger, run_id: str, invoices: pa.Table) -> pa.Table:
    row = query_ledger(
        ledger, lambda connection: connection.execute(_ITEMS_SQL, (run_id,)).fetchone(), empty=None
    )
    try:
        items = decode_items(row[0], ["position", *_PRODUCT_FIELDS, *_DATE_FIELDS]) if row else None
    except (ValueError, pa.ArrowException) as error:
        sentence = translate(
            "The items of the run {run} cannot be read: {error}.", run=run_id, error=str(error)
        )
        raise LedgerError(sentence) from error
    if items is None:
        return PAST_PERIODS.empty_table()
    items = items.filter(pc.is_valid(items["service_end_date"]))
    invoice_indices = pc.index_in(items["position"], value_set=invoices["position"].combine_chunks())
    items, invoice_indices = items.filter(pc.is_valid(invoice_indices)), invoice_indices.drop_null()
    product = pc.coalesce(*(pc.cast(items[name], pa.string()) for name in _PRODUCT_FIELDS))
    columns = [*(invoices[name].take(invoice_indices) for name in ("account", "ref", "run_id")), product]
    columns += [items[name] for name in _DATE_FIELDS]
    return pa.table(columns, names=PAST_PERIODS.names).cast(PAST_PERIODS)

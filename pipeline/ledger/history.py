"""What the ledger knows of the accounts that a file names: invoices alive, and the periods they bill.

Input: a `Ledger`, and whose invoices are asked for. Output: Arrow tables. One scan answers for all accounts at
once; an empty ledger answers at once. It creates and changes nothing.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import LedgerError
from pipeline.language import say
from pipeline.ledger.items import unpacked
from pipeline.ledger.store import Ledger, reading
from pipeline.past import PAST_INVOICES, PAST_PERIODS

_ANY = "SELECT EXISTS (SELECT 1 FROM live WHERE environment = ? AND target = ?)"

_OF_ACCOUNTS = """
SELECT i.account, i.ref, i.run_id, i.position, i.currency, i.invoice_date, i.amount
FROM live l CROSS JOIN invoices i ON i.invoice_id = l.invoice_id
WHERE l.environment = ? AND l.target = ? AND i.account IN (SELECT value FROM json_each(?))
ORDER BY i.invoice_id
"""

_ITEMS = "SELECT parquet FROM items WHERE run_id = ?"

_PRODUCT = ("product_rate_plan_charge_id", "charge_name", "sku")
_DATES = ("service_start_date", "service_end_date")


def alive(ledger: Ledger, environment: str, target: str, accounts: pa.Array) -> pa.Table:
    """The live invoices of some accounts, in the order they were entered, as `PAST_INVOICES`.

    Args:
        ledger: where.
        environment: which tenant.
        target: the billing API and operation.
        accounts: numbers or ids, each once.
    """

    def query(books: sqlite3.Connection) -> list[Any]:
        ((some,),) = books.execute(_ANY, (environment, target)).fetchall()
        asked = (environment, target, orjson.dumps(accounts.to_pylist()).decode()) if some else ()
        return books.execute(_OF_ACCOUNTS, asked).fetchall() if some else []

    rows: list[Any] = reading(ledger, query, empty=[])
    if not rows:
        return PAST_INVOICES.empty_table()
    columns = [pa.array(each) for each in zip(*rows, strict=True)]
    return pa.table(columns, names=PAST_INVOICES.names).cast(PAST_INVOICES)


def billed_periods(ledger: Ledger, invoices: pa.Table) -> pa.Table:
    """The periods of service that some invoices bill, as `PAST_PERIODS`; items without an end have none.

    Args:
        ledger: where.
        invoices: as `alive` gives them.

    Raises:
        LedgerError: the items cannot be read.
    """
    parts = [
        _of_run(ledger, run_id, invoices.filter(pc.equal(invoices["run_id"], run_id)))
        for run_id in pc.unique(invoices["run_id"]).to_pylist()
    ]
    return pa.concat_tables(parts) if parts else PAST_PERIODS.empty_table()


def _of_run(ledger: Ledger, run_id: str, invoices: pa.Table) -> pa.Table:
    found = reading(ledger, lambda books: books.execute(_ITEMS, (run_id,)).fetchone(), empty=None)
    try:
        items = unpacked(found[0], ["position", *_PRODUCT, *_DATES]) if found else None
    except (ValueError, pa.ArrowException) as error:
        said = say("The items of the run {run} cannot be read: {error}.", run=run_id, error=str(error))
        raise LedgerError(said) from error
    if items is None:
        return PAST_PERIODS.empty_table()
    items = items.filter(pc.is_valid(items["service_end_date"]))
    at = pc.index_in(items["position"], value_set=invoices["position"].combine_chunks())
    items, at = items.filter(pc.is_valid(at)), at.drop_null()
    product = pc.coalesce(*(pc.cast(items[each], pa.string()) for each in _PRODUCT))
    columns = [*(invoices[each].take(at) for each in ("account", "ref", "run_id")), product]
    columns += [items[each] for each in _DATES]
    return pa.table(columns, names=PAST_PERIODS.names).cast(PAST_PERIODS)

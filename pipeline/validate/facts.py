"""What rules need to know beyond a row's own cells: gathered once, for all rows, before any rule is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Branch, Mask, Positions, RawSheets, total_of
from pipeline.validate import changes
from pipeline.validate.accounts import Accounts
from pipeline.validate.branches import Trunk, grow, hung
from pipeline.validate.repeated import twice
from pipeline.validate.typed import MARK_SUFFIX
from schemas import money
from schemas.catalog import ACCOUNT_KEYS
from schemas.columns import cells_of, plain, series
from schemas.fields import Table
from schemas.kinds import STORAGE
from schemas.numbers import stands_for
from schemas.tables import BILL_TO, INVOICES, ITEMS, SHIP_TO, SOLD_TO

if TYPE_CHECKING:
    from pipeline.validate.demands import Demands

_NO_DIGITS = -1
_OF_MONEY = {"discounts": ("discount_amount", "unit_price"), "taxes": ("tax_amount", "exempt_amount")}
TRUNK = ("invoices", "items")
"""Tables that everything hangs on."""
_ROLES = {BILL_TO: "bill_to", SOLD_TO: "sold_to", SHIP_TO: "ship_to"}
_OF_FIELD = {each.name: STORAGE[each.kind] for table in (INVOICES, ITEMS) for each in table}


class Facts(NamedTuple):
    """Typed columns and facts, ready to be judged.

    Attributes:
        raw: the sheets as read.
        frames: per table the columns and facts that its rules read; absent columns are null.
        found: per table the fields found in the sheet.
        parent: per item the position of its invoice, -1 without one.
        digits: per item the decimals of its invoice's currency, -1 when unknown.
        accounts: whose invoices they are.
        branches: what hangs on items and invoices, by table.
    """

    raw: RawSheets
    frames: Mapping[str, pd.DataFrame]
    found: Mapping[str, list[str]]
    parent: Positions
    digits: npt.NDArray[np.int8]
    accounts: Accounts
    branches: Mapping[str, Branch]

    def invoice_of(self, table: str) -> Positions:
        """Per row of items, or of what hangs on them, the position of its invoice, -1 without one."""
        return self.parent if table == "items" else self.branches[table].invoice

    def column(self, table: str, name: str) -> pd.Series[Any]:
        """One column or fact."""
        return self.frames[table][name]


def gather(
    raw: RawSheets,
    cells: Mapping[str, pd.DataFrame],
    values: Mapping[str, pd.DataFrame],
    unread: Mapping[str, Mapping[str, Mask]],
    demands: Demands,
) -> Facts:
    """Everything the rules read.

    Args:
        raw: the sheets as read.
        cells: per table the cells as text.
        values: per table the typed columns.
        unread: per table and field the rows whose cell could not be read.
        demands: what the sheets are held against.
    """
    invoices, items = (_Columns(values[name], demands.tables[name]) for name in ("invoices", "items"))
    refs = _tied(cells["items"], cells["invoices"])
    accounts = Accounts({each: invoices[each] for each in ACCOUNT_KEYS}, demands.accounts, len(invoices))
    whose = accounts.facts(plain(invoices["currency"]))
    currency = _effective_currency(
        invoices, unread["invoices"], whose["account_currency"], demands.default_currency
    )
    places = money.digits_of(currency)
    trunk = Trunk(refs.owners, refs.parent, plain(items["item_no"]), places, _contacts(invoices))
    nested = {name: each for name, each in values.items() if name not in TRUNK}
    branches, facts = grow(trunk, nested, demands.tables)
    for name, each in branches.items():
        facts[name] |= _mark_facts(cells[name], _OF_MONEY.get(name, ()), currency, each.invoice)
    digits = pc.take(places, pa.array(refs.parent, mask=refs.parent < 0))
    amounts = _item_facts(items, digits, refs, unread["items"], demands)
    amounts |= _mark_facts(cells["items"], ("amount", "unit_price"), currency, refs.parent)
    if "action" in demands.tables["items"]:
        amounts |= changes.of_items(values["items"], unread["items"])
        amounts["effective_amount"] = changes.booked(
            amounts["effective_amount"], values["items"], unread["items"]
        )
    amounts["has_taxes"] = hung(branches, "taxes", "items", len(items))
    totals = _invoice_facts(refs, total_of(refs.parent, amounts["effective_amount"], branches, len(invoices)))
    totals |= {"effective_currency": currency, "new_bill_to": _new_bill_to(branches, len(invoices))}
    if "action" in demands.tables["items"]:
        totals |= changes.of_invoices(values["invoices"], unread["invoices"])
    totals |= whose | _number_facts(invoices, refs, unread["invoices"], demands)
    facts |= {"invoices": totals, "items": amounts}
    return Facts(
        raw,
        {
            name: _Columns(each, demands.tables[name]).judged_with(facts[name], demands)
            for name, each in values.items()
        },
        {name: raw.tables[name].fields for name in values},
        refs.parent,
        pc.fill_null(digits, _NO_DIGITS).to_numpy(),
        accounts,
        branches,
    )


def _contacts(invoices: _Columns) -> dict[str, Mask]:
    """Per role the invoices that give the contact themselves: by id, or as the same as another."""
    given = {}
    for role, name in _ROLES.items():
        known = pc.is_valid(invoices[f"{name}_contact_id"])
        if role != BILL_TO:
            known = pc.or_(known, pc.fill_null(invoices[f"{name}_same_as_bill_to"], False))
        given[role] = known.to_numpy(zero_copy_only=False)
    return given


def _new_bill_to(branches: Mapping[str, Branch], invoices: int) -> Any:
    """The invoices that bring a bill-to contact of their own."""
    mask = np.zeros(invoices, bool)
    if "contacts" in branches:
        contacts = branches["contacts"]
        roles = contacts.frame.get("contact_role")
        if roles is not None:
            bill_to = pc.fill_null(pc.equal(plain(cells_of(roles)), BILL_TO), False)
            owners = contacts.invoice[bill_to.to_numpy(zero_copy_only=False)]
            mask[owners[owners >= 0]] = True
    return pa.array(mask)


class _Columns:
    """A table's typed columns; one that the sheet lacks is null in every row."""

    def __init__(self, values: pd.DataFrame, table: Table) -> None:
        self._values = values
        self._table = table

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return cells_of(self._values[name])
        if name not in self._table:  # the target does not take it
            return pa.nulls(len(self), _OF_FIELD.get(name, pa.string()))
        return pa.nulls(len(self), STORAGE[self._table[name].kind])

    def judged_with(self, facts: Mapping[str, Any], demands: Demands) -> pd.DataFrame:
        """The frame that the value schema judges."""
        applied = demands.rules(self._table.name)
        read = {name for rule in applied for name in (*rule.needs, *rule.uses)} - set(facts)
        lacking = {name: series(self[name]) for name in sorted(read - set(self._values))}
        return self._values.assign(**lacking, **{name: series(each) for name, each in facts.items()})


class _Refs(NamedTuple):
    owners: Any  # per invoice its reference, null without one
    parent: Positions  # per item
    item_count: npt.NDArray[np.int64]  # per invoice
    ref_twice: Mask  # per invoice


def _tied(items: pd.DataFrame, invoices: pd.DataFrame) -> _Refs:
    """Tie items to invoices by the text of the reference; of several of one reference the first has them."""
    if "invoice_ref" not in invoices:
        owners = pa.nulls(len(invoices), pa.string())
    else:
        own = plain(cells_of(invoices["invoice_ref"]))
        owners = pc.if_else(pc.equal(own, ""), None, own)
    if "invoice_ref" not in items:
        return _Refs(owners, np.full(len(items), -1), np.zeros(len(invoices), np.int64), twice(owners))
    named = cells_of(items["invoice_ref"])
    if isinstance(named, pa.DictionaryArray):
        position = pc.take(_position(named.dictionary, owners), named.indices)
    else:
        position = _position(named, owners)
    parent = pc.fill_null(position, -1).to_numpy().astype(np.int64)
    count = np.bincount(parent[parent >= 0], minlength=len(invoices))
    return _Refs(owners, parent, count, twice(owners))


def _position(refs: Any, owners: Any) -> Any:
    return pc.index_in(pc.if_else(pc.equal(refs, ""), None, refs), value_set=owners, skip_nulls=True)


def _effective_currency(invoices: _Columns, unread: Mapping[str, Mask], account: Any, default: str) -> Any:
    """The invoice's currency; where the cell is blank the account's, else the default; null where unreadable."""
    currency = plain(invoices["currency"])
    filled = pc.coalesce(currency, account)
    if default:
        filled = pc.fill_null(filled, default)
    return pc.if_else(pa.array(unread["currency"]), None, filled) if "currency" in unread else filled


def _item_facts(
    items: _Columns, digits: Any, refs: _Refs, unread: Mapping[str, Mask], demands: Demands
) -> dict[str, Any]:
    amount, quantity, price = (items[each] for each in ("amount", "quantity", "unit_price"))
    product = money.product(quantity, price, digits)
    # what stands in an unreadable amount is not for us to guess, even where it could be computed
    computed = pc.if_else(pa.array(unread["amount"]), None, product) if "amount" in unread else product
    both = pc.and_(pc.is_valid(quantity), pc.is_valid(price))
    fits = pc.or_(pc.is_valid(product), pc.invert(pc.and_(both, pc.is_valid(digits))))
    return {
        "has_invoice": pa.array(refs.parent >= 0),
        "digits": digits,
        "product": product,
        "product_fits": fits,
        "effective_amount": pc.coalesce(amount, computed),
        "amount_known": pc.or_(pc.is_valid(amount), pc.and_(both, fits)),
        "item_no_twice": pa.array(_item_no_twice(items["item_no"], refs.parent)),
        "priced_later": _priced_later(items, price) if demands.catalog_prices else _never(len(items)),
    }


def _mark_facts(
    cells: pd.DataFrame, names: tuple[str, ...], currency: Any, owners: Positions
) -> dict[str, Any]:
    """Whether the mark of a currency in a cell may stand for the invoice's currency."""
    facts = {}
    for name in names:
        marks = name + MARK_SUFFIX
        facts[f"{name}_mark_fits"] = (
            _marks_fit(cells_of(cells[marks]), currency, owners)
            if marks in cells
            else pa.array(np.ones(len(cells), bool))
        )
    return facts


def _marks_fit(marks: Any, currency: Any, owners: Positions) -> Any:
    own = pc.take(currency, pa.array(owners, mask=owners < 0))
    fits = pc.equal(marks, "")
    for mark in pc.unique(marks).to_pylist():
        meant = pc.and_(
            pc.equal(marks, mark), pc.is_in(own, value_set=pa.array(stands_for(mark), pa.string()))
        )
        fits = pc.or_(fits, meant)
    return pc.if_else(pc.or_(pc.is_valid(own), pc.equal(marks, "")), fits, None)


def _never(rows: int) -> Any:
    return pa.array(np.zeros(rows, bool))


def _priced_later(items: _Columns, price: Any) -> Any:
    looked_up = pc.or_(pc.is_valid(items["catalog_sku"]), pc.is_valid(items["product_rate_plan_charge_id"]))
    return pc.and_(looked_up, pc.and_(pc.is_null(price), pc.is_valid(items["quantity"])))


def _item_no_twice(numbers: Any, parent: Positions) -> Mask:
    """Rows whose item number stands twice in their invoice."""
    if numbers.null_count == len(numbers):
        return np.zeros(len(numbers), bool)
    codes = numbers if isinstance(numbers, pa.DictionaryArray) else numbers.dictionary_encode()
    index = pc.fill_null(codes.indices, 0).to_numpy().astype(np.int64)
    counted = pc.is_valid(codes.indices).to_numpy(zero_copy_only=False) & (parent >= 0)
    keys = pd.Series(parent * len(codes.dictionary) + index)
    keys[~counted] = -1 - np.flatnonzero(~counted)
    return np.asarray(keys.duplicated(keep=False))


def _invoice_facts(refs: _Refs, total: Any) -> dict[str, Any]:
    return {
        "item_count": pa.array(refs.item_count),
        "ref_twice": pa.array(refs.ref_twice),
        "total": total,
    }


def _number_facts(
    invoices: _Columns, refs: _Refs, unread: Mapping[str, Mask], demands: Demands
) -> dict[str, Any]:
    """The invoices' numbers, references where the settings make them numbers; those that stand twice."""
    given = plain(invoices["invoice_number"])
    if not demands.terms.ref_is_number:
        return {"number": given, "number_twice": pa.array(twice(given))}
    blank = pc.is_null(given).to_numpy(zero_copy_only=False) & ~unread.get("invoice_number", np.False_)
    number = pc.if_else(pa.array(blank), plain(invoices["invoice_ref"]), given)
    # a reference that stands twice is told as such
    return {"number": number, "number_twice": pa.array(twice(number) & ~(blank & refs.ref_twice))}

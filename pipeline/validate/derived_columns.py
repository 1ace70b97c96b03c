"""What rules need to know beyond a row's own cells: gathered once, for all rows, before any rule is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.sheets import RawSheets
from pipeline.model.valid import ChildTable, sum_invoice_totals
from pipeline.validate import draft_changes
from pipeline.validate.accounts import AccountMatch
from pipeline.validate.child_tables import ParentKeys, attach_children, has_children
from pipeline.validate.duplicates import is_duplicate
from pipeline.validate.parse_columns import MARK_SUFFIX
from schemas.arrow import money
from schemas.arrow.columns import arrow_column, decode_dictionary, to_series
from schemas.catalog import ACCOUNT_KEYS
from schemas.fields import Table
from schemas.notation.numbers import find_currencies
from schemas.notation.parsing import STORAGE_TYPES
from schemas.tables import INVOICES, ITEMS
from schemas.tables.contacts import BILL_TO, SHIP_TO, SOLD_TO

if TYPE_CHECKING:
    from pipeline.validate.requirements import Requirements

_NO_DIGITS = -1
_MONEY_FIELDS = {"discounts": ("discount_amount", "unit_price"), "taxes": ("tax_amount", "exempt_amount")}
PARENT_TABLES = ("invoices", "items")
"""Tables that everything hangs on."""
_CONTACT_ROLES = {BILL_TO: "bill_to", SOLD_TO: "sold_to", SHIP_TO: "ship_to"}
_STORAGE_BY_FIELD = {field.name: STORAGE_TYPES[field.kind] for table in (INVOICES, ITEMS) for field in table}


class RuleInputs(NamedTuple):
    """Typed columns and facts, ready to be judged.

    Attributes:
        raw: the sheets as read.
        frames: per table the columns and facts that its rules read; absent columns are null.
        present_fields: per table the fields found in the sheet.
        parent: per item the position of its invoice, -1 without one.
        digits: per item the decimals of its invoice's currency, -1 when unknown.
        accounts: whose invoices they are.
        children: what hangs on items and invoices, by table.
    """

    raw: RawSheets
    frames: Mapping[str, pd.DataFrame]
    present_fields: Mapping[str, list[str]]
    parent: Positions
    digits: npt.NDArray[np.int8]
    accounts: AccountMatch
    children: Mapping[str, ChildTable]

    def get_invoice_positions(self, table: str) -> Positions:
        """Per row of items, or of what hangs on them, the position of its invoice, -1 without one."""
        return self.parent if table == "items" else self.children[table].invoice_positions

    def get_column(self, table: str, name: str) -> pd.Series[Any]:
        """One column or fact."""
        return self.frames[table][name]


def derive_columns(
    raw: RawSheets,
    cells: Mapping[str, pd.DataFrame],
    values: Mapping[str, pd.DataFrame],
    unreadable: Mapping[str, Mapping[str, Mask]],
    requirements: Requirements,
) -> RuleInputs:
    """Everything the rules read.

    Args:
        raw: the sheets as read.
        cells: per table the cells as text.
        values: per table the typed columns.
        unreadable: per table and field the rows whose cell could not be read.
        requirements: what the sheets are held against.
    """
    invoices, items = (
        _TypedColumns(values[name], requirements.tables[name]) for name in ("invoices", "items")
    )
    links = _link_items(cells["items"], cells["invoices"])
    accounts = AccountMatch(
        {key: invoices[key] for key in ACCOUNT_KEYS}, requirements.accounts, len(invoices)
    )
    account_columns = accounts.derive_columns(decode_dictionary(invoices["currency"]))
    currency = _resolve_currency(
        invoices, unreadable["invoices"], account_columns["account_currency"], requirements.default_currency
    )
    invoice_digits = money.get_currency_digits(currency)
    parents = ParentKeys(
        links.references,
        links.parent,
        decode_dictionary(items["item_no"]),
        invoice_digits,
        _find_given_contacts(invoices),
    )
    child_frames = {name: frame for name, frame in values.items() if name not in PARENT_TABLES}
    children, derived = attach_children(parents, child_frames, requirements.tables)
    for name, child in children.items():
        derived[name] |= _derive_mark_columns(
            cells[name], _MONEY_FIELDS.get(name, ()), currency, child.invoice_positions
        )
    digits = pc.take(invoice_digits, pa.array(links.parent, mask=links.parent < 0))
    item_columns = _derive_item_columns(items, digits, links, unreadable["items"], requirements)
    item_columns |= _derive_mark_columns(cells["items"], ("amount", "unit_price"), currency, links.parent)
    if "action" in requirements.tables["items"]:
        item_columns |= draft_changes.derive_item_changes(values["items"], unreadable["items"])
        item_columns["effective_amount"] = draft_changes.resolve_amounts(
            item_columns["effective_amount"], values["items"], unreadable["items"]
        )
    item_columns["has_taxes"] = has_children(children, "taxes", "items", len(items))
    invoice_columns = _derive_invoice_columns(
        links, sum_invoice_totals(links.parent, item_columns["effective_amount"], children, len(invoices))
    )
    invoice_columns |= {
        "effective_currency": currency,
        "new_bill_to": _has_new_bill_to(children, len(invoices)),
    }
    if "action" in requirements.tables["items"]:
        invoice_columns |= draft_changes.derive_invoice_changes(values["invoices"], unreadable["invoices"])
    invoice_columns |= account_columns | _derive_number_columns(
        invoices, links, unreadable["invoices"], requirements
    )
    derived |= {"invoices": invoice_columns, "items": item_columns}
    return RuleInputs(
        raw,
        {
            name: _TypedColumns(frame, requirements.tables[name]).build_frame(derived[name], requirements)
            for name, frame in values.items()
        },
        {name: raw.tables[name].fields for name in values},
        links.parent,
        pc.fill_null(digits, _NO_DIGITS).to_numpy(),
        accounts,
        children,
    )


def _find_given_contacts(invoices: _TypedColumns) -> dict[str, Mask]:
    """Per role the invoices that give the contact themselves: by id, or as the same as another."""
    given = {}
    for role, name in _CONTACT_ROLES.items():
        is_given = pc.is_valid(invoices[f"{name}_contact_id"])
        if role != BILL_TO:
            is_given = pc.or_(is_given, pc.fill_null(invoices[f"{name}_same_as_bill_to"], False))
        given[role] = is_given.to_numpy(zero_copy_only=False)
    return given


def _has_new_bill_to(children: Mapping[str, ChildTable], invoice_count: int) -> Any:
    """The invoices that bring a bill-to contact of their own."""
    mask = np.zeros(invoice_count, bool)
    if "contacts" in children:
        contacts = children["contacts"]
        roles = contacts.frame.get("contact_role")
        if roles is not None:
            bill_to = pc.fill_null(pc.equal(decode_dictionary(arrow_column(roles)), BILL_TO), False)
            owners = contacts.invoice_positions[bill_to.to_numpy(zero_copy_only=False)]
            mask[owners[owners >= 0]] = True
    return pa.array(mask)


class _TypedColumns:
    """A table's typed columns; one that the sheet lacks is null in every row."""

    def __init__(self, values: pd.DataFrame, table: Table) -> None:
        self._values = values
        self._table = table

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return arrow_column(self._values[name])
        if name not in self._table:  # the target does not take it
            return pa.nulls(len(self), _STORAGE_BY_FIELD.get(name, pa.string()))
        return pa.nulls(len(self), STORAGE_TYPES[self._table[name].kind])

    def build_frame(self, derived: Mapping[str, Any], requirements: Requirements) -> pd.DataFrame:
        """The frame that the value schema judges."""
        rules = requirements.get_rules(self._table.name)
        names = {name for rule in rules for name in (*rule.inputs, *rule.derived)} - set(derived)
        lacking = {name: to_series(self[name]) for name in sorted(names - set(self._values))}
        return self._values.assign(**lacking, **{name: to_series(values) for name, values in derived.items()})


class _ItemLinks(NamedTuple):
    references: Any  # per invoice its reference, null without one
    parent: Positions  # per item
    item_counts: npt.NDArray[np.int64]  # per invoice
    is_duplicate: Mask  # per invoice


def _link_items(items: pd.DataFrame, invoices: pd.DataFrame) -> _ItemLinks:
    """Tie items to invoices by the text of the reference; of several of one reference the first has them."""
    if "invoice_ref" not in invoices:
        references = pa.nulls(len(invoices), pa.string())
    else:
        texts = decode_dictionary(arrow_column(invoices["invoice_ref"]))
        references = pc.if_else(pc.equal(texts, ""), None, texts)
    if "invoice_ref" not in items:
        return _ItemLinks(
            references, np.full(len(items), -1), np.zeros(len(invoices), np.int64), is_duplicate(references)
        )
    item_references = arrow_column(items["invoice_ref"])
    if isinstance(item_references, pa.DictionaryArray):
        position = pc.take(_find_positions(item_references.dictionary, references), item_references.indices)
    else:
        position = _find_positions(item_references, references)
    parent = pc.fill_null(position, -1).to_numpy().astype(np.int64)
    counts = np.bincount(parent[parent >= 0], minlength=len(invoices))
    return _ItemLinks(references, parent, counts, is_duplicate(references))


def _find_positions(references: Any, invoice_references: Any) -> Any:
    return pc.index_in(
        pc.if_else(pc.equal(references, ""), None, references), value_set=invoice_references, skip_nulls=True
    )


def _resolve_currency(
    invoices: _TypedColumns, unreadable: Mapping[str, Mask], account: Any, default: str
) -> Any:
    """The invoice's currency; where the cell is blank the account's, else the default; null where unreadable."""
    currency = decode_dictionary(invoices["currency"])
    filled = pc.coalesce(currency, account)
    if default:
        filled = pc.fill_null(filled, default)
    return pc.if_else(pa.array(unreadable["currency"]), None, filled) if "currency" in unreadable else filled


def _derive_item_columns(
    items: _TypedColumns,
    digits: Any,
    links: _ItemLinks,
    unreadable: Mapping[str, Mask],
    requirements: Requirements,
) -> dict[str, Any]:
    amount, quantity, price = (items[name] for name in ("amount", "quantity", "unit_price"))
    product = money.calculate_amounts(quantity, price, digits)
    # what stands in an unreadable amount is not for us to guess, even where it could be computed
    computed = (
        pc.if_else(pa.array(unreadable["amount"]), None, product) if "amount" in unreadable else product
    )
    both = pc.and_(pc.is_valid(quantity), pc.is_valid(price))
    fits = pc.or_(pc.is_valid(product), pc.invert(pc.and_(both, pc.is_valid(digits))))
    return {
        "has_invoice": pa.array(links.parent >= 0),
        "digits": digits,
        "product": product,
        "product_fits": fits,
        "effective_amount": pc.coalesce(amount, computed),
        "amount_known": pc.or_(pc.is_valid(amount), pc.and_(both, fits)),
        "item_no_twice": pa.array(_has_duplicate_number(items["item_no"], links.parent)),
        "priced_later": _is_priced_later(items, price)
        if requirements.catalog_prices
        else _fill_false(len(items)),
    }


def _derive_mark_columns(
    cells: pd.DataFrame, names: tuple[str, ...], currency: Any, invoice_positions: Positions
) -> dict[str, Any]:
    """Whether the mark of a currency in a cell may stand for the invoice's currency."""
    derived = {}
    for name in names:
        marks = name + MARK_SUFFIX
        derived[f"{name}_mark_fits"] = (
            _is_mark_of_currency(arrow_column(cells[marks]), currency, invoice_positions)
            if marks in cells
            else pa.array(np.ones(len(cells), bool))
        )
    return derived


def _is_mark_of_currency(marks: Any, currency: Any, invoice_positions: Positions) -> Any:
    currencies = pc.take(currency, pa.array(invoice_positions, mask=invoice_positions < 0))
    fits = pc.equal(marks, "")
    for mark in pc.unique(marks).to_pylist():
        is_meant = pc.and_(
            pc.equal(marks, mark),
            pc.is_in(currencies, value_set=pa.array(find_currencies(mark), pa.string())),
        )
        fits = pc.or_(fits, is_meant)
    return pc.if_else(pc.or_(pc.is_valid(currencies), pc.equal(marks, "")), fits, None)


def _fill_false(rows: int) -> Any:
    return pa.array(np.zeros(rows, bool))


def _is_priced_later(items: _TypedColumns, price: Any) -> Any:
    looked_up = pc.or_(pc.is_valid(items["catalog_sku"]), pc.is_valid(items["product_rate_plan_charge_id"]))
    return pc.and_(looked_up, pc.and_(pc.is_null(price), pc.is_valid(items["quantity"])))


def _has_duplicate_number(numbers: Any, parent: Positions) -> Mask:
    """Rows whose item number stands twice in their invoice."""
    if numbers.null_count == len(numbers):
        return np.zeros(len(numbers), bool)
    codes = numbers if isinstance(numbers, pa.DictionaryArray) else numbers.dictionary_encode()
    index = pc.fill_null(codes.indices, 0).to_numpy().astype(np.int64)
    counted = pc.is_valid(codes.indices).to_numpy(zero_copy_only=False) & (parent >= 0)
    keys = pd.Series(parent * len(codes.dictionary) + index)
    keys[~counted] = -1 - np.flatnonzero(~counted)
    return np.asarray(keys.duplicated(keep=False))


def _derive_invoice_columns(links: _ItemLinks, total: Any) -> dict[str, Any]:
    return {
        "item_count": pa.array(links.item_counts),
        "ref_twice": pa.array(links.is_duplicate),
        "total": total,
    }


def _derive_number_columns(
    invoices: _TypedColumns, links: _ItemLinks, unreadable: Mapping[str, Mask], requirements: Requirements
) -> dict[str, Any]:
    """The invoices' numbers, references where the settings make them numbers; those that stand twice."""
    given = decode_dictionary(invoices["invoice_number"])
    if not requirements.rule_settings.use_reference_as_number:
        return {"number": given, "number_twice": pa.array(is_duplicate(given))}
    blank = pc.is_null(given).to_numpy(zero_copy_only=False) & ~unreadable.get("invoice_number", np.False_)
    number = pc.if_else(pa.array(blank), decode_dictionary(invoices["invoice_ref"]), given)
    # a reference that stands twice is told as such
    return {"number": number, "number_twice": pa.array(is_duplicate(number) & ~(blank & links.is_duplicate))}

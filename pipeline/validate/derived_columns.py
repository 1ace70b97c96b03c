"""Derived columns: what rules need beyond a row's own cells, computed once for all rows.

In: the cells of all tables, as text and typed.
Out: `RuleInputs`.
Never: a judgement; a derived column says what is so, a rule says what must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from pipeline.validate.item_links import ItemLinks, link_items
from pipeline.validate.parse_columns import MARK_SUFFIX
from pipeline.validate.typed_columns import DerivedColumns, TypedColumns
from schemas.arrow import money
from schemas.arrow.columns import Booleans, Decimals, Integers, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.catalog import ACCOUNT_KEYS
from schemas.notation.numbers import find_currencies
from schemas.tables.contacts import BILL_TO, SHIP_TO, SOLD_TO

if TYPE_CHECKING:
    from pipeline.validate.requirements import Requirements

PARENT_TABLES = ("invoices", "items")
"""Tables that are always there; all others are child tables of one of them."""

_NO_DIGITS = -1
_MONEY_FIELDS = {"discounts": ("discount_amount", "unit_price"), "taxes": ("tax_amount", "exempt_amount")}
"""Fields of child tables whose cells may hold the mark of a currency."""
_CONTACT_ROLES = {BILL_TO: "bill_to", SOLD_TO: "sold_to", SHIP_TO: "ship_to"}
"""By role of a row of Contacts how the invoice's own fields about that contact begin."""


@dataclass(frozen=True)
class ReadTables:
    """The tables that are checked, read cell by cell.

    Attributes:
        cells: per table the cells as text.
        values: per table the typed columns.
        unreadable: per table and field a mask of the rows whose cell could not be read.
    """

    cells: Mapping[str, pd.DataFrame]
    values: Mapping[str, pd.DataFrame]
    unreadable: Mapping[str, Mapping[str, Mask]]


@dataclass(frozen=True, kw_only=True)
class RuleInputs:
    """Typed and derived columns, ready for the rules.

    Attributes:
        raw: the sheets as read.
        frames: per table the columns that its rules read; absent columns are null.
        present_fields: per table the fields found in the sheet.
        parent: per item the position of its invoice, -1 without one.
        digits: per item the decimals of its invoice's currency, -1 if unknown.
        accounts: the accounts that the invoices name.
        children: the tables below items and invoices, by name.
    """

    raw: RawSheets
    frames: Mapping[str, pd.DataFrame]
    present_fields: Mapping[str, list[str]]
    parent: Positions
    digits: npt.NDArray[np.int8]
    accounts: AccountMatch
    children: Mapping[str, ChildTable]

    def get_invoice_positions(self, table: str) -> Positions:
        """Return per row of items or of a child table the position of its invoice, -1 without one.

        Args:
            table: its name.
        """
        return self.parent if table == "items" else self.children[table].invoice_positions

    def get_column(self, table: str, name: str) -> pd.Series[Any]:
        """Return a typed or derived column.

        Args:
            table: its name.
            name: of the column.
        """
        return self.frames[table][name]


def derive_columns(raw: RawSheets, read: ReadTables, requirements: Requirements) -> RuleInputs:
    """Derive every column that the rules read besides the fields.

    Args:
        raw: the sheets as read.
        read: their cells, as text and typed.
        requirements: what the sheets are checked against.
    """
    invoices, items = (TypedColumns(read.values[name], requirements.tables[name]) for name in PARENT_TABLES)
    links = link_items(read.cells["items"], read.cells["invoices"])
    accounts = AccountMatch(
        {key: invoices[key] for key in ACCOUNT_KEYS}, requirements.accounts, len(invoices)
    )
    derived = _Derivation(read, requirements, invoices, items, links)
    invoice_columns = accounts.derive_columns(decode_dictionary(invoices["currency"]))
    currency = derived.resolve_currency(invoice_columns["account_currency"])
    digits = money.get_currency_digits(currency)
    children, columns = derived.attach_children(currency, digits)
    item_digits = pc.take(digits, pa.array(links.parent, mask=links.parent < 0))
    # order matters: totals of invoices need the amounts of items, and those the decimals of the currency
    columns["items"] = derived.derive_item_columns(item_digits, currency, children)
    invoice_columns |= derived.derive_invoice_columns(columns["items"]["effective_amount"], children)
    columns["invoices"] = {**invoice_columns, "effective_currency": currency}
    return RuleInputs(
        raw=raw,
        frames={
            name: TypedColumns(frame, requirements.tables[name]).build_frame(columns[name], requirements)
            for name, frame in read.values.items()
        },
        present_fields={name: raw.tables[name].fields for name in read.values},
        parent=links.parent,
        digits=pc.fill_null(item_digits, _NO_DIGITS).to_numpy(),
        accounts=accounts,
        children=children,
    )


@dataclass(frozen=True)
class _Derivation:
    """The steps of `derive_columns`, and what all of them read."""

    read: ReadTables
    requirements: Requirements
    invoices: TypedColumns
    items: TypedColumns
    links: ItemLinks

    @property
    def has_actions(self) -> bool:
        """Whether the target changes what is in the billing system already."""
        return "action" in self.requirements.tables["items"]

    def resolve_currency(self, account_currency: Texts) -> Texts:
        """Return the currency of invoices: if blank the account's, else the default; null if unreadable."""
        currency = decode_dictionary(self.invoices["currency"])
        filled = pc.coalesce(currency, account_currency)
        if self.requirements.default_currency:
            filled = pc.fill_null(filled, self.requirements.default_currency)
        unreadable = self.read.unreadable["invoices"].get("currency")
        return filled if unreadable is None else pc.if_else(pa.array(unreadable), None, filled)

    def attach_children(
        self, currency: Texts, digits: Integers
    ) -> tuple[dict[str, ChildTable], dict[str, DerivedColumns]]:
        """Link every child row to its parent, and derive the columns of the child tables."""
        parents = ParentKeys(
            self.links.references,
            self.links.parent,
            decode_dictionary(self.items["item_no"]),
            digits,
            _find_given_contacts(self.invoices),
        )
        frames = {name: frame for name, frame in self.read.values.items() if name not in PARENT_TABLES}
        children, columns = attach_children(parents, frames, self.requirements.tables)
        for name, child in children.items():
            fields = _MONEY_FIELDS.get(name, ())
            columns[name] |= _derive_mark_columns(
                self.read.cells[name], fields, currency, child.invoice_positions
            )
        return children, columns

    def derive_item_columns(
        self, digits: Integers, currency: Texts, children: Mapping[str, ChildTable]
    ) -> DerivedColumns:
        """Return the derived columns of items."""
        values, unreadable = self.read.values["items"], self.read.unreadable["items"]
        columns = self._derive_amounts(digits)
        columns |= _derive_mark_columns(
            self.read.cells["items"], ("amount", "unit_price"), currency, self.links.parent
        )
        if self.has_actions:
            columns |= draft_changes.derive_item_changes(values, unreadable)
            columns["effective_amount"] = draft_changes.resolve_amounts(
                columns["effective_amount"], values, unreadable
            )
        columns["has_taxes"] = has_children(children, "taxes", "items", len(self.items))
        return columns

    def _derive_amounts(self, digits: Integers) -> DerivedColumns:
        items, parent = self.items, self.links.parent
        amount, quantity, price = items["amount"], items["quantity"], items["unit_price"]
        product = money.calculate_amounts(quantity, price, digits)
        unreadable = self.read.unreadable["items"].get("amount")
        # an unreadable amount stays unknown, even if it could be computed: it may say something else
        computed = product if unreadable is None else pc.if_else(pa.array(unreadable), None, product)
        is_priced = pc.and_(pc.is_valid(quantity), pc.is_valid(price))
        # null although all is known: the product is longer than an amount may be
        fits = pc.or_(pc.is_valid(product), pc.invert(pc.and_(is_priced, pc.is_valid(digits))))
        is_later = self.requirements.catalog_prices
        return {
            "has_invoice": pa.array(parent >= 0),
            "digits": digits,
            "product": product,
            "product_fits": fits,
            "effective_amount": pc.coalesce(amount, computed),
            "amount_known": pc.or_(pc.is_valid(amount), pc.and_(is_priced, fits)),
            "item_no_twice": pa.array(_has_duplicate_number(items["item_no"], parent)),
            "priced_later": _is_priced_later(items, price) if is_later else _fill_false(len(items)),
        }

    def derive_invoice_columns(self, amounts: Decimals, children: Mapping[str, ChildTable]) -> DerivedColumns:
        """Return the derived columns of invoices, but for those of their currency and account."""
        values, unreadable = self.read.values["invoices"], self.read.unreadable["invoices"]
        columns = {
            "item_count": pa.array(self.links.item_counts),
            "ref_twice": pa.array(self.links.is_duplicate),
            "total": sum_invoice_totals(self.links.parent, amounts, children, len(self.invoices)),
            "new_bill_to": _has_new_bill_to(children, len(self.invoices)),
        }
        if self.has_actions:
            columns |= draft_changes.derive_invoice_changes(values, unreadable)
        return columns | self._derive_numbers(unreadable)

    def _derive_numbers(self, unreadable: Mapping[str, Mask]) -> DerivedColumns:
        """Return the invoice numbers, or the references that stand for them, and which are duplicates."""
        given = decode_dictionary(self.invoices["invoice_number"])
        if not self.requirements.rule_settings.use_reference_as_number:
            return {"number": given, "number_twice": pa.array(is_duplicate(given))}
        is_null = pc.is_null(given).to_numpy(zero_copy_only=False)
        is_blank = is_null & ~unreadable.get("invoice_number", np.False_)
        references = decode_dictionary(self.invoices["invoice_ref"])
        number = pc.if_else(pa.array(is_blank), references, given)
        # a duplicate reference is reported as a reference already
        is_twice = is_duplicate(number) & ~(is_blank & self.links.is_duplicate)
        return {"number": number, "number_twice": pa.array(is_twice)}


def _find_given_contacts(invoices: TypedColumns) -> dict[str, Mask]:
    """Mark per role the invoices that give the contact themselves: by id, or as the same as another."""
    given = {}
    for role, name in _CONTACT_ROLES.items():
        is_given = pc.is_valid(invoices[f"{name}_contact_id"])
        if role != BILL_TO:
            is_given = pc.or_(is_given, pc.fill_null(invoices[f"{name}_same_as_bill_to"], False))
        given[role] = is_given.to_numpy(zero_copy_only=False)
    return given


def _has_new_bill_to(children: Mapping[str, ChildTable], invoice_count: int) -> Booleans:
    """Return which invoices have a row of Contacts with their bill-to contact."""
    mask = np.zeros(invoice_count, bool)
    contacts = children.get("contacts")
    if contacts is not None and "contact_role" in contacts.frame:
        roles = decode_dictionary(arrow_column(contacts.frame["contact_role"]))
        is_bill_to = pc.fill_null(pc.equal(roles, BILL_TO), False).to_numpy(zero_copy_only=False)
        owners = contacts.invoice_positions[is_bill_to]
        mask[owners[owners >= 0]] = True
    return pa.array(mask)


def _derive_mark_columns(
    cells: pd.DataFrame, names: tuple[str, ...], currency: Texts, invoice_positions: Positions
) -> DerivedColumns:
    """Return per field whether the mark of a currency in a cell may stand for the invoice's currency."""
    columns = {}
    for name in names:
        if name + MARK_SUFFIX in cells:
            marks = arrow_column(cells[name + MARK_SUFFIX])
            fits = _is_mark_of_currency(marks, currency, invoice_positions)
        else:
            fits = pa.array(np.ones(len(cells), bool))
        columns[f"{name}_mark_fits"] = fits
    return columns


def _is_mark_of_currency(marks: Texts, currency: Texts, invoice_positions: Positions) -> Booleans:
    # a mark such as $ stands for several currencies; the invoice must be in one of them
    currencies = pc.take(currency, pa.array(invoice_positions, mask=invoice_positions < 0))
    fits = pc.equal(marks, "")
    for mark in pc.unique(marks).to_pylist():
        is_meant = pc.and_(
            pc.equal(marks, mark),
            pc.is_in(currencies, value_set=pa.array(find_currencies(mark), pa.string())),
        )
        fits = pc.or_(fits, is_meant)
    # without a currency nobody can say, and what is unknown does not fail
    return pc.if_else(pc.or_(pc.is_valid(currencies), pc.equal(marks, "")), fits, None)


def _fill_false(rows: int) -> Booleans:
    return pa.array(np.zeros(rows, bool))


def _is_priced_later(items: TypedColumns, price: Decimals) -> Booleans:
    looked_up = pc.or_(pc.is_valid(items["catalog_sku"]), pc.is_valid(items["product_rate_plan_charge_id"]))
    return pc.and_(looked_up, pc.and_(pc.is_null(price), pc.is_valid(items["quantity"])))


def _has_duplicate_number(numbers: Texts, parent: Positions) -> Mask:
    """Return which rows have an item number that another item of their invoice has as well."""
    if numbers.null_count == len(numbers):
        return np.zeros(len(numbers), bool)
    codes = numbers if isinstance(numbers, pa.DictionaryArray) else numbers.dictionary_encode()
    index = pc.fill_null(codes.indices, 0).to_numpy().astype(np.int64)
    counted = pc.is_valid(codes.indices).to_numpy(zero_copy_only=False) & (parent >= 0)
    keys = pd.Series(parent * len(codes.dictionary) + index)
    keys[~counted] = -1 - np.flatnonzero(~counted)  # distinct keys, so that these rows have no duplicate
    return np.asarray(keys.duplicated(keep=False))

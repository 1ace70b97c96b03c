"""Child tables (discounts, taxes, rates, contacts): each row's parent and derived columns.

In: typed child rows, and the keys of invoices and items.
Out: a `ChildTable` for each table, and the columns that its rules read.
Never: links a row by its place in the sheet.

A row names its invoice by reference, its item by number, and its discount by number: its foreign keys. Only
tables with rows are handled, so that a file without them costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model.indices import Mask, Positions
from pipeline.model.valid import ChildTable
from pipeline.validate.duplicates import is_duplicate
from pipeline.validate.typed_columns import DerivedColumns
from schemas.arrow.columns import DECIMAL, ArrowColumn, Booleans, Integers, Texts, decode_dictionary
from schemas.arrow.frames import arrow_column
from schemas.fields import Table

_SEPARATOR = "\x1f"
"""Between the parts of a key: the unit separator, a control character that checks of cells refuse."""

_NONE = -1


class ParentKeys(NamedTuple):
    """What child rows are linked to.

    Attributes:
        references: the reference of each invoice; null if nothing can be linked to it.
        parent: per item the position of its invoice, -1 without one.
        item_numbers: per item its number.
        digits: per invoice the decimals of its currency; null if unknown.
        given_contacts: per role the invoices that give the contact themselves.
    """

    references: Texts
    parent: Positions
    item_numbers: Texts
    digits: Integers
    given_contacts: Mapping[str, Mask]


def attach_children(
    parents: ParentKeys, values: Mapping[str, pd.DataFrame], tables: Mapping[str, Table]
) -> tuple[dict[str, ChildTable], dict[str, DerivedColumns]]:
    """Link every child row to its parent.

    Args:
        parents: what they are linked to.
        values: typed frames of the child tables, each after its parent; only those with rows.
        tables: their declarations.

    Returns:
        The child tables by name, and by table the columns derived for their rules.
    """
    children: dict[str, ChildTable] = {}
    derived: dict[str, DerivedColumns] = {}
    for name, frame in values.items():
        children[name] = _attach_table(parents, frame, tables[name], children)
        derived[name] = _derive_child_columns(parents, children[name], tables[name])
    return children, derived


def has_children(children: Mapping[str, ChildTable], name: str, parent: str, parent_count: int) -> Booleans:
    """Return which rows of a table have a row of a child table; none if that table is absent.

    Args:
        children: by table.
        name: of the child table.
        parent: of the table whose rows are asked about.
        parent_count: the number of its rows.
    """
    mask = np.zeros(parent_count, bool)
    if name in children:
        positions = children[name].parents[parent]
        mask[positions[positions >= 0]] = True
    return pa.array(mask)


def _attach_table(
    parents: ParentKeys, frame: pd.DataFrame, table: Table, attached: Mapping[str, ChildTable]
) -> ChildTable:
    invoice = _find_positions(_get_texts(frame, "invoice_ref"), parents.references)
    item = np.full(len(frame), _NONE)
    positions = {"invoices": invoice}
    if table.parent == "items":
        item = _find_positions(
            _join_key(invoice, _get_texts(frame, "item_no")), _join_key(parents.parent, parents.item_numbers)
        )
        positions = {"items": item}
    if table.nearest_parent:
        numbers = _get_texts(frame, table.key[-1])
        # a row with a number belongs to the discount of that number, and to the item only without one
        positions = {
            "items": np.where(pc.is_valid(numbers).to_numpy(zero_copy_only=False), _NONE, item),
            table.nearest_parent: _find_nearest_parent(
                attached.get(table.nearest_parent), table.key[-1], item, numbers
            ),
        }
    amounts = _get_column(frame, table.amount_field, DECIMAL) if table.amount_field else None
    return ChildTable(frame, positions, item, invoice, amounts, table.added_to_total)


def _find_nearest_parent(
    nearest: ChildTable | None, field: str, item: Positions, numbers: Texts
) -> Positions:
    """Return the row that each child row names by its number within the item."""
    if nearest is None:
        return np.full(len(item), _NONE)
    return _find_positions(
        _join_key(item, numbers), _join_key(nearest.item_positions, _get_texts(nearest.frame, field))
    )


def _derive_child_columns(parents: ParentKeys, child: ChildTable, table: Table) -> DerivedColumns:
    own_keys = _get_texts(child.frame, table.key[-1])
    positions = next(iter(child.parents.values()))
    derived = {
        "has_invoice": pa.array(child.invoice_positions >= 0),
        "has_item": pa.array(child.item_positions >= 0, mask=child.invoice_positions < 0),
        "digits": pc.take(
            parents.digits, pa.array(child.invoice_positions, mask=child.invoice_positions < 0)
        ),
        "place": _number_siblings(child.parents),
        "twice": pa.array(is_duplicate(_join_key(positions, own_keys))),
    }
    if table.nearest_parent:
        unnamed = pc.is_null(own_keys).to_numpy(zero_copy_only=False) | (child.item_positions < 0)
        derived["has_discount"] = pa.array(child.parents[table.nearest_parent] >= 0, mask=unnamed)
    if "contact_role" in table:
        derived["given_otherwise"] = pa.array(_mark_contacts_given(parents, child, own_keys))
    return derived


def _mark_contacts_given(parents: ParentKeys, child: ChildTable, roles: Texts) -> Mask:
    """Mark the contacts that their invoice gives in another way as well."""
    mask = np.zeros(len(child.invoice_positions), bool)
    for role, given in parents.given_contacts.items():
        has_role = pc.fill_null(pc.equal(roles, role), False).to_numpy(zero_copy_only=False)
        # the last entry answers for position -1, a contact without an invoice
        mask |= has_role & np.append(given, False)[child.invoice_positions]
    return mask


def _number_siblings(parent_positions: Mapping[str, Positions]) -> Integers:
    """Number the rows of one parent from 1; null without a parent."""
    codes = np.full(len(next(iter(parent_positions.values()))), _NONE)
    for number, positions in enumerate(parent_positions.values()):
        # one code per parent row, whichever of the tables that parent is in
        codes = np.where(positions >= 0, positions * len(parent_positions) + number, codes)
    # how many rows with the same code come before, and one
    sibling_numbers = pd.Series(codes).groupby(codes).cumcount().to_numpy() + 1
    return pa.array(sibling_numbers, mask=codes < 0)


def _join_key(positions: Positions, names: Texts) -> Texts:
    """Return one text per parent position and name within it; null if either is missing."""
    # a part that is null makes the whole key null
    return pc.binary_join_element_wise(
        pc.cast(pa.array(positions, mask=positions < 0), pa.string()), names, _SEPARATOR
    )


def _find_positions(keys: Texts, parent_keys: Texts) -> Positions:
    """Return the position of each key among the parents, the first of several; -1 if there is none."""
    indices = pc.index_in(keys, value_set=parent_keys, skip_nulls=True)
    return np.asarray(pc.fill_null(indices, _NONE).to_numpy().astype(np.int64))


def _get_texts(frame: pd.DataFrame, name: str) -> Texts:
    return decode_dictionary(_get_column(frame, name, pa.string()))


def _get_column(frame: pd.DataFrame, name: str, storage: pa.DataType) -> ArrowColumn:
    return arrow_column(frame[name]) if name in frame else pa.nulls(len(frame), storage)

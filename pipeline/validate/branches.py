"""What hangs on items and invoices: each row finds what it belongs to, and the facts that its rules need.

A row names its invoice by reference, its item by number, and its discount by number. Only tables with rows
come here, so that a file without them costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.model import Branch, Mask, Positions
from pipeline.validate.repeated import twice
from schemas.columns import cells_of, plain
from schemas.fields import Table
from schemas.kinds import DECIMAL

_BETWEEN = "\x1f"
_NONE = -1


class Trunk(NamedTuple):
    """What branches hang on.

    Attributes:
        refs: the reference of each invoice; null for one that nothing can be tied to.
        parent: per item the position of its invoice, -1 without one.
        item_no: per item its number.
        digits: per invoice the decimals of its currency; null when unknown.
        contacts: per role the invoices that give the contact themselves.
    """

    refs: Any
    parent: Positions
    item_no: Any
    digits: Any
    contacts: Mapping[str, Mask]


def grow(
    trunk: Trunk, values: Mapping[str, pd.DataFrame], tables: Mapping[str, Table]
) -> tuple[dict[str, Branch], dict[str, dict[str, Any]]]:
    """Tie every row to what it belongs to.

    Args:
        trunk: what they hang on.
        values: typed frames by table, in the order of the tree; only those with rows.
        tables: their declarations.

    Returns:
        The branches by table, and the facts of their rows by table and name.
    """
    branches: dict[str, Branch] = {}
    facts: dict[str, dict[str, Any]] = {}
    for name, frame in values.items():
        branches[name] = _branch(trunk, frame, tables[name], branches)
        facts[name] = _facts(trunk, branches[name], tables[name])
    return branches, facts


def hung(branches: Mapping[str, Branch], name: str, on: str, rows: int) -> Any:
    """Which rows of a table have a row of another hanging on them; none where that one is absent.

    Args:
        branches: by table.
        name: of the table that hangs.
        on: of the table it hangs on.
        rows: how many that has.
    """
    mask = np.zeros(rows, bool)
    if name in branches:
        places = branches[name].on[on]
        mask[places[places >= 0]] = True
    return pa.array(mask)


def _branch(trunk: Trunk, frame: pd.DataFrame, table: Table, before: Mapping[str, Branch]) -> Branch:
    invoice = _positions(_texts(frame, "invoice_ref"), trunk.refs)
    item = np.full(len(frame), _NONE)
    on = {"invoices": invoice}
    if table.parent == "items":
        item = _positions(_key(invoice, _texts(frame, "item_no")), _key(trunk.parent, trunk.item_no))
        on = {"items": item}
    if table.nearer:
        named = _texts(frame, table.key[-1])
        on = {
            "items": np.where(pc.is_valid(named).to_numpy(zero_copy_only=False), _NONE, item),
            table.nearer: _nearer(before.get(table.nearer), table.key[-1], item, named),
        }
    amounts = _column(frame, table.amount, DECIMAL) if table.amount else None
    return Branch(frame, on, item, invoice, amounts, table.on_top)


def _nearer(branch: Branch | None, field: str, item: Positions, named: Any) -> Positions:
    """The row that each names by its number within the item."""
    if branch is None:
        return np.full(len(item), _NONE)
    return _positions(_key(item, named), _key(branch.item, _texts(branch.frame, field)))


def _facts(trunk: Trunk, branch: Branch, table: Table) -> dict[str, Any]:
    last = _texts(branch.frame, table.key[-1])
    places = next(iter(branch.on.values()))
    facts = {
        "has_invoice": pa.array(branch.invoice >= 0),
        "has_item": pa.array(branch.item >= 0, mask=branch.invoice < 0),
        "digits": pc.take(trunk.digits, pa.array(branch.invoice, mask=branch.invoice < 0)),
        "place": _place(branch.on),
        "twice": pa.array(twice(_key(places, last))),
    }
    if table.nearer:
        unasked = pc.is_null(last).to_numpy(zero_copy_only=False) | (branch.item < 0)
        facts["has_discount"] = pa.array(branch.on[table.nearer] >= 0, mask=unasked)
    if "contact_role" in table:
        facts["given_otherwise"] = pa.array(_given_otherwise(trunk, branch, last))
    return facts


def _given_otherwise(trunk: Trunk, branch: Branch, roles: Any) -> Mask:
    """Contacts that their invoice gives in another way."""
    found = np.zeros(len(branch.invoice), bool)
    for role, given in trunk.contacts.items():
        mine = pc.fill_null(pc.equal(roles, role), False).to_numpy(zero_copy_only=False)
        found |= mine & np.append(given, False)[branch.invoice]
    return found


def _place(on: Mapping[str, Positions]) -> Any:
    """Which row of its kind it is on the row it hangs on, from 1; null where it hangs on none."""
    codes = np.full(len(next(iter(on.values()))), _NONE)
    for number, places in enumerate(on.values()):
        codes = np.where(places >= 0, places * len(on) + number, codes)
    place = pd.Series(codes).groupby(codes).cumcount().to_numpy() + 1
    return pa.array(place, mask=codes < 0)


def _key(places: Positions, names: Any) -> Any:
    """One text for a place and a name in it; null where either is missing."""
    return pc.binary_join_element_wise(
        pc.cast(pa.array(places, mask=places < 0), pa.string()), names, _BETWEEN
    )


def _positions(keys: Any, owners: Any) -> Positions:
    """Where each key stands among the owners, the first of several; -1 where it does not."""
    at = pc.index_in(keys, value_set=owners, skip_nulls=True)
    return np.asarray(pc.fill_null(at, _NONE).to_numpy().astype(np.int64))


def _texts(frame: pd.DataFrame, name: str) -> Any:
    return plain(_column(frame, name, pa.string()))


def _column(frame: pd.DataFrame, name: str, kind: Any) -> Any:
    return cells_of(frame[name]) if name in frame else pa.nulls(len(frame), kind)

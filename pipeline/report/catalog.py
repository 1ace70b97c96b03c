"""What `catalog load`, `search`, `list` and `info` say, and `accounts load`, `list` and `info`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.report.terminal import causes, count_of, visible
from schemas.catalog import ACCOUNT_KEYS

if TYPE_CHECKING:
    from pipeline.catalog import CatalogInfo, Snapshot
    from pipeline.result import CatalogLoad

_SHOWN = (
    ("sku", "SKU"),
    ("product_rate_plan_charge_id", "charge id"),
    ("charge_name", "charge name"),
    ("charge_model", "model"),
    ("list_price", "price"),
    ("currency", ""),
    ("effective_from", "from"),
    ("effective_to", "to"),
)


def snapshot_summary(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot for machines: its hash, its figures, and where it came from."""
    own = {} if "charges" in snapshot.counts else {"accounts": snapshot.rows}
    return {
        "sha256": snapshot.sha256,
        **own,
        **snapshot.counts,
        "source": snapshot.source,
        "loaded": snapshot.loaded,
    }


def load_summary(load: CatalogLoad, what: str = "catalog") -> dict[str, Any]:
    """The load for machines.

    Args:
        load: what became of it.
        what: was loaded: `catalog` or `accounts`.
    """
    return {
        "schema_version": 1,
        "rows": load.rows,
        "duplicates": load.duplicates,
        what: snapshot_summary(load.snapshot) if load.snapshot else None,
        "issues": load.issues.drop(["invoice_ref", "rows"]).to_pylist(),
    }


def load_told(load: CatalogLoad, what: str = "catalog") -> str:
    """The load for people.

    Args:
        load: what became of it.
        what: was loaded: `catalog` or `account list`.
    """
    lines = []
    if load.snapshot:
        lines.append(f"Loaded {_counts(load.snapshot)}; {what} {load.snapshot.sha256[:12]} is in use.")
    else:
        lines.append(f"Nothing was loaded: the file has faults, and the {what} in use stays.")
    if load.duplicates:
        lines.append(
            f"{count_of(load.duplicates, 'row repeats', 'rows repeat')} another exactly and"
            f" {'counts' if load.duplicates == 1 else 'count'} once."
        )
    if len(load.issues):
        lines += ["", *map(visible, causes(load.issues))]
    return "\n".join(lines) + "\n"


def _counts(snapshot: Snapshot) -> str:
    if "charges" not in snapshot.counts:
        return count_of(snapshot.rows, "account")
    charges, products = count_of(snapshot.charges, "charge"), count_of(snapshot.products, "product")
    return f"{charges} of {products} with {count_of(snapshot.prices, 'price')}"


def plain_rows(found: pa.Table) -> list[dict[str, Any]]:
    """Rows of the catalog for machines: numbers and dates as text."""
    return [
        {name: value if value is None else str(value) for name, value in row.items()}
        for row in found.to_pylist()
    ]


def found_told(found: pa.Table) -> str:
    """Rows of the catalog for people."""
    if not len(found):
        return "Nothing in the catalog is like it.\n"
    rows = [[heading for _, heading in _SHOWN]]
    rows += [
        ["" if row[name] is None else _short(row[name]) for name, _ in _SHOWN] for row in found.to_pylist()
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_SHOWN))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def _short(value: Any) -> str:
    text = visible(f"{value:f}" if isinstance(value, Decimal) else str(value))
    if isinstance(value, Decimal) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if len(text) <= 40 else text[:39] + "…"


def info_summary(info: CatalogInfo) -> dict[str, Any]:
    """The catalog in use, for machines."""
    return {
        "schema_version": 1,
        **snapshot_summary(info.snapshot),
        "currencies": dict(info.currencies),
        "models": dict(info.models),
        "earliest": str(info.earliest or "") or None,
        "latest": str(info.latest or "") or None,
    }


def info_told(info: CatalogInfo) -> str:
    """The catalog in use, for people."""
    prices = ", ".join(f"{count:,} in {code or 'no currency'}" for code, count in info.currencies.items())
    models = ", ".join(f"{count:,} {model}" for model, count in info.models.items())
    return (
        f"Catalog {info.snapshot.sha256[:12]}, loaded {info.snapshot.loaded} from {info.snapshot.source}\n"
        f"{_counts(info.snapshot)}\n"
        f"Prices: {prices}\n"
        f"Charge models: {models}\n"
        f"Validity: from {info.earliest or 'ever'} to {info.latest or 'open end'}\n"
    )


def accounts_told(snapshot: Snapshot) -> str:
    """An account list, for people."""
    keys = ", ".join(f"{snapshot.counts[name]:,} with {name.replace('_', ' ')}" for name in ACCOUNT_KEYS)
    return (
        f"Account list {snapshot.sha256[:12]}, loaded {snapshot.loaded} from {snapshot.source}\n"
        f"{_counts(snapshot)}: {keys}\n"
        f"{count_of(snapshot.counts['currency'], 'currency', 'currencies')}\n"
    )


def list_told(snapshots: list[Snapshot], used: Snapshot | None) -> str:
    """Every snapshot, for people: a line each, the one in use marked."""
    if not snapshots:
        return "None was loaded yet.\n"
    return "".join(
        f"{'*' if each == used else ' '} {each.sha256[:12]}  {each.loaded}  {_counts(each)}, from"
        f" {visible(each.source)}\n"
        for each in snapshots
    )


def list_summary(snapshots: list[Snapshot], used: Snapshot | None) -> list[dict[str, Any]]:
    """Every snapshot, for machines."""
    return [{**snapshot_summary(each), "in_use": each == used} for each in snapshots]

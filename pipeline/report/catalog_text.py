"""What `catalog load`, `search`, `list` and `info` say, and `accounts load`, `list` and `info`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.report.terminal import format_count, render_causes, replace_unprintable
from schemas.catalog import ACCOUNT_KEYS

if TYPE_CHECKING:
    from pipeline.catalog import CatalogInfo, Snapshot
    from pipeline.result import CatalogLoad

_COLUMNS = (
    ("sku", "SKU"),
    ("product_rate_plan_charge_id", "charge id"),
    ("charge_name", "charge name"),
    ("charge_model", "model"),
    ("list_price", "price"),
    ("currency", ""),
    ("effective_from", "from"),
    ("effective_to", "to"),
)


def export_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot for machines: its hash, its figures, and where it came from."""
    counts = {} if "charges" in snapshot.counts else {"accounts": snapshot.rows}
    return {
        "sha256": snapshot.sha256,
        **counts,
        **snapshot.counts,
        "source": snapshot.source,
        "loaded": snapshot.loaded,
    }


def export_load(load: CatalogLoad, kind: str = "catalog") -> dict[str, Any]:
    """The load for machines.

    Args:
        load: what became of it.
        kind: was loaded: `catalog` or `accounts`.
    """
    return {
        "schema_version": 1,
        "rows": load.rows,
        "duplicates": load.duplicates,
        kind: export_snapshot(load.snapshot) if load.snapshot else None,
        "issues": load.issues.drop(["invoice_ref", "rows"]).to_pylist(),
    }


def render_load(load: CatalogLoad, kind: str = "catalog") -> str:
    """The load for people.

    Args:
        load: what became of it.
        kind: was loaded: `catalog` or `account list`.
    """
    lines = []
    if load.snapshot:
        lines.append(
            f"Loaded {_describe_counts(load.snapshot)}; {kind} {load.snapshot.sha256[:12]} is in use."
        )
    else:
        lines.append(f"Nothing was loaded: the file has faults, and the {kind} in use stays.")
    if load.duplicates:
        lines.append(
            f"{format_count(load.duplicates, 'row repeats', 'rows repeat')} another exactly and"
            f" {'counts' if load.duplicates == 1 else 'count'} once."
        )
    if len(load.issues):
        lines += ["", *map(replace_unprintable, render_causes(load.issues))]
    return "\n".join(lines) + "\n"


def _describe_counts(snapshot: Snapshot) -> str:
    if "charges" not in snapshot.counts:
        return format_count(snapshot.rows, "account")
    charges, products = format_count(snapshot.charges, "charge"), format_count(snapshot.products, "product")
    return f"{charges} of {products} with {format_count(snapshot.prices, 'price')}"


def export_catalog_rows(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows of the catalog for machines: numbers and dates as text."""
    return [
        {name: value if value is None else str(value) for name, value in row.items()}
        for row in rows.to_pylist()
    ]


def render_catalog_rows(matches: pa.Table) -> str:
    """Rows of the catalog for people."""
    if not len(matches):
        return "Nothing in the catalog is like it.\n"
    rows = [[heading for _, heading in _COLUMNS]]
    rows += [
        ["" if row[name] is None else _shorten(row[name]) for name, _ in _COLUMNS]
        for row in matches.to_pylist()
    ]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_COLUMNS))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def _shorten(value: Any) -> str:
    text = replace_unprintable(f"{value:f}" if isinstance(value, Decimal) else str(value))
    if isinstance(value, Decimal) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if len(text) <= 40 else text[:39] + "…"


def export_catalog_info(info: CatalogInfo) -> dict[str, Any]:
    """The catalog in use, for machines."""
    return {
        "schema_version": 1,
        **export_snapshot(info.snapshot),
        "currencies": dict(info.currencies),
        "models": dict(info.models),
        "earliest": str(info.earliest or "") or None,
        "latest": str(info.latest or "") or None,
    }


def render_catalog_info(info: CatalogInfo) -> str:
    """The catalog in use, for people."""
    prices = ", ".join(f"{count:,} in {code or 'no currency'}" for code, count in info.currencies.items())
    models = ", ".join(f"{count:,} {model}" for model, count in info.models.items())
    return (
        f"Catalog {info.snapshot.sha256[:12]}, loaded {info.snapshot.loaded} from {info.snapshot.source}\n"
        f"{_describe_counts(info.snapshot)}\n"
        f"Prices: {prices}\n"
        f"Charge models: {models}\n"
        f"Validity: from {info.earliest or 'ever'} to {info.latest or 'open end'}\n"
    )


def render_account_list(snapshot: Snapshot) -> str:
    """An account list, for people."""
    keys = ", ".join(f"{snapshot.counts[name]:,} with {name.replace('_', ' ')}" for name in ACCOUNT_KEYS)
    return (
        f"Account list {snapshot.sha256[:12]}, loaded {snapshot.loaded} from {snapshot.source}\n"
        f"{_describe_counts(snapshot)}: {keys}\n"
        f"{format_count(snapshot.counts['currency'], 'currency', 'currencies')}\n"
    )


def render_snapshots(snapshots: list[Snapshot], current: Snapshot | None) -> str:
    """Every snapshot, for people: a line each, the one in use marked."""
    if not snapshots:
        return "None was loaded yet.\n"
    return "".join(
        f"{'*' if snapshot == current else ' '} {snapshot.sha256[:12]}  {snapshot.loaded}  {_describe_counts(snapshot)}, from"
        f" {replace_unprintable(snapshot.source)}\n"
        for snapshot in snapshots
    )


def export_snapshots(snapshots: list[Snapshot], current: Snapshot | None) -> list[dict[str, Any]]:
    """Every snapshot, for machines."""
    return [{**export_snapshot(snapshot), "in_use": snapshot == current} for snapshot in snapshots]

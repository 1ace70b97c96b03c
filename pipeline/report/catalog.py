"""What `catalog load`, `search` and `info` say."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.report.terminal import causes, count_of, visible

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


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "sha256": snapshot.sha256,
        "charges": snapshot.charges,
        "products": snapshot.products,
        "prices": snapshot.prices,
        "source": snapshot.source,
        "loaded": snapshot.loaded,
    }


def load_summary(load: CatalogLoad) -> dict[str, Any]:
    """The load for machines."""
    return {
        "schema_version": 1,
        "rows": load.rows,
        "duplicates": load.duplicates,
        "catalog": _snapshot(load.snapshot) if load.snapshot else None,
        "issues": load.issues.drop(["invoice_ref", "rows"]).to_pylist(),
    }


def load_told(load: CatalogLoad) -> str:
    """The load for people."""
    lines = []
    if load.snapshot:
        lines.append(f"Loaded {_counts(load.snapshot)}; catalog {load.snapshot.sha256[:12]} is in use.")
    else:
        lines.append("Nothing was loaded: the price list has faults, and the catalog in use stays.")
    if load.duplicates:
        lines.append(
            f"{count_of(load.duplicates, 'row repeats', 'rows repeat')} another exactly and"
            f" {'counts' if load.duplicates == 1 else 'count'} once."
        )
    if len(load.issues):
        lines += ["", *map(visible, causes(load.issues))]
    return "\n".join(lines) + "\n"


def _counts(snapshot: Snapshot) -> str:
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
        **_snapshot(info.snapshot),
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

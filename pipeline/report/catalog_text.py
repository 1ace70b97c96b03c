"""Catalogs and account lists as text and as JSON: what `load`, `search`, `list` and `info` show.

In: snapshots, and what was found in them.
Out: text in the language in use, or values for JSON.
Never: translates what is for machines.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.i18n import format_number, translate, translate_count
from pipeline.report.terminal import render_causes
from pipeline.report.text_layout import align_columns, format_count, replace_unprintable
from schemas.catalog import ACCOUNT_KEYS

if TYPE_CHECKING:
    from pipeline.catalog import CatalogInfo, Snapshot
    from pipeline.result import CatalogLoad

CATALOG_COLUMNS = (
    ("sku", "SKU"),
    ("product_rate_plan_charge_id", "charge id"),
    ("charge_name", "charge name"),
    ("charge_model", "model"),
    ("list_price", "price"),
    ("currency", ""),
    ("effective_from", "from"),
    ("effective_to", "to"),
)
ACCOUNT_KEY_NAMES = {name: name.replace("_", " ") for name in ACCOUNT_KEYS}


def export_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot for machines: its hash, its figures, and where it came from."""
    counts = {} if "charges" in snapshot.counts else {"accounts": snapshot.rows}
    return {
        "sha256": snapshot.sha256,
        **counts,
        **snapshot.counts,
        "source": snapshot.source,
        "loaded": snapshot.loaded,
    }


def export_load(load: CatalogLoad, kind: str = "catalog") -> dict[str, Any]:
    """Return a load for machines.

    Args:
        load: the result of loading.
        kind: what was loaded: `catalog` or `accounts`.
    """
    return {
        "schema_version": 1,
        "rows": load.rows,
        "duplicates": load.duplicates,
        kind: export_snapshot(load.snapshot) if load.snapshot else None,
        "issues": load.issues.drop(["invoice_ref", "rows"]).to_pylist(),
    }


def render_load(load: CatalogLoad, kind: str = "catalog") -> str:
    """Return a load for people.

    Args:
        load: the result of loading.
        kind: what was loaded: `catalog` or `account list`.
    """
    lines = []
    if load.snapshot:
        counts, name = _describe_counts(load.snapshot), load.snapshot.sha256[:12]
        lines.append(
            translate(
                "Loaded {counts}; {kind} {name} is in use.", counts=counts, kind=translate(kind), name=name
            )
        )
    else:
        lines.append(
            translate(
                "Nothing was loaded: the file has faults, and the {kind} in use stays.", kind=translate(kind)
            )
        )
    if load.duplicates:
        lines.append(
            translate_count(
                load.duplicates,
                "{count} row repeats another exactly and counts once.",
                "{count} rows repeat another exactly and count once.",
            )
        )
    if len(load.issues):
        lines += ["", *map(replace_unprintable, render_causes(load.issues))]
    return "\n".join(lines) + "\n"


def _describe_counts(snapshot: Snapshot) -> str:
    if "charges" not in snapshot.counts:
        return format_count(snapshot.rows, "account")
    charges, products = format_count(snapshot.charges, "charge"), format_count(snapshot.products, "product")
    return translate(
        "{charges} of {products} with {prices}",
        charges=charges,
        products=products,
        prices=format_count(snapshot.prices, "price"),
    )


def export_catalog_rows(rows: pa.Table) -> list[dict[str, Any]]:
    """Return rows of the catalog for machines: numbers and dates as text."""
    return [_export_row(row) for row in rows.to_pylist()]


def _export_row(row: dict[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in row.items()}


def render_catalog_rows(matches: pa.Table) -> str:
    """Return rows of the catalog for people, as a table."""
    if not len(matches):
        return translate("Nothing in the catalog is like it.") + "\n"
    rows = [[translate(heading) for _, heading in CATALOG_COLUMNS]]
    return align_columns([*rows, *map(_make_row, matches.to_pylist())])


def _make_row(match: dict[str, Any]) -> list[str]:
    return [_shorten(match[name]) for name, _ in CATALOG_COLUMNS]


def _shorten(value: Any) -> str:
    """Return a value as a cell of at most 40 characters; blank for None."""
    if value is None:
        return ""
    text = replace_unprintable(f"{value:f}" if isinstance(value, Decimal) else str(value))
    if isinstance(value, Decimal) and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if len(text) <= 40 else text[:39] + "…"


def export_catalog_info(info: CatalogInfo) -> dict[str, Any]:
    """Return the catalog in use for machines."""
    return {
        "schema_version": 1,
        **export_snapshot(info.snapshot),
        "currencies": dict(info.currencies),
        "models": dict(info.models),
        "earliest": str(info.earliest or "") or None,
        "latest": str(info.latest or "") or None,
    }


def render_catalog_info(info: CatalogInfo) -> str:
    """Return the catalog in use for people."""
    prices = [
        translate(
            "{count} in {currency}", count=format_number(count), currency=code or translate("no currency")
        )
        for code, count in info.currencies.items()
    ]
    models = [f"{format_number(count)} {model}" for model, count in info.models.items()]
    lines = [
        _describe_origin(info.snapshot, translate("Catalog")),
        _describe_counts(info.snapshot),
        translate("Prices: {prices}", prices=", ".join(prices)),
        translate("Charge models: {models}", models=", ".join(models)),
        translate(
            "Validity: from {first} to {last}",
            first=str(info.earliest or translate("ever")),
            last=str(info.latest or translate("open end")),
        ),
    ]
    return "\n".join(lines) + "\n"


def _describe_origin(snapshot: Snapshot, kind: str) -> str:
    return translate(
        "{kind} {name}, loaded {loaded} from {source}",
        kind=kind,
        name=snapshot.sha256[:12],
        loaded=str(snapshot.loaded),
        source=snapshot.source,
    )


def render_account_list(snapshot: Snapshot) -> str:
    """Return an account list for people."""
    keys = [
        translate("{count} with {key}", count=format_number(snapshot.counts[name]), key=translate(key))
        for name, key in ACCOUNT_KEY_NAMES.items()
    ]
    lines = [
        _describe_origin(snapshot, translate("Account list")),
        f"{_describe_counts(snapshot)}: {', '.join(keys)}",
        format_count(snapshot.counts["currency"], "currency", "currencies"),
    ]
    return "\n".join(lines) + "\n"


def render_snapshots(snapshots: list[Snapshot], current: Snapshot | None) -> str:
    """Return every snapshot for people: a line for each, the one in use marked."""
    if not snapshots:
        return translate("None was loaded yet.") + "\n"
    lines = []
    for snapshot in snapshots:
        content = translate(
            "{counts}, from {source}",
            counts=_describe_counts(snapshot),
            source=replace_unprintable(snapshot.source),
        )
        mark = "*" if snapshot == current else " "
        lines.append(f"{mark} {snapshot.sha256[:12]}  {snapshot.loaded}  {content}\n")
    return "".join(lines)


def export_snapshots(snapshots: list[Snapshot], current: Snapshot | None) -> list[dict[str, Any]]:
    """Return every snapshot for machines."""
    return [{**export_snapshot(snapshot), "in_use": snapshot == current} for snapshot in snapshots]

"""What tests hand in: invoices and items as rows of cells, in real files, judged by the public interface."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pipeline
from pipeline.flow import CatalogLoad, load_accounts, load_catalog
from pipeline.model.valid import ValidSheets
from pipeline.result import Result

Row = Mapping[str, Any]
SHARED = "SHARED_DATA"


class Desk:
    """A workspace, and the files that somebody hands in; every invoice and item is sound until told else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self._handed_in = 0

    def invoice(self, ref: str = "R1", **cells: Any) -> dict[str, Any]:
        """A sound invoice; cells go over it, None leaves a column out."""
        sound = {"invoice_ref": ref, "account_number": "A1", "invoice_date": "2026-11-30", "currency": "EUR"}
        return {name: cell for name, cell in (sound | cells).items() if cell is not None}

    def item(self, ref: str = "R1", **cells: Any) -> dict[str, Any]:
        """A sound item without a product; cells go over it, None leaves a column out."""
        sound = {
            "invoice_ref": ref,
            "charge_name": "Day",
            "amount": "10.00",
            "service_start_date": "2026-11-01",
        }
        return {name: cell for name, cell in (sound | cells).items() if cell is not None}

    def sku(self, catalog_sku: str, ref: str = "R1", **cells: Any) -> dict[str, Any]:
        """An item that looks a product up."""
        return self.item(ref, **{"charge_name": None, "catalog_sku": catalog_sku} | cells)

    def charge(self, sku: str, charge: str, **cells: Any) -> dict[str, Any]:
        """A row of a price list."""
        row = {"sku": sku, "product_rate_plan_charge_id": charge, "charge_model": "Per Unit"}
        return row | {"list_price": "450", "currency": "EUR"} | cells

    def settings(self, text: str) -> None:
        """The workspace's settings."""
        self.workspace.mkdir(exist_ok=True)
        (self.workspace / "settings.toml").write_text(text, encoding="utf-8")

    def catalog(self, *rows: Row) -> CatalogLoad:
        """Load a price list."""
        return load_catalog(self.csv("products", rows), workspace=self.workspace)

    def accounts(self, *rows: Row) -> CatalogLoad:
        """Load an account list."""
        return load_accounts(self.csv("accounts", rows), workspace=self.workspace)

    def csv(self, name: str, rows: Iterable[Row]) -> Path:
        """Rows as a CSV file; blank where a row has no such cell."""
        rows = list(rows)
        headers = list(dict.fromkeys(header for row in rows for header in row))
        path = self.folder / f"{name}-{self._handed_in}.csv"
        self._handed_in += 1
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, headers, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def pair(self, invoices: Iterable[Row], items: Iterable[Row]) -> list[Path]:
        """A pair of CSV files."""
        return [self.csv("invoices", invoices), self.csv("items", items)]

    def workbook(self, invoices: Iterable[Row], items: Iterable[Row]) -> Path:
        """A workbook; texts that start with = are formulas without a value, those like #N/A are errors."""
        from openpyxl import Workbook

        book = Workbook()
        book.remove(book.active)
        for title, rows in (("Invoices", list(invoices)), ("Items", list(items))):
            page = book.create_sheet(title)
            headers = list(dict.fromkeys(header for row in rows for header in row))
            page.append(headers)
            for row in rows:
                page.append([row.get(header) for header in headers])
        path = self.folder / f"book-{self._handed_in}.xlsx"
        self._handed_in += 1
        book.save(path)
        return path

    def check(self, invoices: Iterable[Row], items: Iterable[Row], **flags: Any) -> Result:
        """Check a pair."""
        return pipeline.check(*self.pair(invoices, items), workspace=self.workspace, **flags)

    def tree(self, **sheets: Iterable[Row]) -> list[Path]:
        """A CSV file for each table: `invoices`, `items`, `discounts`, ..."""
        return [self.csv(name, rows) for name, rows in sheets.items()]

    def check_tree(self, sheets: Mapping[str, Iterable[Row]], **flags: Any) -> Result:
        """Check a CSV file for each table."""
        return pipeline.check(*self.tree(**sheets), workspace=self.workspace, **flags)

    def checked(self, *files: Path, **flags: Any) -> Result:
        """Check files as they are."""
        return pipeline.check(*files, workspace=self.workspace, **flags)

    def check_book(self, invoices: Iterable[Row], items: Iterable[Row], **flags: Any) -> Result:
        """Check a workbook."""
        return pipeline.check(self.workbook(invoices, items), workspace=self.workspace, **flags)

    def run(self, invoices: Iterable[Row], items: Iterable[Row], **flags: Any) -> Result:
        """Run a pair."""
        return pipeline.run(*self.pair(invoices, items), workspace=self.workspace, **flags)

    def valid(self, invoices: Iterable[Row], items: Iterable[Row], **flags: Any) -> ValidSheets:
        """The typed sheets of a pair."""
        return self.check(invoices, items, **flags).assessment.sheets.valid

    @staticmethod
    def told(result: Result) -> list[tuple[str, str, int]]:
        """Code, column and row of every issue."""
        frame = result.issues
        return list(zip(frame["code"], frame["column"], frame["row"], strict=True))

    @staticmethod
    def codes(result: Result) -> list[str]:
        """The codes of every issue, sorted."""
        return sorted(result.issues["code"])

    def payloads(self, result: Result) -> list[Any]:
        """The bodies that a check or run would send, numbers as Decimal."""
        requests = result.assessment.target.build_requests(
            result.assessment.batches, result.assessment.settings
        )
        return [json.loads(request.body, parse_float=Decimal, parse_int=Decimal) for request in requests]

    def sent(self, result: Result) -> list[Any]:
        """The invoices of all requests, in order."""
        return [invoice for body in self.payloads(result) for invoice in body["invoices"]]

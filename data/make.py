"""Write the sample in this folder: a price list, a workbook with the faults people make, and a sound CSV pair.

Run it with `python data/make.py` after a change; `tests/test_sample.py` holds what the sample must show.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent

PRODUCTS = """\
product_id,product_name,sku,product_rate_plan_charge_id,charge_name,uom,list_price,currency,charge_model,tax_code,tax_mode,accounting_code,deferred_revenue_accounting_code,recognized_revenue_accounting_code,effective_from,effective_to
P-100,Support,SUP-100,402890555a87d7f5015a88c613c50001,Support per month,month,450.00,EUR,Flat Fee,STD,TaxExclusive,4000,2400,4000,2025-01-01,
P-100,Support,SUP-100,402890555a87d7f5015a88c613c50001,Support per month,month,70000,JPY,Flat Fee,STD,TaxExclusive,4000,2400,4000,2025-01-01,
P-200,Consulting,CON-200,402890555a87d7f5015a88c613c50002,Consulting day,day,1200.00,EUR,Per Unit,STD,TaxExclusive,4010,,4010,2025-01-01,
P-300,Training,TRN-300,402890555a87d7f5015a88c613c50003,Training seat,seat,333.33,EUR,Per Unit,RED,TaxExclusive,4020,,4020,2025-01-01,2025-12-31
P-400,Storage,STO-400,402890555a87d7f5015a88c613c50004,Storage per GB,GB,0.02,EUR,Tiered Pricing,STD,TaxExclusive,4030,,4030,2025-01-01,
P-500,Cable,CAB-500,402890555a87d7f5015a88c613c50005,Cable 1 m,piece,3.50,EUR,Per Unit,STD,TaxExclusive,4040,,4040,2025-01-01,
P-500,Cable,CAB-500,402890555a87d7f5015a88c613c50006,Cable 5 m,piece,9.90,EUR,Per Unit,STD,TaxExclusive,4040,,4040,2025-01-01,
"""

INVOICES: list[list[Any]] = [
    [
        "Invoice reference *",
        "Account number",
        "Invoice date *",
        "Due date",
        "Currency",
        "Comments",
        "# Region",
    ],
    ["EXAMPLE", "A00000123", date(2026, 11, 30), date(2026, 12, 30), "EUR", "This row is ignored", None],
    ["2026-1001", "A00000101", date(2026, 11, 2), date(2026, 12, 2), "EUR", "Thank you", "North"],
    ["2026-1002", "A00000102", date(2026, 11, 2), date(2026, 12, 2), "EUR", None, "North"],
    ["2026-1003", "00123", date(2026, 11, 3), None, "JPY", None, "East"],
    ["2026-1004", "A00000104", date(2026, 11, 3), date(2026, 12, 3), "EUR", None, "South"],
    ["2026-1005", None, date(2026, 11, 4), date(2026, 12, 4), "EUR", "No account", "South"],
    ["2026-1006", "A00000106", "03/04/2026", date(2026, 12, 4), "EUR", "Date as text", "West"],
    ["2026-1007", "A00000107", date(2026, 11, 5), date(2026, 10, 5), "EUR", "Due too early", "West"],
    ["2026-1008", "A00000108", date(2026, 11, 5), None, "EURO", "No such currency", "West"],
    ["2026-1009", "A00000109", date(2026, 11, 6), None, "EUR", None, "North"],
    ["2026-1009", "A00000110", date(2026, 11, 6), None, "EUR", "Same reference again", "North"],
    ["2026-1011", "A00000111", date(2026, 11, 9), None, "EUR", None, "East"],
    ["2026-1012", "A00000112", date(2026, 11, 9), None, "EUR", "Products that cannot be billed", "East"],
    ["2026-1013", "A00000113", date(2026, 11, 10), None, "EUR", "A credit", "East"],
    ["2026-1014", "A00000114", date(2026, 11, 10), None, "EUR", "No items", "East"],
    ["2026-1015", "A00000115", date(2026, 11, 10), None, "EUR", None, "North"],
    [],
    ["# checked by M. on 12 November"],
]

ITEMS: list[list[Any]] = [
    [
        "Invoice reference *", "Item number", "Catalog SKU", "Charge name", "Description", "Quantity",
        "Unit price", "Amount", "Service start date *", "Service end date", "Tax code",
    ],
    ["EXAMPLE", "1", "SUP-100", None, "This row is ignored", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), None],
    ["2026-1001", "1", "SUP-100", None, "Support in November", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), None],
    ["2026-1001", "2", "CON-200", None, "Workshop", 2.5, 1200, 3000, date(2026, 11, 12), None, None],
    ["2026-1002", "1", "SUP-100 ", None, "Support in November", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), "RED"],
    ["2026-1002", "2", None, "Travel", "Train to Lyon", 1, 189.9, 189.9, date(2026, 11, 12), None, None],
    ["2026-1003", "1", "SUP-100", None, "Support in November", 1, 70000, 70000, date(2026, 11, 1), date(2026, 11, 30), None],
    ["2026-1004", "1", "CON-200", None, "Half a day", 0.5, 1200, None, date(2026, 11, 16), None, None],
    ["2026-1005", "1", "SUP-100", None, "Support in November", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), None],
    ["2026-1006", "1", "SUP-100", None, "Support in April", 1, 450, 450, date(2026, 4, 1), date(2026, 4, 30), None],
    ["2026-1007", "1", "SUP-100", None, "Support in November", 1, 450, 450, date(2026, 11, 30), date(2026, 11, 1), None],
    ["2026-1008", "1", None, "Travel", "Flight", 1, 412.5, 412.5, date(2026, 11, 5), None, None],
    ["2026-1009", "1", "SUP-100", None, "Support in November", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), None],
    ["2026-1011", "1", "CON-200", None, "Amount is not 3 x 1200", 3, 1200, 3900, date(2026, 11, 9), None, None],
    ["2026-1011", "2", None, "Travel", "Written with a comma", 1, None, "1,234.50", date(2026, 11, 9), None, None],
    ["2026-1011", "3", None, "Hotel", "Looks like 99.99", None, None, 99.994, date(2026, 11, 9), None, None],
    ["2026-1011", "4", None, "Taxi", "Look-up failed", None, None, "#N/A", date(2026, 11, 9), None, None],
    ["2026-1011", "5", None, "Lunch", "Formula never calculated", None, None, "=SUM(H3:H4)", date(2026, 11, 9), None, None],
    ["2026-1012", "1", "SUP-10O", None, "Letter O for a zero", 1, 450, 450, date(2026, 11, 1), None, None],
    ["2026-1012", "2", "TRN-300", None, "Sold until 2025", 1, 333.33, 333.33, date(2026, 11, 2), None, None],
    ["2026-1012", "3", "STO-400", None, "Tiered", 500, 0.02, 10, date(2026, 11, 1), None, None],
    ["2026-1012", "4", "CAB-500", None, "Which cable?", 2, 3.5, 7, date(2026, 11, 3), None, None],
    ["2026-1013", "1", "SUP-100", None, "Credit for October", 1, -450, -450, date(2026, 10, 1), date(2026, 10, 31), None],
    ["2026-1015", "1", None, "Cleaning \U0001f9f9", "A character Zuora cannot store", 1, 80, 80, date(2026, 11, 10), None, None],
    ["2026-1099", "1", "SUP-100", None, "No such invoice", 1, 450, 450, date(2026, 11, 1), date(2026, 11, 30), None],
    [],
    ["Total", None, None, None, None, None, None, 14000],
]  # fmt: skip

SOUND = ("2026-1001", "2026-1002", "2026-1003", "2026-1004")


ACCOUNTS = """\
account_number,customer_id,customer_external_id,name,currency
C-100,0f8fad5b-d9cb-469f-a165-70867728950e,globex,Globex Ltd,EUR
C-200,7c9e6679-7425-40de-944b-e07fc1f90ae7,initech,Initech KK,JPY
C-300,,,Hooli GmbH,EUR
"""

ONE_OFF_INVOICES: list[list[Any]] = [
    ["Invoice reference *", "Account number", "Customer id", "Customer external id", "Currency", "Due date", "Billing entity id"],
    ["2026-2001", "C-100", None, None, None, date(2026, 12, 31), None],
    ["2026-2002", None, None, "initech", None, None, None],
    ["2026-2003", None, "0f8fad5b-d9cb-469f-a165-70867728950e", None, "EUR", date(2026, 12, 15), "550e8400-e29b-41d4-a716-446655440000"],
    ["2026-2004", "C-300", None, None, None, None, None],
    ["2026-2005", None, None, "globbex", "EUR", None, None],
    ["2026-2006", "C-100", None, None, None, None, None],
]  # fmt: skip

ONE_OFF_ITEMS: list[list[Any]] = [
    ["Invoice reference *", "Item number", "Description *", "Quantity *", "Unit price *", "Amount", "Metric code"],
    ["2026-2001", "1", "Set-up of the “north” site", 1, 1200, 1200, None],
    ["2026-2001", "2", "API calls in November", 1500, 0.004, 6, "api_calls"],
    ["2026-2002", "1", "Workshop 🛠", 2, 45000, None, None],
    ["2026-2003", "1", "Travel", 1, 189.9, 189.9, None],
    ["2026-2004", "1", "Support", 1, 450, 450, None],
    ["2026-2005", "1", "Support", 1, 450, 450, None],
    ["2026-2006", "1", "Amount is not 3 x 1200", 3, 1200, 3900, None],
]  # fmt: skip


_DRAFTS = [f"8ad09be48db5aba7018db604776d48{number}" for number in range(50, 60)]
_LINES = [f"8ad097b4909708e001909b41bb085d{number}" for number in range(30, 50)]

CHANGES: dict[str, list[list[Any]]] = {
    "Invoices": [
        ["Change reference *", "Draft invoice *", "Currency", "Comments", "Invoice date", "Due date"],
        ["2026-11-A", _DRAFTS[0], "EUR", None, None, None],
        ["2026-11-B", _DRAFTS[1], "EUR", "Payable by the end of the year", None, date(2026, 12, 31)],
        ["2026-11-C", _DRAFTS[2], "EUR", "Both dates at once", date(2026, 11, 30), date(2026, 12, 30)],
        ["2026-11-D", _DRAFTS[3], "EUR", None, None, None],
        ["2026-11-E", _DRAFTS[4], "EUR", None, None, None],
        ["2026-11-F", "INV00000034", "EUR", "A number, where only an id is taken", None, None],
    ],
    "Items": [
        [
            "Change reference *", "Action *", "Item id", "Catalog SKU", "Charge name", "Description", "Quantity",
            "Unit price", "Amount", "Service start date",
        ],
        ["2026-11-A", "Add", None, None, "Travel", "Train to the north site", 1, 189.9, 189.9, date(2026, 11, 12)],
        ["2026-11-A", "Add", None, "SUP-100", None, None, None, None, 450, date(2026, 11, 1)],
        ["2026-11-A", "Change", _LINES[0], None, None, "Support in November", None, None, None, None],
        ["2026-11-A", "Change", _LINES[1], None, None, None, 3, 1200, 3600, None],
        ["2026-11-A", "Delete", _LINES[2], None, None, None, None, None, None, None],
        ["2026-11-D", "Change", _LINES[3], None, None, "Changed, and deleted below", None, None, None, None],
        ["2026-11-D", "Delete", _LINES[3], None, None, None, None, None, None, None],
        ["2026-11-E", "Change", _LINES[4], None, None, None, 4, None, None, None],
    ],
}  # fmt: skip
"""Changes to draft invoices: A and B are sound."""

HANGING: dict[str, list[list[Any]]] = {
    "Invoices": [
        [
            "Invoice reference *", "Account number", "Invoice date *", "Due date", "Currency",
            "Bill-to contact id",
        ],
        ["2026-3001", "A00000301", date(2026, 11, 30), date(2026, 12, 30), "EUR", None],
        ["2026-3002", "A00000302", date(2026, 11, 30), None, "JPY", None],
        ["2026-3003", "A00000303", date(2026, 11, 30), None, "EUR", None],
        ["2026-3004", "A00000304", date(2026, 11, 30), None, "EUR", None],
        ["2026-3005", "A00000305", date(2026, 11, 30), None, "EUR", "2c92c8f95bd63b98015bd7ab09ef0926"],
        ["2026-3006", "A00000306", date(2026, 11, 30), None, "EUR", None],
    ],
    "Items": [
        [
            "Invoice reference *", "Item number", "Charge name", "Quantity", "Unit price", "Amount",
            "Service start date *", "Tax code",
        ],
        ["2026-3001", "1", "Consulting", 2, 1200, 2400, date(2026, 11, 2), None],
        ["2026-3001", "2", "Travel", 1, 189.9, 189.9, date(2026, 11, 2), None],
        ["2026-3002", "1", "Licence", 1, 70000, 70000, date(2026, 11, 1), None],
        ["2026-3003", "1", "Consulting", 1, 1200, 1200, date(2026, 11, 3), None],
        ["2026-3004", "1", "Consulting", 1, 1200, 1200, date(2026, 11, 4), None],
        ["2026-3005", "1", "Consulting", 1, 1200, 1200, date(2026, 11, 5), None],
        ["2026-3006", "1", "Consulting", 1, 1200, 1200, date(2026, 11, 6), "STD"],
    ],
    "Discounts": [
        ["Invoice reference *", "Item number *", "Discount number", "Discount amount *", "Discount name"],
        ["2026-3001", "1", "a", -240, "Ten per cent for loyalty"],
        ["2026-3002", "1", None, -7000, "First year"],
        ["2026-3999", "1", None, -10, "Of an invoice that is not there"],
    ],
    "Taxes": [
        [
            "Invoice reference *", "Item number *", "Discount number", "Tax name *", "Tax amount *", "Tax rate *",
            "Tax rate type *", "Tax date *", "Tax code *", "Tax mode *", "Jurisdiction",
        ],
        ["2026-3001", "1", None, "VAT", 456, 0.19, "Percentage", date(2026, 11, 30), "STD", "TaxExclusive", "Germany"],
        ["2026-3001", "1", "a", "VAT", -45.6, 0.19, "Percentage", date(2026, 11, 30), "STD", "TaxExclusive", "Germany"],
        ["2026-3001", "2", None, "VAT", 36.08, 0.19, "Percentage", date(2026, 11, 30), "STD", "TaxExclusive", None],
        ["2026-3003", "7", None, "VAT", 228, 0.19, "Percentage", date(2026, 11, 30), "STD", "TaxExclusive", None],
        ["2026-3006", "1", None, "VAT", 228, 0.19, "Percentage", date(2026, 11, 30), "STD", "TaxExclusive", None],
    ],
    "Rates": [
        ["Invoice reference *", "Rate currency *", "Exchange rate *", "Rate date"],
        ["2026-3001", "USD", 1.0845, date(2026, 11, 30)],
        ["2026-3001", "GBP", 0.8312, date(2026, 11, 30)],
        ["2026-3004", "USD", 1.0845, None],
        ["2026-3004", "GBP", 0.8312, None],
        ["2026-3004", "CHF", 0.9377, None],
    ],
    "Contacts": [
        ["Invoice reference *", "Contact role *", "First name *", "Last name *", "Address line 1", "City", "Postal code"],
        ["2026-3001", "Ship-to", "Ada", "Byron", "1 Main Street", "London", "N1 9GU"],
        ["2026-3005", "Bill-to", "Charles", "Babbage", None, "London", None],
    ],
}  # fmt: skip
"""Taxes, discounts, exchange rates and contacts in sheets of their own: 3001 and 3002 are sound."""


def workbook(
    invoices: list[list[Any]] = INVOICES, items: list[list[Any]] = ITEMS, **child_sheets: list[list[Any]]
) -> Workbook:
    """A workbook with faults."""
    book = Workbook()
    sheets = {"Invoices": invoices, "Items": items} | child_sheets
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        _format_sheet(sheet)
    book.remove(book.worksheets[0])
    return book


def _format_sheet(sheet: Worksheet) -> None:
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = 22
    sheet.freeze_panes = "A2"
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            if isinstance(cell.value, date):
                cell.number_format = "yyyy-mm-dd"
            elif cell.value == "#N/A":
                cell.data_type = "e"


def _write_csv_pair(folder: Path) -> None:
    """The sound invoices of the workbook, as a pair of CSV files headed by field names."""
    folder.mkdir(exist_ok=True)
    headers = {
        "invoices": ["invoice_ref", "account_number", "invoice_date", "due_date", "currency", "comments"],
        "items": [
            "invoice_ref", "item_no", "catalog_sku", "charge_name", "description", "quantity", "unit_price",
            "amount", "service_start_date", "service_end_date",
        ],
    }  # fmt: skip
    for name, rows in (("invoices", INVOICES), ("items", ITEMS)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(headers[name])
            for row in rows:
                if row and row[0] in SOUND:
                    cells = row[: len(headers[name])]
                    writer.writerow(["" if cell is None else str(cell).strip() for cell in cells])


if __name__ == "__main__":
    (HERE / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    workbook().save(HERE / "invoices.xlsx")
    _write_csv_pair(HERE / "pair")
    (HERE / "one_off").mkdir(exist_ok=True)
    (HERE / "one_off" / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    workbook(ONE_OFF_INVOICES, ONE_OFF_ITEMS).save(HERE / "one_off" / "invoices.xlsx")
    for name, sheets in (("drafts", CHANGES), ("hanging", HANGING)):
        (HERE / name).mkdir(exist_ok=True)
        first, second, *child_sheets = sheets.items()
        workbook(first[1], second[1], **dict(child_sheets)).save(HERE / name / "invoices.xlsx")

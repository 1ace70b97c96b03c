"""Where a list may come from: CSV, workbook, Parquet, and the saved answers of a billing API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import invoice_import, one_sentence
from support.desk import Desk

import pipeline
from pipeline.errors import SourceError, UsageError
from pipeline.flow import CatalogLoad, load_accounts, load_catalog
from pipeline.flow.reference_data import search_catalog
from pipeline.targets import read_saved_list

DAY = "402890555a87d7f5015a88c613c5001e"
HOUR = "402890555a87d7f5015a88c613c5001f"
ROWS: tuple[dict[str, Any], ...] = (
    {
        "product_id": "P1", "product_name": "Support", "sku": "SUP-1", "product_rate_plan_charge_id": DAY,
        "charge_name": "Day", "uom": "Day", "list_price": "450.5", "currency": "EUR",
        "charge_model": "Per Unit", "tax_code": "VAT", "tax_mode": "TaxExclusive", "accounting_code": "4000",
        "deferred_revenue_accounting_code": "2400", "recognized_revenue_accounting_code": "4001",
        "effective_from": "2026-01-01", "effective_to": "2026-12-31",
    },
    {
        "product_id": "P1", "product_name": "Support", "sku": "SUP-1", "product_rate_plan_charge_id": DAY,
        "charge_name": "Day", "uom": "Day", "list_price": "490", "currency": "USD",
        "charge_model": "Per Unit", "tax_code": "VAT", "tax_mode": "TaxExclusive", "accounting_code": "4000",
        "deferred_revenue_accounting_code": "2400", "recognized_revenue_accounting_code": "4001",
        "effective_from": "2026-01-01", "effective_to": "2026-12-31",
    },
    {
        "product_id": "P2", "product_name": "Hosting", "sku": "HOST", "product_rate_plan_charge_id": HOUR,
        "charge_name": "Hour", "charge_model": "Flat Fee",
    },
)  # fmt: skip
"""A price list as a sheet has it."""


def prices(spelt: str = "price") -> list[dict[str, Any]]:
    return [{"currency": "EUR", spelt: 450.5, "tiers": None}, {"currency": "USD", spelt: 490, "tiers": None}]


def nested(further: str | None = None) -> dict[str, Any]:
    """The same list as the older catalog API answers it."""
    day = {
        "id": DAY, "name": "Day", "uom": "Day", "type": "OneTime", "model": "PerUnit", "pricing": prices(),
        "taxCode": "VAT", "taxMode": "TaxExclusive", "taxable": True,
        "financeInformation": {
            "accountingCode": "4000", "deferredRevenueAccountingCode": "2400",
            "recognizedRevenueAccountingCode": "4001",
        },
    }  # fmt: skip
    hour = {"id": HOUR, "name": "Hour", "uom": "", "model": "FlatFee", "pricing": [], "taxCode": None}
    support = {
        "id": "P1", "sku": "SUP-1", "name": "Support", "effectiveStartDate": "2026-01-01",
        "effectiveEndDate": "2030-12-31",
        "productRatePlans": [
            {"id": "L1", "effectiveStartDate": "2020-01-01", "effectiveEndDate": "2026-12-31",
             "productRatePlanCharges": [day]}
        ],
    }  # fmt: skip
    hosting = {
        "id": "P2", "sku": "HOST", "name": "Hosting",
        "productRatePlans": [{"id": "L2", "productRatePlanCharges": [hour]}],
    }  # fmt: skip
    answer: dict[str, Any] = {"products": [support, hosting], "success": True}
    return answer | ({"nextPage": further} if further else {})


def queried() -> list[dict[str, Any]]:
    """The same list as three object queries answer it, keys spelt as they come."""
    charges = [
        {
            "id": DAY, "name": "Day", "uOM": "Day", "chargeModel": "Per Unit Pricing", "productRatePlanId": "L1",
            "taxCode": "VAT", "taxMode": "TaxExclusive", "accountingCode": "4000",
            "deferredRevenueAccount": "2400", "recognizedRevenueAccount": "4001",
            "productRatePlanChargeTiers": [*prices(), {"currency": "USD", "price": 1, "active": False}],
        },
        {"id": HOUR, "name": "Hour", "uOM": None, "chargeModel": "Flat Fee Pricing", "productRatePlanId": "L2"},
    ]  # fmt: skip
    plans = [
        {"id": "L1", "productId": "P1", "effectiveStartDate": "2026-01-01", "effectiveEndDate": "2026-12-31"},
        {"id": "L2", "productId": "P2"},
    ]
    products = [
        {"id": "P1", "sKU": "SUP-1", "name": "Support"},
        {"id": "P2", "sKU": "HOST", "name": "Hosting"},
    ]
    return [{"data": charges}, {"data": plans}, {"data": products}]


def saved(folder: Path, *answers: Any) -> list[Path]:
    files = []
    for number, answer in enumerate(answers, 1):
        files.append(folder / f"page{number}.json")
        files[-1].write_text(answer if isinstance(answer, str) else json.dumps(answer), "utf-8")
    return files


def parquet(folder: Path, rows: Sequence[dict[str, Any]], **types: pa.DataType) -> Path:
    """Rows as typed as a warehouse has them."""
    typed = [
        row
        | {name: Decimal(row[name]) for name in ("list_price",) if name in row}
        | {
            column: date.fromisoformat(row[column])
            for column in ("effective_from", "effective_to")
            if column in row
        }
        for row in rows
    ]
    path = folder / "products.parquet"
    table = pa.Table.from_pylist(typed)
    for name, kind in types.items():
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    pq.write_table(table, path)
    return path


def sound(load: CatalogLoad) -> str:
    assert load.issues.to_pylist() == []
    assert load.snapshot is not None
    return load.snapshot.sha256


def messages(load: CatalogLoad) -> list[tuple[str, str, int, str]]:
    assert load.snapshot is None
    return [
        (issue["code"], issue["file"], issue["row"], issue["message"]) for issue in load.issues.to_pylist()
    ]


class TestOneList:
    """The same list is the same snapshot, wherever it comes from."""

    @pytest.fixture
    def sha256(self, desk: Desk) -> str:
        return sound(desk.catalog(*ROWS))

    def test_a_parquet_file(self, desk: Desk, sha256: str) -> None:
        assert sound(load_catalog(parquet(desk.folder, ROWS), workspace=desk.workspace)) == sha256

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("list_price", pa.decimal256(50, 18)), ("list_price", pa.float64()),
            ("sku", pa.large_string()), ("sku", pa.dictionary(pa.int8(), pa.string())),
            ("effective_from", pa.timestamp("ns")), ("effective_to", pa.timestamp("s", "UTC")),
        ],
    )  # fmt: skip
    def test_parquet_of_any_plain_type(self, desk: Desk, sha256: str, name: str, kind: pa.DataType) -> None:
        file = parquet(desk.folder, ROWS, **{name: kind})
        assert sound(load_catalog(file, workspace=desk.workspace)) == sha256

    def test_the_answer_of_the_older_api(self, desk: Desk, sha256: str) -> None:
        assert sound(load_catalog(*saved(desk.folder, nested()), workspace=desk.workspace)) == sha256

    def test_object_queries_in_any_order(self, desk: Desk, sha256: str) -> None:
        for answers in (queried(), queried()[::-1]):
            files = saved(desk.folder, *answers)
            assert sound(load_catalog(*files, workspace=desk.workspace)) == sha256

    def test_no_setting_says_how_an_api_writes_a_number(self, desk: Desk, sha256: str) -> None:
        desk.settings('decimal = "comma"\ndate_format = "dd/mm/yyyy"\n')
        assert sound(load_catalog(*saved(desk.folder, nested()), workspace=desk.workspace)) == sha256
        assert sound(load_catalog(parquet(desk.folder, ROWS), workspace=desk.workspace)) == sha256

    def test_several_files_are_one_list(self, desk: Desk, sha256: str) -> None:
        files = [desk.csv("one", ROWS[:2]), desk.csv("two", ROWS[2:])]
        load = load_catalog(*files, workspace=desk.workspace)
        assert sound(load) == sha256
        first = load_catalog(files[0], workspace=desk.workspace)
        assert sound(first) != sha256
        snapshot = load_catalog(*files, workspace=desk.folder / "other").snapshot
        assert snapshot is not None
        assert snapshot.source == f"{files[0].name} and 1 more"
        assert len(snapshot.source_sha256) == 64

    def test_prices_are_exact(self, desk: Desk) -> None:
        answer = json.dumps(nested()).replace("450.5", "123456789012345.123456789")
        load = load_catalog(*saved(desk.folder, answer), workspace=desk.workspace)
        assert load.snapshot is not None
        charges = search_catalog("SUP-1", workspace=desk.workspace)
        assert charges["list_price"][0].as_py() == Decimal("123456789012345.123456789")


class TestPages:
    def test_every_page_together(self, desk: Desk) -> None:
        first, last = nested("https://rest.example/v1/catalog/products?page=2&pageSize=1"), nested()
        first["products"], last["products"] = first["products"][:1], last["products"][1:]
        expected = sound(load_catalog(*saved(desk.folder, nested()), workspace=desk.workspace))
        for pages in ((first, last), (last, first)):
            files = saved(desk.folder, *pages)
            assert sound(load_catalog(*files, workspace=desk.workspace)) == expected

    @pytest.mark.parametrize("further", [["?page=2"], ["?page=2", "?page=3"], ["?page=2", "?page=4", None]])
    def test_a_page_that_is_missing(self, desk: Desk, further: list[str | None]) -> None:
        pages = [nested(address) | {"at": at} for at, address in enumerate(further)]
        with pytest.raises(SourceError, match="Save every page, to the last, and load them together"):
            load_catalog(*saved(desk.folder, *pages), workspace=desk.workspace)

    def test_pages_of_an_object_query_have_no_number(self, desk: Desk) -> None:
        charges, plans, products = queried()
        files = saved(desk.folder, charges | {"nextPage": "cursor"}, plans, products)
        with pytest.raises(SourceError, match="1 of its pages"):
            load_catalog(*files, workspace=desk.workspace)
        first, last = {"data": charges["data"][:1], "nextPage": "cursor"}, {"data": charges["data"][1:]}
        load = load_catalog(*saved(desk.folder, first, last, plans, products), workspace=desk.workspace)
        assert sound(load)

    def test_a_page_given_twice(self, desk: Desk) -> None:
        page, copy = saved(desk.folder, nested(), nested())
        with pytest.raises(UsageError, match=r"page2\.json was given twice"):
            load_catalog(page, copy, workspace=desk.workspace)


class TestRefused:
    @pytest.mark.parametrize(
        ("key", "most"),
        [("productRatePlans", 300), ("productRatePlanCharges", 300)],
        ids=["plans", "charges"],
    )
    def test_an_answer_that_may_be_cut_off(self, desk: Desk, key: str, most: int) -> None:
        answer = nested()
        parent = answer["products"][0]
        if key == "productRatePlanCharges":
            (parent,) = parent["productRatePlans"]
        parent[key] = [parent[key][0] | {"id": str(number)} for number in range(most)]
        with pytest.raises(SourceError, match=f"holds {most} entries, as many as such an answer can hold"):
            load_catalog(*saved(desk.folder, answer), workspace=desk.workspace)
        parent[key].pop()
        assert load_catalog(*saved(desk.folder, answer), workspace=desk.workspace).snapshot

    def test_children_of_an_object_query_are_cut_off_at_99(self, desk: Desk) -> None:
        (product, *_), plan = queried()[2]["data"], {"id": "L1"}
        answer = {"data": [product | {"productRatePlans": [plan | {"id": str(at)} for at in range(99)]}]}
        with pytest.raises(SourceError, match="holds 99 entries"):
            load_catalog(*saved(desk.folder, answer), workspace=desk.workspace)

    def test_plans_that_are_only_an_address(self, desk: Desk) -> None:
        answer = nested()
        answer["products"][1]["productRatePlans"] = "/v1/products/P2/product-rate-plans"
        with pytest.raises(SourceError, match=r"the plans of Hosting are only an address \(/v1/products/P2"):
            load_catalog(*saved(desk.folder, answer), workspace=desk.workspace)

    @pytest.mark.parametrize(
        ("answers", "sentence"),
        [
            (queried()[:1], "cannot be tied to its product, so its SKU is not known"),
            (queried()[:2], "cannot be tied to its product, so its SKU is not known"),
            (queried()[1:], "The answers hold no charges"),
            ([{"productRatePlans": []}], "does not say of which product its plans are"),
            ([{"success": False, "reasons": [{"code": 90000011}]}], "no answer of an API that is known here"),
            ([[1, 2]], "no answer of an API that is known here"),
            (["[" * 5000], "is no complete JSON document"),
            (['{"products": ['], "is no complete JSON document"),
            (['{"products": [NaN]}'], "is no complete JSON document"),
        ],
    )
    def test_no_catalog(self, desk: Desk, answers: list[Any], sentence: str) -> None:
        with pytest.raises(SourceError, match=sentence):
            load_catalog(*saved(desk.folder, *answers), workspace=desk.workspace)

    def test_answers_and_sheets_together(self, desk: Desk) -> None:
        with pytest.raises(UsageError, match="cannot be loaded together"):
            load_catalog(*saved(desk.folder, nested()), desk.csv("products", ROWS), workspace=desk.workspace)

    def test_an_answer_in_place_of_invoices(self, desk: Desk) -> None:
        with pytest.raises(
            SourceError, match=r"page1\.json is a saved answer of an API \(JSON\), not a spreadsheet"
        ):
            pipeline.check(*saved(desk.folder, nested()), workspace=desk.workspace)

    def test_parquet_that_is_damaged_or_none(self, desk: Desk) -> None:
        file = parquet(desk.folder, ROWS)
        for content in (file.read_bytes()[:-9], b"PAR1", b"sku;price"):
            file.write_bytes(content)
            with pytest.raises(
                SourceError, match=r"products\.parquet is (a damaged|named like a) Parquet file"
            ):
                load_catalog(file, workspace=desk.workspace)

    def test_parquet_with_a_value_that_is_no_cell(self, desk: Desk) -> None:
        path = desk.folder / "nested.parquet"
        pq.write_table(pa.table({"sku": ["A"], "prices": [[1, 2]]}), path)
        with pytest.raises(SourceError, match=r"the column prices holds values that are no cells \(list"):
            load_catalog(path, workspace=desk.workspace)

    def test_parquet_that_claims_too_much(self, desk: Desk) -> None:
        path = desk.folder / "bomb.parquet"
        desk.settings("parser_mebibytes = 1024\n")
        same = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int8()), ["A" * 1_000_000])
        pq.write_table(pa.table({"sku": same}), path)
        assert path.stat().st_size < 200_000
        ran = invoice_import("catalog", "load", path, workspace=desk.workspace)
        assert (ran.code, one_sentence(ran)) == (3, True)


class TestFaults:
    def test_a_fault_of_an_answer_leads_to_its_record(self, desk: Desk) -> None:
        charges, plans, products = queried()
        del products["data"][1]["sKU"]
        files = saved(desk.folder, charges, plans, products)
        (message,) = messages(load_catalog(*files, workspace=desk.workspace))
        assert message[:3] == ("E201", "page1.json", 2)

    def test_a_fault_of_a_parquet_file_leads_to_its_cell(self, desk: Desk) -> None:
        path = desk.folder / "products.parquet"
        rows = {
            "sku": ["A", "B"], "product_rate_plan_charge_id": ["c", "d"], "charge_model": ["Flat Fee"] * 2,
            "list_price": [1.5, float("nan")], "effective_from": [datetime(2026, 1, 1), datetime(2026, 1, 1, 8)],
        }  # fmt: skip
        pq.write_table(pa.table(rows), path)
        load = load_catalog(path, workspace=desk.workspace)
        assert load.snapshot is None
        cells = {(issue["code"], issue["cell"]) for issue in load.issues.to_pylist()}
        assert ("E214", "D3") in cells, "what is no number is an error"
        assert ("E205", "E3") in cells, "a date with a time of day is no date"

    def test_blanks_around_a_value_are_told(self, desk: Desk) -> None:
        answer = nested()
        answer["products"][1]["sku"] = " HOST "
        load = load_catalog(*saved(desk.folder, answer), workspace=desk.workspace)
        assert load.snapshot is not None
        (issue,) = load.issues.to_pylist()
        assert (issue["code"], issue["column"], issue["value"]) == ("W201", "SKU", " HOST ")

    def test_a_price_that_depends_on_tiers_is_none(self, desk: Desk) -> None:
        charges, plans, products = queried()
        charges["data"][0]["productRatePlanChargeTiers"].append({"currency": "EUR", "price": 400})
        load = load_catalog(*saved(desk.folder, charges, plans, products), workspace=desk.workspace)
        assert load.snapshot is not None
        listed = search_catalog("SUP-1", workspace=desk.workspace)
        assert [(charge["currency"], charge["list_price"]) for charge in listed.to_pylist()] == [
            ("EUR", None), ("USD", Decimal(490)),
        ]  # fmt: skip


CUSTOMERS = [
    {
        "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "external_id": "globex",
        "name": "Globex",
        "currency": "EUR",
    },
    {
        "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "external_id": "hooli",
        "name": "Hooli",
        "currency": "USD",
    },
]


class TestAccounts:
    def test_customers_as_the_server_answers_them(self, desk: Desk) -> None:
        rows = [
            {
                "customer_id": customer["id"],
                "customer_external_id": customer["external_id"],
                "name": customer["name"],
            }
            | {"currency": customer["currency"]}
            for customer in CUSTOMERS
        ]
        expected = sound(desk.accounts(*rows))
        files = saved(desk.folder, CUSTOMERS[:1], CUSTOMERS[1:])
        assert sound(load_accounts(*files, workspace=desk.workspace)) == expected

    @pytest.mark.parametrize("full", [100, 1000])
    def test_a_full_last_page_may_not_be_the_last(self, desk: Desk, full: int) -> None:
        customer = CUSTOMERS[0]
        page = [
            customer | {"id": f"0f8fad5b-d9cb-469f-a165-{at:012}", "external_id": str(at)}
            for at in range(full)
        ]
        with pytest.raises(SourceError, match=f"exactly {full} customers, a full page"):
            load_accounts(*saved(desk.folder, page), workspace=desk.workspace)
        assert sound(load_accounts(*saved(desk.folder, page, []), workspace=desk.workspace))

    def test_a_catalog_is_no_list_of_customers(self, desk: Desk) -> None:
        with pytest.raises(SourceError, match="no answer of an API that is known here"):
            load_accounts(*saved(desk.folder, nested()), workspace=desk.workspace)
        with pytest.raises(SourceError, match="no answer of an API that is known here"):
            load_catalog(*saved(desk.folder, CUSTOMERS), workspace=desk.workspace)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["products", "data", "id", "sku", "productRatePlans", "productRatePlanCharges", "pricing",
                         "productRatePlan", "productId", "productRatePlanId", "chargeModel", "currency", "price",
                         "nextPage", "effectiveStartDate", "financeInformation", "external_id"]),
        inner, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200)
@given(answers=st.lists(_JSON, min_size=1, max_size=3), table=st.sampled_from(["catalog", "accounts"]))
def test_whatever_an_answer_holds_it_is_rows_or_a_sentence(answers: list[Any], table: str) -> None:
    try:
        rows = read_saved_list(table, [(f"page{at}.json", answer) for at, answer in enumerate(answers)])
    except SourceError as error:
        sentence = str(error)
    else:
        sentence = "."
        assert all(isinstance(cell, str | None) for row in rows for cell in row.cells.values())
    assert sentence.endswith(".")

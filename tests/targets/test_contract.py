"""Requests against a contract of Zuora's own: the models of `zuora-sdk`, and the samples of its tutorial.

The package is needed for the tests alone (`pip install '.[contract]'`). Its models check nothing when they
are made, but their JSON schema does. Importing all of it takes half a minute, so only the models of the
requests are imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import sheets
from support.desk import Desk

from pipeline.result import Result
from pipeline.settings import Settings
from pipeline.targets import TARGETS
from pipeline.template import bind_target_tables
from schemas.fields import Table

pytestmark = pytest.mark.slow

MODELS = {
    ("zuora", "single"): ("create_invoice_request", "CreateInvoiceRequest"),
    ("zuora", "batch"): ("bulk_create_invoices_request", "BulkCreateInvoicesRequest"),
    ("zuora-drafts", "single"): ("update_invoice_request", "UpdateInvoiceRequest"),
    ("zuora-drafts", "batch"): ("bulk_update_invoices_request", "BulkUpdateInvoicesRequest"),
}
NUMBER_OR_TEXT = ("taxAmount", "taxRate", "exemptAmount", "quantity", "unitPrice")
"""Typed as text here and as numbers there by Zuora's own documents; its samples send numbers."""


def _model(module: str, name: str) -> dict[str, Any]:
    """The JSON schema of one model, without importing the package around it."""
    spec = importlib.util.find_spec("zuora_sdk")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("zuora-sdk is not installed: pip install '.[contract]'")
    root = spec.submodule_search_locations[0]
    before = set(sys.modules)
    for package, path in (("zuora_sdk", root), ("zuora_sdk.models", f"{root}/models")):
        bare = ModuleType(package)
        bare.__path__ = [path]
        sys.modules[package] = bare
    try:
        model = getattr(importlib.import_module(f"zuora_sdk.models.{module}"), name)
        schema: dict[str, Any] = model.model_json_schema(by_alias=True)
        return schema
    finally:
        for module_name in set(sys.modules) - before:
            if module_name.startswith("zuora_sdk"):
                del sys.modules[module_name]


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """No key but the declared ones and custom fields; numbers may be numbers where the documents disagree."""
    for definition in (schema, *schema.get("$defs", {}).values()):
        properties = definition["properties"]
        properties.pop("additional_properties", None)
        for key in set(properties) & set(NUMBER_OR_TEXT):
            properties[key] = {"type": ["number", "string"]}
        definition["additionalProperties"] = False
        definition["patternProperties"] = {"__c$": {}}
    return schema


@pytest.fixture(scope="module")
def contract() -> Any:
    """Validates the body of a request against the model of its operation."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    judges = {
        operation: jsonschema.Draft202012Validator(_strict(_model(*model)), format_checker=checker)
        for operation, model in MODELS.items()
    }

    def judge(body: Any, target: str, request: str) -> None:
        faults = [
            f"{error.json_path}: {error.message[:200]}" for error in judges[target, request].iter_errors(body)
        ]
        assert not faults

    return judge


def bodies(result: Result) -> list[dict[str, Any]]:
    assessment = result.assessment
    requests = assessment.target.build_requests(assessment.batches, assessment.settings)
    return [json.loads(request.body, parse_float=Decimal, parse_int=Decimal) for request in requests]


def tables(**flags: Any) -> dict[str, Table]:
    return bind_target_tables(Settings(**flags))


# -- the tutorial: requests as its pages show them -----------------------------------------------------

PAGES = "https://docs.zuora.com/en/zuora-billing/bill-your-customer/leverage-advanced-capabilities/unified-invoicing"

CREATED = {
    "accountId": "2c92c8f95bd63b98015bd7ab09ef0926",
    "invoiceDate": "2021-08-01",
    "dueDate": "2021-08-01",
    "autoPay": True,
    "invoiceItems": [
        {
            "description": "Professional Service - consulting days purchase",
            "amount": "100",
            "quantity": "1",
            "serviceStartDate": "2021-09-01",
            "itemType": "service",
            "productRatePlanChargeId": "402890555a87d7f5015a88c613c5001e",
        },
        {
            "chargeName": "Equipment",
            "description": "Equipment fee",
            "amount": "200",
            "quantity": "10",
            "uom": "day",
            "sku": "SKU-0001",
            "serviceStartDate": "2021-09-01",
        },
    ],
}
"""PAGES/standalone-invoices-creation/create-standalone-invoices-through-the-rest-api."""

FROM_SCRATCH = {
    "amount": 100, "serviceStartDate": "2024-07-11", "chargeName": "C-0000001", "unitPrice": 100,
}  # fmt: skip
FROM_CATALOG = {
    "amount": 100,
    "serviceStartDate": "2024-07-11",
    "productRatePlanChargeId": "8ad097b4909708e001909b41bb085d38",
}
DELETED = {"id": "8ad097b4909708e001909b41bb085d38", "delete": True}
"""The page on managing invoice items of drafts."""


def by_value(value: Any) -> Any:
    """Numbers by their value, however they are written."""
    if isinstance(value, Mapping):
        return {key: by_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [by_value(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    try:
        return Decimal(str(value)).normalize()
    except InvalidOperation:
        return value


def test_the_tutorial_creates_with_a_charge_and_without(desk: Desk, contract: Any) -> None:
    invoice = {
        "invoice_ref": "R1", "account_id": "2c92c8f95bd63b98015bd7ab09ef0926", "invoice_date": "2021-08-01",
        "due_date": "2021-08-01", "auto_pay": "true",
    }  # fmt: skip
    items = [
        {
            "invoice_ref": "R1", "description": "Professional Service - consulting days purchase",
            "amount": "100", "quantity": "1", "service_start_date": "2021-09-01", "item_type": "service",
            "product_rate_plan_charge_id": "402890555a87d7f5015a88c613c5001e",
        },
        {
            "invoice_ref": "R1", "charge_name": "Equipment", "description": "Equipment fee", "amount": "200",
            "quantity": "10", "uom": "day", "sku": "SKU-0001", "service_start_date": "2021-09-01",
        },
    ]  # fmt: skip
    flags = {"request": "single", "default_currency": "USD", "send_currency": "given"}
    result = desk.check([invoice], items, **flags)
    (request,) = result.assessment.target.build_requests(
        result.assessment.batches, result.assessment.settings
    )
    assert (request.method, request.path) == ("POST", "/v1/invoices")
    (body,) = bodies(result)
    assert by_value(body) == by_value(CREATED)
    contract(body, "zuora", "single")


@pytest.mark.parametrize(
    ("cells", "sample"),
    [
        (
            {
                "action": "Add", "amount": "100", "service_start_date": "2024-07-11",
                "charge_name": "C-0000001", "unit_price": "100",
            },
            FROM_SCRATCH,
        ),
        (
            {
                "action": "Add", "amount": "100", "service_start_date": "2024-07-11",
                "product_rate_plan_charge_id": "8ad097b4909708e001909b41bb085d38",
            },
            FROM_CATALOG,
        ),
        ({"action": "Delete", "item_id": "8ad097b4909708e001909b41bb085d38"}, DELETED),
    ],
    ids=["from scratch", "from the catalog", "delete"],
)  # fmt: skip
def test_the_tutorial_changes_a_draft(
    cells: dict[str, str], sample: dict[str, Any], desk: Desk, contract: Any
) -> None:
    draft = {"invoice_ref": "C1", "invoice_key": "INV00000034", "currency": "USD"}
    result = desk.check([draft], [{"invoice_ref": "C1"} | cells], target="zuora-drafts", request="single")
    (request,) = result.assessment.target.build_requests(
        result.assessment.batches, result.assessment.settings
    )
    assert (request.method, request.path) == ("PUT", "/v1/invoices/INV00000034")
    (body,) = bodies(result)
    assert by_value(body) == by_value({"invoiceItems": [sample]})
    contract(body, "zuora-drafts", "single")


# -- the schema takes what we send, and would not take everything --------------------------------------


def test_the_contract_refuses_what_it_should(contract: Any) -> None:
    """The judge has teeth: without that, nothing below would mean anything."""
    sound = {"invoiceDate": "2026-11-30", "invoiceItems": [{"amount": 1, "serviceStartDate": "2026-11-01"}]}
    contract(sound, "zuora", "single")
    for wrong in (
        {"invoiceDate": None},
        {"invoiceDate": "30.11.2026"},
        {"invoiceItems": []},
        {"invoiceItems": [{"serviceStartDate": "2026-11-01"}]},
        {"comments": "c" * 256},
        {"invoiceRef": "R1"},
    ):
        with pytest.raises(AssertionError):
            contract(sound | wrong, "zuora", "single")


PARTS = {
    "zuora": {
        "invoices": "CreateInvoiceRequest", "items": "CreateInvoiceItem", "discounts": "CreateDiscountItem",
        "taxes": "CreateTaxationItem", "rates": "CustomRates", "contacts": "CreateAccountContact",
    },
    "zuora-drafts": {"invoices": "InvoiceForBulkUpdate", "items": "UpdateInvoiceItem"},
}  # fmt: skip
"""By target and table, the model of its rows."""


@pytest.mark.parametrize(
    ("target", "table"), [(target, table) for target in PARTS for table in PARTS[target]]
)
def test_every_key_is_one_of_the_contract_and_no_text_longer_than_it_takes(target: str, table: str) -> None:
    known = _model(*MODELS[target, "batch"])["$defs"][PARTS[target][table]]["properties"]
    keys = TARGETS[target].get_projection(Settings(target=target)).get_payload_keys(table, {})
    assert not {*keys.values()} - {*known}
    for name, key in keys.items():
        limits = [
            variant["maxLength"]
            for variant in (known[key], *known[key].get("anyOf", ()))
            if "maxLength" in variant
        ]
        field = tables(target=target)[table][name]
        longest = field.max_length or max(map(len, (*field.choices, field.example)))
        assert not limits or longest <= max(limits), name


ITEM_AT_ODDS = ("catalog_sku", "tax_code", "tax_mode")
INVOICE_AT_ODDS = (
    *(
        "account_id",
        "invoice_number",
        "status",
        "bill_to_contact_id",
        "sold_to_contact_id",
        "ship_to_contact_id",
    ),
    *("sold_to_same_as_bill_to", "ship_to_same_as_bill_to"),
)
"""Left out: what a rule lets stand only beside, or only without, something else."""

REF = {"invoice_ref": st.just("R0"), "item_no": st.just("1")}


@st.composite
def trees(draw: Any) -> dict[str, list[dict[str, str]]]:
    """Two invoices with items, and what hangs on the first item of the first invoice."""
    declared = tables()
    invoices = [
        sheets.in_order(
            draw(sheets.rows(declared["invoices"], _ref(n, "currency"), *INVOICE_AT_ODDS)), *DATES
        )
        for n in range(2)
    ]
    items = [
        sheets.whole(
            sheets.in_order(draw(sheets.rows(declared["items"], _item(n, at), *ITEM_AT_ODDS)), *SERVICE)
        )
        for n in range(2)
        for at in range(draw(st.integers(1, 3)))
    ]
    items[0] |= {"amount": "100000", "quantity": "", "unit_price": ""}
    discount = {**REF, "discount_no": st.just("d"), "discount_amount": st.sampled_from(["-1", "-9000"])}
    tax = REF | {"discount_no": st.sampled_from(["", "d"])}
    charge = {"discount_name", "product_rate_plan_charge_id", "sku"}
    named = {"discount_name": st.sampled_from(["Loyalty"])}
    return {
        "invoices": invoices,
        "items": items,
        "discounts": [
            draw(sheets.rows(declared["discounts"], discount | named, *charge - {"discount_name"}))
        ],
        "taxes": draw(st.lists(sheets.rows(declared["taxes"], tax), min_size=1, max_size=4)),
        "rates": [draw(sheets.rows(declared["rates"], {"invoice_ref": st.just("R0")}))],
        "contacts": [draw(sheets.rows(declared["contacts"], {"invoice_ref": st.just("R0")}))],
    }


DATES, SERVICE = ("invoice_date", "due_date"), ("service_start_date", "service_end_date")


def _ref(number: int, *names: str) -> dict[str, Any]:
    table = tables()["invoices"]
    return {
        "invoice_ref": st.just(f"R{number}"), "account_number": st.just(f"A{number}"),
        **{name: sheets.cell(table[name]) for name in names},
    }  # fmt: skip


def _item(number: int, at: int) -> dict[str, Any]:
    return {
        "invoice_ref": st.just(f"R{number}"), "item_no": st.just(str(at + 1)),
        "charge_name": st.just("Day"),
    }  # fmt: skip


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees(), st.sampled_from(["single", "batch"]))
def test_any_sheet_that_holds_gives_requests_that_fit_with_the_same_totals(
    desk: Desk, contract: Any, tree: dict[str, Any], way: str
) -> None:
    result = desk.check_tree(tree, request=way)
    errors = result.issues[result.issues["level"] == "error"]
    assert (result.verdict, list(errors["message"])) == ("accepted", [])
    requests = bodies(result)
    for request in requests:
        contract(request, "zuora", way)
    sent = [invoice for body in requests for invoice in body.get("invoices", [body])]
    totals: Counter[str] = Counter()
    for invoice in sent:
        for item in invoice["invoiceItems"]:
            parts = [item, *item.get("discountItems", ())]
            totals[invoice["currency"]] += sum(part["amount"] for part in parts)
    assert totals == {code: Decimal(shares["accepted"]) for code, shares in result.summary["money"].items()}


CHANGES = {
    "Add": {"item_id": st.just(""), "charge_name": st.just("Day"), "unit_price": st.just("7.5")},
    "Change": {"description": st.just("new"), "quantity": st.just(""), "unit_price": st.just("")},
}


@st.composite
def changes(draw: Any) -> dict[str, list[dict[str, str]]]:
    """Changes of one draft."""
    declared = tables(target="zuora-drafts")
    kept = ("due_date", "product_rate_plan_charge_id", "booking_reference", "catalog_sku")
    head = {"currency": sheets.cell(declared["invoices"]["currency"]), "comments": st.just("new")}
    items = [{"invoice_ref": "C0", "action": "Delete", "item_id": "f" * 32}]
    for number in range(draw(st.integers(0, 4))):
        action = draw(st.sampled_from(["Add", "Change"]))
        fixed = {
            "invoice_ref": st.just("C0"),
            "item_id": st.just(f"{number:032x}"),
            "action": st.just(action),
        }
        row = draw(sheets.rows(declared["items"], fixed | CHANGES[action], *kept))
        if action == "Add":
            row = sheets.whole(row | {"service_start_date": "1990-01-01"}) | {
                "unit_price": "7.5",
                "quantity": "2",
            }
            row["amount"] = "15"
        items.append(sheets.in_order(row, *SERVICE))
    drafts = [draw(sheets.rows(declared["invoices"], {"invoice_ref": st.just("C0")} | head, *kept))]
    return {"invoices": drafts, "items": items}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes(), st.sampled_from(["single", "batch"]))
def test_any_change_that_holds_gives_requests_that_fit_with_the_same_totals(
    desk: Desk, contract: Any, tree: dict[str, Any], way: str
) -> None:
    result = desk.check_tree(tree, target="zuora-drafts", request=way)
    errors = result.issues[result.issues["level"] == "error"]
    assert (result.verdict, list(errors["message"])) == ("accepted", [])
    (body,) = bodies(result)
    contract(body, "zuora-drafts", way)
    (draft,) = body.get("invoices", [body])
    sent = sum(item.get("amount", 0) for item in draft["invoiceItems"])
    assert [sent] == [Decimal(shares["accepted"]) for shares in result.summary["money"].values()]
    assert [item["id"] for item in draft["invoiceItems"] if item.get("delete")] == ["f" * 32]
